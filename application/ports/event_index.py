"""Where to look in history before anything is opened."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, NamedTuple, Protocol

if TYPE_CHECKING:
    from datetime import datetime
    from uuid import UUID


@dataclass(frozen=True, slots=True)
class Wanted:
    """Which events. What is None does not matter.

    ``subject_id``: on streams that are, or were, that person's, and about nobody else. ``attempt_id``: of the attempt,
    and what it caused. ``department``: what a department may see: events of streams that were its by then, the move
    away included, and the consents of whoever it ever had. ``outcome``: an outcome or a code. ``event``: a pinned
    topic, with or without its version, or an aggregate. ``since``, ``until``: recorded time, both ends included; an
    event that has no time that can be read is never left out by them. ``after``, ``before``: positions, neither end
    included.
    """

    subject_id: UUID | None = None
    attempt_id: UUID | None = None
    department: str | None = None
    actor: str | None = None
    outcome: str | None = None
    event: str | None = None
    since: datetime | None = None
    until: datetime | None = None
    after: int = 0
    before: int | None = None


class IndexedEvent(NamedTuple):
    """One line of the index. ``topic`` and ``size`` (bytes) are those of a row that cannot be read, else None."""

    position: int
    at: datetime | None
    name: str
    topic: str | None
    size: int | None
    aggregate: str
    stream_id: UUID
    version: int
    subject_id: UUID | None
    department: str | None
    cause_id: UUID | None
    actor: str | None
    channel: str | None
    outcome: str | None
    code: str | None

    @property
    def label(self) -> str:
        """The pinned topic, even of a row that cannot be read."""
        return self.topic or self.name


@dataclass(frozen=True, slots=True)
class Cut:
    """The history as of a moment: all events up to ``position``, in the order in which they were committed.

    Of all such beginnings it is the one that recorded times contradict least: ``later`` of its events are recorded
    after the moment, ``earlier`` of the others before it. Both are 0 unless a clock jumped. ``first`` and ``last`` are
    the earliest and latest recorded times of the whole history.
    """

    position: int
    later: int
    earlier: int
    first: datetime | None
    last: datetime | None


class EventIndex(Protocol):
    """The index, as far as its projection has come. Raises ``UnavailableError``."""

    def find(self, wanted: Wanted, *, limit: int, newest_first: bool = False) -> list[IndexedEvent]:
        """Return up to ``limit`` lines in order of position, or the newest ones in the opposite order."""
        ...

    def cut(self, moment: datetime) -> Cut:
        """Return where the history as of that moment ends."""
        ...
