"""What the gallery promises, over either store."""

from __future__ import annotations

import itertools
from dataclasses import dataclass, field
from typing import TYPE_CHECKING
from uuid import UUID

import numpy as np
import pytest

from adapters.memory.clock import FixedClock
from adapters.memory.event_store import MemoryEventStore
from adapters.memory.gallery import Gallery
from adapters.memory.keys import MemoryKeys
from adapters.memory.protection import MemoryProtection
from adapters.memory.read_models import MemoryReadModels
from adapters.memory.vault import MemoryVault
from adapters.postgres.read_models import PostgresReadModels
from adapters.postgres.store import PostgresEventStore
from application.ports.vault import subject_owner
from application.projecting import Projector
from application.projections.changes import Amend
from application.projections.rows import ACTIVE_TEMPLATES
from application.templates import seal_template
from domain.act import Act
from domain.biometrics import Embedding, ModelId
from domain.enrollment import Enrollment
from domain.errors import SealBrokenError, UnavailableError
from entrypoints.bootstrap import AGGREGATES, VALUES
from tests.contract.stores import KEY, NOW

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from application.ports.read_models import ReadModels
    from tests.contract.stores import Store

MODEL = ModelId("memory/4")
ACT = Act("token:admin", "http", NOW, UUID(int=1))
EAST, NORTH, NORTH_EAST, WEST = (1, 0, 0, 0), (0, 1, 0, 0), (1, 1, 0, 0), (-1, 0, 0, 0)

Direction = tuple[float, ...]


def towards(direction: Direction, model: ModelId = MODEL) -> Embedding:
    vector = np.array(direction, np.float32)
    return Embedding(model, vector / np.linalg.norm(vector))


@dataclass
class Ground:
    """A store, read models and a vault, and galleries over them."""

    store: Store
    read_models: ReadModels
    keys: MemoryKeys = field(default_factory=lambda: MemoryKeys(FixedClock()))
    vault: MemoryVault = field(init=False)
    protection: MemoryProtection = field(init=False)
    faults: list[Exception] = field(default_factory=list)
    galleries: list[Gallery] = field(default_factory=list)
    numbers: Iterator[int] = field(default_factory=lambda: itertools.count(1000))

    def __post_init__(self) -> None:
        self.vault, self.protection = MemoryVault(self.keys), MemoryProtection(self.keys)

    def gallery(self) -> Gallery:
        gallery = Gallery(
            self.store, self.read_models, self.vault, self.protection, [MODEL], on_fault=self.faults.append
        )
        self.galleries.append(gallery)
        return gallery

    def serve(self, subject: int, direction: Direction, department: str = "icu", model: ModelId = MODEL) -> Enrollment:
        """An active enrolment of that subject, saved."""
        subject_id, template_id = UUID(int=subject), UUID(int=next(self.numbers))
        self.vault.create_key(subject_owner(subject_id))
        enrollment = Enrollment.open(
            UUID(int=next(self.numbers)),
            subject_id=subject_id,
            department=department,
            user_id_sealed="s1",
            username_sealed="s2",
            display_name_sealed="s3",
            act=ACT,
        )
        for _ in range(3):
            enrollment.accept_capture(quality=0.9, pad=0.9, act=ACT)
        face = self.protection.protect(towards(direction, model), self.protection.active())
        enrollment.seal_template(seal_template(self.vault, subject_id, template_id, face), used=3, act=ACT)
        enrollment.activate(act=ACT)
        self.store.save(enrollment)
        return enrollment

    def change(self, enrollment: Enrollment, command: Callable[[Enrollment], None]) -> int:
        command(enrollment)
        return self.store.save(enrollment)

    def project(self) -> None:
        Projector(self.store, self.read_models).catch_up()

    def paste(self, sealed: str, *, into: Enrollment) -> None:
        """What somebody with write access to the read model could do."""
        at = self.read_models.checkpoint(ACTIVE_TEMPLATES.name)
        change = Amend("active_template_rows", {"enrollment_id": into.id}, {"sealed": sealed})
        assert self.read_models.apply(ACTIVE_TEMPLATES.name, [change], expected=at, position=at)


@pytest.fixture(params=["memory", pytest.param("postgres", marks=pytest.mark.database)])
def ground(request: pytest.FixtureRequest) -> Iterator[Ground]:
    if request.param == "memory":
        store: Store = MemoryEventStore(store_key=KEY, aggregates=AGGREGATES, values=VALUES)
        ground = Ground(store, MemoryReadModels())
    else:
        database = request.getfixturevalue("database")
        store = PostgresEventStore(database, store_key=KEY, aggregates=AGGREGATES, values=VALUES)
        ground = Ground(store, PostgresReadModels(database))
    yield ground
    for gallery in ground.galleries:
        gallery.stop()


def found(gallery: Gallery, probe: Direction, department: str = "icu", limit: int = 5) -> list[int]:
    return [c.subject_id.int for c in gallery.search(department, towards(probe), limit)]


def suspend(enrollment: Enrollment) -> None:
    enrollment.suspend(reason="leave", act=ACT)


def reinstate(enrollment: Enrollment) -> None:
    enrollment.reinstate(act=ACT)


def revoke(enrollment: Enrollment) -> None:
    enrollment.revoke(reason="left", act=ACT)


def test_an_empty_gallery_finds_nobody(ground: Ground) -> None:
    gallery = ground.gallery()
    gallery.load()

    assert (found(gallery, EAST), gallery.size("icu")) == ([], 0)
    assert gallery.search_everywhere(towards(EAST)) == []


def test_the_nearest_come_first_with_their_similarity(ground: Ground) -> None:
    for subject, direction in enumerate((NORTH, WEST, EAST, NORTH_EAST), start=1):
        ground.serve(subject, direction)
    gallery = ground.gallery()
    gallery.load()

    nearest = gallery.search("icu", towards(EAST))

    assert [candidate.subject_id.int for candidate in nearest] == [3, 4, 1, 2]
    assert [candidate.similarity for candidate in nearest] == pytest.approx([1.0, 0.5**0.5, 0.0, -1.0], abs=1e-6)
    assert found(gallery, EAST, limit=2) == [3, 4]


def test_a_candidate_says_which_template_of_which_enrolment_it_is(ground: Ground) -> None:
    enrollment = ground.serve(1, EAST)
    gallery = ground.gallery()
    gallery.load()

    (candidate,) = gallery.search("icu", towards(EAST))

    assert (candidate.enrollment_id, candidate.template_id) == (enrollment.id, enrollment.template_id)
    assert (candidate.department, candidate.threshold_override) == ("icu", None)


@pytest.mark.parametrize("departments", [("icu", "laboratory"), ("laboratory", "icu")])
def test_a_subject_is_found_once_by_its_nearest_template(ground: Ground, departments: tuple[str, str]) -> None:
    first, second = departments
    nearest = ground.serve(1, EAST, first)
    ground.serve(1, NORTH, second)
    ground.serve(2, WEST)
    gallery = ground.gallery()
    gallery.load()

    candidates = gallery.search_everywhere(towards(EAST))

    assert [candidate.subject_id.int for candidate in candidates] == [1, 2]
    assert candidates[0].enrollment_id == nearest.id


def test_departments_are_walls(ground: Ground) -> None:
    ground.serve(1, EAST, "icu")
    ground.serve(2, EAST, "laboratory")
    gallery = ground.gallery()
    gallery.load()

    assert found(gallery, EAST, "icu") == [1]
    assert found(gallery, EAST, "laboratory") == [2]
    assert found(gallery, EAST, "pharmacy") == []
    assert (gallery.size("icu"), gallery.size("pharmacy")) == (1, 0)
    assert {candidate.subject_id.int for candidate in gallery.search_everywhere(towards(EAST))} == {1, 2}


def test_a_probe_of_another_model_is_never_compared(ground: Ground) -> None:
    ground.serve(1, EAST)
    gallery = ground.gallery()
    gallery.load()

    with pytest.raises(ValueError, match="model"):
        gallery.search("icu", towards(EAST, ModelId("other/4")))


def test_a_template_of_another_model_is_not_served(ground: Ground) -> None:
    ground.serve(1, EAST, model=ModelId("other/4"))
    gallery = ground.gallery()
    gallery.load()

    assert gallery.size("icu") == 0
    assert ground.faults == []


@pytest.mark.parametrize("projected", [True, False])
def test_a_gallery_starts_from_the_rows_and_from_what_they_miss(ground: Ground, projected: bool) -> None:
    before, gone = ground.serve(1, EAST), ground.serve(2, NORTH)
    if projected:
        ground.project()
    ground.serve(3, WEST)
    ground.change(gone, revoke)
    ground.change(before, suspend)
    gallery = ground.gallery()

    gallery.load()

    assert found(gallery, EAST) == [3]
    assert gallery.position == ground.store.position()


@pytest.mark.parametrize("projected", [True, False])
def test_loading_again_takes_in_what_came_and_drops_what_went(ground: Ground, projected: bool) -> None:
    first = ground.serve(1, EAST)
    gallery = ground.gallery()
    gallery.load()
    ground.serve(2, NORTH)
    ground.change(first, revoke)
    if projected:
        ground.project()

    gallery.catch_up(ground.store.position())

    assert found(gallery, EAST) == [2]


@pytest.mark.parametrize("ended", [suspend, revoke])
def test_who_does_not_serve_any_more_disappears(ground: Ground, ended: Callable[[Enrollment], None]) -> None:
    enrollment = ground.serve(1, EAST)
    ground.serve(2, EAST)
    gallery = ground.gallery()
    gallery.start()

    gallery.catch_up(ground.change(enrollment, ended))

    assert found(gallery, EAST) == [2]


def test_who_serves_again_comes_back(ground: Ground) -> None:
    enrollment = ground.serve(1, EAST)
    ground.change(enrollment, suspend)
    gallery = ground.gallery()
    gallery.start()

    gallery.catch_up(ground.change(enrollment, reinstate))

    assert found(gallery, EAST) == [1]


def test_who_moves_is_found_in_the_new_department_only(ground: Ground) -> None:
    enrollment = ground.serve(1, EAST)
    gallery = ground.gallery()
    gallery.start()

    gallery.catch_up(ground.change(enrollment, lambda e: e.change_department("laboratory", act=ACT)))

    assert (found(gallery, EAST, "icu"), found(gallery, EAST, "laboratory")) == ([], [1])
    assert len(gallery.search_everywhere(towards(EAST))) == 1


def test_a_personal_threshold_comes_along(ground: Ground) -> None:
    enrollment = ground.serve(1, EAST)
    gallery = ground.gallery()
    gallery.start()

    gallery.catch_up(ground.change(enrollment, lambda e: e.override_threshold(0.7, act=ACT)))

    assert [candidate.threshold_override for candidate in gallery.search("icu", towards(EAST))] == [0.7]


def test_a_following_gallery_takes_in_new_people(ground: Ground) -> None:
    gallery = ground.gallery()
    gallery.start()
    for subject in range(1, 4):
        ground.serve(subject, EAST)

    gallery.catch_up(ground.store.position())

    assert gallery.size("icu") == 3


def test_waiting_for_what_never_happens_ends(ground: Ground) -> None:
    gallery = ground.gallery()
    gallery.start()

    with pytest.raises(UnavailableError):
        gallery.catch_up(ground.store.position() + 1, timeout_s=0.05)


def test_a_template_pasted_into_another_s_row_is_never_served_and_is_reported(ground: Ground) -> None:
    attacker, victim = ground.serve(1, EAST), ground.serve(2, NORTH)
    ground.project()
    ground.paste(attacker.sealed, into=victim)
    gallery = ground.gallery()

    gallery.load()

    assert found(gallery, EAST) == [1]
    assert gallery.size("icu") == 1
    assert [type(fault) for fault in ground.faults] == [SealBrokenError]


def test_damaged_text_in_a_row_does_not_keep_others_from_being_served(ground: Ground) -> None:
    ground.serve(1, EAST)
    victim = ground.serve(2, NORTH)
    ground.project()
    ground.paste("nonsense", into=victim)
    gallery = ground.gallery()

    gallery.load()

    assert found(gallery, NORTH) == [1]
    assert len(ground.faults) == 1


def test_a_template_whose_key_is_gone_is_not_served(ground: Ground) -> None:
    enrollment = ground.serve(1, EAST)
    ground.vault.destroy_key(subject_owner(enrollment.subject_id))
    gallery = ground.gallery()

    gallery.load()

    assert gallery.size("icu") == 0


def test_stopping_overwrites_every_vector(ground: Ground) -> None:
    ground.serve(1, EAST)
    ground.serve(2, NORTH, "laboratory")
    gallery = ground.gallery()
    gallery.start()
    buffers = [shelf._buffer for shelf in gallery._shelves.values()]
    assert [bool(buffer.any()) for buffer in buffers] == [True, True]

    gallery.stop()

    assert [bool(buffer.any()) for buffer in buffers] == [False, False]
    assert found(gallery, EAST) == []
