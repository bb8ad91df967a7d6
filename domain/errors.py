"""The one error tree. Every refusal the outside can see has a stable code; messages never hold personal data."""

from __future__ import annotations


class FaceauthError(Exception):
    """Base of everything this project raises on purpose.

    ``code`` is stable and public. ``str(error)`` says what happened and, where somebody can act, what to do next;
    it never contains names, addresses, scores, key material or pixels.
    """

    code: str = "internal_error"


class DomainRuleError(FaceauthError):
    """A command would break a rule of an aggregate."""

    code = "conflict"


# Consent ------------------------------------------------------------------------------------------------------------


class ConsentMissingError(DomainRuleError):
    """No consent in force for that purpose."""

    code = "consent_missing"


class ConsentAlreadyGivenError(DomainRuleError):
    """Consent is in force already."""

    code = "consent_already_given"


class NoticeOutdatedError(DomainRuleError):
    """The notice that the person accepted is not the current one."""

    code = "notice_outdated"


# Enrolment ----------------------------------------------------------------------------------------------------------


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


# Attempt and session ------------------------------------------------------------------------------------------------


class AttemptStateError(DomainRuleError):
    """The attempt is over, or not that far yet."""

    code = "attempt_state"


class SessionStateError(DomainRuleError):
    """The session is not open."""

    code = "session_state"


# Input --------------------------------------------------------------------------------------------------------------


class InvalidInputError(FaceauthError):
    """The input does not have the form it must have."""

    code = "invalid_input"


class ImageError(InvalidInputError):
    """Bytes that cannot be taken as a picture."""

    code = "invalid_image"


class UnsupportedImageError(ImageError):
    """A picture in a format other than JPEG, PNG or WebP."""

    code = "unsupported_image_format"


class ImageTooLargeError(ImageError):
    """More bytes or pixels than the limit; decided from the header, before decoding."""

    code = "image_too_large"


class DepthError(ImageError):
    """A depth map that is damaged, of the wrong kind, size or proportions, or without a single finite distance."""

    code = "invalid_depth"


# Rights and existence -----------------------------------------------------------------------------------------------


class NotAllowedError(FaceauthError):
    """No valid credential, or one without the role that this needs."""

    code = "not_allowed"


class DepartmentForbiddenError(NotAllowedError):
    """The credential does not reach that department."""

    code = "department_forbidden"


class DepartmentUnknownError(FaceauthError):
    """No such department."""

    code = "department_unknown"


class NotFoundError(FaceauthError):
    """No such thing, or nothing this caller may know of."""

    code = "not_found"


# Infrastructure -----------------------------------------------------------------------------------------------------


class UnavailableError(FaceauthError):
    """Something the service needs is not there (database, models, keys). Fail closed; try again later."""

    code = "unavailable"


class ConcurrencyError(UnavailableError):
    """Somebody else changed the same thing first: reload and decide again."""

    code = "conflict"


class TemplateReplacedError(ConcurrencyError):
    """The gallery matched a template, or a personal threshold, that is another one by now."""

    code = "template_replaced"


class ClaimTakenError(ConcurrencyError):
    """A unique claim (username, employee number) belongs to another subject. ``kind`` says which."""

    def __init__(self, kind: str) -> None:
        """Name the kind of claim, never its value."""
        super().__init__(f"the {kind} belongs to another subject")
        self.kind = kind


class KeyRingError(UnavailableError):
    """The key ring cannot be used: unreadable, readable by others, or without a key that is needed."""

    code = "key_ring"


class KeyRingMissingError(KeyRingError):
    """There is no ring where data sealed under one exists."""

    code = "key_ring_missing"


class KeyRingDamagedError(KeyRingError):
    """The ring is truncated, changed, or of an unknown format."""

    code = "key_ring_damaged"


class KeyRingOutdatedError(KeyRingError):
    """The ring is an older copy than the one that the store has seen."""

    code = "key_ring_outdated"


class KeyRingForeignError(KeyRingError):
    """The ring belongs to another deployment."""

    code = "key_ring_foreign"


class TransformUnknownError(KeyRingError):
    """The ring does not hold, or no longer holds, the transform that protects this template."""

    code = "transform_unknown"


# Keys, erasure, backups ---------------------------------------------------------------------------------------------


class KeyActiveError(DomainRuleError):
    """The key is in use for new values: rotate first, then destroy."""

    code = "key_active"


class KeyInUseError(DomainRuleError):
    """Something alive still hangs on that key: rewrap or rotate first."""

    code = "key_in_use"


class KeysReadOnlyError(DomainRuleError):
    """The key provider cannot make or destroy keys by itself; the message says what the operator does instead."""

    code = "keys_read_only"


class KekNotActiveError(ConcurrencyError):
    """The key-encryption key was replaced meanwhile: read the ring again and wrap anew."""


class InProgressError(DomainRuleError):
    """The same kind of operation, or one that excludes it, is running already."""

    code = "in_progress"


class RotationStateError(DomainRuleError):
    """The campaign is over, or not in a state that allows this."""

    code = "rotation_state"


class AlreadyErasedError(DomainRuleError):
    """That person was erased before."""

    code = "already_erased"


class BackupDamagedError(FaceauthError):
    """A backup that is truncated, changed, or not one of ours."""

    code = "backup_damaged"


class BackupForeignError(FaceauthError):
    """A backup of another deployment, or sealed to another escrow key."""

    code = "backup_foreign"


class KeyDestroyedError(FaceauthError):
    """The data key is gone: what it sealed is erased for good."""

    code = "erased"


class SealBrokenError(FaceauthError):
    """A sealed value was changed, moved to another place, or sealed under another key."""

    code = "seal_broken"


class KekUnknownError(KeyRingError, SealBrokenError):
    """A data key names a key-encryption key that the newest ring does not hold: whatever it seals stays closed.

    That name was changed, or the ring is an older copy that somebody accepted. It concerns that data key alone.
    """

    code = "kek_unknown"


class ModelError(UnavailableError):
    """A model is missing, has another hash, or does not do what its contract says."""

    code = "models"


class TokenInvalidError(NotAllowedError):
    """A token that is expired, forged, of another audience or not a token."""

    code = "invalid_token"


class ConfigurationError(FaceauthError):
    """A setting that cannot work; the message says which and what to do."""

    code = "configuration"
