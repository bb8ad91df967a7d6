"""Records of processing (LGPD art. 37): what is processed, why, on which ground, of whom, for how long."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final

from application.notice import in_force
from application.reporting.facts import Deployment, Text
from application.reporting.retention import Period, periods
from application.reporting.standing import Standing, standing
from application.services import Services
from domain.consent import AUTHENTICATION, ENROLLMENT
from domain.notice import BASES, CONSENT, FRAUD_PREVENTION, Notice

STAFF: Text = ("pessoal do hospital", "hospital staff")
TRANSFER: Text = (
    "nenhuma: o serviço roda no hospital e não envia dados pessoais a outro país",
    "none: the service runs inside the hospital and sends no personal data abroad",
)


@dataclass(frozen=True, slots=True)
class Processing:
    """One processing. ``kept`` names categories of ``retention.periods``; ``people`` is how many it concerns now."""

    code: str
    name: Text
    purpose: Text
    legal_basis: Text
    data: Text
    subjects: Text
    kept: tuple[str, ...]
    people: int
    automated: Text


@dataclass(frozen=True, slots=True)
class Ropa:
    """The whole record."""

    standing: Standing
    notice_version: str
    notice_sha256: str
    processings: list[Processing]
    retention: list[Period]
    transfer: Text
    deployment: Deployment


_NO: Final[Text] = ("não há", "none")
_BASES: Final[dict[str, Text]] = {
    CONSENT: (BASES[CONSENT], "LGPD art. 11, I (consent)"),
    FRAUD_PREVENTION: (
        BASES[FRAUD_PREVENTION],
        'LGPD art. 11, II, "g" (fraud prevention and security of the data subject)',
    ),
}
_SECURITY: Final[Text] = (
    "LGPD art. 7, II e 11, II, a (obrigação legal: Marco Civil art. 15) e 11, II, g (prevenção à fraude)",
    "LGPD art. 7, II and 11, II, a (legal duty: Marco Civil art. 15) and 11, II, g (fraud prevention)",
)


def ropa(services: Services, deployment: Deployment) -> Ropa:
    """Return the record as of now."""
    now, notice = standing(services), in_force(services)
    return Ropa(
        standing=now,
        notice_version=notice.version,
        notice_sha256=notice.sha256,
        processings=_processings(now, notice),
        retention=periods(services),
        transfer=TRANSFER,
        deployment=deployment,
    )


def legal_basis(notice: Notice, purpose: str) -> Text:
    """Return on what a purpose rests by the notice in force, with its balancing test where there is one."""
    basis = notice.basis(purpose)
    pt, en = _BASES[basis.code]
    if not basis.test_sha256:
        return pt, en
    digest = f"SHA-256 {basis.test_sha256}"
    return (
        f"{pt}; teste de balanceamento de {basis.test_on}, {digest}",
        f"{en}; balancing test of {basis.test_on}, {digest}",
    )


def _processings(now: Standing, notice: Notice) -> list[Processing]:
    enrolled = sum(now.enrolled.values())
    accounts = sum(count for status, count in now.accounts.items() if status != "closed")
    return [
        Processing(
            "enrollment",
            ("Cadastro facial", "Face enrolment"),
            (
                "criar o modelo pelo qual a pessoa é reconhecida ao entrar",
                "make the template a person is recognised by",
            ),
            legal_basis(notice, ENROLLMENT),
            (
                "modelo biométrico cifrado; nome, usuário e matrícula cifrados; imagens só na memória",
                "sealed biometric template; sealed name, username, employee number; images in memory only",
            ),
            STAFF,
            ("images", "unused_templates", "leavers", "unfinished", "template_renewal", "consents"),
            enrolled,
            ("recusa de cadastro duplicado; revisão humana", "refusal of a duplicate person; human review"),
        ),
        Processing(
            "authentication",
            ("Entrada pelo rosto", "Sign-in by face"),
            ("entrar no sistema de prontuários", "sign in to the medical record system"),
            legal_basis(notice, AUTHENTICATION),
            (
                "imagens só na memória; pontuações, resultado e motivo da tentativa",
                "images in memory only; scores, outcome and reason of the attempt",
            ),
            STAFF,
            ("images", "attempts", "sessions", "history"),
            enrolled,
            (
                "decide se a pessoa entra; recusa pode ser revista por uma pessoa (art. 20); há sempre a senha",
                "decides whether the person enters; a refusal can be reviewed by a person (art. 20); password remains",
            ),
        ),
        Processing(
            "access_log",
            ("Registro de acessos", "Access log"),
            ("provar quem entrou, e conter ataques", "prove who signed in, and contain attacks"),
            _SECURITY,
            (
                "endereço de origem cifrado, aparelho, horário, resultado, bloqueios",
                "sealed client address, device, time, outcome, lockouts",
            ),
            STAFF,
            ("client_addresses", "attempts", "lockouts", "history"),
            enrolled + accounts,
            ("bloqueio temporário após falhas", "temporary lockout after failures"),
        ),
        Processing(
            "password",
            ("Senha, em lugar do rosto", "Password in place of the face"),
            ("entrar sem biometria, ou quando ela falha", "sign in without biometrics, or when they fail"),
            ("LGPD art. 7, V e IX", "LGPD art. 7, V and IX"),
            (
                "usuário cifrado; resumo argon2id da senha, cifrado",
                "sealed username; sealed argon2id hash of the password",
            ),
            STAFF,
            ("leavers", "attempts", "sessions", "history"),
            accounts,
            _NO,
        ),
        Processing(
            "security_events",
            ("Avisos de segurança a outros sistemas", "Security events to other systems"),
            ("encerrar sessões em todos os sistemas ao mesmo tempo", "end sessions in all systems at once"),
            _SECURITY,
            ("identificador por destinatário (pairwise), sessão, motivo", "pairwise id per receiver, session, reason"),
            STAFF,
            ("signals", "history"),
            enrolled + accounts,
            _NO,
        ),
        Processing(
            "rights_and_incidents",
            ("Direitos dos titulares e incidentes", "Rights of data subjects and incidents"),
            ("responder a pedidos; registrar incidentes", "answer requests; keep the incident register"),
            ("LGPD art. 7, II; 18; 37; 48", "LGPD art. 7, II; 18; 37; 48"),
            (
                "pedidos, consultas de dados, incidentes; texto livre cifrado",
                "requests, viewings, incidents; sealed free text",
            ),
            STAFF,
            ("requests", "incidents", "viewings", "exports", "history"),
            sum(now.requests.by_state.values()),
            _NO,
        ),
    ]
