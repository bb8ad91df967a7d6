"""Ask another server something over HTTP: one set of rules for all that leaves this service.

No redirects, and no proxies, .netrc or other words of the environment: where something goes is decided by the settings
alone. One deadline for the whole exchange, however slowly the other side sends; so many bytes and no more.
"""

from __future__ import annotations

import asyncio
import ipaddress
import ssl
import threading
from concurrent.futures import CancelledError
from contextlib import suppress
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any, Final, Self
from urllib.parse import urlsplit

import httpx

from domain.errors import ConfigurationError, UnavailableError

if TYPE_CHECKING:
    from collections.abc import Callable, Coroutine, Mapping
    from pathlib import Path

MAX_CONNECTIONS: Final = 64


@dataclass(frozen=True, slots=True)
class Reply:
    """What came back; ``status`` is 0 and ``fault`` a code where nothing did ("refused", "timeout", "tls" ...).

    ``body`` is longer than what was asked for where more came than that; what it has is not all of it then.
    """

    status: int = 0
    headers: Mapping[str, str] = field(default_factory=dict, repr=False)
    body: bytes = field(default=b"", repr=False)
    fault: str = ""


def check_url(url: str, what: str = "the identity provider's address", *, query: bool = False) -> str:
    """Return a URL whose answer nobody on the way can change, with a ``query`` only if so.

    That is https (OpenID Connect Discovery 1.0, section 3), or http to this machine itself. Raises
    ``ConfigurationError``, which says ``what`` it is and not the URL.
    """
    try:
        parts = urlsplit(url)
        host, _ = parts.hostname or "", parts.port
    except ValueError:
        host, parts = "", urlsplit("")
    secure = parts.scheme == "https" or (parts.scheme == "http" and _loopback(host))
    if not secure or not host or parts.username or parts.password or (parts.query and not query) or parts.fragment:
        raise ConfigurationError(f"{what} is an https URL without user or fragment")
    return url


def trusting(ca_file: Path | None, variable: str) -> ssl.SSLContext:
    """Return what believes the system's certificates, or only those of ``ca_file``, which ``variable`` names.

    Raises ``ConfigurationError``.
    """
    try:
        return ssl.create_default_context(cafile=None if ca_file is None else str(ca_file))
    except (OSError, ssl.SSLError):
        raise ConfigurationError(f"{variable} cannot be read as certificates (PEM)") from None


class HttpExchange:
    """An event loop of its own on a thread of its own, connections kept alive. Safe from several threads."""

    def __init__(self, tls: ssl.SSLContext | None = None, *, transport: httpx.AsyncBaseTransport | None = None) -> None:
        """Believe the certificates that ``tls`` does (see ``trusting``); ``transport`` stands in for the network."""
        self._tls = tls or trusting(None, "")
        self._transport = transport
        self._lock = threading.Lock()
        self._loop: asyncio.AbstractEventLoop | None = None
        self._thread: threading.Thread | None = None
        self._client: httpx.AsyncClient | None = None
        self._closed = False

    def __enter__(self) -> Self:
        """Use it, and close it at the end."""
        return self

    def __exit__(self, *_: object) -> None:
        """Close it."""
        self.close()

    def fetch(self, method: str, url: str, *, whose: str, seconds: float, max_bytes: int, **more: Any) -> bytes:
        """Return the body of a 200. Raises ``UnavailableError`` that says ``whose`` answer it is, and no address."""
        reply = self.send(method, url, seconds=seconds, max_bytes=max_bytes, **more)
        if reply.fault:
            raise UnavailableError(f"{whose} cannot be reached: {reply.fault}")
        if reply.status != httpx.codes.OK or "content-encoding" in reply.headers:
            raise UnavailableError(f"{whose} does not answer as it should: {reply.status}")
        if len(reply.body) > max_bytes:
            raise UnavailableError(f"{whose} answers more than {max_bytes} bytes")
        return reply.body

    def send(self, method: str, url: str, *, seconds: float, max_bytes: int, **more: Any) -> Reply:
        """Send it and return what came of it. Never raises; ``more`` is what httpx takes (headers, content, data)."""
        loop = self._running()
        if loop is None:
            return Reply(fault="closed")
        # As it comes, and uncompressed: a few bytes must not become many.
        more["headers"] = {"accept-encoding": "identity", **more.get("headers", {})}
        try:
            asked = self._within(seconds, self._ask(method, url, max_bytes, more))
            return asyncio.run_coroutine_threadsafe(asked, loop).result()
        except (CancelledError, RuntimeError):
            return Reply(fault="closed")

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
                self._thread = threading.Thread(target=_turn, args=(self._loop, self._hang_up), name="http-out")
                self._thread.daemon = True
                self._thread.start()
            return self._loop

    @staticmethod
    async def _within(seconds: float, asked: Coroutine[Any, Any, Reply]) -> Reply:
        try:
            async with asyncio.timeout(seconds):
                return await asked
        except TimeoutError:
            return Reply(fault="timeout")
        except (httpx.HTTPError, httpx.InvalidURL, ValueError, OSError) as error:
            return Reply(fault=_fault(error))

    async def _ask(self, method: str, url: str, max_bytes: int, more: dict[str, Any]) -> Reply:
        if self._client is None:
            self._client = httpx.AsyncClient(
                verify=self._tls,
                transport=self._transport,
                follow_redirects=False,
                trust_env=False,
                timeout=None,  # noqa: S113 - the whole exchange has its deadline
                limits=httpx.Limits(max_connections=MAX_CONNECTIONS, max_keepalive_connections=MAX_CONNECTIONS),
            )
        async with self._client.stream(method, url, **more) as response:
            body = bytearray()
            if "content-encoding" in response.headers:  # not what was asked for, and it could become many bytes
                return Reply(response.status_code, response.headers)
            async for piece in response.aiter_bytes():
                body += piece
                if len(body) > max_bytes:
                    break
            return Reply(response.status_code, response.headers, bytes(body))

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


def _loopback(host: str) -> bool:
    try:
        return host == "localhost" or ipaddress.ip_address(host).is_loopback
    except ValueError:
        return False
