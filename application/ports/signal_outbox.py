"""What has to go out, until it has."""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import datetime
from typing import TYPE_CHECKING, Final, Protocol
from uuid import UUID

if TYPE_CHECKING:
    from collections.abc import Collection, Mapping, Sequence

WAITING: Final = "waiting"
DELIVERED: Final = "delivered"
DEAD: Final = "dead"


@dataclass(frozen=True, slots=True)
class Signal:
    """What happened, in ids and codes: enough to say it again in the same words. Never a name, never a secret.

    ``name`` is the topic of our event, ``position`` where it stands in the store, ``about`` the aggregate (a session,
    an enrolment ...), ``subject_id`` whom it concerns, ``txn`` what it belongs to (the correlation id).
    """

    name: str
    position: int
    at: datetime
    txn: UUID
    about: UUID
    subject_id: UUID | None
    facts: Mapping[str, str] = field(default_factory=dict)

    @property
    def order_key(self) -> UUID:
        """Signals of one key go out one after the other: the subject's id, or that of what has no subject."""
        return self.subject_id or self.about


@dataclass(frozen=True, slots=True)
class Letter:
    """One signal for one stream. ``letter_id`` grows in the order in which letters were put in; 0 before that.

    ``jti`` is the same however often it is sent. ``failing_since`` is when it failed first, ``error`` a code.
    """

    stream_id: UUID
    jti: UUID
    signal: Signal
    due_at: datetime
    letter_id: int = 0
    state: str = WAITING
    attempts: int = 0
    failing_since: datetime | None = None
    error: str = ""


@dataclass(frozen=True, slots=True)
class Settled:
    """How a letter stands after it was sent."""

    letter_id: int
    state: str
    attempts: int
    due_at: datetime
    failing_since: datetime | None
    error: str


class SignalOutbox(Protocol):
    """Letters of all streams, in order, and how far the store was read. All raise ``UnavailableError``."""

    def checkpoint(self) -> int | None:
        """Return the position up to which letters were made; None before ``begin``."""
        ...

    def begin(self, position: int) -> None:
        """Set the first checkpoint; no change where there is one."""
        ...

    def put(self, letters: Sequence[Letter], *, expected: int, position: int) -> bool:
        """Put letters in and move the checkpoint, in one transaction.

        Return False, with nothing changed, when the checkpoint is not ``expected``. A letter whose stream is gone, or
        whose ``jti`` its stream has already, is left out.
        """
        ...

    def add(self, letter: Letter) -> None:
        """Put one in that comes from no event of the store."""
        ...

    def heads(self, stream_id: UUID, *, now: datetime, limit: int, busy: Collection[UUID] = ()) -> list[Letter]:
        """Return the oldest waiting letter of each order key where that one is due, oldest first; none of ``busy``."""
        ...

    def settle(self, settled: Sequence[Settled], *, now: datetime) -> None:
        """Keep how letters stand after they were sent; only of those that still wait."""
        ...

    def answer(
        self, stream_id: UUID, *, acknowledged: Collection[UUID], refused: Mapping[UUID, str], now: datetime
    ) -> None:
        """Keep what a poller says of letters by ``jti``: taken, or refused with a code (a dead letter)."""
        ...

    def waiting(self, stream_id: UUID, name: str | None = None) -> int:
        """Return how many letters wait on a stream: all of them, or those of one signal's name."""
        ...

    def counts(self, stream_id: UUID) -> dict[str, int]:
        """Return how many letters of each state a stream has."""
        ...

    def dead(self, limit: int) -> list[Letter]:
        """Return dead letters, oldest first."""
        ...

    def replay(self, letter_id: int, *, now: datetime) -> bool:
        """Let a dead letter wait again, with its old ``jti``, as if it had never failed; False where it is not dead."""
        ...

    def drop(self, stream_id: UUID) -> int:
        """Forget what waits on a stream; return how many."""
        ...

    def bury(self, before: datetime, error: str, *, now: datetime) -> int:
        """Make dead what was waiting since before then; return how many."""
        ...

    def forget(self, *, delivered_before: datetime, dead_before: datetime) -> int:
        """Forget letters that came to their end before then; return how many."""
        ...
