"""The gallery that serves: active templates as unit vectors in memory, followed from the event store.

A hint, never the truth: whoever matches here is confirmed against the aggregates before a session opens.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Final
from uuid import UUID

from adapters.memory.shelf import Entry, Shelf
from application.following import Follower
from application.ports.event_store import EventStore, RecordedEvent
from application.ports.protection import TemplateProtection
from application.ports.read_models import ReadModels
from application.ports.vault import TemplateVault
from application.projections.rows import ACTIVE_TEMPLATES
from application.templates import open_template
from domain.biometrics import Candidate, Embedding, ModelId, SealedTemplate, Similarity
from domain.enrollment import ACTIVE, Enrollment
from domain.errors import (
    KeyDestroyedError,
    NotFoundError,
    SealBrokenError,
    TransformUnknownError,
    UnavailableError,
)

Place = tuple[str, str, ModelId]
"""Department, transform, model: vectors of one place can be compared, and belong to one department."""
ERASURE_REQUESTED: Final = "erasure.requested.v1"
SEARCHES: Final = 5
"""Times that a search is made again when a template moved under it; a campaign moves one in some milliseconds."""


class Gallery:
    """Implements ``TemplateIndex``: transformed vectors only, in buffers that are wiped when they are let go of.

    One thread writes. A template that moves to another transform arrives there before it leaves the former one.
    """

    def __init__(
        self,
        store: EventStore,
        read_models: ReadModels,
        vault: TemplateVault,
        protection: TemplateProtection,
        models: Sequence[ModelId],
        on_fault: Callable[[Exception], None] = lambda _: None,
        on_broken: Callable[[UUID, UUID | None, str], None] = lambda *_: None,
    ) -> None:
        """Serve templates of those models only.

        ``on_fault`` hears of lost stores and of templates that do not open, ``on_broken`` of (enrolment, subject, code)
        where something was tampered with.
        """
        self._store = store
        self._read_models = read_models
        self._vault = vault
        self._protection = protection
        self._models = frozenset(models)
        self._on_fault = on_fault
        self._on_broken = on_broken
        self._shelves: dict[Place, Shelf] = {}
        self._position = 0
        self._moves = 0
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
                entry = Entry(row["subject_id"], row["enrollment_id"], row["template_id"], row["threshold_override"])
                model, transform = ModelId(row["model"]), row["transform"] or ""
                self._put(row["department"], entry, SealedTemplate(entry.template_id, model, row["sealed"], transform))
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
            shelf.wipe()
        self._shelves = {}

    def search(self, department: str, probe: Embedding, limit: int = 5) -> list[Candidate]:
        """Return the nearest entries of that department, nearest first, at most one per subject."""
        return self._nearest(department, probe, limit)

    def search_everywhere(self, probe: Embedding, limit: int = 5) -> list[Candidate]:
        """The same over all departments."""
        return self._nearest(None, probe, limit)

    def size(self, department: str) -> int:
        """Number of entries of that department."""
        return sum(len(shelf) for place, shelf in list(self._shelves.items()) if place[0] == department)

    def catch_up(self, position: int, timeout_s: float = 5.0) -> None:
        """Return once everything up to that store position is taken in. Raises ``UnavailableError``."""
        if not self._follower.running:
            self.load()
        elif not self._follower.wait_until(lambda: self._position >= position, timeout_s):
            raise UnavailableError("the gallery is behind the event store; try again")

    def _nearest(self, department: str | None, probe: Embedding, limit: int) -> list[Candidate]:
        if probe.model not in self._models:
            raise ValueError("the probe is of another model than the gallery")
        turned: dict[str, Embedding] = {}
        try:
            for _ in range(SEARCHES):
                moves = self._moves
                found = self._look(department, probe, limit, turned)
                if moves == self._moves:
                    break
            return found
        finally:
            for embedding in turned.values():
                embedding.wipe()

    def _look(
        self, department: str | None, probe: Embedding, limit: int, turned: dict[str, Embedding]
    ) -> list[Candidate]:
        """Search every shelf that counts; ``turned`` keeps the probe in each transform."""
        best: dict[UUID, Candidate] = {}
        for place, shelf in list(self._shelves.items()):
            if place[2] != probe.model or department not in {None, place[0]}:
                continue
            if place[1] not in turned:
                try:
                    turned[place[1]] = self._protection.protect(probe, place[1])
                except TransformUnknownError as error:
                    self._on_fault(error)
                    continue
            for entry, score in shelf.nearest(turned[place[1]].vector, limit):
                if entry.subject_id not in best or best[entry.subject_id].similarity < score:
                    best[entry.subject_id] = _candidate(entry, place[0], score)
        return sorted(best.values(), key=lambda candidate: -candidate.similarity)[:limit]

    def _take_in(self, events: list[RecordedEvent]) -> bool:
        # However many events an enrolment has in a batch, what it has come to is asked once.
        for enrollment_id in dict.fromkeys(e.aggregate_id for e in events if e.aggregate == Enrollment.TOPIC):
            self._refresh(enrollment_id)
        for event in events:
            if event.name == ERASURE_REQUESTED:
                self._forget(event.fields["subject_id"])
        if events:
            self._position = max(self._position, events[-1].position)
        return True

    def _refresh(self, enrollment_id: UUID) -> None:
        """Make the gallery agree with the aggregate, whatever happened to it."""
        try:
            enrollment = self._store.get(Enrollment, enrollment_id)
        except (NotFoundError, SealBrokenError) as error:
            self._on_fault(error)
            if isinstance(error, SealBrokenError):
                self._on_broken(enrollment_id, None, error.code)
            self._drop(enrollment_id)
            return
        template = enrollment.template
        if enrollment.status != ACTIVE or template is None:
            self._drop(enrollment_id)
            return
        entry = Entry(enrollment.subject_id, enrollment.id, template.template_id, enrollment.threshold_override)
        self._put(enrollment.department, entry, template)

    def _forget(self, subject_id: UUID) -> None:
        """Let go of a person, also where the enrolment was tampered with and cannot tell that it is erased."""
        for enrollment_id in [found for shelf in list(self._shelves.values()) for found in shelf.of(subject_id)]:
            self._drop(enrollment_id)

    def _drop(self, enrollment_id: UUID, *, besides: Place | None = None) -> None:
        for place, shelf in list(self._shelves.items()):
            if place != besides:
                shelf.drop(enrollment_id)
                if not len(shelf):
                    # A new shelf takes its place when somebody comes: an empty transform costs no search.
                    self._shelves.pop(place).wipe()

    def _put(self, department: str, entry: Entry, template: SealedTemplate) -> None:
        if template.model not in self._models:
            self._drop(entry.enrollment_id)
            return
        try:
            vector = self._opened(entry, template)
        except (KeyDestroyedError, SealBrokenError, TransformUnknownError) as error:
            self._on_fault(error)
            if isinstance(error, SealBrokenError):
                self._on_broken(entry.enrollment_id, entry.subject_id, error.code)
            self._drop(entry.enrollment_id)
            return
        place = (department, vector.transform, template.model)
        if place not in self._shelves:
            self._shelves[place] = Shelf(len(vector.vector))
        self._shelves[place].put(entry, vector.vector)
        vector.wipe()
        # In its new place before it leaves the former one, and counted: a search that saw neither is made again.
        self._moves += 1
        self._drop(entry.enrollment_id, besides=place)

    def _opened(self, entry: Entry, template: SealedTemplate) -> Embedding:
        """Return the vector to keep: transformed, also where the template is older than transforms."""
        opened = open_template(self._vault, entry.subject_id, template)
        if opened.transform:
            # Whether it can be searched: a transform that is gone would fail every search instead.
            self._protection.check(opened.transform)
            return opened
        try:
            return self._protection.protect(opened, self._protection.active())
        finally:
            opened.wipe()


def _candidate(entry: Entry, department: str, score: float) -> Candidate:
    return Candidate(
        entry.subject_id,
        entry.enrollment_id,
        entry.template_id,
        department,
        Similarity(score),
        entry.threshold_override,
    )
