"""The gallery is a hint: what the aggregates say decides."""

from __future__ import annotations

from application import consent as consents
from application.services import Services
from domain.biometrics import Candidate
from domain.consent import AUTHENTICATION, ENROLLMENT, Consent
from domain.enrollment import Enrollment
from domain.errors import EnrollmentInactiveError, TemplateReplacedError


def confirmed(services: Services, candidate: Candidate, department: str) -> tuple[Enrollment, Consent, Consent]:
    """Return what stands behind a gallery entry: the active enrolment and both consents, strongly consistent.

    Raises ``EnrollmentInactiveError``, ``ConsentMissingError``, ``NotFoundError``, ``SealBrokenError``; and
    ``TemplateReplacedError`` where only the template is another one by now: search again.
    """
    enrollment = services.store.get(Enrollment, candidate.enrollment_id)
    enrollment.check_active()
    if (enrollment.subject_id, enrollment.department) != (candidate.subject_id, department):
        raise EnrollmentInactiveError("the gallery is behind")
    if (enrollment.template_id, enrollment.threshold_override) != (candidate.template_id, candidate.threshold_override):
        raise TemplateReplacedError("the template or its threshold was replaced")
    return (
        enrollment,
        consents.required(services, candidate.subject_id, ENROLLMENT),
        consents.required(services, candidate.subject_id, AUTHENTICATION),
    )
