"""Sending security events over HTTP: an event loop of its own, connections kept alive, every wait bounded."""

from __future__ import annotations

import asyncio
import json
import ssl
import threading
from concurrent.futures import CancelledError
from contextlib import suppress
from datetime import UTC, datetime
from email.utils import parsedate_to_datetime
from typing import TYPE_CHECKING, Any, Final

import httpx

from application.ports.signal_push import Answer
from domain.errors import ConfigurationError

if TYPE_CHECKING:
    from collections.abc import Callable, Coroutine
    from pathlib import Path

    from application.ports.signal_push import Push

ANSWER_BYTES: Final = 16 * 1024
"""What is read of an answer: an error of RFC 8935 has a code and a sentence."""
MAX_CONNECTIONS: Final = 64
MAX_CODE_CHARACTERS: Final = 60


class HttpPush:
    """``application.ports.signal_push.SignalPush`` on httpx.

    The whole exchange has one deadline, however slowly the other side sends. Redirects are not followed and proxies of
    the environment not asked: where something goes is decided by the operator's list alone.
    """

    def __init__(self, *, timeout_s: float, ca_file: Path | None = None) -> None:
        """Trust the system's certification authorities, or those of ``ca_file``. Raises ``ConfigurationError``."""
        try:
            self._tls = ssl.create_default_context(cafile=None if ca_file is None else str(ca_file))
        except (OSError, ssl.SSLError):
            raise ConfigurationError("FACEAUTH_SIGNAL_CA_FILE cannot be read as certificates (PEM)") from None
        self._timeout_s = timeout_s
        self._lock = threading.Lock()
        self._loop: asyncio.AbstractEventLoop | None = None
        self._thread: threading.Thread | None = None
        self._client: httpx.AsyncClient | None = None
        self._closed = False

    def send(self, push: Push) -> Answer:
        """Send it and return what came of it. See the port."""
        loop = self._running()
        if loop is None:
            return Answer(fault="closed")
        try:
            return asyncio.run_coroutine_threadsafe(self._exchange(push), loop).result()
        except (CancelledError, RuntimeError):
            return Answer(fault="closed")

    def close(self) -> None:
        """Cut off what is on its way, and close every connection. Idempotent."""
        with self._lock:
            self._closed = True
            loop, thread = self._loop, self._thread
            self._loop = self._thread = None
        if loop is not None and thread is not None:
            loop.call_soon_threadsafe(loop.stop)
            thread.join(5.0)

    def _running(self) -> asyncio.AbstractEventLoop | None:
        with self._lock:
            if self._loop is None and not self._closed:
                self._loop = asyncio.new_event_loop()
                self._thread = threading.Thread(target=_turn, args=(self._loop, self._hang_up), name="signals-http")
                self._thread.daemon = True
                self._thread.start()
            return self._loop

    async def _exchange(self, push: Push) -> Answer:
        try:
            async with asyncio.timeout(self._timeout_s):
                return await self._post(push)
        except TimeoutError:
            return Answer(fault="timeout")
        except (httpx.HTTPError, httpx.InvalidURL, ValueError, OSError) as error:
            return Answer(fault=_fault(error))

    async def _post(self, push: Push) -> Answer:
        if self._client is None:
            self._client = httpx.AsyncClient(
                verify=self._tls,
                follow_redirects=False,
                trust_env=False,
                timeout=httpx.Timeout(self._timeout_s),
                limits=httpx.Limits(max_connections=MAX_CONNECTIONS, max_keepalive_connections=MAX_CONNECTIONS),
            )
        async with self._client.stream("POST", push.url, headers=dict(push.headers), content=push.body) as response:
            body = bytearray()
            async for piece in response.aiter_raw():
                body += piece
                if len(body) > ANSWER_BYTES:
                    break
            retry_after_s = _seconds(response.headers.get("retry-after", ""))
            # Elsewhere it is not an answer of RFC 8935, whatever it looks like.
            err = _code(bytes(body)) if response.status_code == httpx.codes.BAD_REQUEST else ""
            return Answer(response.status_code, err=err, retry_after_s=retry_after_s)

    async def _hang_up(self) -> None:
        if self._client is not None:
            await self._client.aclose()


def _turn(loop: asyncio.AbstractEventLoop, hang_up: Callable[[], Coroutine[Any, Any, None]]) -> None:
    asyncio.set_event_loop(loop)
    try:
        loop.run_forever()
        tasks = asyncio.all_tasks(loop)
        for task in tasks:
            task.cancel()
        loop.run_until_complete(asyncio.gather(*tasks, return_exceptions=True))
        with suppress(Exception):
            loop.run_until_complete(hang_up())
    finally:
        loop.close()


def _fault(error: Exception) -> str:
    """Return a code for what kept an answer from coming. The text of the error may name hosts and is not kept."""
    if isinstance(error, httpx.ConnectError):
        cause: BaseException | None = error
        while cause is not None:
            if isinstance(cause, ssl.SSLError):
                return "tls"
            cause = cause.__cause__ or cause.__context__
        return "refused"
    if isinstance(error, httpx.TimeoutException):
        return "timeout"
    return "broken_answer" if isinstance(error, httpx.ProtocolError | httpx.ReadError) else "not_sent_http"


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
