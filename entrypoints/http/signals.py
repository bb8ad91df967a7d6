"""The Shared Signals Framework 1.0 transmitter: metadata, streams, status, subjects, verification, polling."""

from __future__ import annotations

import asyncio
from typing import Any, Final
from uuid import UUID

from starlette.requests import Request
from starlette.responses import JSONResponse, Response

from application.ports.signal_streams import POLL, PUSH, Receiver, Stream
from application.ports.tokens import Principal
from application.signals import polling, streams
from domain.errors import InvalidInputError, NotFoundError
from domain.roles import EVERYWHERE, SIGNAL_RECEIVER
from entrypoints.http import access
from entrypoints.http.endpoint import ANYONE, Desk, Endpoint, principal_at
from entrypoints.http.signal_bodies import (
    ChangeBody,
    IssuerSubject,
    PollBody,
    StatusBody,
    StreamBody,
    SubjectBody,
    VerifyBody,
)

LONG_POLL_S: Final = 25.0
"""Below the 30 s after which proxies like to hang up."""
LOOK_EVERY_S: Final = 0.2
LONG_POLLS: Final = 16
"""Requests that may wait at once; whoever comes then is answered at once, with nothing."""


class SignalApi:
    """What receivers ask for; each sees its own streams only. Blocking work is off the event loop, waiting is not."""

    def __init__(self, desk: Desk) -> None:
        """Work at that desk."""
        self._desk = desk
        self._services = desk.app.services
        self._waiting = 0

    def endpoints(self) -> list[Endpoint]:
        """Return what this answers."""
        receivers = frozenset({SIGNAL_RECEIVER})
        return [
            Endpoint("GET", "/.well-known/ssf-configuration", self.configuration, ANYONE),
            Endpoint("POST", "/ssf/streams", self.create, receivers),
            Endpoint("GET", "/ssf/streams", self.read, receivers),
            Endpoint("PATCH", "/ssf/streams", self.update, receivers),
            Endpoint("PUT", "/ssf/streams", self.replace, receivers),
            Endpoint("DELETE", "/ssf/streams", self.delete, receivers),
            Endpoint("GET", "/ssf/status", self.status, receivers),
            Endpoint("POST", "/ssf/status", self.set_status, receivers),
            Endpoint("POST", "/ssf/subjects:add", self.add_subject, receivers),
            Endpoint("POST", "/ssf/subjects:remove", self.remove_subject, receivers),
            Endpoint("POST", "/ssf/verify", self.verify, receivers),
            Endpoint("POST", "/ssf/poll/{stream_id:uuid}", self.poll, receivers),
        ]

    async def configuration(self, _request: Request) -> Response:
        """The transmitter's metadata (SSF 1.0, section 7.1)."""
        base = self._services.signals.issuer
        document = {
            "spec_version": "1_0",
            "issuer": base,
            "jwks_uri": f"{base}/.well-known/jwks.json",
            "delivery_methods_supported": [PUSH, POLL],
            "configuration_endpoint": f"{base}/ssf/streams",
            "status_endpoint": f"{base}/ssf/status",
            "add_subject_endpoint": f"{base}/ssf/subjects:add",
            "remove_subject_endpoint": f"{base}/ssf/subjects:remove",
            "verification_endpoint": f"{base}/ssf/verify",
            "authorization_schemes": [{"spec_urn": "urn:ietf:rfc:6750"}],
            "default_subjects": "ALL",
        }
        return JSONResponse(document, headers={"cache-control": "public, max-age=300"})

    async def create(self, request: Request) -> Response:
        """Begin a stream."""
        body = await self._desk.body(StreamBody, request)
        receiver = await self._receiver(request)
        wanted = streams.Wanted(
            body.delivery.method,
            body.delivery.endpoint_url or "",
            body.delivery.authorization_header,
            body.events_requested,
            body.description,
        )
        stream = await self._desk.run(streams.create, self._services, receiver, wanted)
        return JSONResponse(self._document(stream), 201)

    async def read(self, request: Request) -> Response:
        """One stream (?stream_id=), or all of the receiver's."""
        if "stream_id" in request.query_params:
            return JSONResponse(self._document(await self._mine(request, _named(request))))
        receiver = await self._receiver(request)
        found = await self._desk.run(self._services.signals.streams.all, receiver.name)
        return JSONResponse([self._document(stream) for stream in found])

    async def update(self, request: Request) -> Response:
        """Change what is named and leave the rest (PATCH)."""
        body = await self._desk.body(ChangeBody, request)
        stream = await self._mine(request, body.stream_id)
        delivery = body.delivery
        wanted = streams.Wanted(
            stream.method if delivery is None else delivery.method,
            stream.endpoint_url if delivery is None or delivery.endpoint_url is None else delivery.endpoint_url,
            None if delivery is None else delivery.authorization_header,
            stream.events if body.events_requested is None else body.events_requested,
            stream.description if body.description is None else body.description,
        )
        changed = await self._desk.run(streams.change, self._services, stream, wanted)
        return JSONResponse(self._document(changed))

    async def replace(self, request: Request) -> Response:
        """Let the stream be what the body says, and nothing else (PUT)."""
        body = await self._desk.body(ChangeBody, request)
        stream = await self._mine(request, body.stream_id)
        if body.delivery is None:
            raise InvalidInputError("a replacement says how the stream is delivered")
        wanted = streams.Wanted(
            body.delivery.method,
            body.delivery.endpoint_url or "",
            body.delivery.authorization_header or "",
            body.events_requested,
            body.description or "",
        )
        changed = await self._desk.run(streams.change, self._services, stream, wanted)
        return JSONResponse(self._document(changed))

    async def delete(self, request: Request) -> Response:
        """End a stream."""
        stream = await self._mine(request, _named(request))
        await self._desk.run(streams.delete, self._services, stream)
        return Response(status_code=204)

    async def status(self, request: Request) -> Response:
        """How a stream stands."""
        return JSONResponse(_status(await self._mine(request, _named(request))))

    async def set_status(self, request: Request) -> Response:
        """Enable, pause or disable a stream."""
        body = await self._desk.body(StatusBody, request)
        stream = await self._mine(request, body.stream_id)
        changed = await self._desk.run(streams.set_status, self._services, stream, body.status, body.reason)
        return JSONResponse(_status(changed))

    async def add_subject(self, request: Request) -> Response:
        """Speak of a subject again: all are on a stream from the beginning."""
        body = await self._desk.body(SubjectBody, request)
        stream = await self._mine(request, body.stream_id)
        await self._desk.run(streams.include, self._services, stream, self._subject(body.named))
        return JSONResponse({})

    async def remove_subject(self, request: Request) -> Response:
        """Speak of a subject no more."""
        body = await self._desk.body(SubjectBody, request)
        stream = await self._mine(request, body.stream_id)
        await self._desk.run(streams.exclude, self._services, stream, self._subject(body.named))
        return Response(status_code=204)

    async def verify(self, request: Request) -> Response:
        """Send a verification event on a stream."""
        body = await self._desk.body(VerifyBody, request)
        stream = await self._mine(request, body.stream_id)
        await self._desk.run(streams.verify, self._services, stream, body.state, self._desk.act(principal_at(request)))
        return Response(status_code=204)

    async def poll(self, request: Request) -> Response:
        """Give what waits on a stream (RFC 8936), where nothing does and the receiver waits: a while later."""
        body = await self._desk.body(PollBody, request)
        stream = await self._mine(request, request.path_params["stream_id"])
        refused = {jti: error.err for jti, error in body.set_errs.items()}
        await self._desk.run(polling.note, self._services, stream, acknowledged=body.ack, refused=refused)
        fetched = await self._desk.run(polling.fetch, self._services, stream, at_most=body.max_events)
        if not fetched.sets and not body.return_immediately and body.max_events and self._waiting < LONG_POLLS:
            fetched = await self._wait(request, stream, body.max_events)
        return JSONResponse({"sets": fetched.sets, "moreAvailable": fetched.more})

    async def _wait(self, request: Request, stream: Stream, at_most: int) -> polling.Fetched:
        self._waiting += 1
        try:
            deadline = asyncio.get_running_loop().time() + LONG_POLL_S
            fetched = polling.Fetched({}, more=False)
            while not fetched.sets and asyncio.get_running_loop().time() < deadline:
                await asyncio.sleep(LOOK_EVERY_S)
                if await request.is_disconnected():
                    break
                # Anew each time: it may be paused or deleted meanwhile.
                stream = await self._mine(request, stream.stream_id)
                fetched = await self._desk.run(polling.fetch, self._services, stream, at_most=at_most)
            return fetched
        finally:
            self._waiting -= 1

    async def _receiver(self, request: Request) -> Receiver:
        principal = principal_at(request)
        require_whole_house(principal)
        return await self._desk.run(streams.receiver_of, self._services, principal.actor)

    async def _mine(self, request: Request, stream_id: UUID) -> Stream:
        receiver = await self._receiver(request)
        return await self._desk.run(streams.mine, self._services, receiver, stream_id)

    def _subject(self, named: IssuerSubject) -> str:
        if named.iss != self._services.signals.issuer:
            raise NotFoundError("no such subject")
        return named.sub

    def _document(self, stream: Stream) -> dict[str, Any]:
        """Return the configuration as its receiver sees it (SSF 1.0, section 8.1.1): without the secret."""
        endpoint = stream.endpoint_url or f"{self._services.signals.issuer}/ssf/poll/{stream.stream_id}"
        return {
            "stream_id": str(stream.stream_id),
            "iss": self._services.signals.issuer,
            "aud": stream.audience,
            "delivery": {"method": stream.method, "endpoint_url": endpoint},
            "events_supported": list(streams.supported(stream.method)),
            "events_requested": list(stream.events),
            "events_delivered": list(stream.events),
            "description": stream.description,
        }


def require_whole_house(principal: Principal) -> None:
    """Raise ``DepartmentForbiddenError`` for a credential of one department: streams speak of everybody."""
    access.require_department(principal, EVERYWHERE)


def _named(request: Request) -> UUID:
    try:
        return UUID(request.query_params.get("stream_id", ""))
    except ValueError:
        raise NotFoundError("no such stream") from None


def _status(stream: Stream) -> dict[str, Any]:
    return {"stream_id": str(stream.stream_id), "status": stream.status} | (
        {"reason": stream.reason} if stream.reason else {}
    )
