"""Security events from the hospital's identity provider, as it pushes them (RFC 8935)."""

from __future__ import annotations

import asyncio
from concurrent.futures import ThreadPoolExecutor
from typing import Final

from starlette.requests import Request
from starlette.responses import JSONResponse, Response

from adapters.identity.set_verifier import MAX_TOKEN_BYTES
from application.ports.signal_verifier import Reception
from application.reception import receive, record_refusal
from domain.errors import FaceauthError, NotFoundError, SignalRefusedError, UnavailableError
from domain.errors.reception import AUTHENTICATION_FAILED, INVALID_REQUEST
from entrypoints.http import bodies
from entrypoints.http.endpoint import ANYONE, Desk, Endpoint

MEDIA_TYPE: Final = "application/secevent+jwt"
THREADS: Final = 2
"""Events worked on at once, apart from the threads that sign-ins need."""

MAX_WAITING: Final = 500
"""Events that wait for a thread; more are told to come again."""

RETRY_AFTER_S: Final = "5"
CHANNEL: Final = "http"


class ReceptionApi:
    """For the transmitter, known by the signature on what it sends, and by a bearer token where one is agreed."""

    def __init__(self, desk: Desk) -> None:
        """Work at that desk."""
        self._desk = desk
        self._pool = ThreadPoolExecutor(THREADS, thread_name_prefix="signals")
        self._waiting = 0

    def endpoints(self) -> list[Endpoint]:
        """Return what this answers."""
        return [Endpoint("POST", "/ssf/receiver/events", self.receive, ANYONE)]

    async def receive(self, request: Request) -> Response:
        """Take one security event token: 202 once it is done and on record, and not before."""
        reception = self._desk.app.services.reception
        if reception is None:
            raise NotFoundError("no transmitter of security events is configured")
        if self._waiting >= MAX_WAITING:
            return _later()
        self._waiting += 1
        try:
            return await self._received(request, reception)
        finally:
            self._waiting -= 1

    async def _received(self, request: Request, reception: Reception) -> Response:
        media_type = request.headers.get("content-type", "").partition(";")[0].strip().lower()
        if media_type != MEDIA_TYPE:
            return _refused(400, INVALID_REQUEST, f"the body is {MEDIA_TYPE}")
        try:
            token = await bodies.read_limited(request, MAX_TOKEN_BYTES)
        except bodies.BodyTooLargeError as error:
            return _refused(413, INVALID_REQUEST, str(error))
        credential = request.headers.get("authorization", "")
        run = asyncio.get_running_loop().run_in_executor
        return await run(self._pool, self._answer, reception, token, credential)

    def _answer(self, reception: Reception, token: bytes, authorization: str) -> Response:
        services = self._desk.app.services
        scheme, _, credential = authorization.partition(" ")
        try:
            if not reception.verifier.admits(credential.strip() if scheme.lower() == "bearer" else ""):
                record_refusal(services, AUTHENTICATION_FAILED, channel=CHANNEL)
                return _refused(401, AUTHENTICATION_FAILED, "the transmitter's bearer token is needed")
            receive(services, reception, token.strip(), channel=CHANNEL)
        except SignalRefusedError as error:
            return _refused(400, error.err, str(error))
        except UnavailableError:
            return _later()
        except FaceauthError as error:
            # Not done, whatever it is: the event must come again, and an operator hears of it.
            raise UnavailableError(f"a security event could not be done: {error.code}") from error
        return Response(status_code=202)


def _refused(status: int, err: str, description: str) -> Response:
    """Return a refusal in the form of RFC 8935, section 2.3."""
    headers = {"content-language": "en"} | ({"www-authenticate": "Bearer"} if status == 401 else {})  # noqa: PLR2004
    return JSONResponse({"err": err, "description": description}, status, headers)


def _later() -> Response:
    return JSONResponse({"err": "unavailable", "description": "send it again"}, 503, {"retry-after": RETRY_AFTER_S})
