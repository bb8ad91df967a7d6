"""The passwords that are kept here: set by an administrator, changed by their owner, hashed anew by the service."""

from __future__ import annotations

import secrets
from typing import Final
from uuid import UUID

from application.confirm import find_account
from application.consent import live_enrollment, names_mutex
from application.outcome import Client
from application.password_check import Claimed, Given, checked, password_binding, standing
from application.person import reveal
from application.ports.passwords import PasswordHasher
from application.services import Services
from application.sessions import revoke_sessions
from domain.account import CLOSED, Account
from domain.act import Act
from domain.errors import (
    AccountStateError,
    NotFoundError,
    PasswordRejectedError,
    PasswordsElsewhereError,
    WrongPasswordError,
)
from domain.policies.passwords import prepared
from domain.roles import EVERYWHERE

REASON: Final = "password_changed"
TEMPORARY_BYTES: Final = 15
"""120 random bits, 20 characters: long enough for any department."""
_CLAIMED: Final = ("user_id", "username")


def open_account_for(services: Services, subject_id: UUID, *, act: Act) -> Account:
    """Open the account of somebody who is enrolled, with the names and the department of the enrolment.

    Raises ``AccountStateError`` where there is one, ``NotFoundError`` where nothing is known of that subject.
    """
    if find_account(services, subject_id) is not None:
        raise AccountStateError("this person has an account")
    enrollment = live_enrollment(services, subject_id)
    if enrollment is None:
        raise NotFoundError("no such subject")
    names = reveal(services.vault, enrollment).sealed(services.vault, subject_id)
    account = Account.open(subject_id, department=enrollment.department, act=act, **names)
    with services.store.mutex(names_mutex(subject_id)):
        # An enrolment that ends in this moment would let go of the username.
        services.store.save(account, unchanged=[enrollment])
    return account


def set_password(
    services: Services,
    subject_id: UUID,
    password: str | None,
    *,
    reach: str = EVERYWHERE,
    temporary: bool = True,
    act: Act,
) -> str | None:
    """Set somebody's password, and end their sessions; None makes one up, which is returned.

    Who is enrolled and has no account gets one. ``reach`` is the department that the caller administers, or "*".
    Raises ``PasswordsElsewhereError``, ``NotFoundError`` (also for somebody of another department),
    ``AccountStateError`` (closed), ``PasswordRejectedError``, ``InvalidInputError``.
    """
    hasher = _hasher(services)
    who = standing(services, subject_id, act)
    kept = who.account or who.enrollment
    if kept is None or who.person is None or reach not in {EVERYWHERE, kept.department}:
        raise NotFoundError("no such subject")
    if who.account is not None and who.account.status == CLOSED:
        raise NotFoundError("no such subject")
    chosen = secrets.token_urlsafe(TEMPORARY_BYTES) if password is None else password
    text = services.policies.passwords.check(chosen, username=who.person.username, department=kept.department)
    sealed = _sealed(services, subject_id, hasher.hash(text))
    account = who.account or open_account_for(services, subject_id, act=act)
    account.set_password(sealed, temporary=temporary, act=act)
    services.store.save(account)
    end_sessions(services, subject_id, act=act)
    return chosen if password is None else None


def change_password(
    services: Services,
    subject_id: UUID,
    *,
    current: str,
    new: str,
    department: str,
    session_id: UUID,
    client: Client,
    act: Act,
) -> int:
    """Let somebody who is signed in choose another password; return how many other sessions that ended.

    Raises ``WrongPasswordError``, ``LockedOutError``, ``PasswordRejectedError``, ``PasswordsElsewhereError``,
    ``InvalidInputError``, ``UnavailableError``.
    """
    _hasher(services)
    given = Given("", prepared(current), department, client, act)

    def decide(who: Claimed, reason: str | None) -> None:
        # Who may not sign in by it any more, being too short, may still replace it.
        if reason not in {None, "password_too_short"} or who.account is None:
            raise WrongPasswordError("the current password is not right")
        take_new(services, who, given.password, new, department, act)
        services.store.save(who.account)

    checked(services, given, lambda: standing(services, subject_id, act), decide)
    return end_sessions(services, subject_id, keep=session_id, act=act)


def take_new(services: Services, who: Claimed, current: str, new: str, department: str, act: Act) -> None:
    """Let an account take the new password that its owner chose; the caller saves it.

    Raises ``PasswordRejectedError``, ``InvalidInputError``, ``PasswordsElsewhereError``.
    """
    hasher = _hasher(services)
    if who.account is None or who.person is None:
        raise NotFoundError("no such subject")
    text = services.policies.passwords.check(new, username=who.person.username, department=department)
    if text == current:
        raise PasswordRejectedError("the new password is the old one")
    who.account.set_password(_sealed(services, who.account.subject_id, hasher.hash(text)), act=act)


def rehash(services: Services, who: Claimed, password: str, act: Act) -> None:
    """Let an account take the hash of its right password under the policy in force, if it has another one."""
    hasher = services.passwords.hasher
    if hasher is None or who.account is None or who.hashed is None or not hasher.outdated(who.hashed):
        return
    who.account.rehash_password(_sealed(services, who.account.subject_id, hasher.hash(password)), act=act)


def check_new(services: Services, new: str | None, *, username: str, department: str) -> None:
    """Raise as ``take_new`` does, before anything is verified: what is said must not depend on who there is."""
    if new is not None:
        _hasher(services)
        services.policies.passwords.check(new, username=username, department=department)


def end_sessions(services: Services, subject_id: UUID, *, keep: UUID | None = None, act: Act) -> int:
    """End every session of somebody whose password changed, but one; return how many."""
    services.projector.catch_up()
    return len(revoke_sessions(services, {"subject_id": subject_id}, reason=REASON, keep=keep, act=act))


def _hasher(services: Services) -> PasswordHasher:
    if services.passwords.hasher is None:
        raise PasswordsElsewhereError("passwords are not kept here: set them in the hospital's directory")
    return services.passwords.hasher


def _sealed(services: Services, subject_id: UUID, hashed: str) -> str:
    return services.vault.seal(password_binding(subject_id), hashed.encode())
