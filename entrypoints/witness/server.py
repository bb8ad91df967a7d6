"""The witness over HTTPS: three endpoints, no database."""

from __future__ import annotations

import hmac
from collections.abc import Callable
from datetime import datetime
from typing import Final

from starlette.applications import Starlette
from starlette.concurrency import run_in_threadpool
from starlette.exceptions import HTTPException
from starlette.requests import ClientDisconnect, Request
from starlette.responses import JSONResponse, Response
from starlette.routing import Route

from adapters.anchors.witness_book import MOST_BYTES, WitnessBook
from application.ports.notary import Notary
from domain.errors import FaceauthError
from entrypoints.http.problems import STATUS, problem

SCHEME: Final = "bearer"


def create_witness(book: WitnessBook, notary: Notary, token: str, now: Callable[[], datetime]) -> Starlette:
    """Return the ASGI application over a book; ``token`` is what whoever posts or reads must bring."""

    def guarded(request: Request) -> bool:
        scheme, _, brought = request.headers.get("authorization", "").partition(" ")
        return scheme.lower() == SCHEME and hmac.compare_digest(brought.strip().encode(), token.encode())

    async def take(request: Request) -> Response:
        """Keep a checkpoint and answer with its receipt: 201, or 200 for one that is known; 409 for a contradiction."""
        if not guarded(request):
            return _stranger()
        receipt, new = await run_in_threadpool(book.take, await _body(request), at=now())
        return JSONResponse(receipt, 201 if new else 200)

    async def newest(request: Request) -> Response:
        """Answer with the receipt of the newest checkpoint: what the hospital cannot take back."""
        if not guarded(request):
            return _stranger()
        if book.newest is None:
            return problem(404, "not_found", "no checkpoint yet")
        return JSONResponse(book.newest.receipt)

    async def key(_request: Request) -> Response:
        """Answer with the public key that receipts are signed with."""
        return JSONResponse(dict(notary.public_jwk))

    asgi = Starlette(
        routes=[
            Route("/checkpoints", take, methods=["POST"]),
            Route("/checkpoints/newest", newest, methods=["GET"]),
            Route("/key", key, methods=["GET"]),
        ],
        exception_handlers={FaceauthError: _refused},
    )
    asgi.router.redirect_slashes = False
    return asgi


async def _body(request: Request) -> bytes:
    body = bytearray()
    try:
        async for piece in request.stream():
            body += piece
            if len(body) > MOST_BYTES:
                raise HTTPException(413)
    except ClientDisconnect:
        raise HTTPException(400) from None
    return bytes(body)


async def _refused(_request: Request, error: Exception) -> Response:
    code = error.code if isinstance(error, FaceauthError) else "internal_error"
    return problem(STATUS.get(code, 500), code, str(error))


def _stranger() -> Response:
    return problem(401, "invalid_token", "the witness's token is needed")
