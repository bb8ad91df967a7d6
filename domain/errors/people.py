"""Consent, enrolment and accounts."""

from __future__ import annotations

from domain.errors.base import DomainRuleError


class ConsentMissingError(DomainRuleError):
    """No consent in force for that purpose."""

    code = "consent_missing"


class ConsentAlreadyGivenError(DomainRuleError):
    """Consent is in force already."""

    code = "consent_already_given"


class ConsentRenewalNeededError(ConsentMissingError):
    """The consent was given, but its period is over or the notice has changed materially: the subject gives it anew."""

    code = "consent_renewal_needed"


class ConsentCodeError(DomainRuleError):
    """No such code, or not any more: wrong, used or over."""

    code = "consent_code_refused"


class PaperConsentForbiddenError(DomainRuleError):
    """The hospital takes no consent on paper."""

    code = "paper_consent_forbidden"


class NoticeVersionTakenError(DomainRuleError):
    """A notice of that version was published already."""

    code = "notice_version_taken"


class NoticeOutdatedError(DomainRuleError):
    """The notice that the person accepted is not the current one."""

    code = "notice_outdated"


class EnrollmentStateError(DomainRuleError):
    """The enrolment is not in a state that allows this."""

    code = "enrollment_state"


class EnrollmentInactiveError(DomainRuleError):
    """The enrolment does not serve authentication."""

    code = "enrollment_inactive"


class UsernameTakenError(DomainRuleError):
    """Another person holds that username."""

    code = "username_taken"


class AlreadyEnrolledError(DomainRuleError):
    """This person has an enrolment in progress or active."""

    code = "already_enrolled"


class DuplicatePersonError(DomainRuleError):
    """The same face is enrolled under another identity."""

    code = "duplicate_person"


class CaptureCountError(DomainRuleError):
    """Fewer or more captures than an enrolment takes."""

    code = "capture_count"


class TooFewCapturesError(DomainRuleError):
    """Not enough captures were good enough."""

    code = "captures_insufficient"


class CapturesInconsistentError(DomainRuleError):
    """The captures do not show one and the same person."""

    code = "captures_inconsistent"


class AccountStateError(DomainRuleError):
    """The account is not in a state that allows this."""

    code = "account_state"


class AccountInactiveError(DomainRuleError):
    """The account is suspended or closed: its person may not sign in."""

    code = "account_inactive"


class RequestStateError(DomainRuleError):
    """The data subject's request is not in a state that allows this."""

    code = "request_state"
