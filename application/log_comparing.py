"""Events against leaves, one after the other, in constant memory."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from operator import lt
from typing import Generic, TypeVar
from uuid import UUID

from application.ports.event_log import Leaf, LogReading, StoredRow
from application.verification_result import (
    CHANGED,
    CHECKPOINT_MISMATCH,
    CLOSED,
    INSERTED,
    LOG_CHANGED,
    LOG_REBUILT,
    MOST_FAULTS,
    REMOVED,
    REORDERED,
    TAIL_CUT,
    Fault,
    Faults,
)
from domain.log_entry import leaf_of, leaves_of
from domain.merkle import TILE_LEVELS, Frontier

BATCH = 5_000
MOST_MISSING = 1_000_000
MOST_MATCHED = 300
"""Strange rows and orphaned leaves that are tried against each other, to tell a moved event from a new one."""

T = TypeVar("T")
Roots = dict[int, list[tuple[int, bytes]]]
Progress = Callable[[int, int], None]


class Comparison:
    """Walks through the log from a frontier on. ``run`` once."""

    def __init__(self, reading: LogReading, begin: Frontier, after: int, roots: Roots, faults: Faults) -> None:
        """Go on from ``begin``, whose last event is at ``after``; ``roots`` are those to be met, by size."""
        self._reading = reading
        self.frontier = begin
        self._roots = roots
        self._faults = faults
        self._nodes: list[tuple[int, int, bytes]] = []
        self._newest, _ = reading.newest()
        self._rows = _Ahead[StoredRow](lambda last: reading.rows(last.position if last else after, None, BATCH))
        size = begin.size
        self._leaves = _Ahead[Leaf](lambda last: reading.leaves(last.index + 1 if last else size, BATCH))
        self._before = after
        self._checked = begin.size
        self._singly = 0
        self._stops: list[int] = []
        self._strange: list[StoredRow] = []
        self._orphans: list[Leaf] = []
        self.events = 0

    def run(self, size: int | None, progress: Progress) -> Frontier | None:
        """Compare everything; return the tree at ``size`` leaves, where the log gets that far."""
        at_size = self.frontier.copy() if self.frontier.size == size else None
        self._stops = sorted({*self._roots, *([] if size is None else [size])})
        self._meet()
        while leaf := self._leaves.first():
            if not self._alike() and not self._one(self._leaves.taken()):
                break
            size_now = self.frontier.size
            if size_now == size:
                at_size = self.frontier.copy()
            if size_now in self._roots:
                self._meet()
            if size_now >= self._checked + BATCH:
                self._check_nodes()
                progress(leaf.position, self._newest)
        self._check_nodes()
        while self._rows.first():
            self._insert(self._rows.taken())
        self._tell_moved()
        progress(self._newest, self._newest)
        return at_size

    def _alike(self) -> bool:
        """Take rows and leaves that lie ready, all at once, where nothing is wrong with any of them; else none.

        Up to the next size at which something is to be met.
        """
        size = self.frontier.size
        row = self._rows.first()
        if row is None or size < self._singly:
            return False
        stop = next((stop for stop in self._stops if stop > size), size + BATCH)
        count = min(stop - size, self._rows.ready, self._leaves.ready)
        rows, leaves = self._rows.ahead(count), self._leaves.ahead(count)
        hashes, positions = [leaf.hash for leaf in leaves], [row.position for row in rows]
        try:
            alike = (
                positions == [leaf.position for leaf in leaves]
                and positions[0] > self._before
                and all(map(lt, positions, positions[1:]))
                and [leaf.index for leaf in leaves] == list(range(size, size + count))
                and hashes == leaves_of(rows)
                and all(map(self._reading.opens, rows))
            )
        except ValueError:
            alike = False
        if not alike:
            self._singly = size + count  # something is: look at each of them, and say what
            return False
        self.frontier.extend(hashes, self._keep)
        self.events += count
        self._before = positions[-1]
        self._rows.skip(count)
        self._leaves.skip(count)
        return True

    def _one(self, leaf: Leaf) -> bool:
        """Compare one leaf with what stands at its place; False where nothing behind it can be compared."""
        if not self._grow(leaf):
            return False
        if leaf.position <= self._before:
            self._fault(LOG_CHANGED, "a leaf is out of order", leaf=leaf.index, position=leaf.position)
            return True
        self._before = leaf.position
        while (row := self._rows.first()) and row.position < leaf.position:
            self._insert(self._rows.taken())
        if row is not None and row.position == leaf.position:
            self._compare(self._rows.taken(), leaf)
        else:
            self._orphans.append(leaf)
            self._tell_many()
        return True

    def _grow(self, leaf: Leaf) -> bool:
        missing = leaf.index - self.frontier.size
        if missing:
            text = f"{missing} leaves are missing"
            self._fault(LOG_CHANGED, text, leaf=self.frontier.size, until_leaf=leaf.index)
            if missing > MOST_MISSING or missing < 0:
                return False
            for _ in range(missing):
                self.frontier.append(bytes(32))
        self.frontier.append(leaf.hash, self._keep)
        return True

    def _keep(self, level: int, index: int, root: bytes) -> None:
        self._nodes.append((level, index, root))

    def _check_nodes(self) -> None:
        """Compare subtrees with the kept ones: where a log was rebuilt in part, this says where."""
        for level in sorted({level for level, _, _ in self._nodes}):
            ours = [(index, root) for at, index, root in self._nodes if at == level]
            kept = self._reading.hashes(level, ours[0][0], ours[-1][0] + 1)
            if len(kept) != len(ours):
                first, last = ours[0][0] << level, (ours[-1][0] + 1) << level
                self._fault(LOG_CHANGED, "kept hashes of the log are missing", leaf=first, until_leaf=last)
                continue
            for (index, root), theirs in zip(ours, kept, strict=True):
                if root != theirs and level == TILE_LEVELS:
                    first = index << level
                    self._fault(
                        LOG_CHANGED, "leaves and kept hashes differ", leaf=first, until_leaf=first + (1 << level)
                    )
        self._nodes.clear()
        self._checked = self.frontier.size

    def _meet(self) -> None:
        for number, root in self._roots.pop(self.frontier.size, ()):
            if root != self.frontier.root:
                self._faults.add(
                    Fault(
                        CHECKPOINT_MISMATCH,
                        f"the log up to leaf {self.frontier.size} is not the one that checkpoint {number} signed",
                        checkpoint=number,
                        leaf=0,
                        until_leaf=self.frontier.size,
                    )
                )

    def _compare(self, row: StoredRow, leaf: Leaf) -> None:
        self.events += 1
        if leaf_of(*row) != leaf.hash:
            self._strange.append(row)
            self._orphans.append(leaf)
            self._tell_many()
        elif not self._reading.opens(row):
            self._faults.add(_of(row, CLOSED, "the log fits, but this service never sealed this row"))

    def _insert(self, row: StoredRow) -> None:
        self.events += 1
        self._strange.append(row)
        self._tell_many()

    def _tell_many(self) -> None:
        if max(len(self._strange), len(self._orphans)) > MOST_MATCHED:
            self._tell_moved()
            self._strange.clear()
            self._orphans.clear()

    def _tell_moved(self) -> None:
        """Tell events that stand in another place from those that are new, changed or gone."""
        orphans = {leaf.position: leaf for leaf in self._orphans}
        found: dict[int, StoredRow] = {}
        # Where everything is wrong, nobody reads what was where; trying it all would take hours.
        for row in self._strange if self._faults.count < MOST_FAULTS else ():
            for position, leaf in orphans.items():
                if position not in found and position != row.position and leaf_of(position, *row[1:]) == leaf.hash:
                    found[position] = row
                    self._faults.add(_of(row, REORDERED, f"this event was logged at position {position}"))
                    break
        moved = {row.position for row in found.values()}
        strange = {row.position for row in self._strange}
        for row in self._strange:
            if row.position not in moved:
                self._strange_fault(row, CHANGED if row.position in orphans else INSERTED)
        for position, leaf in orphans.items():
            if position not in found and position not in strange:
                self._remove(leaf)

    def _strange_fault(self, row: StoredRow, kind: str) -> None:
        closed = not self._reading.opens(row)
        detail = "it is not what was logged" if kind == CHANGED else "it was never logged"
        self._faults.add(_of(row, kind, f"{detail}, and does not open" if closed else detail))

    def _remove(self, leaf: Leaf) -> None:
        if leaf.position > self._newest:
            detail, kind = "the last events are gone", TAIL_CUT
        else:
            detail, kind = "an event that was logged is gone", REMOVED
        self._fault(kind, detail, leaf=leaf.index, position=leaf.position)

    def _fault(
        self, kind: str, detail: str, *, leaf: int, position: int | None = None, until_leaf: int | None = None
    ) -> None:
        self._faults.add(Fault(kind, detail, position=position, leaf=leaf, until_leaf=until_leaf))


class _Ahead(Generic[T]):
    """What is read in batches, looked at before it is taken."""

    def __init__(self, read: Callable[[T | None], Sequence[T]]) -> None:
        """``read`` gives what comes after that one; nothing at the end."""
        self._read = read
        self._batch: Sequence[T] = ()
        self._at = 0
        self._last: T | None = None
        self._over = False

    @property
    def ready(self) -> int:
        """How many can be had without reading."""
        return len(self._batch) - self._at

    def first(self) -> T | None:
        """Return the next one and leave it; None at the end."""
        if not self.ready and not self._over:
            self._batch, self._at = self._read(self._last), 0
            self._over = not self._batch
            self._last = self._batch[-1] if self._batch else None
        return self._batch[self._at] if self.ready else None

    def taken(self) -> T:
        """Return the next one, which ``first`` has shown."""
        self._at += 1
        return self._batch[self._at - 1]

    def ahead(self, count: int) -> Sequence[T]:
        """Return the next ones of those that are ready, and leave them."""
        return self._batch[self._at : self._at + count]

    def skip(self, count: int) -> None:
        """Take those."""
        self._at += count


def compare_tail(walked: Frontier | None, tail: Frontier, total: int) -> Iterator[Fault]:
    """Yield where the leaves are not those that the tail stands for, as narrowly as the tail can tell."""
    if walked is None:
        detail = f"the tail stands for {tail.size} leaves, there are {total}"
        yield Fault(LOG_REBUILT, detail, leaf=min(total, tail.size), until_leaf=max(total, tail.size))
        return
    if total > tail.size:
        yield Fault(LOG_CHANGED, "there are leaves behind the tail", leaf=tail.size, until_leaf=total)
    for (first, last, ours), (_, _, theirs) in zip(walked.ranges(), tail.ranges(), strict=True):
        if ours != theirs:
            yield Fault(LOG_REBUILT, "the leaves are not those that were written", leaf=first, until_leaf=last)


def _of(row: StoredRow, kind: str, detail: str) -> Fault:
    return Fault(kind, detail, position=row.position, stream=str(UUID(bytes=row.stream)), version=row.version)
