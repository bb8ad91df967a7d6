"""The gallery is a hint: what the aggregates say decides."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final
from uuid import UUID

from eventsourcing.domain import Aggregate

from application import consent as consents
from application import notice as notices
from application.services import Services
from domain.account import CLOSED, Account
from domain.biometrics import Candidate
from domain.consent import Consent
from domain.enrollment import Enrollment
from domain.errors import (
    AccountInactiveError,
    AccountStateError,
    ConsentMissingError,
    DeviceStateError,
    EnrollmentInactiveError,
    KeyDestroyedError,
    NotFoundError,
    SealBrokenError,
    TemplateReplacedError,
)
from domain.notice import Notices

NOT_CONFIRMED: Final = (
    AccountInactiveError,
    ConsentMissingError,
    DeviceStateError,
    EnrollmentInactiveError,
    KeyDestroyedError,
    NotFoundError,
    SealBrokenError,
)
"""What the aggregates and the vault answer about somebody whom only the gallery, or a ticket, still knows."""


@dataclass(frozen=True, slots=True)
class Confirmed:
    """What stands behind a gallery entry; ``account`` is None for somebody who has no account of their own."""

    enrollment: Enrollment
    consents: tuple[Consent, Consent]
    account: Account | None
    notices: Notices

    @property
    def all(self) -> tuple[Aggregate, ...]:
        """Whatever must not have changed when the session opens."""
        accounts = () if self.account is None else (self.account,)
        return (self.enrollment, *self.consents, *accounts, self.notices)


def confirmed(services: Services, candidate: Candidate, department: str) -> Confirmed:
    """Return the active enrolment, both consents and the account behind a gallery entry, strongly consistent.

    Raises ``EnrollmentInactiveError``, ``ConsentMissingError``, ``AccountInactiveError``, ``NotFoundError``,
    ``SealBrokenError``; and ``TemplateReplacedError`` where only the template is another one by now: search again.
    """
    enrollment = services.store.get(Enrollment, candidate.enrollment_id)
    enrollment.check_active()
    if (enrollment.subject_id, enrollment.department) != (candidate.subject_id, department):
        raise EnrollmentInactiveError("the gallery is behind")
    if (enrollment.template_id, enrollment.threshold_override) != (candidate.template_id, candidate.threshold_override):
        raise TemplateReplacedError("the template or its threshold was replaced")
    # Before the consents are looked at: a notice that comes after this one is noticed when the session opens.
    series = notices.standing(services)
    return Confirmed(
        enrollment,
        consents.required_both(services, candidate.subject_id),
        active_account(services, candidate.subject_id),
        series,
    )


def active_account(services: Services, subject_id: UUID) -> Account | None:
    """Return the account of a subject, None where there never was one. Raises ``AccountInactiveError``."""
    account = find_account(services, subject_id)
    if account is not None:
        account.check_active()
    return account


def enrollable(services: Services, subject_id: UUID, department: str, username: str) -> tuple[Account, ...]:
    """Return the account, if there is one, that an enrolment of that department and username digest fits.

    A suspended one does not let its person in, and may be prepared for. Raises ``AccountStateError`` where the account
    says otherwise: the hospital moves and renames people by their account, not by enrolling them anew.
    """
    account = find_account(services, subject_id)
    if account is None:
        return ()
    if account.status == CLOSED:
        raise AccountStateError("this person's account is closed")
    if account.department != department:
        raise AccountStateError("this person's account is of another department: move it first")
    if services.store.claimant("username", username) != subject_id:
        raise AccountStateError("this person's account has another username: rename it first")
    return (account,)


def find_account(services: Services, subject_id: UUID) -> Account | None:
    """Return the account of a subject, strongly consistent, None where there never was one."""
    try:
        return services.store.get(Account, Account.create_id(subject_id))
    except NotFoundError:
        return None
