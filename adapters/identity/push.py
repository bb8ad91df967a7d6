"""Sending security events over HTTP."""

from __future__ import annotations

import json
from datetime import UTC, datetime
from email.utils import parsedate_to_datetime
from typing import TYPE_CHECKING, Final

from adapters.identity.exchange import HttpExchange, trusting
from application.ports.signal_push import Answer

if TYPE_CHECKING:
    from pathlib import Path

    from application.ports.signal_push import Push

ANSWER_BYTES: Final = 16 * 1024
"""What is read of an answer: an error of RFC 8935 has a code and a sentence."""
MAX_CODE_CHARACTERS: Final = 60
BAD_REQUEST: Final = 400


class HttpPush:
    """``application.ports.signal_push.SignalPush`` over HTTP."""

    def __init__(self, *, timeout_s: float, ca_file: Path | None = None) -> None:
        """Trust the system's certification authorities, or those of ``ca_file``. Raises ``ConfigurationError``."""
        self._exchange = HttpExchange(trusting(ca_file, "FACEAUTH_SIGNAL_CA_FILE"))
        self._timeout_s = timeout_s

    def send(self, push: Push) -> Answer:
        """Send it and return what came of it. See the port."""
        reply = self._exchange.send(
            "POST",
            push.url,
            seconds=self._timeout_s,
            max_bytes=ANSWER_BYTES,
            headers=dict(push.headers),
            content=push.body,
        )
        if reply.fault:
            return Answer(fault=reply.fault)
        # Elsewhere it is not an answer of RFC 8935, whatever it looks like.
        err = _code(reply.body) if reply.status == BAD_REQUEST else ""
        return Answer(reply.status, err=err, retry_after_s=_seconds(reply.headers.get("retry-after", "")))

    def close(self) -> None:
        """Cut off what is on its way, and close every connection. Idempotent."""
        self._exchange.close()


def _code(body: bytes) -> str:
    """Return the error code of an answer (RFC 8935, section 2.3), "" where it has none that can be one."""
    if not body or len(body) > ANSWER_BYTES:
        return ""
    try:
        document = json.loads(body)
    except (ValueError, RecursionError):
        return ""
    code = document.get("err") if isinstance(document, dict) else None
    known = isinstance(code, str) and 0 < len(code) <= MAX_CODE_CHARACTERS and code.replace("_", "").isalnum()
    return code if known and isinstance(code, str) and code.isascii() else ""


def _seconds(text: str) -> float | None:
    """Return what a Retry-After asks for (RFC 9110, section 10.2.3): seconds, or a date."""
    if not text:
        return None
    if text.isascii() and text.isdecimal() and len(text) <= 10:  # noqa: PLR2004 - centuries
        return float(text)
    try:
        at = parsedate_to_datetime(text)
    except (ValueError, TypeError):
        return None
    at = at if at.tzinfo else at.replace(tzinfo=UTC)
    return max(0.0, (at - datetime.now(UTC)).total_seconds())
