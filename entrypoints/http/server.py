"""The ASGI application, and running it."""

from __future__ import annotations

import contextlib
import gc
import ssl
from collections.abc import AsyncIterator
from concurrent.futures import ThreadPoolExecutor
from typing import Any, Final, cast

import uvicorn
from starlette.applications import Starlette
from starlette.middleware import Middleware
from starlette.routing import WebSocketRoute
from starlette.websockets import WebSocket

from adapters.crypto.certificate import ensure_self_signed
from entrypoints.app import App
from entrypoints.http.api import all_endpoints
from entrypoints.http.busy import refuse_busy
from entrypoints.http.edge import Edge
from entrypoints.http.endpoint import Desk
from entrypoints.http.framing import FrameLimits
from entrypoints.http.pages import page_routes
from entrypoints.http.problems import HANDLERS
from entrypoints.http.socket import SignIn

WORKER_THREADS: Final = 8
"""Calls to the store at once: one per pooled connection."""
ENROLLMENT_THREADS: Final = 2
"""Enrolments judged at once: each may hold a decoded 48 MiB picture, and none may keep a sign-in from starting."""
PASSWORD_THREADS: Final = 4
"""Passwords verified at once: a directory that hangs must not keep anybody's face waiting."""


def create_app(app: App) -> Starlette:
    """Return the ASGI application over a wired App; the caller closes that App."""
    judges = ThreadPoolExecutor(app.settings.judge_threads, thread_name_prefix="judge")
    workers = ThreadPoolExecutor(WORKER_THREADS, thread_name_prefix="worker")
    enrollers = ThreadPoolExecutor(ENROLLMENT_THREADS, thread_name_prefix="enroller")
    guards = ThreadPoolExecutor(PASSWORD_THREADS, thread_name_prefix="password")
    open_sockets: set[int] = set()

    async def sign_in(socket: WebSocket) -> None:
        if len(open_sockets) >= app.settings.max_connections:
            await refuse_busy(socket, len(open_sockets))
            return
        open_sockets.add(id(socket))
        try:
            await SignIn(socket, app, judges, workers).run()
        finally:
            open_sockets.discard(id(socket))

    @contextlib.asynccontextmanager
    async def lifespan(_: Starlette) -> AsyncIterator[None]:
        yield
        for pool in (guards, enrollers, workers, judges):
            pool.shutdown(wait=True, cancel_futures=True)

    desk = Desk(app, workers, enrollers, guards)
    endpoints = all_endpoints(desk, lambda: len(open_sockets))
    asgi = Starlette(
        routes=[
            *page_routes(),
            *(desk.route(endpoint) for endpoint in endpoints),
            WebSocketRoute("/face-auth/{department}", sign_in),
        ],
        exception_handlers=cast(Any, HANDLERS),
        middleware=[Middleware(Edge)],
        lifespan=lifespan,
    )
    # A redirect to the path with or without its last slash would repeat whatever Host header came in.
    asgi.router.redirect_slashes = False
    return asgi


def settle() -> None:
    """Exempt what is loaded by now from garbage collection, once, before serving.

    It stays until the end anyway, and walking all of it again and again would stop every request for 50 ms.
    """
    gc.collect()
    gc.freeze()


def uvicorn_config(app: App, asgi: Starlette) -> uvicorn.Config:
    """Return how uvicorn serves it: TLS always, frames bounded, no access log (addresses are personal data)."""
    settings = app.settings
    certificate, key = ensure_self_signed(settings.tls_dir, [settings.host, *settings.public_hosts])
    return uvicorn.Config(
        asgi,
        host=settings.host,
        port=settings.port,
        ssl_certfile=certificate,
        ssl_keyfile=key,
        ssl_version=ssl.PROTOCOL_TLS_SERVER,
        ws="websockets-sansio",
        ws_max_size=max(2 * settings.max_frame_bytes, FrameLimits(settings.max_frame_bytes).message_bytes),
        ws_per_message_deflate=False,
        access_log=False,
        log_config=None,
        server_header=False,
        proxy_headers=False,  # peer.py decides whom to believe; uvicorn would believe any local process
        timeout_graceful_shutdown=5,
    )
