"""Who receives which of our security events, and how."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Final, Protocol

if TYPE_CHECKING:
    from collections.abc import Collection
    from datetime import datetime
    from uuid import UUID

PUSH: Final = "urn:ietf:rfc:8935"
POLL: Final = "urn:ietf:rfc:8936"
WEBHOOK: Final = "urn:faceauth:webhook"
"""CloudEvents 1.0, for systems that know nothing of shared signals."""

ENABLED: Final = "enabled"
PAUSED: Final = "paused"
DISABLED: Final = "disabled"


@dataclass(frozen=True, slots=True)
class Receiver:
    """A system of the hospital: under one ``name`` however many credentials it has, with one audience of its own."""

    name: str
    audience: str


@dataclass(frozen=True, slots=True)
class Stream:
    """The configuration of a stream (SSF 1.0, section 8.1.1).

    ``owner`` is the receiver's name; ``events`` are the event types that go out on it; ``secret_sealed`` holds the
    Authorization header of a push endpoint, or the key that a webhook's signature is made with, "" where there is
    neither. Events at or before position ``since`` do not go out on it.
    """

    stream_id: UUID
    owner: str
    audience: str
    method: str
    endpoint_url: str
    events: tuple[str, ...]
    description: str
    since: int
    created_at: datetime
    status: str = ENABLED
    reason: str = ""
    secret_sealed: str = field(default="", repr=False)


class SignalStreams(Protocol):
    """Streams, what receivers took off them, and whom a credential speaks for. All raise ``UnavailableError``."""

    def add(self, stream: Stream, *, at_most: int) -> bool:
        """Keep a new stream; False, and no change, where its owner has ``at_most`` already."""
        ...

    def get(self, stream_id: UUID) -> Stream:
        """Return a stream. Raises ``NotFoundError``."""
        ...

    def all(self, owner: str | None = None) -> list[Stream]:
        """Return all streams, or those of one owner, oldest first."""
        ...

    def replace(self, stream: Stream) -> None:
        """Keep it as it is now. Raises ``NotFoundError``."""
        ...

    def remove(self, stream_id: UUID) -> None:
        """Forget a stream with everything on it, delivered or not. Idempotent."""
        ...

    def exclude(self, stream_id: UUID, subject: str, *, at_most: int) -> bool:
        """Send nothing about that pairwise subject any more. Idempotent; False where ``at_most`` are excluded."""
        ...

    def include(self, stream_id: UUID, subject: str) -> None:
        """Take an exclusion back. Idempotent."""
        ...

    def excluded(self, stream_id: UUID, subjects: Collection[str]) -> set[str]:
        """Return which of those are excluded."""
        ...

    def register(self, actor: str, receiver: Receiver) -> None:
        """Let the credential of that actor ("token:<jti>") speak for a receiver; the last word stands."""
        ...

    def receiver(self, actor: str) -> Receiver | None:
        """Return whom that actor speaks for."""
        ...
