"""Sign in by password: after a refusal by face, or without any camera."""

from __future__ import annotations

from contextlib import suppress
from dataclasses import dataclass, field
from typing import Final
from uuid import UUID

from application import account_passwords
from application.clients import taker
from application.origin import sealed_for_month, sealed_for_subject
from application.outcome import PASSWORD, RETRY, UNAVAILABLE, Client, Outcome, admitted
from application.password_check import Claimed, Given, checked, claimed, verifier_of
from application.services import Services
from application.sessions import Opened, new_session
from domain.act import Act
from domain.attempt import FALLBACK_OFFERED, PASSWORD_MODE, Attempt
from domain.errors import (
    DepartmentUnknownError,
    FaceRequiredError,
    KeyDestroyedError,
    NotFoundError,
    PasswordChangeRequiredError,
    SealBrokenError,
    UnavailableError,
    WrongPasswordError,
)
from domain.policies.passwords import check_username, prepared

ACR_PASSWORD: Final = "urn:faceauth:acr:password"  # noqa: S105 - a class of assurance
AMR_PASSWORD: Final = "pwd"  # noqa: S105 - RFC 8176
WRONG_PASSWORD: Final = WrongPasswordError.code
SAID: Final = "username or password is wrong"


@dataclass(frozen=True, slots=True)
class PasswordEntry:
    """What somebody typed, and where. ``attempt_id``: the attempt by face that was refused before, if any.

    ``new_password`` replaces the one that signs in, which a temporary one must be. ``client_id`` names the client that
    the tokens are for, the built-in one unless named.
    """

    department: str
    username: str = field(repr=False)
    password: str = field(repr=False)
    client: Client = field(repr=False)
    attempt_id: UUID | None = None
    new_password: str | None = field(default=None, repr=False)
    client_id: str | None = None


def sign_in(services: Services, entry: PasswordEntry, *, channel: str = "http") -> Outcome:
    """Sign in; always a success: everything else is raised, with an attempt in the history.

    Raises ``WrongPasswordError`` for an unknown user, a wrong password, an account that may not sign in and one of
    another department alike; ``PasswordChangeRequiredError``, ``LockedOutError``, ``FaceRequiredError``,
    ``DepartmentUnknownError``, ``ClientUnknownError``, ``PasswordsOffError``, ``PasswordRejectedError``,
    ``InvalidInputError``, ``UnavailableError``.
    """
    return _SignIn(services, entry, channel).run()


class _SignIn:
    """One sign-in; its attempt is the refused one, or a new one where that is over already."""

    def __init__(self, services: Services, entry: PasswordEntry, channel: str) -> None:
        self._services = services
        self._entry = entry
        self._new_id = services.ids.new()
        self._act: Act = services.act("anonymous", channel, cause=entry.attempt_id)

    def run(self) -> Outcome:
        services, entry = self._services, self._entry
        verifier_of(services)
        taker(services, entry.client_id)
        given = Given(
            check_username(entry.username), prepared(entry.password), entry.department, entry.client, self._act
        )
        if not services.departments.exists(entry.department):
            raise DepartmentUnknownError("no such department")
        if services.policies.passwords.needs_face(entry.department):
            raise FaceRequiredError("in that department the face comes first")
        account_passwords.check_new(services, entry.new_password, username=given.username, department=entry.department)
        try:
            outcome = checked(
                services,
                given,
                lambda: claimed(services, given.username, self._act),
                lambda who, reason: self._decide(given, who, reason),
            )
        except UnavailableError:
            self._record_unavailable()
            raise
        if entry.new_password is not None and outcome.admission is not None:
            admission = outcome.admission
            account_passwords.end_sessions(services, admission.subject_id, keep=admission.session_id, act=self._act)
        return outcome

    def _decide(self, given: Given, who: Claimed, reason: str | None) -> Outcome:
        """Save a session, or save a refusal and raise. Raises ``ConcurrencyError``: decide again."""
        attempt = self._attempt()
        if reason is not None or who.subject_id is None or who.person is None:
            self._refuse(attempt, WRONG_PASSWORD, reason or "unknown_user", who.subject_id)
            raise WrongPasswordError(SAID)
        if self._entry.new_password is None and must_be_replaced(self._services, who):
            self._refuse(attempt, PasswordChangeRequiredError.code, "temporary_password", who.subject_id)
            raise PasswordChangeRequiredError("choose a new password: send it as new_password with the temporary one")
        try:
            opened = self._open(attempt, who.subject_id)
            replace_password(self._services, who, given, self._entry.new_password)
        except (KeyDestroyedError, SealBrokenError) as error:
            self._refuse(self._attempt(), WRONG_PASSWORD, error.code, who.subject_id)
            raise WrongPasswordError(SAID) from error
        self._services.store.save(attempt, opened.session, *who.changed, unchanged=who.all)
        return admitted(opened, who.person)

    def _open(self, attempt: Attempt, subject_id: UUID) -> Opened:
        services, department = self._services, self._entry.department
        client = sealed_for_subject(services, self._entry.client, attempt.id, subject_id)
        opened = new_session(
            services,
            session_id=services.ids.new(),
            subject_id=subject_id,
            attempt_id=attempt.id,
            department=department,
            amr=(AMR_PASSWORD,),
            acr=ACR_PASSWORD,
            client=taker(services, self._entry.client_id),
            act=self._act,
        )
        attempt.succeed_by_fallback(
            subject_id=subject_id,
            session_id=opened.session.id,
            method=PASSWORD,
            client_sealed=client,
            act=self._act,
        )
        return opened

    def _attempt(self) -> Attempt:
        """Return the refused attempt where it still waits for a password, else one of its own."""
        services, entry = self._services, self._entry
        if entry.attempt_id is not None:
            with suppress(NotFoundError, SealBrokenError):
                attempt = services.store.get(Attempt, entry.attempt_id)
                if attempt.status == FALLBACK_OFFERED and attempt.department == entry.department:
                    return attempt
        policy = verifier_of(services).name
        return Attempt.start(
            self._new_id, department=entry.department, mode=PASSWORD_MODE, policy=policy, act=self._act
        )

    def _refuse(self, attempt: Attempt, code: str, reason: str, subject_id: UUID | None) -> None:
        act = self._act
        client, epoch = sealed_for_month(self._services, self._entry.client, attempt.id, act)
        if attempt.mode == PASSWORD_MODE:
            attempt.refuse(
                code=code,
                reason=reason,
                next_step=RETRY,
                subject_id=subject_id,
                client_sealed=client,
                epoch=epoch,
                act=act,
            )
        else:
            attempt.refuse_fallback(
                reason=reason, method=PASSWORD, subject_id=subject_id, client_sealed=client, act=act
            )
        self._services.store.save(attempt)

    def _record_unavailable(self) -> None:
        """Record, if the store is up, that nobody could say; a refused attempt goes on waiting for a password."""
        with suppress(UnavailableError):
            attempt = self._attempt()
            if attempt.mode == PASSWORD_MODE:
                self._refuse(attempt, UNAVAILABLE, "passwords_unavailable", None)


def must_be_replaced(services: Services, who: Claimed) -> bool:
    """Say whether a right password opens nothing because somebody else chose it."""
    return services.passwords.hasher is not None and who.account is not None and who.account.password_temporary


def replace_password(services: Services, who: Claimed, given: Given, new: str | None) -> None:
    """Let the account take the new password, or the right one's hash anew where the policy changed; unsaved."""
    if new is None:
        account_passwords.rehash(services, who, given.password, given.act)
    else:
        account_passwords.take_new(services, who, given.password, new, given.department, given.act)
