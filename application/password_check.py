"""Whether somebody is who a username says: one password, verified once, whoever there is."""

from __future__ import annotations

import logging
from collections.abc import Callable
from contextlib import suppress
from dataclasses import dataclass, field
from typing import Final, TypeVar
from uuid import UUID

from eventsourcing.domain import Aggregate

from application import lockout
from application.confirm import find_account
from application.consent import live_enrollment
from application.journal import record_broken
from application.outcome import Client
from application.person import Person, claimed_by, reveal
from application.ports.passwords import PasswordVerifier, Presented
from application.ports.vault import Binding, subject_owner
from application.services import Services
from domain.account import Account
from domain.act import Act
from domain.enrollment import ACTIVE, Enrollment
from domain.errors import (
    ConcurrencyError,
    FaceauthError,
    KeyDestroyedError,
    NotFoundError,
    PasswordsOffError,
    SealBrokenError,
    UnavailableError,
    WrongPasswordError,
)

TRIES: Final = 3
"""Decisions are taken again when somebody else's change came between reading and saving."""

T = TypeVar("T")

log = logging.getLogger(__name__)


@dataclass(frozen=True, slots=True)
class Claimed:
    """Whom a username stands for, strongly consistent; all None for nobody. ``fault``: it cannot be read."""

    subject_id: UUID | None = None
    account: Account | None = None
    enrollment: Enrollment | None = None
    person: Person | None = field(default=None, repr=False)
    hashed: str | None = field(default=None, repr=False)
    fault: str | None = None

    @property
    def all(self) -> tuple[Aggregate, ...]:
        """Whatever must not have changed when a session opens, unless it is saved with it."""
        return tuple(one for one in (self.account, self.enrollment) if one is not None and not one.pending_events)

    @property
    def changed(self) -> tuple[Aggregate, ...]:
        """What is to be saved with it: the account, where its password was replaced."""
        return () if self.account is None or not self.account.pending_events else (self.account,)

    def fault_in(self, department: str) -> str | None:
        """Return why that person may not sign in there with any password; None where they may."""
        kept = self.account or self.enrollment
        if self.fault is not None or kept is None:
            return self.fault or "unknown_user"
        if self.account is not None and not self.account.active:
            return "account_inactive"
        if self.account is None and self.enrollment is not None and self.enrollment.status != ACTIVE:
            return "enrollment_inactive"
        return None if kept.department == department else "other_department"


@dataclass(frozen=True, slots=True)
class Given:
    """A password for somebody, and where it comes from; ``password`` is prepared."""

    username: str = field(repr=False)
    password: str = field(repr=False)
    department: str
    client: Client = field(repr=False)
    act: Act
    device_id: UUID | None = None


def password_binding(subject_id: UUID) -> Binding:
    """Return where the hash of a subject's password belongs."""
    return Binding(subject_owner(subject_id), "account.password")


def verifier_of(services: Services) -> PasswordVerifier:
    """Return who verifies passwords. Raises ``PasswordsOffError``."""
    if services.passwords.verifier is None:
        raise PasswordsOffError("nobody signs in with a password here")
    return services.passwords.verifier


def claimed(services: Services, username: str, act: Act) -> Claimed:
    """Return whom a username stands for: found by its keyed digest, with as many reads for nobody as for somebody."""
    return standing(services, claimed_by(services.store, services.vault, "username", username), act)


def standing(services: Services, subject_id: UUID | None, act: Act) -> Claimed:
    """Return what stands for a subject. What was tampered with is recorded and lets nobody in."""
    who = subject_id or services.ids.new()
    try:
        account, enrollment = find_account(services, who), live_enrollment(services, who)
        if enrollment is None:
            with suppress(NotFoundError):
                services.store.get(Enrollment, who)
        kept = account or enrollment
        if subject_id is None or kept is None:
            return Claimed(subject_id)
        hashed = None
        if account is not None and account.password_sealed:
            hashed = services.vault.unseal(password_binding(who), account.password_sealed).decode()
        return Claimed(subject_id, account, enrollment, reveal(services.vault, kept), hashed)
    except (SealBrokenError, KeyDestroyedError) as error:
        if isinstance(error, SealBrokenError):
            record_broken(services, "account", place=str(who), code=error.code, subject_id=subject_id, act=act)
        return Claimed(subject_id, fault=error.code)


def checked(
    services: Services,
    given: Given,
    find: Callable[[], Claimed],
    decide: Callable[[Claimed, str | None], T],
) -> T:
    """Verify a password and decide: ``decide`` hears who it was for, and why not (None where it is right).

    The verifier is asked once, for nobody as for somebody; again only where what it was asked about changed before the
    decision was saved. ``decide`` saves, or raises ``WrongPasswordError`` once it has saved that: failures are counted.
    Whatever else is raised counts neither as a failure nor as a success: nobody waits for a directory's fault.
    Raises ``LockedOutError``, ``PasswordsOffError``, ``UnavailableError``, and what ``decide`` raises.
    """
    who = find()
    origin = _origin(services, given, who)
    lockout.check(services, origin, act=given.act)
    try:
        result = _decided(services, given, who, find, decide)
    except WrongPasswordError:
        lockout.failed(services, origin, act=given.act)
        raise
    except Exception:
        lockout.undecided(services, origin, act=given.act)
        raise
    lockout.succeeded(services, origin, act=given.act)
    return result


def _decided(
    services: Services,
    given: Given,
    who: Claimed,
    find: Callable[[], Claimed],
    decide: Callable[[Claimed, str | None], T],
) -> T:
    right = _verified(services, given, who)
    for tries_left in reversed(range(TRIES)):
        try:
            return decide(who, _reason(services, given, who, right=right))
        except ConcurrencyError:
            if not tries_left:
                raise
            before, who = who, find()
            if (who.hashed, who.person) != (before.hashed, before.person):
                right = _verified(services, given, who)
    raise ConcurrencyError("somebody else keeps changing the same person")


def _verified(services: Services, given: Given, who: Claimed) -> bool:
    """Ask the verifier. Raises ``UnavailableError``, also for a fault of its own: whatever it is, it admits nobody."""
    try:
        return verifier_of(services).verify(_presented(given, who)) is True
    except FaceauthError:
        raise
    except Exception as error:  # noqa: BLE001 - fail closed; its text could hold the password
        log.error("the verifier of passwords failed: %s", type(error).__name__)  # noqa: TRY400 - as above
    raise UnavailableError("the password cannot be verified now")


def _presented(given: Given, who: Claimed) -> Presented:
    """Return what the verifier is asked: the name on record, since a directory may fold two of ours into one."""
    return Presented(given.username if who.person is None else who.person.username, given.password, who.hashed)


def _reason(services: Services, given: Given, who: Claimed, *, right: bool) -> str | None:
    fault = who.fault_in(given.department)
    if fault is not None or not right:
        return fault or "wrong_password"
    policy = services.policies.passwords
    kept_here = services.passwords.hasher is not None
    short = kept_here and not policy.long_enough(given.password, given.department)
    return "password_too_short" if short else None


def _origin(services: Services, given: Given, who: Claimed) -> lockout.Origin:
    return lockout.Origin(
        method=lockout.PASSWORD,
        department=given.department,
        address=given.client.address,
        device_id=given.device_id,
        subject_id=who.subject_id,
        claim_digest="" if who.subject_id else services.vault.digest("username", given.username),
    )
