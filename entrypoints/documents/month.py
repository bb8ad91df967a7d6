"""The monthly report, laid out: attempts, people, keys, incidents, findings, with plots."""

from __future__ import annotations

from calendar import monthrange
from typing import Final

from adapters.reports.document import Figure, Line, Lines, Report, Section, Table, Text
from application.reporting.facts import moment
from application.reporting.monthly import Monthly
from application.words.rights import KINDS
from entrypoints.documents import parts

OUTCOMES: Final[dict[str, Text]] = {
    "face": ("entrou pelo rosto", "signed in by face"),
    "face_and_password": ("entrou por rosto e senha", "signed in by face and password"),
    "password": ("entrou pela senha", "signed in by password"),
    "password_refused": ("senha recusada", "password refused"),
    "refused": ("recusada", "refused"),
    "second_factor_refused": ("segundo fator recusado", "second factor refused"),
    "abandoned": ("abandonada", "abandoned"),
    "undecided": ("sem decisão", "undecided"),
}
NAMES: Final[dict[str, Text]] = {
    "enrolled": ("cadastros ativados", "enrolments activated"),
    "revoked": ("cadastros revogados", "enrolments revoked"),
    "suspended": ("cadastros suspensos", "enrolments suspended"),
    "captures_rejected": ("imagens de cadastro recusadas", "enrolment captures rejected"),
    "consents_granted": ("consentimentos dados", "consents granted"),
    "consents_renewed": ("consentimentos renovados", "consents renewed"),
    "consents_withdrawn": ("consentimentos retirados", "consents withdrawn"),
    "objections": ("oposições", "objections"),
    "consents_expired": ("consentimentos vencidos", "consents expired"),
    "paper_consents": ("destes, em papel", "of these, on paper"),
    "erasures_requested": ("apagamentos pedidos", "erasures requested"),
    "erasure_certificates": ("apagamentos feitos, com certificado", "erasures done, with certificate"),
    "erasures_final": ("apagamentos definitivos", "erasures final"),
    "lockouts": ("bloqueios", "lockouts"),
    "lockouts_released": ("bloqueios liberados", "lockouts released"),
    "rotations_planned": ("campanhas de rotação", "rotation campaigns"),
    "rotations_completed": ("campanhas concluídas", "campaigns completed"),
    "templates_rotated": ("modelos refeitos", "templates rotated"),
    "devices_paired": ("aparelhos pareados", "devices paired"),
    "devices_revoked": ("aparelhos revogados", "devices revoked"),
    "sessions": ("sessões abertas", "sessions opened"),
    "viewings": ("consultas a dados de pessoas", "viewings of people's data"),
    "incidents_opened": ("incidentes abertos", "incidents opened"),
    "incidents_closed": ("incidentes encerrados", "incidents closed"),
}
EXPORTS: Final = "exportações / exports"
WHAT: Final[Text] = ("o quê", "what")
PEOPLE: Final = tuple(NAMES)[:13]


def monthly_report(found: Monthly) -> Report:
    """Lay out the month."""
    numbers = dict(found.counts) | {"paper_consents": found.paper_consents}
    partial: list[Text] = [("O mês ainda não terminou.", "The month is not over.")]
    return Report(
        (f"Relatório mensal {found.month}", f"Monthly report {found.month}"),
        [
            *parts.heading(found.deployment, found.made_at),
            (("período", "period"), f"{moment(found.since)} - {moment(found.until)}"),
        ],
        [
            _attempts(found),
            Section(
                ("Pessoas e consentimentos", "People and consents"),
                tables=[
                    parts.counts(("No mês", "In the month"), WHAT, {name: numbers[name] for name in PEOPLE}, NAMES)
                ],
            ),
            Section(
                ("Segurança", "Security"),
                tables=[
                    parts.counts(
                        ("No mês", "In the month"),
                        WHAT,
                        {name: numbers[name] for name in NAMES if name not in PEOPLE},
                        NAMES,
                    ),
                    parts.counts(("Chaves, backups e achados", "Keys, backups and findings"), WHAT, found.journal),
                    parts.counts(("Histórico exportado", "History exported"), WHAT, {EXPORTS: found.exports}),
                ],
            ),
            _retention(found),
            _requests(found),
            parts.incidents(found.incidents),
            _findings(found),
            parts.measures(found.deployment),
        ],
        summary=[*([] if found.complete else partial), *parts.missing(found.deployment)],
    )


def _retention(found: Monthly) -> Section:
    rows = [
        (
            parts.both((line["what"], line["what_en"])),
            str(line["deleted"]),
            str(line["held"]),
            str(line["completed"]),
            ", ".join(one["status"] for one in line["waiting"]) or parts.NOTHING,
        )
        for line in found.retention
    ]
    columns: list[Text] = [
        ("dados", "data"),
        ("saíram", "went"),
        ("guardados", "held"),
        ("varreduras", "sweeps"),
        ("aguardam", "waiting"),
    ]
    return Section(
        ("Apagado por fim de prazo", "Deleted because its period ended"),
        tables=[
            Table(("Varreduras do mês", "Sweeps of the month"), columns, rows),
            parts.counts(("Chaves destruídas no prazo", "Keys destroyed on time"), WHAT, found.keys_deleted),
        ],
    )


def _requests(found: Monthly) -> Section:
    rows = [
        (parts.both(("recebidos", "received")), str(sum(found.received.by_state.values()))),
        (parts.both(("respondidos no prazo", "closed in time")), str(found.answered.in_time)),
        (parts.both(("respondidos fora do prazo", "closed late")), str(found.answered.late)),
        (parts.both(("dos recebidos, VENCIDOS", "of those received, OVERDUE")), str(found.received.overdue)),
    ]
    return Section(
        ("Pedidos de titulares", "Requests of data subjects"),
        tables=[
            Table(("No mês", "In the month"), (WHAT, parts.COUNT), rows),
            parts.counts(("Recebidos por tipo", "Received by kind"), ("tipo", "kind"), found.received.by_kind, KINDS),
        ],
    )


def _attempts(found: Monthly) -> Section:
    attempts = found.attempts
    rate = "-" if attempts.fta_rate is None else f"{attempts.fta_rate:.2%}"
    fta = [
        (parts.both(("tentativas", "attempts")), str(attempts.started)),
        (parts.both(("com quadro recebido", "with a frame received")), str(attempts.presented)),
        (parts.both(("sem quadro utilizável (FTA)", "without a usable frame (FTA)")), f"{attempts.fta} ({rate})"),
    ]
    outcomes = dict(sorted(attempts.outcomes.items()))
    return Section(
        ("Tentativas de entrada", "Attempts to sign in"),
        tables=[
            Table(("Total", "Total"), (WHAT, parts.COUNT), fta),
            parts.counts(("Como terminaram", "How they ended"), ("resultado", "outcome"), outcomes, OUTCOMES),
            parts.counts(
                ("Recusas por motivo", "Refusals by reason"),
                ("motivo", "reason"),
                dict(sorted(attempts.refusals.items())),
            ),
            parts.counts(
                ("Por setor", "By department"), ("setor", "department"), dict(sorted(attempts.by_department.items()))
            ),
        ],
        figures=[
            *_days(found),
            *parts.bars(
                ("Como terminaram", "How they ended"),
                {OUTCOMES[name][0]: count for name, count in outcomes.items()},
                ("tentativas", "attempts"),
            ),
            *parts.bars(("Recusas por motivo", "Refusals by reason"), dict(sorted(attempts.refusals.items()))),
        ],
    )


def _days(found: Monthly) -> list[Figure]:
    """Return attempts and refusals by day of the month, days without any included; no plot of an empty month."""
    attempts = found.attempts
    if not attempts.started:
        return []
    days = [f"{found.month}-{day:02}" for day in range(1, monthrange(*map(int, found.month.split("-")))[1] + 1)]
    numbers = [float(day[-2:]) for day in days]
    lines = [
        Line("tentativas / attempts", numbers, [float(attempts.by_day[day]) for day in days]),
        Line("recusas / refusals", numbers, [float(attempts.refused_by_day[day]) for day in days]),
    ]
    plot = Lines(("dia do mês", "day of the month"), ("tentativas", "attempts"), lines)
    return [Figure(("Tentativas e recusas por dia", "Attempts and refusals by day"), plot)]


def _findings(found: Monthly) -> Section:
    given = found.deployment.findings
    if given is None:
        said: list[Text] = [
            (
                "Não examinado neste documento: 'faceauth report monthly' no servidor inclui o exame.",
                "Not examined in this document: 'faceauth report monthly' on the server includes it.",
            )
        ]
        return Section(("Exame do serviço", "The doctor's findings"), said)
    columns = (("exame", "check"), ("situação", "state"), ("achado", "finding"))
    return Section(
        ("Exame do serviço", "The doctor's findings"),
        tables=[Table(("faceauth doctor", "faceauth doctor"), columns, list(given) or [("-", "-", "-")])],
    )
