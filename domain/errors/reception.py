"""Security events of others."""

from __future__ import annotations

from typing import Final

from domain.errors.base import FaceauthError

INVALID_REQUEST: Final = "invalid_request"
INVALID_KEY: Final = "invalid_key"
INVALID_ISSUER: Final = "invalid_issuer"
INVALID_AUDIENCE: Final = "invalid_audience"
AUTHENTICATION_FAILED: Final = "authentication_failed"
ACCESS_DENIED: Final = "access_denied"
"""Error codes of RFC 8935, section 2.4."""


class SignalRefusedError(FaceauthError):
    """A security event token that is not taken. ``err`` is what its transmitter is told, ``reason`` what we record."""

    code = "signal_refused"

    def __init__(self, err: str, reason: str) -> None:
        """Take a code of RFC 8935, section 2.4, and a reason of ours: a code, too."""
        super().__init__(reason.replace("_", " "))
        self.err = err
        self.reason = reason
