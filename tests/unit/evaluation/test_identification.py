"""Searches over the scripted pipeline, and figures of searches that are small enough to count."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
import pytest

from application.evaluation.identification import Found, identify
from application.evaluation.identification_figures import Identification, figures
from application.evaluation.journal import Journal
from application.evaluation.people import cast
from application.evaluation.pictures import people_in
from domain.errors import InvalidInputError
from tests.unit.evaluation.conftest import Counting, WatchedJudge, shoot

if TYPE_CHECKING:
    from pathlib import Path

STAFF = [f"staff{number:02d}" for number in range(12)]
STRANGERS = [f"stranger{number:02d}" for number in range(30)]


@pytest.fixture
def images(tmp_path: Path) -> Path:
    for person in STAFF:
        shoot(tmp_path / "images", person, 9)
    for person in STRANGERS:
        shoot(tmp_path / "images", person, 3)
    return tmp_path / "images"


def identified(images: Path, taking: Counting) -> Found:
    people = people_in(images)
    roles = cast(people, people, captures=5, same_folder=True)
    with Journal(images.parent / "journal", kind="identification", model="m", data="d") as journal:
        return identify(roles, taking, journal)


def measured(images: Path, taking: Counting) -> Identification:
    return figures(identified(images, taking), target=0.001, served=lambda _: 0.6, margin=0.05)


def test_enrolled_people_are_found_and_strangers_are_not(images: Path, taking: Counting) -> None:
    found = measured(images, taking)

    assert (found.single.fnir.errors, found.single.fnir.trials) == (0, 12 * 4)
    assert (found.single.fpir.errors, found.single.fpir.trials) == (0, 30 * 3)
    assert found.grouped is not None
    assert (found.grouped.fnir.trials, found.grouped.fpir.trials) == (12, 30)
    assert found.single.misidentified == 0
    assert [size.size for size in found.by_size] == [10, 12]


def test_a_stranger_with_an_enrolled_face_is_a_false_alarm_that_the_threshold_excludes(
    images: Path, taking: Counting
) -> None:
    shoot(images, STRANGERS[0], 3, face=STAFF[0], noise=0.3)

    found = measured(images, taking)

    assert found.served.fpir.errors == 3
    assert found.single.fpir.errors == 0
    assert found.single.threshold > found.stranger_best.max()


def test_a_probe_that_shows_somebody_else_of_the_gallery_is_misidentified(images: Path, taking: Counting) -> None:
    for take in (6, 7, 8):
        (images / STAFF[0] / f"{STAFF[0]}_{take:04d}.jpg").write_bytes(b'{"face": "%s"}' % STAFF[1].encode())

    found = measured(images, taking)

    assert (found.single.misidentified, found.single.fnir.errors) == (3, 3)


def test_probes_without_a_face_count_as_missed(images: Path, taking: Counting) -> None:
    (images / STAFF[3] / f"{STAFF[3]}_0009.jpg").write_bytes(b'{"faces": 0}')

    found = measured(images, taking)

    assert found.single.fnir.errors == found.fta.errors == 1
    assert found.intake.fta_by_reason == {"no_face": 1}


def test_a_person_whose_enrolment_is_refused_counts_as_missed(images: Path, taking: Counting) -> None:
    for take in (1, 2, 3, 4, 5):
        (images / STAFF[3] / f"{STAFF[3]}_{take:04d}.jpg").write_bytes(b'{"face": "take %d"}' % take)

    found = measured(images, taking)

    assert found.fte.errors == 1
    assert found.single.fnir.errors == 4
    assert found.single.misidentified == 0


def test_an_enrolment_picture_of_somebody_else_is_left_out_as_the_service_does(images: Path, taking: Counting) -> None:
    (images / STAFF[3] / f"{STAFF[3]}_0002.jpg").write_bytes(b'{"face": "somebody else"}')

    found = measured(images, taking)

    assert found.fte.errors == found.single.fnir.errors == 0
    assert found.mate.min() > 0.9


def test_templates_probes_and_crops_are_overwritten(images: Path, taking: Counting, judge: WatchedJudge) -> None:
    identified(images, taking)

    assert judge.traces == 0
    assert len(judge.embeddings) == 12 * 9 + 30 * 3


def test_an_interruption_leaves_no_face_in_memory(images: Path) -> None:
    judge = WatchedJudge(interrupt_after=12 * 5 + 2)
    with pytest.raises(KeyboardInterrupt), Counting(judge) as taking:
        identified(images, taking)

    assert len(judge.embeddings) == 12 * 5 + 2
    assert judge.traces == 0


def test_after_an_interruption_only_the_rest_is_searched_and_the_result_is_the_same(
    images: Path, taking: Counting
) -> None:
    whole = identified(images, taking)
    with pytest.raises(KeyboardInterrupt), Counting(WatchedJudge(interrupt_after=150)) as cut:
        identified(images, cut)
    with Counting(WatchedJudge()) as rest:
        resumed = identified(images, rest)

    assert resumed.resumed > 0
    assert len(rest.taken) < len(taking.taken)
    for one, other in ((whole.single, resumed.single), (whole.grouped, resumed.grouped)):
        assert one.subjects == other.subjects
        np.testing.assert_array_equal(one.mate, other.mate)
        np.testing.assert_array_equal(one.others, other.others)


def test_a_gallery_of_which_nobody_can_be_enrolled_is_refused(images: Path, taking: Counting) -> None:
    for person in STAFF:
        shoot(images, person, 5, faces=0)

    with pytest.raises(InvalidInputError, match="could be enrolled"):
        identified(images, taking)
