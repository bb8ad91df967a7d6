"""Poll delivery (RFC 8936): a receiver fetches its letters and says which of them it has."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Final
from uuid import UUID

from application.ports.signal_streams import ENABLED, POLL, Stream
from application.services import Services
from application.signals.letters import security_event_token
from domain.errors import StreamStateError

MAX_EVENTS: Final = 100


@dataclass(frozen=True, slots=True)
class Fetched:
    """SETs by ``jti``, oldest first, and whether more are to be had (RFC 8936, section 2.3)."""

    sets: Mapping[str, str] = field(repr=False)
    more: bool


def note(services: Services, stream: Stream, *, acknowledged: Sequence[UUID], refused: Mapping[UUID, str]) -> None:
    """Keep what a receiver says of the letters that it was given. Raises ``StreamStateError`` for a push stream."""
    _check(stream)
    if acknowledged or refused:
        now = services.clock.now()
        services.signals.outbox.answer(stream.stream_id, acknowledged=acknowledged, refused=refused, now=now)


def fetch(services: Services, stream: Stream, *, at_most: int) -> Fetched:
    """Return what waits: of each subject only the oldest, so that no receiver can take a subject's out of order.

    Letters stay until they are acknowledged or refused. A stream that is not enabled gives none.
    """
    _check(stream)
    if stream.status != ENABLED or at_most <= 0:
        return Fetched({}, more=False)
    limit = min(at_most, MAX_EVENTS)
    outbox, now = services.signals.outbox, services.clock.now()
    heads = outbox.heads(stream.stream_id, now=now, limit=limit + 1)
    given = heads[:limit]
    more = len(heads) > limit or outbox.waiting(stream.stream_id) > len(given)
    return Fetched({str(one.jti): security_event_token(services, stream, one) for one in given}, more)


def _check(stream: Stream) -> None:
    if stream.method != POLL:
        raise StreamStateError("this stream is not fetched, it is pushed")
