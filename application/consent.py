"""Grant and withdraw consent."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final
from uuid import UUID

from eventsourcing.domain import Aggregate

from application import notice as notices
from application.ports.event_store import Claim, Holder
from application.ports.vault import subject_owner
from application.services import Services
from application.sessions import revoke_sessions
from domain.account import CLOSED, Account
from domain.act import Act
from domain.consent import AUTHENTICATION, ENROLLMENT, OWN_SESSION, PURPOSES, Collection, Consent
from domain.enrollment import Enrollment
from domain.errors import ConsentMissingError, InvalidInputError, KeyDestroyedError, NotFoundError, SealBrokenError
from domain.notice import Notice

IN_SESSION: Final = Collection(OWN_SESSION)

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
    services: Services,
    subject_id: UUID,
    *,
    notice_version: str,
    act: Act,
    purposes: Sequence[str] = PURPOSES,
    collected: Collection = IN_SESSION,
) -> list[str]:
    """Record consent of a subject to those purposes, by the subject's own act; return the ones that it changed.

    Raises ``NoticeOutdatedError``, ``InvalidInputError`` (purpose), and ``KeyDestroyedError`` for somebody erased.
    """
    purposes = checked_purposes(purposes)
    notice = check_notice(services, notice_version)
    if not services.vault.has_key(subject_owner(subject_id)):
        raise KeyDestroyedError("this person was erased: nothing can be consented to any more")
    changed = [
        consent
        for purpose in purposes
        if (
            consent := granted(services, subject_id, purpose, notice=notice, act=act, collected=collected)
        ).pending_events
    ]
    if changed:
        services.store.save(*changed)
        _check_not_erased(services, subject_id, act)
    return [consent.purpose for consent in changed]


def _check_not_erased(services: Services, subject_id: UUID, act: Act) -> None:
    """End consents that came to stand while their person was erased. Raises ``KeyDestroyedError``."""
    if services.vault.has_key(subject_owner(subject_id)):
        return
    given = [c for p in PURPOSES if (c := find(services, subject_id, p)) is not None and c.in_force]
    for consent in given:
        consent.withdraw(reason="erased", act=act)
    if given:
        services.store.save(*given)
    raise KeyDestroyedError("this person was erased at this moment")


def check_notice(services: Services, notice_version: str) -> Notice:
    """Return the notice in force. Raises ``NoticeOutdatedError`` where that is another version than was shown."""
    notice = notices.in_force(services)
    notice.check_accepted(notice_version)
    return notice


def granted(
    services: Services, subject_id: UUID, purpose: str, *, notice: Notice, act: Act, collected: Collection
) -> Consent:
    """Return the consent, given now where that changes anything (unsaved: it has pending events then)."""
    existing = find(services, subject_id, purpose)
    basis, expires_at = notice.basis(purpose).text, notice.expires_at(purpose, act.at)
    if existing is None:
        return Consent.grant(
            subject_id,
            purpose,
            legal_basis=basis,
            notice=notice.text,
            act=act,
            expires_at=expires_at,
            collected=collected,
        )
    if existing.renewable(notice.text, act, expires_at):
        existing.renew(notice=notice.text, act=act, legal_basis=basis, expires_at=expires_at, collected=collected)
    return existing


def find(services: Services, subject_id: UUID, purpose: str) -> Consent | None:
    """Return the consent of a subject to a purpose, strongly consistent."""
    try:
        return services.store.get(Consent, Consent.create_id(subject_id, purpose))
    except NotFoundError:
        return None


def required(services: Services, subject_id: UUID, purpose: str) -> Consent:
    """Return the consent that serves at this moment. Raises ``ConsentMissingError``.

    ``ConsentRenewalNeededError``, which is one too, where the subject gave it but has to give it anew: its period is
    over, recorded or not, or the notice has changed materially.
    """
    consent = _serving(services, subject_id, purpose)
    notices.check_suffices(services, consent)
    return consent


def required_both(services: Services, subject_id: UUID) -> tuple[Consent, Consent]:
    """Return the consents to enrolment and to authentication: what a sign-in stands on. Raises as ``required``."""
    both = _serving(services, subject_id, ENROLLMENT), _serving(services, subject_id, AUTHENTICATION)
    notices.check_suffices(services, *both)
    return both


def _serving(services: Services, subject_id: UUID, purpose: str) -> Consent:
    consent = find(services, subject_id, purpose)
    if consent is None:
        raise ConsentMissingError(f"there is no consent to {purpose}")
    consent.check_serves(services.clock.now())
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
    purposes = checked_purposes(purposes)
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


def checked_purposes(purposes: Sequence[str]) -> list[str]:
    """Return each purpose once. Raises ``InvalidInputError``."""
    if not purposes or any(purpose not in PURPOSES for purpose in purposes):
        raise InvalidInputError(f"purposes are {' and '.join(PURPOSES)}")
    return list(dict.fromkeys(purposes))
