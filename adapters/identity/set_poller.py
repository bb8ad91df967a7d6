"""Ask a transmitter for its security event tokens (RFC 8936)."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any, Final

from adapters.identity.exchange import HttpExchange
from adapters.identity.set_verifier import MAX_TOKEN_BYTES
from application.ports.signal_feed import Batch
from domain.errors import UnavailableError

POLL_SECONDS: Final = 10.0
MAX_TOKENS: Final = 50
MAX_BYTES: Final = MAX_TOKENS * (MAX_TOKEN_BYTES + 1024)
"""An answer that is longer is not taken: the transmitter was asked for at most ``MAX_TOKENS``."""


class HttpSignalFeed:
    """``application.ports.signal_feed.SignalFeed`` over HTTP."""

    def __init__(self, url: str, exchange: HttpExchange, token_file: Path | None = None) -> None:
        """``token_file`` holds our bearer token for the transmitter; it is read anew for every poll."""
        self._url = url
        self._exchange = exchange
        self._token_file = token_file

    def poll(self, *, acknowledged: Sequence[str], refused: Mapping[str, str]) -> Batch:
        """Tell and fetch. See the port."""
        request: dict[str, Any] = {"maxEvents": MAX_TOKENS, "returnImmediately": True}
        if acknowledged:
            request["ack"] = list(acknowledged)
        if refused:
            request["setErrs"] = {jti: {"err": err, "description": err} for jti, err in refused.items()}
        raw = self._exchange.fetch(
            "POST",
            self._url,
            whose="the transmitter",
            max_bytes=MAX_BYTES,
            seconds=POLL_SECONDS,
            headers=self._headers(),
            # Escaped to ASCII: a jti may hold what no encoding can say.
            content=json.dumps(request).encode(),
        )
        return _batch(raw)

    def _headers(self) -> dict[str, str]:
        headers = {"accept": "application/json", "content-type": "application/json"}
        if self._token_file is not None:
            try:
                headers["authorization"] = f"Bearer {self._token_file.read_text().strip()}"
            except (OSError, ValueError):
                raise UnavailableError("the credential for the transmitter cannot be read") from None
        return headers


def _batch(raw: bytes) -> Batch:
    try:
        document = json.loads(raw)
    except (ValueError, RecursionError):
        document = None
    found = document.get("sets", {}) if isinstance(document, Mapping) else None
    if not isinstance(document, Mapping) or not isinstance(found, Mapping):
        raise UnavailableError("the transmitter answers nonsense")
    kept = {jti: _token(found[jti]) for jti in list(found)[:MAX_TOKENS]}
    return Batch(kept, document.get("moreAvailable") is True or len(found) > MAX_TOKENS)


def _token(given: object) -> bytes:
    """Return a token as it came; what is no text still gets an answer, as an empty token: it is refused."""
    return given[: MAX_TOKEN_BYTES + 1].encode(errors="replace") if isinstance(given, str) else b""
