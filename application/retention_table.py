"""Retention as a table: per category what it is, on what basis it is kept, for how long, and what happens then."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import timedelta
from typing import Any, Final

from application.services import Services
from domain.errors import NotFoundError
from domain.policies.retention import BOUNDS, FIVE_YEARS, SIX_MONTHS

SWEEP: Final = "sweep"
TASK: Final = "task"
KEPT: Final = "kept"

Text = tuple[str, str]
"""In Portuguese and in English."""

ACCESS_LOGS: Final = ("Marco Civil da Internet, art. 15", "Marco Civil da Internet, art. 15")
END: Final = ("LGPD art. 15 e 16", "LGPD art. 15 and 16")
SECURITY: Final = ("LGPD art. 46", "LGPD art. 46")
GOES: Final = (
    "a linha sai da visão; o evento fica no histórico, sem dado pessoal legível",
    "the row leaves its view; the event stays in the history, with nothing personal that can be read",
)
KEY_GOES: Final = ("a chave é destruída", "the key is destroyed")
HISTORY_TIME: Final = ("enquanto existir o histórico", "as long as the history")


@dataclass(frozen=True, slots=True)
class Category:
    """One line. ``field`` names the period in the policy in force, by its setting; else ``time`` says it in words."""

    name: str
    what: Text
    basis: Text
    at_end: Text
    enforced: str
    field: str = ""
    setting: str | None = None
    time: Text = HISTORY_TIME


CATEGORIES: Final = (
    Category(
        "unused_templates",
        ("modelos faciais sem uso", "face templates that nobody used"),
        END,
        (
            "a inscrição é revogada e o modelo sai do índice e das visões",
            "the enrolment is revoked; the template leaves the index and the views",
        ),
        SWEEP,
        "unused_templates",
        "FACEAUTH_RETENTION_UNUSED_TEMPLATE_DAYS",
    ),
    Category(
        "leavers",
        (
            "quem saiu: conta suspensa, ou nem conta nem inscrição",
            "leavers: a suspended account, or none and no enrolment",
        ),
        END,
        ("a pessoa é apagada e sua chave destruída", "the person is erased and their key destroyed"),
        SWEEP,
        "leavers",
        "FACEAUTH_RETENTION_LEAVER_DAYS",
    ),
    Category(
        "unfinished",
        ("inscrições que ninguém concluiu", "enrolments that nobody finished"),
        END,
        ("a inscrição é revogada", "the enrolment is revoked"),
        SWEEP,
        "unfinished",
        "FACEAUTH_RETENTION_UNFINISHED_DAYS",
    ),
    Category(
        "attempts",
        ("tentativas de entrada, com resultado e motivos", "attempts to sign in, with outcome and reasons"),
        ACCESS_LOGS,
        GOES,
        SWEEP,
        "attempts",
        "FACEAUTH_RETENTION_ATTEMPT_DAYS",
    ),
    Category(
        "sessions",
        ("sessões encerradas", "sessions that ended"),
        ACCESS_LOGS,
        GOES,
        SWEEP,
        "sessions",
        "FACEAUTH_RETENTION_SESSION_DAYS",
    ),
    Category(
        "consents",
        ("consentimentos encerrados de quem foi apagado", "ended consents of the erased"),
        ("LGPD art. 8, § 2; Constituição, art. 7, XXIX", "LGPD art. 8, paragraph 2; Constitution art. 7, XXIX"),
        GOES,
        SWEEP,
        "consents",
        "FACEAUTH_RETENTION_CONSENT_DAYS",
    ),
    Category(
        "client_addresses",
        ("endereços de quem se conectou", "addresses of who connected"),
        ACCESS_LOGS,
        (
            "a chave do mês é destruída: nenhum endereço dele se lê mais",
            "the month's key is destroyed with all it sealed",
        ),
        TASK,
        "epoch_keys",
        "FACEAUTH_EPOCH_KEY_DAYS",
    ),
    Category(
        "lockouts",
        ("contagens de falhas", "counts of failures"),
        SECURITY,
        ("a contagem é esquecida", "the count is forgotten"),
        TASK,
        "lockout.forget",
        "FACEAUTH_LOCKOUT_FORGET_DAYS",
    ),
    Category(
        "signals",
        ("avisos de segurança que ninguém buscou ou aceitou", "security events that nobody fetched or took"),
        SECURITY,
        ("a carta é esquecida", "the letter is forgotten"),
        TASK,
        "signals.keep_dead",
    ),
    Category(
        "template_renewal",
        ("modelos sob a mesma transformação", "templates under one transform"),
        SECURITY,
        ("o modelo é refeito sob outra", "the template is made anew under another"),
        TASK,
        "templates",
        "FACEAUTH_TEMPLATE_DAYS",
    ),
    Category(
        "retired_transforms",
        ("transformações fora de uso", "transforms out of use"),
        SECURITY,
        KEY_GOES,
        TASK,
        "retired_transforms",
        "FACEAUTH_RETIRED_TRANSFORM_DAYS",
    ),
    Category(
        "erased_keys",
        ("chaves de quem foi apagado, em cópias", "keys of the erased, in copies"),
        ("LGPD art. 18, VI", "LGPD art. 18, VI"),
        ("nenhuma cópia abre mais", "no copy opens any more"),
        TASK,
        "erasure_final",
        "FACEAUTH_ERASURE_FINAL_HOURS",
    ),
    Category(
        "key_backups",
        ("backups de chaves", "backups of keys"),
        SECURITY,
        ("o arquivo é apagado", "the file is deleted"),
        TASK,
        "key_backups",
        "FACEAUTH_KEY_BACKUP_DAYS",
    ),
    Category(
        "incidents",
        ("registro de incidentes", "the incident register"),
        ("Res. CD/ANPD 15/2024", "Res. CD/ANPD 15/2024"),
        (
            "a chave é destruída: o que se escreveu não abre mais; códigos e prazos ficam no histórico",
            "the key is destroyed: what was written does not open any more; codes and times stay in the history",
        ),
        TASK,
        "incidents",
        "FACEAUTH_RETENTION_INCIDENT_DAYS",
    ),
    Category(
        "requests",
        ("pedidos de titulares, com resposta", "requests of data subjects, with their answers"),
        ("LGPD art. 18, 19 e 37", "LGPD art. 18, 19 and 37"),
        (
            "fica no histórico; o texto deixa de abrir quando a pessoa é apagada",
            "it stays in the history; what was written stops opening when the person is erased",
        ),
        KEPT,
    ),
    Category(
        "exports",
        ("quem exportou o histórico", "who exported history"),
        ("LGPD art. 37", "LGPD art. 37"),
        ("fica no histórico, só por ids", "it stays in the history, by ids alone"),
        KEPT,
    ),
    Category(
        "viewings",
        ("quem viu os dados de quem", "who looked at whose data"),
        ("LGPD art. 19 e 37", "LGPD art. 19 and 37"),
        ("fica no histórico, só por ids", "it stays in the history, by ids alone"),
        KEPT,
    ),
    Category(
        "history",
        ("o histórico de eventos", "the history of events"),
        ("LGPD art. 6, X e art. 37", "LGPD art. 6, X and art. 37"),
        (
            "fica; o que é pessoal deixa de abrir com as chaves",
            "it stays; what is personal stops opening with the keys",
        ),
        KEPT,
    ),
)
"""In the order in which people read it."""


def lines(services: Services) -> list[dict[str, Any]]:
    """Return the table under the policies in force, one dictionary of JSON values per category."""
    return [_line(services, category) for category in CATEGORIES]


def line_of(services: Services, name: str) -> dict[str, Any]:
    """Return the line of one category. Raises ``NotFoundError``."""
    for category in CATEGORIES:
        if category.name == name:
            return _line(services, category)
    raise NotFoundError("no such category of retention")


def in_words(period: timedelta) -> Text:
    """Return a period as people say it, in Portuguese and in English."""
    if period in {SIX_MONTHS, FIVE_YEARS}:
        words = ("6 meses", "6 months") if period == SIX_MONTHS else ("5 anos", "5 years")
        return f"{words[0]} ({period.days} dias)", f"{words[1]} ({period.days} days)"
    if period < timedelta(days=1) or period.seconds:
        hours = f"{period.total_seconds() / 3600:.10g}"
        return f"{hours} horas", f"{hours} hours"
    return ("1 dia", "1 day") if period.days == 1 else (f"{period.days} dias", f"{period.days} days")


def _line(services: Services, category: Category) -> dict[str, Any]:
    period, bounds = _period(services, category.field), BOUNDS.get(category.field)
    words = category.time if period is None else in_words(period)
    if category.field == "incidents":
        words = (f"pelo menos {words[0]}", f"at least {words[1]}")
    return {
        "category": category.name,
        "what": category.what[0],
        "what_en": category.what[1],
        "basis": category.basis[0],
        "basis_en": category.basis[1],
        "period": words[0],
        "period_en": words[1],
        "period_days": None if period is None else period / timedelta(days=1),
        "floor_days": bounds.floor / timedelta(days=1) if bounds else None,
        "ceiling_days": bounds.ceiling / timedelta(days=1) if bounds else None,
        "at_end": category.at_end[0],
        "at_end_en": category.at_end[1],
        "enforced": category.enforced,
        "setting": category.setting,
    }


def _period(services: Services, field: str) -> timedelta | None:
    period: timedelta | None
    match field:
        case "":
            period = None
        case "lockout.forget":
            period = services.policies.lockout.forget
        case "signals.keep_dead":
            period = services.signals.policies.keep_dead
        case _:
            period = getattr(services.policies.retention, field)
    return period
