"""What every other error derives from, and those that any part may raise."""

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


class InProgressError(DomainRuleError):
    """The same kind of operation, or one that excludes it, is running already."""

    code = "in_progress"


class ModelError(UnavailableError):
    """A model is missing, has another hash, or does not do what its contract says."""

    code = "models"


class ConfigurationError(FaceauthError):
    """A setting that cannot work; the message says which and what to do."""

    code = "configuration"
