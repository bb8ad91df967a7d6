"""One-time links by which the operator lets an officer into the console: made here, good once, for five minutes."""

from __future__ import annotations

import base64
import binascii
import hmac
import secrets
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Final

from application.departments import check_department
from application.journal import record
from application.services import Services
from domain.act import Act
from domain.errors import DepartmentUnknownError, InvalidInputError, LinkRefusedError
from domain.roles import COMPLIANCE_OFFICER, DEPARTMENT_ADMIN, ENCARREGADO, EVERYWHERE

LINK_LIFETIME: Final = timedelta(minutes=5)
SIGN_IN_LIFETIME: Final = timedelta(hours=1)
ROLES: Final = (COMPLIANCE_OFFICER, ENCARREGADO, DEPARTMENT_ADMIN)
NONCE_BYTES: Final = 16
MAC_CHARACTERS: Final = 40
"""Hexadecimal digits of the keyed digest, 160 bits: nobody guesses, so guesses need no counting."""
OFFICER_CHARACTERS: Final = 16
MAX_NAME_CHARACTERS: Final = 100
MAX_CODE_CHARACTERS: Final = 600
SCOPE: Final = "console_link"
PREFIX: Final = "link-"
"""By which a code is told from a token."""


@dataclass(frozen=True, slots=True)
class Link:
    """A code, kept nowhere; ``officer`` is under what the history will know its holder, "" where nobody was named."""

    code: str
    expires_at: datetime
    officer: str


def invite(services: Services, *, role: str, department: str, name: str = "", act: Act) -> Link:
    """Return a code for one sign-in to the console, and record that it was made.

    ``name`` (a person's; it is not kept) becomes a keyed digest, so that the history can tell one officer's views from
    another's. Raises ``InvalidInputError``, ``DepartmentUnknownError``, ``UnavailableError``.
    """
    if role not in ROLES:
        raise InvalidInputError(f"the console is for {', '.join(ROLES)}")
    if department != EVERYWHERE and not services.departments.exists(check_department(department)):
        raise DepartmentUnknownError("no such department; see: faceauth department list")
    if len(name) > MAX_NAME_CHARACTERS:
        raise InvalidInputError(f"a name has at most {MAX_NAME_CHARACTERS} characters")
    officer = services.vault.digest("console_officer", name)[:OFFICER_CHARACTERS] if name.strip() else ""
    expires_at = act.at + LINK_LIFETIME
    nonce = secrets.token_hex(NONCE_BYTES)
    said = "\n".join((role, department, str(int(expires_at.timestamp())), nonce, officer))
    # Base 32 and not 64: the keyed digest is of what is spelled in any case.
    payload = base64.b32encode(said.encode()).decode().rstrip("=").lower()
    record(services, "console_link", act=act, facts={"role": role, "department": department, "officer": officer})
    return Link(f"{PREFIX}{payload}.{_mac(services, payload)}", expires_at, officer)


def redeem(services: Services, text: str, *, channel: str) -> str:
    """Return a staff token of an hour for a code, or for a whole link that ends in one; record the sign-in.

    The first one to bring it has it, whichever process answers. Raises ``LinkRefusedError``, ``UnavailableError``.
    """
    role, department, expires_at, nonce, officer = _opened(services, text)
    now = services.clock.now()
    if now >= expires_at or not services.once.first(SCOPE, nonce, forget_at=expires_at + LINK_LIFETIME):
        raise _refused()
    token = services.tokens.issue_staff(role=role, department=department, ttl=SIGN_IN_LIFETIME, officer=officer)
    principal = services.tokens.verify(token)
    facts = {"role": role, "department": department, "token": principal.token_id}
    record(services, "console_sign_in", act=services.act(principal.actor, channel), facts=facts)
    return token


def is_code(text: str) -> bool:
    """Say whether that is meant for a code, or for a link that ends in one."""
    return text.strip().rpartition("#")[2].lower().startswith(PREFIX)


def _opened(services: Services, text: str) -> tuple[str, str, datetime, str, str]:
    code = text.strip().rpartition("#")[2].lower()
    payload, _, mac = code.removeprefix(PREFIX).partition(".")
    good = len(code) <= MAX_CODE_CHARACTERS and code.isascii() and is_code(code)
    if not good or not hmac.compare_digest(mac.encode(), _mac(services, payload).encode()):
        raise _refused()
    try:
        padded = payload.upper() + "=" * (-len(payload) % 8)
        role, department, expires, nonce, officer = base64.b32decode(padded).decode().split("\n")
        return role, department, datetime.fromtimestamp(int(expires), UTC), nonce, officer
    except (binascii.Error, ValueError):  # a digest of ours over something else: cannot be, and opens nothing
        raise _refused() from None


def _mac(services: Services, payload: str) -> str:
    return services.vault.digest(SCOPE, payload)[:MAC_CHARACTERS]


def _refused() -> LinkRefusedError:
    return LinkRefusedError("the link is wrong, used or over: ask for another")
