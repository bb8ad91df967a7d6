"""Face and password together: the face gives a ticket, the password of that person turns it into a session."""

from __future__ import annotations

import hashlib
import hmac
import re
import secrets
from collections.abc import Sequence
from contextlib import suppress
from dataclasses import dataclass, field
from datetime import datetime
from typing import Final
from uuid import UUID

from eventsourcing.domain import Aggregate

from application import account_passwords
from application.clients import taker
from application.confirm import NOT_CONFIRMED, confirmed
from application.outcome import PASSWORD, Client, Outcome, admitted
from application.password import AMR_PASSWORD, SAID, must_be_replaced, replace_password
from application.password_check import TRIES, Claimed, Given, checked, standing, verifier_of
from application.person import claimed_by
from application.proving import ACR_DEVICE, AMR_DEVICE, standing_device
from application.refresh import standing_behind
from application.services import Services
from application.sessions import new_session
from domain.act import Act
from domain.attempt import AWAITING_FACTOR, Attempt
from domain.biometrics import Candidate, Similarity
from domain.enrollment import Enrollment
from domain.errors import (
    AttemptStateError,
    ConcurrencyError,
    EnrollmentInactiveError,
    NotFoundError,
    PasswordChangeRequiredError,
    SealBrokenError,
    SessionStateError,
    TicketInvalidError,
    WrongPasswordError,
)
from domain.policies.matching import Matched
from domain.policies.passwords import check_username, prepared
from domain.session import Session

ACR_MFA: Final = "urn:faceauth:acr:mfa"
FACE: Final = "face"
AMR_MFA: Final = (FACE, AMR_PASSWORD, "mfa")
PASSWORD_REQUIRED: Final = "password_required"  # noqa: S105 - a code
TICKET_PREFIX: Final = "ft1"
TICKET_BYTES: Final = 32
TICKET: Final = re.compile(rf"{TICKET_PREFIX}\.([0-9a-f]{{32}})\.[A-Za-z0-9_-]{{43}}")


@dataclass(frozen=True, slots=True)
class SecondEntry:
    """The password that comes with a ticket. ``username`` may be left out: the face has said who it is.

    So may ``client_id``: the tokens are for the client that the attempt was started with, and for no other.
    """

    department: str
    ticket: str = field(repr=False)
    password: str = field(repr=False)
    client: Client = field(repr=False)
    username: str | None = field(default=None, repr=False)
    new_password: str | None = field(default=None, repr=False)
    client_id: str | None = None


@dataclass(frozen=True, slots=True)
class SteppedUp:
    """A session whose person proved more, with the access token that says so."""

    session: Session
    access_token: str = field(repr=False)
    expires_in: int
    token_type: str


def await_password(
    services: Services, attempt: Attempt, match: Matched, unchanged: Sequence[Aggregate], *, client_id: str, act: Act
) -> Outcome:
    """Save that the face was accepted, and return the ticket for the password. Raises ``ConcurrencyError``."""
    ticket = f"{TICKET_PREFIX}.{attempt.id.hex}.{secrets.token_urlsafe(TICKET_BYTES)}"
    attempt.accept_factor(
        subject_id=match.candidate.subject_id,
        enrollment_id=match.candidate.enrollment_id,
        template_id=match.candidate.template_id,
        match=match.facts,
        ticket_digest=_digest(ticket),
        expires_at=act.at + services.policies.passwords.ticket_lifetime,
        client_id=client_id,
        act=act,
    )
    services.store.save(attempt, unchanged=unchanged)
    return Outcome(success=False, code=PASSWORD_REQUIRED, next_step=PASSWORD, ticket=ticket)


def complete(services: Services, entry: SecondEntry, *, channel: str = "http") -> Outcome:
    """Open the session of a face that was accepted; always a success, anything else is raised.

    Whatever a face alone would have to stand by (consents, enrolment, template, account) is checked again under the
    lock that opens the session. Raises ``TicketInvalidError``, ``WrongPasswordError``, ``LockedOutError``,
    ``PasswordChangeRequiredError``, ``PasswordRejectedError``, ``PasswordsOffError``, ``InvalidInputError``,
    ``ClientUnknownError`` (revoked meanwhile), ``UnavailableError``.
    """
    verifier_of(services)
    attempt = _ticketed(services, entry, services.clock.now())
    taker(services, attempt.client_id or None)
    act = services.act("anonymous", channel, cause=attempt.id)
    name = "" if entry.username is None else check_username(entry.username)
    given = Given(name, prepared(entry.password), entry.department, entry.client, act)
    account_passwords.check_new(services, entry.new_password, username=name, department=entry.department)

    def decide(who: Claimed, reason: str | None) -> Outcome:
        return _decide(services, entry, given, who, reason or _other_name(services, name, attempt))

    outcome = checked(services, given, lambda: standing(services, attempt.subject_id, act), decide)
    admission = outcome.admission
    if entry.new_password is not None and admission is not None:
        account_passwords.end_sessions(services, admission.subject_id, keep=admission.session_id, act=act)
    return outcome


def step_up(
    services: Services, *, subject_id: UUID, session_id: UUID, password: str, client: Client, act: Act
) -> SteppedUp:
    """Add the password to a session that a face opened: the same session, more assurance, a new access token.

    Raises ``WrongPasswordError``, ``LockedOutError``, ``SessionStateError`` (ended, or not opened by a face alone),
    ``PasswordsOffError``, ``PasswordChangeRequiredError``, ``GrantInvalidError`` (what stands behind the session does
    not stand any more), ``ClientUnknownError`` (its client neither), ``InvalidInputError``, ``UnavailableError``.
    """
    opened = services.store.get(Session, session_id)
    held = opened.amr.split()
    if opened.subject_id != subject_id or FACE not in held or AMR_PASSWORD in held:
        raise SessionStateError("only a session that a face alone opened can be stepped up")
    # Its tokens stay its client's, and bound to its key: more assurance is no way to a token that anybody can use.
    taken_by = taker(services, opened.client_id or None)
    given = Given("", prepared(password), opened.department, client, act)

    def decide(who: Claimed, reason: str | None) -> Session:
        if reason is not None:
            raise WrongPasswordError("the password is wrong")
        if must_be_replaced(services, who):
            raise PasswordChangeRequiredError("choose a new password first")
        session = services.store.get(Session, session_id)
        behind = standing_behind(services, session)
        amr = [*held, *(value for value in AMR_MFA if value not in held)]
        acr = ACR_MFA + (ACR_DEVICE if session.device_id else "")
        session.change_assurance(amr=" ".join(amr), acr=acr, act=act)
        replace_password(services, who, given, None)
        saved = {one.id for one in who.changed}
        unmoved = {one.id: one for one in (*who.all, *behind) if one.id not in saved}
        services.store.save(session, *who.changed, unchanged=list(unmoved.values()))
        return session

    session = checked(services, given, lambda: standing(services, subject_id, act), decide)
    token, expires_in = services.tokens.issue_access(
        subject_id=subject_id,
        session_id=session_id,
        department=session.department,
        amr=tuple(session.amr.split()),
        acr=session.acr,
        authenticated_at=act.at,
        client_id=taken_by.client_id,
        audience=taken_by.audiences[0],
        bound_to=session.bound_to,
    )
    return SteppedUp(session, token, expires_in, "DPoP" if session.bound_to else "Bearer")


def void_tickets(services: Services, subject_id: UUID, *, reason: str, act: Act) -> None:
    """Let no ticket that a face of that subject got until now open anything; what was faster is a session by now."""
    services.projector.catch_up()
    for row in services.read_models.rows("auth_log_rows", {"state": AWAITING_FACTOR, "subject_id": subject_id}):
        _void(services, row["attempt_id"], reason, act)


def _void(services: Services, attempt_id: UUID, reason: str, act: Act) -> None:
    """Void one ticket. Raises ``ConcurrencyError`` if others never leave it alone."""
    for tries_left in reversed(range(TRIES)):
        # Whoever used the ticket up meanwhile was faster; one that cannot be read opens nothing.
        with suppress(AttemptStateError, SealBrokenError):
            attempt = services.store.get(Attempt, attempt_id)
            attempt.abandon(reason=reason, act=act)
            try:
                services.store.save(attempt)
            except ConcurrencyError:
                if not tries_left:
                    raise
                continue
        return


def _ticketed(services: Services, entry: SecondEntry, now: datetime) -> Attempt:
    """Return the attempt that a ticket belongs to. Raises ``TicketInvalidError``, always the same one."""
    found = TICKET.fullmatch(entry.ticket)
    try:
        attempt = services.store.get(Attempt, UUID(found[1])) if found else None
    except (NotFoundError, SealBrokenError):
        attempt = None
    if (
        attempt is None
        or not hmac.compare_digest(attempt.ticket_digest, _digest(entry.ticket))
        or not attempt.awaits_factor(now)
        or attempt.department != entry.department
        or entry.client_id not in {None, attempt.client_id}
    ):
        raise TicketInvalidError("that ticket opens nothing: begin again with your face")
    return attempt


def _other_name(services: Services, name: str, attempt: Attempt) -> str | None:
    """Return why a username that came with the ticket does not go with the face."""
    if not name or claimed_by(services.store, services.vault, "username", name) == attempt.subject_id:
        return None
    return "other_username"


def _decide(services: Services, entry: SecondEntry, given: Given, who: Claimed, reason: str | None) -> Outcome:
    """Save the session, or save a refusal and raise. Raises ``ConcurrencyError``: decide again."""
    act, attempt = given.act, _ticketed(services, entry, given.act.at)
    if reason is not None:
        raise _refused(services, attempt, reason, act)
    if entry.new_password is None and must_be_replaced(services, who):
        raise PasswordChangeRequiredError("choose a new password: send it as new_password with the temporary one")
    try:
        unchanged = confirmed(services, _candidate(services, attempt), entry.department)
        devices = standing_device(services, attempt.device_id, entry.department)
        replace_password(services, who, given, entry.new_password)
    except NOT_CONFIRMED as error:
        raise _refused(services, attempt, error.code, act, final=True) from error
    if attempt.subject_id is None or who.person is None:
        raise TicketInvalidError("that ticket opens nothing: begin again with your face")
    opened = new_session(
        services,
        session_id=services.ids.new(),
        subject_id=attempt.subject_id,
        attempt_id=attempt.id,
        department=entry.department,
        amr=(*AMR_MFA, *(value for value in AMR_DEVICE if devices and value not in AMR_MFA)),
        acr=ACR_MFA + (ACR_DEVICE if devices else ""),
        device_id=attempt.device_id,
        client=taker(services, attempt.client_id or None),
        act=act,
    )
    attempt.succeed_by_second_factor(session_id=opened.session.id, method=PASSWORD, act=act)
    saved = {one.id for one in who.changed}
    held = [one for one in (*unchanged.all, *devices) if one.id not in saved]
    services.store.save(attempt, opened.session, *who.changed, unchanged=held)
    return admitted(opened, who.person)


def _candidate(services: Services, attempt: Attempt) -> Candidate:
    """Return what the face was accepted as, to be confirmed again.

    The template may be another one of the same enrolment by now (rotated, or learnt from that very face); a personal
    threshold set since must have been met. Raises ``EnrollmentInactiveError``, ``NotFoundError``, ``SealBrokenError``.
    """
    match, subject_id, enrollment_id = attempt.match, attempt.subject_id, attempt.enrollment_id
    if match is None or match.similarity is None or subject_id is None or enrollment_id is None:
        raise NotFoundError("no face was accepted")
    enrollment = services.store.get(Enrollment, enrollment_id)
    threshold = enrollment.threshold_override
    if enrollment.template_id is None or (threshold is not None and match.similarity < threshold):
        raise EnrollmentInactiveError("the face would not be accepted any more")
    return Candidate(
        subject_id, enrollment_id, enrollment.template_id, attempt.department, Similarity(match.similarity), threshold
    )


def _refused(services: Services, attempt: Attempt, reason: str, act: Act, *, final: bool = False) -> WrongPasswordError:
    """Save a refusal, after which the ticket may be void; return what is to be raised."""
    final = final or attempt.wrong_factors + 1 >= services.policies.passwords.second_factor_tries
    attempt.refuse_second_factor(reason=reason, method=PASSWORD, final=final, act=act)
    services.store.save(attempt)
    return WrongPasswordError(SAID)


def _digest(ticket: str) -> str:
    """Return the digest (hex) under which a ticket is kept: it has 256 random bits, so a plain hash does."""
    return hashlib.sha256(ticket.encode()).hexdigest()
