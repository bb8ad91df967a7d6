"""The Merkle log over the stored events, as those see it who check it."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, NamedTuple, Protocol

from domain.merkle import Frontier

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence
    from contextlib import AbstractContextManager
    from datetime import datetime
    from uuid import UUID


class StoredRow(NamedTuple):
    """A row of the event table as it stands there; ``stream`` are the 16 bytes of its id."""

    position: int
    stream: bytes
    version: int
    topic: str
    state: bytes


class Leaf(NamedTuple):
    """What the log holds at one place."""

    index: int  # type: ignore[assignment]  # a tuple's method that nobody needs here
    position: int
    hash: bytes


@dataclass(frozen=True, slots=True)
class Tail:
    """How far the log goes.

    ``begun_size`` leaves were made of events that had been there before there was a log. ``suspect_since`` is the size
    at which the log was found changed by somebody else when it was next written to; None where it never was. ``sound``
    says whether the service itself wrote this: the row carries a keyed digest.
    """

    size: int
    hashes: tuple[bytes, ...]
    last_position: int
    begun_at: datetime
    begun_size: int
    suspect_since: int | None
    sound: bool = True

    def frontier(self) -> Frontier:
        """Return the tree to compare with. Raises ``ValueError`` where the row does not hold one."""
        return Frontier(self.size, self.hashes)


@dataclass(frozen=True, slots=True)
class Evidence:
    """What came of handing a checkpoint to one anchor; ``proof`` is empty as long as it failed with ``error``."""

    number: int
    anchor: str
    at: datetime
    proof: bytes
    error: str
    attempts: int


class LogReading(Protocol):
    """One consistent look at events and log: everything is as of one moment, whatever is written meanwhile."""

    def tail(self) -> Tail | None:
        """Return the tail; None where no log has begun."""
        ...

    def newest(self) -> tuple[int, int]:
        """Return (position of the newest event, index of the newest leaf): 0 and -1 for none."""
        ...

    def leaves(self, first: int, count: int) -> Sequence[Leaf]:
        """Return up to ``count`` leaves from that index on, in order."""
        ...

    def rows(self, after: int, until: int | None, limit: int) -> Sequence[StoredRow]:
        """Return up to ``limit`` rows with after < position <= until, in order; None: to the end."""
        ...

    def opens(self, row: StoredRow) -> bool:
        """Say whether the row was sealed by this service for just this stream, version and topic."""
        ...

    def hashes(self, level: int, start: int, stop: int) -> Sequence[bytes]:
        """Return the kept hashes of a level (0: leaves; 8, 16 ...: complete subtrees), those that are there."""
        ...

    def broken_streams(self, limit: int) -> Sequence[tuple[UUID, int, int]]:
        """Return (stream, how many events, newest version) of streams whose versions are not 1, 2, 3 ..."""
        ...

    def checkpoints(self, after: int, limit: int) -> Sequence[tuple[int, bytes]]:
        """Return (number, signed envelope) of checkpoints with a higher number, in order."""
        ...


class EventLog(Protocol):
    """The log. Leaves are written by the event store, in the transaction of their events."""

    def reading(self, *, briefly: bool = False) -> AbstractContextManager[LogReading]:
        """Look at everything as of now; ``briefly`` (seconds, not minutes) costs less. Raises ``UnavailableError``."""
        ...

    def newest_checkpoint(self) -> tuple[int, bytes] | None:
        """Return (number, signed envelope) of the newest checkpoint."""
        ...

    def checkpoint(self, number: int) -> bytes:
        """Return one. Raises ``NotFoundError``."""
        ...

    def keep_checkpoint(self, number: int, size: int, at: datetime, envelope: bytes) -> None:
        """Add one; the numbers are 1, 2, 3 ... Raises ``ConcurrencyError`` where the number is taken."""
        ...

    def note_evidence(self, evidence: Evidence) -> None:
        """Keep what came of an anchor; a proof that is there already stays."""
        ...

    def evidence(self, after: int = 0) -> Sequence[Evidence]:
        """Return what anchors said of checkpoints with a higher number, in order."""
        ...


class LogMemory(Protocol):
    """What is remembered of the log outside the database, where nobody who only has the database can change it."""

    def recall(self) -> Mapping[str, object]:
        """Return what was remembered last; empty at first. Raises ``KeyRingDamagedError`` where that was changed."""
        ...

    def remember(self, known: Mapping[str, object]) -> None:
        """Replace it (plain JSON values). Raises ``UnavailableError``."""
        ...
