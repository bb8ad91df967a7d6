"""Draft notices of an incident, to ANPD and to the people: facts filled in, gaps marked, for a person to finish."""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, Final

from application import incidents
from application.affected import SELECTORS
from application.reporting.facts import Responsible, Text, moment
from application.services import Services
from domain.errors import InvalidInputError
from domain.incident import HIGH, LOW, NONE, RELEVANT, Incident

ANPD, SUBJECTS = "anpd", "subjects"
RECIPIENTS: Final = (ANPD, SUBJECTS)
GAP: Final[Text] = ("[preencher]", "[to be filled in]")

CATEGORY_NAMES: Final[dict[str, Text]] = {
    "biometric_template": ("modelo biométrico do rosto (dado sensível)", "biometric face template (sensitive)"),
    "identification": ("nome, usuário e matrícula", "name, username and employee number"),
    "authentication": ("dados de autenticação em sistemas", "authentication data"),
    "access_log": ("registros de acesso: horário, setor, resultado", "access log: time, department, outcome"),
    "client_address": ("endereço de origem das tentativas", "client address of attempts"),
    "consent_record": ("registros de consentimento", "consent records"),
}
KIND_NAMES: Final[dict[str, Text]] = {
    "confidentiality": (
        "confidencialidade: acesso ou divulgação indevida",
        "confidentiality: undue access or disclosure",
    ),
    "integrity": ("integridade: alteração indevida", "integrity: undue change"),
    "availability": ("disponibilidade: perda ou indisponibilidade", "availability: loss"),
    "authenticity": ("autenticidade: alguém se passou por outra pessoa", "authenticity: impersonation"),
}
CAUSE_NAMES: Final[dict[str, Text]] = {
    "key_leak": ("vazamento de chave", "key leak"),
    "database_leak": ("vazamento do banco de dados", "database leak"),
    "backup_loss": ("perda de cópia de segurança", "loss of a backup"),
    "device_loss": ("perda ou furto de aparelho", "loss or theft of a device"),
    "credential_theft": ("furto de credencial", "theft of a credential"),
    "presentation_attack": ("ataque de apresentação (foto, tela, máscara)", "presentation attack"),
    "malicious_insider": ("ação de pessoa interna", "malicious insider"),
    "human_error": ("erro humano", "human error"),
    "software_fault": ("falha de programa", "software fault"),
    "ransomware": ("sequestro de dados", "ransomware"),
    "unknown": ("em apuração", "under investigation"),
}
RISK_NAMES: Final[dict[str, Text]] = {
    NONE: ("nenhum", "none"),
    LOW: ("baixo", "low"),
    RELEVANT: ("relevante", "relevant"),
    HIGH: ("alto", "high"),
    "": ("ainda não avaliado", "not assessed yet"),
}
_CONSEQUENCES: Final[dict[str, Text]] = {
    "biometric_template": (
        "alguém poderia tentar entrar em seu nome; o modelo pode ser trocado por outro, o rosto não",
        "somebody could try to sign in as you; the template can be replaced, the face cannot",
    ),
    "identification": ("alguém poderia saber que você trabalha aqui", "somebody could learn that you work here"),
    "authentication": ("alguém poderia tentar usar sua sessão ou senha", "somebody could try your session or password"),
    "access_log": ("alguém poderia saber quando você entrou", "somebody could learn when you signed in"),
    "client_address": ("alguém poderia saber de onde você entrou", "somebody could learn from where you signed in"),
    "consent_record": ("alguém poderia saber se você consentiu", "somebody could learn whether you consented"),
}


@dataclass(frozen=True, slots=True)
class Part:
    """A heading and its paragraphs."""

    title: Text
    paragraphs: Sequence[Text]


@dataclass(frozen=True, slots=True)
class Draft:
    """A notice to be finished by a person. ``gaps`` counts what only a person can fill in."""

    title: Text
    parts: Sequence[Part]

    @property
    def gaps(self) -> int:
        """How many places are still to be filled in."""
        return sum(text[0].count(GAP[0]) for part in self.parts for text in part.paragraphs)


def draft(services: Services, incident: Incident, to: str, responsible: Responsible) -> Draft:
    """Return the notice to ANPD (fields of its form, CIS) or to the people. Raises ``InvalidInputError``."""
    if to not in RECIPIENTS:
        raise InvalidInputError(f"drafts are to {' or '.join(RECIPIENTS)}")
    texts = {name: _own(text) for name, text in incidents.reveal(services, incident).items()}
    return (_to_anpd if to == ANPD else _to_subjects)(services, incident, texts, responsible)


def markdown(found: Draft) -> str:
    """Return it as Markdown, Portuguese whole, then English; what staff wrote cannot become markup."""
    lines: list[str] = []
    for language in (0, 1):
        lines += [f"# {_plain(found.title[language])}", ""]
        for part in found.parts:
            lines += [f"## {_plain(part.title[language])}", ""]
            for text in part.paragraphs:
                lines += [_plain(text[language]), ""]
        lines += ["---", ""] if language == 0 else []
    return "\n".join(lines).rstrip() + "\n"


def _to_anpd(services: Services, it: Incident, texts: dict[str, Text], who: Responsible) -> Draft:
    affected = it.affected
    known = services.calendar.local(it.known_at)
    return Draft(
        ("Comunicação de incidente de segurança à ANPD (rascunho)", "Notice of a security incident to ANPD (draft)"),
        [
            Part(
                ("1. Controlador e encarregado", "1. Controller and encarregado"),
                [
                    _line(("Controlador", "Controller"), _own(who.controller), _own(who.controller_contact)),
                    _line(
                        ("Encarregado (art. 41)", "Encarregado (art. 41)"),
                        _own(who.encarregado),
                        _own(who.encarregado_contact),
                    ),
                    _line(("Substituto", "Substitute"), _own(who.substitute)),
                ],
            ),
            Part(
                ("2. O incidente", "2. The incident"),
                [
                    _line(("Registro interno", "Internal entry"), _same(str(it.id))),
                    _line(("Conhecido em", "Known at"), _same(f"{known:%Y-%m-%d %H:%M %z}")),
                    _line(("Ocorrido em", "Happened at"), _period(it)),
                    _line(("Natureza", "Nature"), KIND_NAMES[it.kind]),
                    _line(("Causa", "Cause"), CAUSE_NAMES[it.cause]),
                    texts["description"],
                ],
            ),
            Part(
                ("3. Dados pessoais afetados", "3. Personal data affected"),
                [CATEGORY_NAMES[category] for category in it.categories],
            ),
            Part(("4. Titulares afetados", "4. Data subjects affected"), _people(it)),
            Part(
                ("5. Medidas de segurança antes do incidente", "5. Security measures before the incident"),
                [texts["measures_before"]],
            ),
            Part(
                ("6. Riscos e possíveis impactos", "6. Risks and possible impact"),
                [
                    _line(("Risco avaliado", "Risk assessed"), RISK_NAMES[it.risk]),
                    *(_CONSEQUENCES[category] for category in it.categories),
                ],
            ),
            Part(
                ("7. Medidas depois do incidente", "7. Measures after the incident"),
                [texts["measures_after"]],
            ),
            Part(("8. Comunicação aos titulares", "8. Communication to the subjects"), [_told(it)]),
            Part(("9. Motivo da demora, se houve", "9. Reason for delay, if any"), [_delay(services, it, texts)]),
            Part(
                ("10. Complementação", "10. Supplement"),
                [
                    (
                        "Comunicação preliminar: informações complementares em até 20 dias úteis.",
                        "Preliminary notice: supplement within 20 business days.",
                    )
                    if it.preliminary or affected is None
                    else ("Comunicação completa.", "Complete notice.")
                ],
            ),
        ],
    )


def _to_subjects(services: Services, it: Incident, texts: dict[str, Text], who: Responsible) -> Draft:
    known = services.calendar.local(it.known_at)
    return Draft(
        ("Aviso sobre seus dados pessoais (rascunho)", "Notice about your personal data (draft)"),
        [
            Part(
                ("O que aconteceu", "What happened"),
                [
                    (
                        (
                            f"Em {known:%d/%m/%Y} soubemos de um problema de segurança com o reconhecimento facial do "
                            f"hospital: {CAUSE_NAMES[it.cause][0]}."
                        ),
                        (
                            f"On {known:%Y-%m-%d} we learned of a security problem with the hospital's face sign-in: "
                            f"{CAUSE_NAMES[it.cause][1]}."
                        ),
                    ),
                    texts["description"],
                ],
            ),
            Part(("Quais dados seus", "Which of your data"), [CATEGORY_NAMES[category] for category in it.categories]),
            Part(
                ("O que isso pode causar", "What this may lead to"),
                [_CONSEQUENCES[category] for category in it.categories],
            ),
            Part(("O que estamos fazendo", "What we are doing"), [texts["measures_after"]]),
            Part(
                ("O que você pode fazer", "What you can do"),
                [
                    (
                        (
                            "Troque sua senha. Avise se notar um acesso que não foi seu. Você pode retirar o "
                            "consentimento e entrar só com a senha, a qualquer momento, de graça."
                        ),
                        (
                            "Change your password. Tell us of a sign-in that was not yours. You may withdraw your "
                            "consent and sign in by password alone, at any time, free of charge."
                        ),
                    )
                ],
            ),
            Part(
                ("Com quem falar", "Whom to ask"),
                [
                    _line(
                        ("Encarregado de dados", "Data protection officer"),
                        _own(who.encarregado),
                        _own(who.encarregado_contact),
                    )
                ],
            ),
        ],
    )


def _people(it: Incident) -> list[Text]:
    if it.affected is None:
        return [GAP]
    found = it.affected
    how = SELECTORS[found.selector]
    return [
        _line(("Quantidade", "Number"), _same(str(found.subjects))),
        _line(("Como foi apurado", "How it was found"), how),
        _line(("Setores", "Departments"), _same(", ".join(found.departments) or "-")),
        _line(("Crianças e adolescentes", "Minors"), _number(found.minors)),
        _line(("Idosos", "Elderly"), _number(found.elderly)),
    ]


def _period(it: Incident) -> Text:
    if it.affected is None or not (it.affected.since or it.affected.until):
        return GAP
    return _same(f"{moment(it.affected.since) or '…'} - {moment(it.affected.until) or '…'}")


def _told(it: Incident) -> Text:
    if it.subjects_at is None:
        return ("Ainda não comunicados.", "Not told yet.")
    means = ", ".join(it.subjects_means)
    return (f"Comunicados em {moment(it.subjects_at)}: {means}.", f"Told at {moment(it.subjects_at)}: {means}.")


def _delay(services: Services, it: Incident, texts: dict[str, Text]) -> Text:
    late = any(
        clock.state in {incidents.LATE, incidents.OVERDUE}
        for clock in incidents.clocks(it, services.calendar, services.clock.now())
    )
    if it.delay_sealed or late:
        return texts["delay"]
    return ("Não houve.", "None.")


def _line(label: Text, *values: Text) -> Text:
    return tuple(f"{label[n]}: {', '.join(value[n] for value in values)}" for n in (0, 1))  # type: ignore[return-value]


def _number(count: int | None) -> Text:
    return (
        ("desconhecido: o serviço não guarda idade", "unknown: no age is kept here")
        if count is None
        else _same(str(count))
    )


def _own(text: str) -> Text:
    return (text, text) if text else GAP


def _same(text: str) -> Text:
    return (text, text)


_MARKUP: Final = re.compile(r"([\\`*_{}\[\]<>#|!~&])")


def _plain(text: Any) -> str:
    """Return text in which no character is markup (CommonMark 2.4): punctuation behind a backslash, lines kept."""
    if text in GAP:
        return str(text)
    escaped = _MARKUP.sub(r"\\\1", str(text))
    lines = [
        re.sub(r"^(\s*)([-+=]|\d+[.)])", r"\1\\\2", line) if number else line
        for number, line in enumerate(escaped.split("\n"))
    ]
    return "\n".join(lines)
