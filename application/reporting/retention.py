"""How long what is kept, as documents state it. The one place to re-point when there are policies as data."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import timedelta

from application.reporting.facts import Text
from application.services import Services
from domain.policies.deadlines import REGISTER_YEARS


@dataclass(frozen=True, slots=True)
class Period:
    """A category of data, how long it is kept, and what ends it."""

    category: str
    name: Text
    kept: Text
    ground: Text


def periods(services: Services) -> list[Period]:
    """Return the periods in force, from the policies that the worker enforces."""
    policy = services.policies.retention
    return [
        Period(
            "images",
            ("imagens da câmera", "camera images"),
            ("nunca gravadas; apagadas da memória ao fim da tentativa", "never stored; wiped from memory at once"),
            ("LGPD art. 6, III (necessidade)", "LGPD art. 6, III (necessity)"),
        ),
        Period(
            "templates",
            ("modelo biométrico", "biometric template"),
            (
                f"enquanto houver cadastro; refeito sob outra transformação a cada {_days(policy.templates)} dias",
                f"while enrolled; renewed under another transform every {_days(policy.templates)} days",
            ),
            ("retirada do consentimento, saída ou pedido", "withdrawal of consent, leaving, or request"),
        ),
        Period(
            "client_addresses",
            ("endereço de origem das tentativas", "client address of attempts"),
            (
                f"{_days(policy.epoch_keys)} dias após o fim do mês: a chave do mês é destruída",
                f"{_days(policy.epoch_keys)} days after the month ends: the month's key is destroyed",
            ),
            ("Marco Civil da Internet, art. 15 (6 meses)", "Marco Civil da Internet, art. 15 (6 months)"),
        ),
        Period(
            "personal_fields",
            ("nome, usuário e matrícula", "name, username and employee number"),
            (
                f"até o apagamento; definitivo em {_hours(policy.erasure_final)} h",
                f"until erasure; final within {_hours(policy.erasure_final)} h",
            ),
            ("LGPD art. 15, 16 e 18, VI", "LGPD art. 15, 16 and 18, VI"),
        ),
        Period(
            "history",
            ("histórico de eventos, sem nomes", "history of events, without names"),
            (
                "permanente, sob identificadores que não levam a ninguém apagado",
                "kept, under ids that lead to nobody erased",
            ),
            ("prestação de contas (LGPD art. 6, X)", "accountability (LGPD art. 6, X)"),
        ),
        Period(
            "key_backups",
            ("cópias das chaves", "key backups"),
            (f"{_days(policy.key_backups)} dias", f"{_days(policy.key_backups)} days"),
            ("horizonte do certificado de apagamento", "horizon of the erasure certificate"),
        ),
        Period(
            "incidents",
            ("registro de incidentes", "incident register"),
            (f"no mínimo {REGISTER_YEARS} anos", f"at least {REGISTER_YEARS} years"),
            ("Res. CD/ANPD 15/2024, art. 10", "Res. CD/ANPD 15/2024, art. 10"),
        ),
    ]


def _days(period: timedelta) -> str:
    return f"{period / timedelta(days=1):g}"


def _hours(period: timedelta) -> str:
    return f"{period / timedelta(hours=1):g}"
