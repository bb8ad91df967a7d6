"""The impact report (RIPD, LGPD art. 38), laid out: data, safeguards, risks, measured error rates, data flow."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final

from adapters.reports.document import Bars, Box, Figure, Flow, Report, Section, Table, Text
from application.reporting.facts import Deployment
from application.reporting.processings import Ropa, ropa
from application.reporting.risks import LEVELS, Risk, risks
from application.services import Services
from domain.policies.liveness import ACTIVE
from entrypoints.documents import parts
from entrypoints.documents.parts import both


@dataclass(frozen=True, slots=True)
class Ripd:
    """The record of processing, and what is added to it: risks and the mode of the proof of life."""

    record: Ropa
    risks: list[Risk]
    liveness: str


FLOW: Final = Flow(
    {
        "person": Box(("pessoa", "person"), 0, 0, "person"),
        "client": Box(("aparelho ou\nnavegador", "device or browser"), 1, 0, "person"),
        "memory": Box(("imagens, só\nem memória", "in memory only"), 2, 0, "memory"),
        "vault": Box(("modelos e nomes\ncifrados", "sealed templates"), 3, 0, "sealed"),
        "events": Box(("histórico\nde eventos", "history of events"), 3, 1, "sealed"),
        "ring": Box(("anel de chaves", "key ring"), 4, 0, "sealed"),
        "officer": Box(("encarregado e\ncompliance", "officers"), 2, 1, "person"),
        "systems": Box(("prontuário, IdP\ne outros sistemas", "record system, IdP"), 3, 2, "outside"),
        "backups": Box(("backups\ncifrados", "sealed backups"), 4, 1, "sealed"),
    },
    [
        ("person", "client", "rosto"),
        ("client", "memory", "TLS"),
        ("memory", "vault", "modelo"),
        ("ring", "vault", "abre"),
        ("vault", "events", "fatos"),
        ("events", "officer", "auditoria"),
        ("events", "backups", "cópia"),
        ("events", "systems", "avisos, tokens"),
    ],
)

COLLECTION: Final[list[Text]] = [
    (
        (
            "Coleta: a pessoa lê o aviso, consente e mostra o rosto à câmera; 5 a 10 imagens no cadastro, quadros ao "
            "entrar. Imagens existem só na memória e são sobrescritas ao fim."
        ),
        (
            "Collection: the person reads the notice, consents and shows the face to the camera; 5 to 10 pictures at "
            "enrolment, frames at sign-in. Images exist in memory only and are overwritten at the end."
        ),
    ),
    (
        (
            "Segurança: o rosto vira um vetor, transformado com chave, cifrado sob a chave da pessoa; os eventos são "
            "cifrados inteiros de novo. Apagar destrói a chave; o certificado prova."
        ),
        (
            "Security: the face becomes a vector, transformed under a key, sealed under the person's key; events are "
            "sealed whole once more. Erasing destroys the key; a certificate proves it."
        ),
    ),
]


def ripd(services: Services, deployment: Deployment) -> Ripd:
    """Return the impact report's facts as of now."""
    return Ripd(ropa(services, deployment), risks(services.policies), services.policies.evidence.mode)


def ripd_report(found: Ripd) -> Report:
    """Lay out the impact report."""
    record = found.record
    deployment = record.deployment
    data = [(both(one.name), both(one.data), both(one.legal_basis)) for one in record.processings]
    return Report(
        ("Relatório de impacto à proteção de dados (LGPD art. 38)", "Data protection impact assessment (LGPD art. 38)"),
        [
            *parts.heading(deployment, record.standing.at),
            (("prova de vida", "proof of life"), found.liveness),
        ],
        [
            Section(
                ("Dados, coleta e segurança", "Data, collection and security"),
                COLLECTION,
                [
                    Table(
                        ("Tipos de dados", "Kinds of data"),
                        (("tratamento", "processing"), ("dados", "data"), ("base legal", "legal basis")),
                        data,
                    )
                ],
                [
                    Figure(
                        (
                            "Para onde vai cada dado. Amarelo: pessoas; verde: só memória; azul: cifrado; cinza: fora.",
                            "Where the data goes. Yellow: people; green: memory only; blue: sealed; grey: outside.",
                        ),
                        FLOW,
                    )
                ],
            ),
            parts.measures(deployment),
            _risks(found),
            parts.evaluations(deployment),
            parts.retention(record.retention),
            parts.recipients(deployment),
            Section(("Transferência internacional", "International transfer"), [record.transfer]),
            *parts.installed(deployment),
            *parts.attachments(deployment),
        ],
        summary=[*parts.missing(deployment), *_passive(found.liveness)],
    )


def _passive(mode: str) -> list[Text]:
    if mode == ACTIVE:
        return []
    return [
        (
            "A prova de vida está em modo passivo: um degrau mais fraca que a ativa (FACEAUTH_LIVENESS=active).",
            "Proof of life is in passive mode: one notch weaker than active (FACEAUTH_LIVENESS=active).",
        )
    ]


def _risks(found: Ripd) -> Section:
    rows = [
        (both(one.threat), both(one.measures), both(LEVELS[one.residual]).upper(), both(one.why)) for one in found.risks
    ]
    columns = (
        ("risco", "risk"),
        ("salvaguardas", "safeguards"),
        ("risco residual", "residual risk"),
        ("o que resta", "what is left"),
    )
    ladder = ", ".join(both(level) for level in LEVELS)
    names = {one.threat[0]: float(one.residual + 1) for one in found.risks}
    return Section(
        ("Riscos, salvaguardas e o que resta", "Risks, safeguards and what is left"),
        tables=[Table(("Riscos", "Risks"), columns, rows, (f"Escala: {ladder}.", f"Scale: {ladder}."))],
        figures=[
            Figure(
                ("Risco residual (1 baixo … 4 muito alto)", "Residual risk (1 low … 4 very high)"),
                Bars(("risco residual", "residual risk"), names),
            )
        ],
    )
