"""The log over the memory event store: the same leaves, tails and refusals."""

from __future__ import annotations

from collections import defaultdict
from contextlib import contextmanager
from datetime import UTC, datetime
from threading import RLock
from typing import TYPE_CHECKING
from uuid import UUID

from adapters.eventstore.log import TailKeeper, frontier_of
from adapters.eventstore.mapper import Opener
from application.ports.event_log import Evidence, Leaf, StoredRow
from domain.errors import ConcurrencyError, NotFoundError
from domain.merkle import Frontier

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Mapping, Sequence

    from application.ports.event_log import Tail


class MemoryEventLog:
    """``application.ports.event_log.EventLog`` and its ``LogReading`` in one; the store appends."""

    def __init__(self, store_key: bytes, rows: Callable[[], Sequence[StoredRow]]) -> None:
        """Log what ``rows`` returns: all rows of the store, in order."""
        self._tails = TailKeeper(store_key)
        self._opener = Opener(store_key)
        self._all = rows
        self._lock = RLock()
        self.leaves_kept: list[Leaf] = []
        self.nodes: dict[int, dict[int, bytes]] = defaultdict(dict)
        self.tail_kept: bytes | None = None
        self.checkpoints_kept: dict[int, bytes] = {}
        self._evidence: dict[tuple[int, str], Evidence] = {}

    def append(self, rows: Sequence[StoredRow]) -> None:
        """Add leaves for rows that were just stored."""
        with self._lock:
            tail = self.tail() or TailKeeper.begin(datetime.now(UTC), Frontier(), 0)
            if not tail.sound or len(self.leaves_kept) != tail.size:
                tail = TailKeeper.mended(tail, *frontier_of([self.leaves_kept]))
            growth = TailKeeper.grow(tail, rows)
            self.leaves_kept.extend(growth.leaves)
            for level, index, root in growth.nodes:
                self.nodes[level].setdefault(index, root)
            self.tail_kept = self._tails.sealed(growth.tail)

    @contextmanager
    def reading(self, *, briefly: bool = False) -> Iterator[MemoryEventLog]:  # noqa: ARG002 - the port's
        """Look at everything; nobody writes meanwhile."""
        with self._lock:
            yield self

    def tail(self) -> Tail | None:
        """Return the tail. See the port."""
        return None if self.tail_kept is None else self._tails.opened(self.tail_kept)

    def newest(self) -> tuple[int, int]:
        """Return (position of the newest event, index of the newest leaf). See the port."""
        rows = self._all()
        return (rows[-1].position if rows else 0), (self.leaves_kept[-1].index if self.leaves_kept else -1)

    def leaves(self, first: int, count: int) -> Sequence[Leaf]:
        """Return leaves in order. See the port."""
        return [leaf for leaf in self.leaves_kept if leaf.index >= first][:count]

    def rows(self, after: int, until: int | None, limit: int) -> Sequence[StoredRow]:
        """Return rows in order. See the port."""
        return [row for row in self._all() if row.position > after and (until is None or row.position <= until)][:limit]

    def opens(self, row: StoredRow) -> bool:
        """Say whether the row opens. See the port."""
        return self._opener.opens(row.stream, row.version, row.topic, row.state)

    def hashes(self, level: int, start: int, stop: int) -> Sequence[bytes]:
        """Return kept hashes. See the port."""
        if level == 0:
            return [leaf.hash for leaf in self.leaves_kept if start <= leaf.index < stop]
        return [root for index, root in sorted(self.nodes[level].items()) if start <= index < stop]

    def broken_streams(self, limit: int) -> Sequence[tuple[UUID, int, int]]:
        """Return streams with gaps. See the port."""
        versions: dict[bytes, list[int]] = defaultdict(list)
        for row in self._all():
            versions[row.stream].append(row.version)
        broken = [
            (UUID(bytes=stream), len(found), max(found))
            for stream, found in versions.items()
            if len(found) != max(found) or min(found) != 1
        ]
        return broken[:limit]

    def checkpoints(self, after: int, limit: int) -> Sequence[tuple[int, bytes]]:
        """Return checkpoints in order. See the port."""
        return [item for item in sorted(self.checkpoints_kept.items()) if item[0] > after][:limit]

    def newest_checkpoint(self) -> tuple[int, bytes] | None:
        """Return the newest checkpoint. See the port."""
        return max(self.checkpoints_kept.items(), default=None)

    def checkpoint(self, number: int) -> bytes:
        """Return one. See the port."""
        if number not in self.checkpoints_kept:
            raise NotFoundError("there is no such checkpoint")
        return self.checkpoints_kept[number]

    def keep_checkpoint(self, number: int, size: int, at: datetime, envelope: bytes) -> None:  # noqa: ARG002 - the port's
        """Add one. See the port."""
        with self._lock:
            if number in self.checkpoints_kept:
                raise ConcurrencyError("somebody else changed the same thing first")
            self.checkpoints_kept[number] = envelope

    def note_evidence(self, evidence: Evidence) -> None:
        """Keep what came of an anchor. See the port."""
        with self._lock:
            known = self._evidence.get((evidence.number, evidence.anchor))
            if known is None or not known.proof:
                self._evidence[evidence.number, evidence.anchor] = evidence

    def evidence(self, after: int = 0) -> Sequence[Evidence]:
        """Return what anchors said. See the port."""
        return [found for (number, _), found in sorted(self._evidence.items()) if number > after]


class MemoryLogMemory:
    """``application.ports.event_log.LogMemory`` that a process keeps for itself."""

    def __init__(self) -> None:
        """Know nothing yet."""
        self._known: Mapping[str, object] = {}

    def recall(self) -> Mapping[str, object]:
        """Return what was remembered last."""
        return dict(self._known)

    def remember(self, known: Mapping[str, object]) -> None:
        """Replace it."""
        self._known = dict(known)
