"""What the gallery promises, over either store."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from adapters.memory.gallery import Gallery
from application.ports.vault import subject_owner
from domain.biometrics import ModelId
from domain.enrollment import Enrollment
from domain.errors import SealBrokenError, UnavailableError
from tests.contract.serving import ACT, EAST, NORTH, NORTH_EAST, WEST, Direction, Ground, towards

if TYPE_CHECKING:
    from collections.abc import Callable


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
