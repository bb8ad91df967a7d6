"""The gallery is a hint: what the aggregates say decides."""

from __future__ import annotations

from application import consent as consents
from application.services import Services
from domain.biometrics import Candidate
from domain.consent import AUTHENTICATION, ENROLLMENT, Consent
from domain.enrollment import Enrollment
from domain.errors import EnrollmentInactiveError


def confirmed(services: Services, candidate: Candidate, department: str) -> tuple[Enrollment, Consent, Consent]:
    """Return what stands behind a gallery entry: the active enrolment and both consents, strongly consistent.

    Raises ``EnrollmentInactiveError``, ``ConsentMissingError``, ``NotFoundError``, ``SealBrokenError``.
    """
    enrollment = services.store.get(Enrollment, candidate.enrollment_id)
    enrollment.check_active()
    claimed = (candidate.subject_id, candidate.template_id, department)
    if (enrollment.subject_id, enrollment.template_id, enrollment.department) != claimed:
        raise EnrollmentInactiveError("the gallery is behind")
    return (
        enrollment,
        consents.required(services, candidate.subject_id, ENROLLMENT),
        consents.required(services, candidate.subject_id, AUTHENTICATION),
    )
