"""One-time codes by which a person without a session decides on consent: made by an administrator, used by the person.

A code opens nothing but that decision, for one subject. It is shown once, to whoever made it, for the person's hands.
"""

from __future__ import annotations

import secrets
from collections.abc import Callable
from contextlib import suppress
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Final, TypeVar
from uuid import UUID

from application import consent as consents
from application.ports.consent_codes import ConsentInvitation
from application.ports.vault import subject_owner
from application.services import Services
from domain.act import Act
from domain.consent import OWN_CODE, PURPOSES, Collection
from domain.device_proof import CODE_ALPHABET, CODE_CHARACTERS, plain_code
from domain.errors import (
    ConcurrencyError,
    ConsentCodeError,
    InvalidInputError,
    KeyDestroyedError,
    NotFoundError,
    TooManyGuessesError,
)
from domain.journal import JournalEntry

T = TypeVar("T")

CODE_LIFETIME: Final = timedelta(hours=24)
MAX_OPEN: Final = 1000
GUESSES_OF_ADDRESS: Final = 20
GUESSES_OF_ALL: Final = 120
"""A minute. A code is 10 characters of 32, 2^50 = 1.1e15 codes. A guess names no code, so guesses are bounded. In the
24 hours of a code's life that is at most 172,900 guesses from everywhere; with all 1,000 codes open one of them is hit
with probability 1.5e-7, and what it opens is one person's decision, written into the history."""
TRIES: Final = 5
IN_FORM: Final = Collection(OWN_CODE)
INVITED: Final = "consent_invited"
"""Kind of the journal entry that says who made a code for whom."""
REFUSED: Final = "the code is wrong, used or over: ask for another"


@dataclass(frozen=True, slots=True)
class Invited:
    """A code for one person's hands; it is kept nowhere else."""

    code: str = field(repr=False)
    subject_id: UUID
    expires_at: datetime

    @property
    def shown(self) -> str:
        """The code in two halves, as people read it."""
        half = len(self.code) // 2
        return f"{self.code[:half]}-{self.code[half:]}"


def invite(services: Services, subject_id: UUID, *, act: Act) -> Invited:
    """Return a code with which that person decides once within ``CODE_LIFETIME``; an earlier one of theirs ends.

    Raises ``NotFoundError`` for nobody, or somebody erased; ``TooManyGuessesError`` where too many codes are open.
    """
    if not services.vault.has_key(subject_owner(subject_id)):
        raise NotFoundError("no such subject")
    code = "".join(secrets.choice(CODE_ALPHABET) for _ in range(CODE_CHARACTERS))
    expires_at = act.at + CODE_LIFETIME
    invitation = ConsentInvitation(services.ids.new(), subject_id, act.actor, expires_at)
    # First: whoever makes a code could use it too, so none may exist that the history does not know. What it causes
    # names this entry as its cause.
    entry = JournalEntry.record(invitation.invitation_id, INVITED, subject_id=subject_id, act=act)
    services.store.save(entry)
    if not services.consent_codes.invite(_digest(services, code), invitation, most=MAX_OPEN, now=act.at):
        raise TooManyGuessesError("too many consent codes are open: wait until some are used or over")
    return Invited(code, subject_id, expires_at)


def grant(
    services: Services, *, code: str, notice_version: str, address: str, purposes: list[str] | None = None
) -> tuple[UUID, list[str]]:
    """Use a code to consent; return whose it was and the purposes that it changed.

    What can be wrong with the request is found before the code is used up. Raises ``ConsentCodeError``,
    ``TooManyGuessesError``, ``NoticeOutdatedError``, ``InvalidInputError``.
    """
    wanted = consents.checked_purposes(PURPOSES if purposes is None else purposes)
    consents.check_notice(services, notice_version)
    subject_id, act = _use(services, code, address)

    def decide() -> list[str]:
        return consents.grant(
            services, subject_id, notice_version=notice_version, act=act, purposes=wanted, collected=IN_FORM
        )

    try:
        return subject_id, _repeated(decide)
    except KeyDestroyedError:
        raise ConsentCodeError(REFUSED) from None


def end(
    services: Services, *, code: str, reason: str, address: str, objection: bool, purposes: list[str] | None = None
) -> consents.Withdrawal:
    """Use a code to withdraw consent, or to object.

    Raises ``ConsentCodeError``, ``TooManyGuessesError``, ``InvalidInputError``; ``ConsentMissingError`` where there is
    nothing to end.
    """
    wanted = consents.checked_purposes(PURPOSES if purposes is None else purposes)
    subject_id, act = _use(services, code, address)
    return _repeated(
        lambda: consents.withdraw(services, subject_id, reason=reason, act=act, purposes=wanted, objection=objection)
    )


def forget_codes(services: Services) -> int:
    """Forget codes that are over; return how many."""
    return services.consent_codes.forget(services.clock.now())


def _use(services: Services, code: str, address: str) -> tuple[UUID, Act]:
    """Count the guess, take the code; return whose it is and the provenance of their own act."""
    now = services.clock.now()
    _count_guess(services, address, now)
    try:
        plain = plain_code(code)
    except InvalidInputError:
        raise ConsentCodeError(REFUSED) from None
    invitation = services.consent_codes.take(_digest(services, plain), now=now)
    if invitation is None or not services.vault.has_key(subject_owner(invitation.subject_id)):
        raise ConsentCodeError(REFUSED)
    act = services.act(f"subject:{invitation.subject_id}", "http", cause=invitation.invitation_id)
    return invitation.subject_id, act


def _repeated(decide: Callable[[], T]) -> T:
    """Decide again where somebody else changed the same consent first: the code is used up by then."""
    for _ in range(TRIES - 1):
        with suppress(ConcurrencyError):
            return decide()
    return decide()


def _count_guess(services: Services, address: str, now: datetime) -> None:
    """Count before anything else is done. The counters are those of pairing, under sources of their own."""
    window = now.replace(second=0, microsecond=0)
    for kind, value, most in (
        ("consent_address", address, GUESSES_OF_ADDRESS),
        ("consent_guesses", "", GUESSES_OF_ALL),
    ):
        if services.pairings.guess(services.vault.digest(kind, value), window=window) > most:
            raise TooManyGuessesError("too many codes tried: wait a minute")


def _digest(services: Services, code: str) -> str:
    return services.vault.digest("consent_code", code)
