"""The last to touch every answer."""

from __future__ import annotations

from typing import Final

from starlette.requests import Request
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from entrypoints.http.problems import on_bug

SECURITY_HEADERS: Final = {
    "cache-control": "no-store",
    "content-security-policy": "default-src 'none'; frame-ancestors 'none'",
    "referrer-policy": "no-referrer",
    "x-content-type-options": "nosniff",
}
_RAW: Final = [(name.encode(), value.encode()) for name, value in SECURITY_HEADERS.items()]


class Edge:
    """Bugs become problem documents, and the security headers are set where the handler did not decide otherwise.

    Bugs end here and not in starlette's own outermost layer, which raises them on: uvicorn would then log their text.
    Plain ASGI: starlette's base for middleware costs a task and two streams for each request.
    """

    def __init__(self, app: ASGIApp) -> None:
        """Stand in front of ``app``."""
        self._app = app

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Pass a request on; what is no HTTP goes by untouched."""
        if scope["type"] != "http":
            await self._app(scope, receive, send)
            return
        started = False

        async def sent(message: Message) -> None:
            nonlocal started
            if message["type"] == "http.response.start":
                started = True
                headers = message.setdefault("headers", [])
                there = {name.lower() for name, _ in headers}
                message["headers"] = [*headers, *(header for header in _RAW if header[0] not in there)]
            await send(message)

        try:
            await self._app(scope, receive, sent)
        except Exception as error:  # noqa: BLE001 - logged with its trail by on_bug
            response = on_bug(error, Request(scope))
            if started:
                # Half an answer is out: the connection has to end, or it would pass for a whole one.
                raise ConnectionAbortedError("an answer broke off; the reason has been logged") from None
            await response(scope, receive, sent)
