"""What operators see to: webhooks, and letters that could not be delivered."""

from __future__ import annotations

from typing import Any, Final
from uuid import UUID

from starlette.requests import Request
from starlette.responses import JSONResponse, Response

from application.ports.signal_outbox import Letter
from application.ports.signal_streams import Stream
from application.services import Services
from application.signals import streams
from domain.errors import NotFoundError
from domain.roles import OPERATOR
from entrypoints.http.endpoint import Desk, Endpoint, principal_at
from entrypoints.http.signal_bodies import WebhookBody
from entrypoints.http.signals import require_whole_house

DEAD_SHOWN: Final = 200


class SignalOperations:
    """For operators of the whole house: letters speak of every department's people, by opaque id."""

    def __init__(self, desk: Desk) -> None:
        """Work at that desk."""
        self._desk = desk
        self._services = desk.app.services

    def endpoints(self) -> list[Endpoint]:
        """Return what this answers."""
        operators = frozenset({OPERATOR})
        return [
            Endpoint("GET", "/ssf/dead-letters", self.dead_letters, operators),
            Endpoint("POST", "/ssf/dead-letters/{letter_id:int}/replay", self.replay, operators),
            Endpoint("GET", "/ssf/webhooks", self.webhooks, operators),
            Endpoint("POST", "/ssf/webhooks", self.add_webhook, operators),
            Endpoint("DELETE", "/ssf/webhooks/{stream_id:uuid}", self.delete_webhook, operators),
        ]

    async def dead_letters(self, request: Request) -> Response:
        """What could not be delivered, oldest first."""
        require_whole_house(principal_at(request))
        found = await self._desk.run(self._services.signals.outbox.dead, DEAD_SHOWN)
        return JSONResponse({"dead_letters": [letter_document(letter) for letter in found]})

    async def replay(self, request: Request) -> Response:
        """Let one go out again."""
        require_whole_house(principal_at(request))
        number = min(int(request.path_params["letter_id"]), 2**63 - 1)
        await self._desk.run(streams.replay, self._services, number)
        return Response(status_code=204)

    async def webhooks(self, request: Request) -> Response:
        """Every webhook, without its key."""
        require_whole_house(principal_at(request))
        found = await self._desk.run(self._services.signals.streams.all, streams.OPERATIONS)
        return JSONResponse({"webhooks": [webhook_document(stream) for stream in found]})

    async def add_webhook(self, request: Request) -> Response:
        """Begin a webhook; its key is shown this once."""
        require_whole_house(principal_at(request))
        body = await self._desk.body(WebhookBody, request)
        stream, secret = await self._desk.run(
            streams.add_webhook,
            self._services,
            endpoint_url=body.endpoint_url,
            events=body.events,
            description=body.description,
            audience=body.audience,
        )
        return JSONResponse(webhook_document(stream) | {"secret": secret}, 201)

    async def delete_webhook(self, request: Request) -> Response:
        """End a webhook."""
        require_whole_house(principal_at(request))
        await self._desk.run(delete_webhook, self._services, request.path_params["stream_id"])
        return Response(status_code=204)


def delete_webhook(services: Services, stream_id: UUID) -> None:
    """End a webhook. Raises ``NotFoundError``, also for a receiver's stream."""
    stream = services.signals.streams.get(stream_id)
    if stream.owner != streams.OPERATIONS:
        raise NotFoundError("no such webhook")
    streams.delete(services, stream)


def letter_document(letter: Letter) -> dict[str, Any]:
    """Return a letter as JSON values: ids and codes."""
    return {
        "id": letter.letter_id,
        "stream_id": str(letter.stream_id),
        "jti": str(letter.jti),
        "event": letter.signal.name,
        "position": letter.signal.position,
        "subject_id": str(letter.signal.subject_id) if letter.signal.subject_id else None,
        "at": letter.signal.at.isoformat(),
        "attempts": letter.attempts,
        "failing_since": letter.failing_since.isoformat() if letter.failing_since else None,
        "error": letter.error,
    }


def webhook_document(stream: Stream) -> dict[str, Any]:
    """Return a webhook as JSON values, without its key."""
    return {
        "stream_id": str(stream.stream_id),
        "endpoint_url": stream.endpoint_url,
        "audience": stream.audience,
        "events": list(stream.events),
        "status": stream.status,
        "description": stream.description,
    }
