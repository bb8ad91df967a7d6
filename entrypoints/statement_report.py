"""A statement as a report that a person reads and prints: the same document, the longest lists cut and counted."""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping, Sequence
from typing import Any, Final

from adapters.reports.document import Report, Section, Table, Text

MOST_ROWS: Final = 50
"""Rows of a table on paper; the signed JSON has all of them."""

Values = Mapping[str, Any]
_MOMENT: Final = re.compile(r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d(\.\d+)?\+00:00")

WORDS: Final[Mapping[str, str]] = {
    "enrollment": "cadastro",
    "authentication": "autenticação",
    "granted": "em vigor",
    "withdrawn": "retirado",
    "objected": "oposição",
    "expired": "vencido",
    "active": "ativo",
    "replaced": "substituído",
    "suspended": "suspenso",
    "revoked": "revogado",
    "erased": "apagado",
    "open": "em aberto",
    "succeeded": "entrou",
    "refused": "recusado",
    "answered": "respondido",
    "abandoned": "interrompida",
    "started": "iniciada",
    "awaiting_factor": "aguardava a senha",
    "fallback_offered": "recusado, senha oferecida",
    "fallback_succeeded": "entrou por senha",
    "fallback_refused": "senha recusada",
    "standing": "em curso",
    "released": "liberado",
    "lifted": "encerrado",
    "consent.granted.v1": "consentimento dado",
    "consent.renewed.v1": "consentimento renovado",
    "consent.withdrawn.v1": "consentimento retirado",
    "consent.objected.v1": "oposição",
    "consent.expired.v1": "consentimento vencido",
    "client": "aplicativo",
    "webhook": "webhook",
    "signal_receiver": "receptor de sinais",
    "identity_provider": "provedor de identidade",
}
"""Codes on paper; one without a word stands for itself."""
DATA_PROTECTION: Final[Text] = (
    "Você pode pedir correção, portabilidade, oposição, eliminação e revisão ao encarregado de dados do hospital.",
    "You may ask the hospital's data protection officer for correction, portability, objection, deletion and review.",
)


def report_of(envelope: Values) -> Report:
    """Return the report of a signed statement (see ``application.statement.signed_statement``)."""
    document: Values = envelope["document"]
    title = ("Declaração completa de dados pessoais", "Full statement of personal data")
    facts: list[tuple[Text, str]] = [
        (("Titular", "Data subject"), document["subject_id"]),
        (("Emitida em", "Made at"), document["made_at"]),
        (("Assinatura", "Signature"), f"{envelope['protected']}.….{envelope['signature']}"),
    ]
    if not document["held"]:
        said = [(("Resposta", "Answer"), both(document["said"])), (("Apagado em", "Erased at"), document["erased_at"])]
        proof = [(("Certificado", "Certificate"), document["certificate"])]
        return Report(title, [*facts, *said, *proof], [])
    person: Values = document["person"]
    facts += [
        (("Nome", "Name"), person["display_name"]),
        (("Usuário", "Username"), person["username"]),
        (("Matrícula", "Employee number"), person["user_id"]),
        (("Setor", "Department"), person["department"]),
    ]
    return Report(title, facts, [*_about(document), *_happened(document), *_others(document)], [DATA_PROTECTION])


def both(words: Values) -> str:
    """Return words in both languages, once where they are the same."""
    return words["pt-BR"] if words["pt-BR"] == words["en"] else f"{words['pt-BR']} / {words['en']}"


def _about(document: Values) -> list[Section]:
    purposes = _table(
        ("Finalidades e base legal", "Purposes and legal basis"),
        [
            *(("Finalidade", "Purpose"), ("Situação", "State"), ("Base legal", "Legal basis")),
            *(("Aviso", "Notice"), ("Desde", "Since")),
        ],
        ([p["purpose"], p["status"], p["legal_basis"], p["notice_version"], p["since"]] for p in document["purposes"]),
    )
    history = _table(
        ("Histórico do consentimento", "History of consent"),
        [
            ("Quando", "When"),
            ("Finalidade", "Purpose"),
            ("O quê", "What"),
            ("Por quem", "By whom"),
            ("Canal", "Channel"),
        ],
        (
            [c["at"], c["purpose"], c["event"], both(c["who"]), "papel / paper" if c["paper"] else c["channel"]]
            for c in document["consents"]
        ),
    )
    origin = _table(
        ("Origem dos dados", "Origin of the data"),
        [("Quando", "When"), ("Fonte", "Source"), ("Por quem", "By whom"), ("Id", "Id")],
        ([o["at"], both(o["source"]), both(o["who"]), o["by"]] for o in document["origin"]),
    )
    templates = _table(
        ("Modelos biométricos (somente o número)", "Biometric templates (the id only)"),
        [("Modelo", "Template"), ("Situação", "State"), ("Criado", "Made"), ("Retirado", "Retired")],
        ([t["template_id"], t["status"], t["created_at"], t["retired_at"]] for t in document["templates"]),
    )
    retention = _table(
        ("Prazos de guarda", "How long it is kept"),
        [("Dados", "Data"), ("Prazo", "Period"), ("Base", "Basis"), ("No fim", "At the end")],
        ([both(line[name]) for name in ("what", "period", "basis", "at_end")] for line in document["retention"]),
    )
    title = ("Dados, finalidades e prazos", "Data, purposes and periods")
    return [Section(title, tables=[origin, purposes, history, templates, retention])]


def _happened(document: Values) -> list[Section]:
    listed: Sequence[Values] = document["attempts"]["list"]
    attempts = _table(
        ("Tentativas de entrar", "Attempts to sign in"),
        [("Quando", "When"), ("Setor", "Department"), ("Resultado", "Outcome"), ("Por quê", "Why"), ("Número", "Id")],
        ([a["at"], a["department"], a["outcome"], both(a["why"]), a["attempt_id"]] for a in listed),
    )
    sessions = _table(
        ("Sessões", "Sessions"),
        [("Aberta", "Opened"), ("Encerrada", "Ended"), ("Setor", "Department"), ("Como", "How")],
        ([s["opened_at"], s["ended_at"], s["department"], s["amr"]] for s in document["sessions"]),
    )
    lockouts = _table(
        ("Esperas por falhas", "Waits after failures"),
        [("Desde", "Since"), ("Até", "Until"), ("Falhas", "Failures"), ("Situação", "State")],
        ([w["imposed_at"], w["until"], w["failures"], w["status"]] for w in document["lockouts"]),
    )
    criteria = [(words["pt-BR"], words["en"]) for words in document["criteria"]]
    note = document["attempts_note"]
    return [
        Section(("Critérios das decisões automatizadas", "Criteria of the automated decisions"), criteria),
        Section(
            ("O que aconteceu", "What happened"),
            [(note["pt-BR"], note["en"])],
            [attempts, sessions, lockouts],
        ),
    ]


def _others(document: Values) -> list[Section]:
    recipients = _table(
        ("Com quem é compartilhado", "Whom it is shared with"),
        [("Tipo", "Kind"), ("Nome", "Name"), ("Servidor", "Host")],
        ([r["kind"], r["name"], r.get("host")] for r in document["recipients"]),
    )
    viewings = _table(
        ("Quem viu", "Who viewed it"),
        [("Quando", "When"), ("O quê", "What"), ("Quem", "Who"), ("Id", "Id")],
        ([v["at"], v["what"], both(v["who"]), v["by"]] for v in document["viewings"]),
    )
    changes = _table(
        ("O que outros mudaram", "What others changed"),
        [("Quando", "When"), ("O quê", "What"), ("Quem", "Who"), ("Motivo", "Reason")],
        ([c["at"], c["event"], both(c["who"]), c["reason"]] for c in document["changes"]),
    )
    requests = _table(
        ("Pedidos", "Requests"),
        [("Recebido", "Received"), ("Pedido", "Request"), ("Situação", "State"), ("Resultado", "Outcome")],
        ([r["received_at"], both(r["name"]), r["status"], r["outcome"]] for r in document["requests"]),
    )
    incidents = _table(
        ("Incidentes que atingiram seus dados", "Incidents that reached your data"),
        [("Conhecido", "Known"), ("Natureza", "Nature"), ("Causa", "Cause"), ("Risco", "Risk"), ("Id", "Id")],
        (
            [i["known_at"], both(i["kind"]), both(i["cause"]), both(i["risk"]), i["incident_id"]]
            for i in document["incidents"]
        ),
    )
    tables = [recipients, viewings, changes, requests, incidents]
    return [Section(("Outras pessoas e sistemas", "Other people and systems"), tables=tables)]


def _table(caption: Text, columns: Sequence[Text], rows: Iterable[Sequence[Any]]) -> Table:
    cells = [[_cell(value) for value in row] for row in rows]
    if not cells:
        return Table(caption, columns, [], ("nada", "nothing"))
    note = None
    if len(cells) > MOST_ROWS:
        note = (
            f"As {MOST_ROWS} linhas mais novas de {len(cells)}; a declaração em JSON tem todas.",
            f"The newest {MOST_ROWS} of {len(cells)} rows; the statement in JSON has all of them.",
        )
    return Table(caption, columns, cells[:MOST_ROWS], note)


def _cell(value: Any) -> str:
    """Return what is printed: times to the minute, codes with their word in front."""
    text = "" if value is None else str(value)
    if _MOMENT.fullmatch(text):
        return f"{text[:10]} {text[11:16]} UTC"
    return f"{WORDS[text]} / {text}" if text in WORDS else text
