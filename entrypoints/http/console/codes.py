"""Codes of the history in words. A code that is not here is shown as it is: nothing is dropped."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Final

from entrypoints.http.console.house_codes import HOUSE_CODES
from entrypoints.http.console.rights_strings import RIGHTS_CODES
from entrypoints.http.console.strings import LANGUAGES, Text

CODES: Final[Mapping[str, Text]] = {
    # roles
    "compliance_officer": ("compliance", "compliance officer"),
    "encarregado": ("encarregado de dados", "data protection officer"),
    "department_admin": ("administrador do setor", "department administrator"),
    # outcomes
    "succeeded": ("admitida", "admitted"),
    "refused": ("recusada", "refused"),
    "abandoned": ("abandonada", "abandoned"),
    "started": ("em andamento", "under way"),
    "awaiting_factor": ("espera a senha", "awaiting the password"),
    "fallback_offered": ("senha oferecida", "password offered"),
    "fallback_succeeded": ("admitida por senha", "admitted by password"),
    "fallback_refused": ("senha recusada", "password refused"),
    "ok": ("ok", "ok"),
    # reasons
    "below_threshold": ("semelhança abaixo do limiar", "similarity below the threshold"),
    "margin_too_small": ("perto demais de outra pessoa", "too near to another person"),
    "gallery_empty": ("ninguém cadastrado no setor", "nobody enrolled in the department"),
    "claim_not_found": ("usuário não encontrado", "no such username"),
    "device_revoked": ("aparelho revogado", "device revoked"),
    "device_required": ("setor exige aparelho pareado", "department requires a paired device"),
    "presentation_attack": ("suspeita de fraude na apresentação", "suspected presentation attack"),
    "challenge_failed": ("movimentos não seguidos", "movements not followed"),
    "timeout": ("tempo esgotado", "out of time"),
    "locked_out": ("bloqueado", "locked out"),
    "consent_missing": ("sem consentimento", "no consent"),
    "client_gone": ("o aplicativo desconectou", "the app went away"),
    "subject_request": ("a pedido do titular", "at the person's request"),
    "administrator": ("pelo administrador", "by the administrator"),
    "expired": ("venceu", "expired"),
    "other": ("outro", "other"),
    # states
    "active": ("ativo", "active"),
    "open": ("aberto", "open"),
    "sealed": ("selado", "sealed"),
    "suspended": ("suspenso", "suspended"),
    "revoked": ("revogado", "revoked"),
    "erased": ("apagado", "erased"),
    "closed": ("encerrado", "closed"),
    "granted": ("dado", "given"),
    "withdrawn": ("retirado", "withdrawn"),
    "objected": ("oposição", "objection"),
    "paired": ("pareado", "paired"),
    "requested": ("pedido", "requested"),
    "executed": ("executado", "executed"),
    "final": ("definitivo", "final"),
    # purposes, channels, ways
    "enrollment": ("cadastro", "enrolment"),
    "authentication": ("autenticação", "authentication"),
    "paper": ("papel", "paper"),
    "in_app": ("no aplicativo", "in the app"),
    "http": ("aplicação", "application"),
    "ws": ("aplicativo", "app"),
    "cli": ("comando", "command line"),
    "worker": ("serviço", "service"),
    "face": ("rosto", "face"),
    "password": ("senha", "password"),
    "retry": ("tentar de novo", "try again"),
    "address": ("endereço", "address"),
    "claim": ("usuário", "username"),
    "department": ("setor", "department"),
    "device": ("aparelho", "device"),
    "subject": ("titular", "person"),
    **RIGHTS_CODES,
    # views
    "face_auth_logs": ("Tentativas", "Attempts"),
    "face_enrollments": ("Cadastros", "Enrolments"),
    "face_auth_sessions": ("Sessões", "Sessions"),
    "face_template_history": ("Modelos biométricos", "Templates"),
    "devices": ("Aparelhos", "Devices"),
    "erasures": ("Apagamentos", "Erasures"),
    "accounts": ("Contas", "Accounts"),
    **HOUSE_CODES,
}


NOTHING: Final = "\u2013"


def say(code: object, language: str) -> str:
    """Return a code in words; a dash for none, and one that nobody translated as it is."""
    if code in (None, ""):
        return NOTHING
    known = CODES.get(str(code))
    return str(code) if known is None else known[LANGUAGES.index(language)]
