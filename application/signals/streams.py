"""Streams: what a receiver may do with its own, and what operators do with webhooks and dead letters."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field, replace
from typing import Final
from uuid import UUID

from application.ports.signal_outbox import Letter, Signal
from application.ports.signal_streams import DISABLED, ENABLED, PAUSED, POLL, PUSH, WEBHOOK, Receiver, Stream
from application.services import Services
from application.signals.letters import is_webhook_secret, new_webhook_secret, sealed_secret, stream_owner
from application.signals.mapping import PLAIN_SUPPORTED, SUPPORTED, VERIFICATION
from domain.act import Act
from domain.errors import InvalidInputError, NotFoundError, StreamLimitError, StreamStateError

STREAMS_PER_RECEIVER: Final = 8
MAX_EXCLUDED: Final = 10_000
MAX_WAITING_VERIFICATIONS: Final = 20
OPERATIONS: Final = "operations"
"""The owner of webhooks: no credential speaks for it, operators see to them."""
STATUSES: Final = frozenset({ENABLED, PAUSED, DISABLED})


@dataclass(frozen=True, slots=True)
class Wanted:
    """What a receiver wants of a stream. ``events`` None: all that there are. ``secret`` None: as it was."""

    method: str
    endpoint_url: str = ""
    secret: str | None = field(default=None, repr=False)
    events: Sequence[str] | None = None
    description: str = ""


def receiver_of(services: Services, actor: str) -> Receiver:
    """Return whom a credential speaks for.

    One that nobody registered (``faceauth signals token``) speaks for itself alone: its streams die with it, and its
    pairwise subjects compare with nobody's.
    """
    return services.signals.streams.receiver(actor) or Receiver(actor, f"urn:faceauth:receiver:{actor}")


def create(services: Services, receiver: Receiver, wanted: Wanted) -> Stream:
    """Begin a stream: from now on, everything that it is for waits on it until it is delivered.

    Raises ``EndpointForbiddenError``, ``InvalidInputError``, ``StreamLimitError``.
    """
    endpoint = _endpoint(services, wanted)
    stream_id = services.ids.new()
    stream = Stream(
        stream_id=stream_id,
        owner=receiver.name,
        audience=receiver.audience,
        method=wanted.method,
        endpoint_url=endpoint,
        events=_events(wanted),
        description=wanted.description,
        since=services.store.position(),
        created_at=services.clock.now(),
        secret_sealed=sealed_secret(services, stream_id, wanted.secret or ""),
    )
    if not services.signals.streams.add(stream, at_most=STREAMS_PER_RECEIVER):
        services.vault.destroy_key(stream_owner(stream_id))
        raise StreamLimitError(f"a receiver has at most {STREAMS_PER_RECEIVER} streams")
    return stream


def mine(services: Services, receiver: Receiver, stream_id: UUID) -> Stream:
    """Return a stream of that receiver. Raises ``NotFoundError``, also for one of somebody else."""
    stream = services.signals.streams.get(stream_id)
    if stream.owner != receiver.name:
        raise NotFoundError("no such stream")
    return stream


def change(services: Services, stream: Stream, wanted: Wanted) -> Stream:
    """Let a stream be as wanted; its kind of delivery stays. Raises as ``create``."""
    if wanted.method != stream.method:
        raise StreamStateError("a stream keeps its delivery method: delete it and make another")
    secret = stream.secret_sealed
    if wanted.secret is not None:
        secret = sealed_secret(services, stream.stream_id, wanted.secret)
    changed = replace(
        stream,
        endpoint_url=_endpoint(services, wanted),
        events=_events(wanted),
        description=wanted.description,
        secret_sealed=secret,
    )
    services.signals.streams.replace(changed)
    return changed


def delete(services: Services, stream: Stream) -> None:
    """End a stream; what waits on it is dropped, and its secret is destroyed."""
    services.signals.streams.remove(stream.stream_id)
    if stream.secret_sealed:
        services.vault.destroy_key(stream_owner(stream.stream_id))


def set_status(services: Services, stream: Stream, status: str, reason: str = "") -> Stream:
    """Enable, pause (events wait) or disable (events are dropped, those that wait too) a stream.

    SSF 1.0, section 8.1.2. Raises ``InvalidInputError``.
    """
    if status not in STATUSES:
        raise InvalidInputError(f"a status is one of {', '.join(sorted(STATUSES))}")
    since = services.store.position() if stream.status == DISABLED != status else stream.since
    changed = replace(stream, status=status, reason=reason, since=since)
    services.signals.streams.replace(changed)
    if status == DISABLED:
        services.signals.outbox.drop(stream.stream_id)
    return changed


def verify(services: Services, stream: Stream, state: str | None, act: Act) -> None:
    """Send a verification event (SSF 1.0, section 8.1.4). Raises ``StreamStateError``, ``StreamLimitError``."""
    if stream.status == DISABLED:
        raise StreamStateError("the stream is disabled")
    if services.signals.outbox.waiting(stream.stream_id, VERIFICATION) >= MAX_WAITING_VERIFICATIONS:
        raise StreamLimitError("too many verification events wait on this stream already")
    jti = services.ids.new()
    facts = {} if state is None else {"state": state}
    signal = Signal(VERIFICATION, 0, act.at, act.correlation_id, jti, None, facts)
    services.signals.outbox.add(Letter(stream.stream_id, jti, signal, due_at=act.at))


def exclude(services: Services, stream: Stream, subject: str) -> None:
    """Send nothing more about that pairwise subject. Raises ``StreamLimitError``."""
    if not services.signals.streams.exclude(stream.stream_id, subject, at_most=MAX_EXCLUDED):
        raise StreamLimitError(f"at most {MAX_EXCLUDED} subjects can be removed from a stream")


def include(services: Services, stream: Stream, subject: str) -> None:
    """Take an exclusion back: every stream begins with all subjects."""
    services.signals.streams.include(stream.stream_id, subject)


def add_webhook(
    services: Services,
    *,
    endpoint_url: str,
    events: Sequence[str] | None = None,
    description: str = "",
    audience: str = "",
) -> tuple[Stream, str]:
    """Begin to send CloudEvents to a system; return its stream and the key of its signatures, shown this once.

    ``audience`` is the one whose pairwise subjects it gets; without, it gets those of nobody else.
    """
    secret = new_webhook_secret()
    wanted = Wanted(WEBHOOK, endpoint_url, secret, events, description)
    receiver = Receiver(OPERATIONS, audience or f"urn:faceauth:webhook:{services.ids.new()}")
    return create(services, receiver, wanted), secret


def replay(services: Services, letter_id: int) -> None:
    """Let a dead letter go out again, under its old ``jti``. Raises ``NotFoundError``."""
    if not services.signals.outbox.replay(letter_id, now=services.clock.now()):
        raise NotFoundError("no such dead letter")


def tidy(services: Services) -> int:
    """Forget letters whose time is over; bury those that nobody fetched for too long. Return how many went."""
    outbox, policies, now = services.signals.outbox, services.signals.policies, services.clock.now()
    outbox.bury(now - policies.hold, "not_fetched", now=now)
    return outbox.forget(delivered_before=now - policies.keep_delivered, dead_before=now - policies.keep_dead)


def supported(method: str) -> tuple[str, ...]:
    """Return every event type that a stream of that delivery method can have."""
    return PLAIN_SUPPORTED if method == WEBHOOK else SUPPORTED


def _events(wanted: Wanted) -> tuple[str, ...]:
    """Return the event types that will be delivered: those asked for, as far as there are such (section 8.1.1)."""
    every = supported(wanted.method)
    return every if wanted.events is None else tuple(kind for kind in every if kind in set(wanted.events))


def _endpoint(services: Services, wanted: Wanted) -> str:
    if wanted.method == POLL:
        return ""
    if wanted.method not in {PUSH, WEBHOOK}:
        raise InvalidInputError("the delivery method is not supported")
    secret = wanted.secret or ""
    if not secret.isascii() or not secret.isprintable():
        raise InvalidInputError("an authorization header has printable ASCII characters only")
    if wanted.method == WEBHOOK and wanted.secret is not None and not is_webhook_secret(secret):
        raise InvalidInputError("the key of a webhook begins with whsec_ and has 24 to 64 bytes in base64")
    return services.signals.policies.endpoints.check(wanted.endpoint_url)
