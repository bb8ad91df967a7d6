"""The gallery that serves: active templates as unit vectors in memory, followed from the event store.

A hint, never the truth: whoever matches here is confirmed against the aggregates before a session opens.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from uuid import UUID

import numpy as np
from numpy.typing import NDArray

from application.following import Follower
from application.ports.event_store import EventStore, RecordedEvent
from application.ports.read_models import ReadModels
from application.ports.vault import TemplateVault, template_binding
from application.projections.rows import ACTIVE_TEMPLATES
from domain.biometrics import Candidate, Embedding, ModelId, Similarity
from domain.enrollment import ACTIVE, Enrollment
from domain.errors import KeyDestroyedError, NotFoundError, SealBrokenError, UnavailableError


@dataclass(frozen=True, slots=True)
class _Entry:
    subject_id: UUID
    enrollment_id: UUID
    template_id: UUID
    threshold_override: float | None


@dataclass(slots=True, eq=False)
class _Shelf:
    """One department: entries and their vectors (float32, shape (n, d)), row by row."""

    entries: list[_Entry] = field(default_factory=list)
    vectors: NDArray[np.float32] = field(default_factory=lambda: np.empty((0, 0), np.float32))

    def with_entry(self, entry: _Entry, vector: NDArray[np.float32]) -> _Shelf:
        rest = self.without(entry.enrollment_id)
        stacked = np.vstack([rest.vectors, vector[None]]) if rest.entries else vector[None].copy()
        return _Shelf([*rest.entries, entry], stacked)

    def without(self, enrollment_id: UUID) -> _Shelf:
        keep = [i for i, entry in enumerate(self.entries) if entry.enrollment_id != enrollment_id]
        return _Shelf([self.entries[i] for i in keep], self.vectors[keep])


class Gallery:
    """Implements ``TemplateIndex``. Readers take a shelf as it is; the one writer replaces shelves whole."""

    def __init__(
        self,
        store: EventStore,
        read_models: ReadModels,
        vault: TemplateVault,
        model: ModelId,
        on_fault: Callable[[Exception], None] = lambda _: None,
    ) -> None:
        """Serve templates of ``model`` only; ``on_fault`` hears of lost stores and of templates that do not open."""
        self._store = store
        self._read_models = read_models
        self._vault = vault
        self._model = model
        self._on_fault = on_fault
        self._shelves: dict[str, _Shelf] = {}
        self._position = 0
        self._follower = Follower("gallery", store, since=lambda: self._position, take=self._take_in, on_fault=on_fault)

    @property
    def position(self) -> int:
        """The store position taken in so far."""
        return self._position

    def load(self) -> None:
        """Take in the active templates and everything that happened since they were projected.

        Again: only what happened since, because the rows say nothing of templates that have gone.
        """
        if not self._position:
            position = self._read_models.checkpoint(ACTIVE_TEMPLATES.name)
            for row in self._read_models.rows("active_template_rows", {"active": True}):
                entry = _Entry(row["subject_id"], row["enrollment_id"], row["template_id"], row["threshold_override"])
                self._put(row["department"], entry, row["model"], row["sealed"])
            self._position = position
        while events := self._store.read(self._position):
            self._take_in(events)

    def start(self) -> None:
        """Load, then follow the store in a thread until ``stop``."""
        self.load()
        self._follower.start()

    def stop_soon(self) -> None:
        """Ask the thread to end, without waiting for it."""
        self._follower.stop_soon()

    def stop(self) -> None:
        """End the thread and overwrite every vector."""
        self._follower.stop()
        for shelf in self._shelves.values():
            shelf.vectors.fill(0.0)
        self._shelves = {}

    def search(self, department: str, probe: Embedding, limit: int = 5) -> list[Candidate]:
        """Return the nearest entries of that department, nearest first, at most one per subject."""
        shelf = self._shelves.get(department)
        return self._nearest([(department, shelf)] if shelf else [], probe, limit)

    def search_everywhere(self, probe: Embedding, limit: int = 5) -> list[Candidate]:
        """The same over all departments."""
        return self._nearest(list(self._shelves.items()), probe, limit)

    def size(self, department: str) -> int:
        """Number of entries of that department."""
        shelf = self._shelves.get(department)
        return len(shelf.entries) if shelf else 0

    def catch_up(self, position: int, timeout_s: float = 5.0) -> None:
        """Return once everything up to that store position is taken in. Raises ``UnavailableError``."""
        if not self._follower.running:
            self.load()
        elif not self._follower.wait_until(lambda: self._position >= position, timeout_s):
            raise UnavailableError("the gallery is behind the event store; try again")

    def _nearest(self, shelves: Sequence[tuple[str, _Shelf]], probe: Embedding, limit: int) -> list[Candidate]:
        if probe.model != self._model:
            raise ValueError("the probe is of another model than the gallery")
        best: dict[UUID, Candidate] = {}
        for department, shelf in shelves:
            scores = shelf.vectors @ probe.vector
            for i in np.argsort(-scores)[:limit]:
                entry, score = shelf.entries[i], float(scores[i])
                if entry.subject_id not in best or best[entry.subject_id].similarity < score:
                    best[entry.subject_id] = Candidate(
                        entry.subject_id,
                        entry.enrollment_id,
                        entry.template_id,
                        department,
                        Similarity(score),
                        entry.threshold_override,
                    )
        return sorted(best.values(), key=lambda candidate: -candidate.similarity)[:limit]

    def _take_in(self, events: list[RecordedEvent]) -> bool:
        for event in events:
            if event.aggregate == Enrollment.TOPIC:
                self._refresh(event.aggregate_id)
        if events:
            self._position = max(self._position, events[-1].position)
        return True

    def _refresh(self, enrollment_id: UUID) -> None:
        """Make the gallery agree with the aggregate, whatever happened to it."""
        try:
            enrollment = self._store.get(Enrollment, enrollment_id)
        except (NotFoundError, SealBrokenError) as error:
            self._on_fault(error)
            self._drop(enrollment_id)
            return
        if enrollment.status != ACTIVE or enrollment.template_id is None:
            self._drop(enrollment_id)
            return
        entry = _Entry(enrollment.subject_id, enrollment.id, enrollment.template_id, enrollment.threshold_override)
        self._drop(enrollment_id, besides=enrollment.department)
        self._put(enrollment.department, entry, enrollment.model, enrollment.sealed)

    def _drop(self, enrollment_id: UUID, *, besides: str | None = None) -> None:
        for department, shelf in list(self._shelves.items()):
            if department != besides and any(entry.enrollment_id == enrollment_id for entry in shelf.entries):
                self._shelves[department] = shelf.without(enrollment_id)

    def _put(self, department: str, entry: _Entry, model: str, sealed: str) -> None:
        if model != self._model:
            return
        binding = template_binding(entry.subject_id, entry.template_id, model)
        try:
            raw = self._vault.unseal(binding, sealed)
            vector = Embedding(self._model, np.frombuffer(raw, np.float32)).vector
        except (KeyDestroyedError, SealBrokenError, ValueError) as error:
            self._on_fault(error)
            self._drop(entry.enrollment_id)
            return
        self._shelves[department] = self._shelves.get(department, _Shelf()).with_entry(entry, vector)
