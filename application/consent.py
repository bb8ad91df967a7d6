"""Grant and withdraw consent."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from uuid import UUID

from eventsourcing.domain import Aggregate

from application.notice import CURRENT, LEGAL_BASIS, Notice
from application.ports.event_store import Claim, Holder
from application.ports.vault import subject_owner
from application.services import Services
from application.sessions import revoke_sessions
from domain.account import CLOSED, Account
from domain.act import Act
from domain.consent import ENROLLMENT, PURPOSES, Consent
from domain.enrollment import Enrollment
from domain.errors import ConsentMissingError, InvalidInputError, KeyDestroyedError, NotFoundError, SealBrokenError

LIVE_ENROLLMENT = "live_enrollment"
"""Kind of the claim that leads from a subject (digest of its id) to its one live enrolment."""


@dataclass(frozen=True, slots=True)
class Withdrawal:
    """What a withdrawal ended."""

    subject_id: UUID
    purposes: list[str]
    enrollment_revoked: bool
    sessions_revoked: int


def grant(
    services: Services, subject_id: UUID, *, notice_version: str, act: Act, purposes: Sequence[str] = PURPOSES
) -> list[str]:
    """Record consent of a subject to those purposes; return the ones that were not in force before.

    Raises ``NoticeOutdatedError`` and ``InvalidInputError`` (purpose).
    """
    purposes = _checked(purposes)
    CURRENT.check_accepted(notice_version)
    if not services.vault.has_key(subject_owner(subject_id)):
        raise KeyDestroyedError("this person was erased: nothing can be consented to any more")
    changed = [
        consent
        for purpose in purposes
        if (consent := granted(services, subject_id, purpose, notice=CURRENT, act=act)).pending_events
    ]
    if changed:
        services.store.save(*changed)
    return [consent.purpose for consent in changed]


def granted(services: Services, subject_id: UUID, purpose: str, *, notice: Notice, act: Act) -> Consent:
    """Return the consent, given now where it was not in force (unsaved: it has pending events then)."""
    text = (notice.version, notice.sha256)
    existing = find(services, subject_id, purpose)
    if existing is None:
        return Consent.grant(subject_id, purpose, legal_basis=LEGAL_BASIS, notice=text, act=act)
    if not existing.in_force or (existing.notice_version, existing.notice_sha256) != text:
        existing.renew(notice=text, act=act)
    return existing


def find(services: Services, subject_id: UUID, purpose: str) -> Consent | None:
    """Return the consent of a subject to a purpose, strongly consistent."""
    try:
        return services.store.get(Consent, Consent.create_id(subject_id, purpose))
    except NotFoundError:
        return None


def required(services: Services, subject_id: UUID, purpose: str) -> Consent:
    """Return the consent in force. Raises ``ConsentMissingError``."""
    consent = find(services, subject_id, purpose)
    if consent is None:
        raise ConsentMissingError(f"there is no consent to {purpose}")
    consent.check_in_force()
    return consent


def withdraw(
    services: Services,
    subject_id: UUID,
    *,
    reason: str,
    act: Act,
    purposes: Sequence[str] = PURPOSES,
    objection: bool = False,
) -> Withdrawal:
    """Withdraw consent, or object (LGPD art. 18, 2); nobody is admitted on it once this returns.

    The consents end first, in one commit: an attempt that has not committed its session by then cannot any more. Then
    the enrolment (with consent to enrolment) and all open sessions are revoked; a withdrawal that was cut off on the
    way is completed by repeating it. Raises ``ConsentMissingError`` where there is nothing to end.
    """
    purposes = _checked(purposes)
    why = "objection" if objection else "consent_withdrawn"
    ended = [c for p in purposes if (c := find(services, subject_id, p)) is not None and c.in_force]
    for consent in ended:
        end = consent.object_to_processing if objection else consent.withdraw
        end(reason=reason, act=act)
    position = services.store.save(*ended) if ended else services.store.position()
    enrollment = live_enrollment(services, subject_id) if ENROLLMENT in purposes else None
    if enrollment is not None:
        revoke_enrollment(services, enrollment, reason=why, act=act)
    services.projector.catch_up(position)
    sessions = revoke_sessions(services, {"subject_id": subject_id}, reason=why, act=act)
    if not ended and enrollment is None and not sessions:
        raise ConsentMissingError("there is no consent in force to withdraw")
    services.index.catch_up(services.store.position())
    return Withdrawal(subject_id, [consent.purpose for consent in ended], enrollment is not None, len(sessions))


def live_enrollment(services: Services, subject_id: UUID) -> Enrollment | None:
    """Return the subject's live enrolment, strongly consistent."""
    enrollment_id = services.store.claimant(LIVE_ENROLLMENT, live_claim(services, subject_id).digest)
    return None if enrollment_id is None else services.store.get(Enrollment, enrollment_id)


def live_claim(services: Services, subject_id: UUID, enrollment_id: UUID | None = None) -> Claim:
    """Return the claim that keeps a subject to one live enrolment."""
    digest = services.vault.digest(LIVE_ENROLLMENT, str(subject_id))
    return Claim(LIVE_ENROLLMENT, digest, enrollment_id or subject_id)


def revoke_enrollment(
    services: Services, enrollment: Enrollment, *, reason: str, act: Act, beside: Sequence[Aggregate] = ()
) -> None:
    """Revoke a live enrolment, with whatever else is pending on it; its username is free unless an account has it.

    What is pending on the aggregates ``beside`` commits with it.
    """
    subject_id = enrollment.subject_id
    enrollment.revoke(reason=reason, act=act)
    freed: list[Claim | Holder] = [live_claim(services, subject_id, enrollment.id)]
    with services.store.mutex(names_mutex(subject_id)):
        if not _has_account(services, subject_id):
            freed.append(Holder(subject_id, "username"))
        services.store.save(enrollment, *beside, release=freed)


def names_mutex(subject_id: UUID) -> str:
    """Return the mutex held while it is decided whether a subject keeps its username: by revoking, by an account."""
    return f"names:{subject_id}"


def _has_account(services: Services, subject_id: UUID) -> bool:
    """Say whether a subject has an account that stands; one that cannot be read keeps its username too."""
    try:
        return services.store.get(Account, Account.create_id(subject_id)).status != CLOSED
    except NotFoundError:
        return False
    except SealBrokenError:
        return True


def _checked(purposes: Sequence[str]) -> list[str]:
    """Return each purpose once. Raises ``InvalidInputError``."""
    if not purposes or any(purpose not in PURPOSES for purpose in purposes):
        raise InvalidInputError(f"purposes are {' and '.join(PURPOSES)}")
    return list(dict.fromkeys(purposes))
