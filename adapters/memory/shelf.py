"""One department's vectors of one transform, in one buffer that this object owns and wipes."""

from __future__ import annotations

from dataclasses import dataclass, field
from threading import Lock
from typing import TYPE_CHECKING, Final
from uuid import UUID

import numpy as np

if TYPE_CHECKING:
    from numpy.typing import NDArray

FIRST_CAPACITY: Final = 16


@dataclass(frozen=True, slots=True)
class Entry:
    """Whose vector a row is."""

    subject_id: UUID
    enrollment_id: UUID
    template_id: UUID
    threshold_override: float | None


@dataclass(slots=True, eq=False)
class Shelf:
    """Entries and their unit vectors (float32, one row each). Every row that is not in use is zero.

    A lock keeps searches and changes apart: nobody sees half a row, and nothing is wiped under a search.
    """

    dimension: int
    _entries: list[Entry] = field(default_factory=list)
    _buffer: NDArray[np.float32] = field(init=False, repr=False)
    _lock: Lock = field(default_factory=Lock, repr=False)

    def __post_init__(self) -> None:
        """Own a first buffer."""
        self._buffer = np.zeros((FIRST_CAPACITY, self.dimension), np.float32)

    def __len__(self) -> int:
        """Return the number of entries."""
        return len(self._entries)

    def holds(self, enrollment_id: UUID) -> bool:
        """Say whether that enrolment has a row here."""
        with self._lock:
            return self._place(enrollment_id) is not None

    def of(self, subject_id: UUID) -> list[UUID]:
        """Return the enrolments of that subject with a row here."""
        with self._lock:
            return [entry.enrollment_id for entry in self._entries if entry.subject_id == subject_id]

    def put(self, entry: Entry, vector: NDArray[np.float32]) -> None:
        """Copy a vector in, over the one that the enrolment had here."""
        with self._lock:
            place = self._place(entry.enrollment_id)
            if place is None:
                place = len(self._entries)
                self._make_room(place)
                self._entries.append(entry)
            self._entries[place] = entry
            self._buffer[place] = vector

    def drop(self, enrollment_id: UUID) -> None:
        """Let the last row take the place of that enrolment's, and overwrite what it leaves. None there: no error."""
        with self._lock:
            place = self._place(enrollment_id)
            if place is None:
                return
            last = len(self._entries) - 1
            self._entries[place] = self._entries[last]
            self._buffer[place] = self._buffer[last]
            self._buffer[last] = 0.0
            self._entries.pop()

    def nearest(self, probe: NDArray[np.float32], limit: int) -> list[tuple[Entry, float]]:
        """Return the ``limit`` nearest entries with their similarity, nearest first."""
        with self._lock:
            scores = self._buffer[: len(self._entries)] @ probe
            return [(self._entries[i], float(scores[i])) for i in np.argsort(-scores)[:limit]]

    def wipe(self) -> None:
        """Overwrite everything."""
        with self._lock:
            self._entries.clear()
            self._buffer.fill(0.0)

    def _place(self, enrollment_id: UUID) -> int | None:
        return next((i for i, entry in enumerate(self._entries) if entry.enrollment_id == enrollment_id), None)

    def _make_room(self, place: int) -> None:
        if place < len(self._buffer):
            return
        grown = np.zeros((2 * len(self._buffer), self.dimension), np.float32)
        grown[:place] = self._buffer
        self._buffer.fill(0.0)
        self._buffer = grown
