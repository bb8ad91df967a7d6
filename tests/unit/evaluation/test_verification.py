"""Pairs over the scripted pipeline: every score, every failure, nothing left behind."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
import pytest

from application.evaluation.journal import Journal
from application.evaluation.metrics import FAILED
from application.evaluation.pairs import Pair, parse_pairs
from application.evaluation.pictures import pictures_of_pairs
from application.evaluation.verification import Comparisons, Verification, compare, figures
from domain.errors import InvalidInputError
from tests.unit.evaluation.conftest import Counting, WatchedJudge, shoot

if TYPE_CHECKING:
    from pathlib import Path

PEOPLE = [f"p{number:02d}" for number in range(24)]


def pairs_of(people: list[str]) -> list[Pair]:
    """Two pairs of each person and two with the next, in two folds."""
    lines = [
        f"{one} 1 2\n{one} 1 3\n{one} 1 {other} 2\n{one} 3 {other} 1\n"
        for one, other in zip(people, people[1:] + people[:1], strict=True)
    ]
    return parse_pairs(f"2 {len(people)}\n" + "".join(lines))


def compared(folder: Path, taking: Counting, pairs: list[Pair]) -> Comparisons:
    with Journal(folder / "journal", kind="verification", model="m", data="d") as journal:
        return compare(pairs, pictures_of_pairs(pairs, folder / "images"), taking, journal)


def measured(folder: Path, taking: Counting, pairs: list[Pair]) -> Verification:
    found = compared(folder, taking, pairs)
    return figures(found, pictures_of_pairs(pairs, folder / "images"), served_threshold=0.5)


@pytest.fixture
def images(tmp_path: Path) -> Path:
    for person in PEOPLE:
        shoot(tmp_path / "images", person, 3)
    return tmp_path / "images"


def test_people_who_differ_are_told_apart_without_an_error(tmp_path: Path, images: Path, taking: Counting) -> None:
    found = measured(tmp_path, taking, pairs_of(PEOPLE))

    assert images.is_dir()
    assert (found.accuracy, found.eer) == (1.0, 0.0)
    assert (found.genuine.size, found.impostor.size) == (48, 48)
    assert found.folds_of_list
    assert [point.chosen.target for point in found.points] == [1e-2, 1e-3, 1e-4]
    assert found.served.chosen.threshold == 0.5


def test_two_names_of_one_face_are_a_false_match(tmp_path: Path, images: Path, taking: Counting) -> None:
    shoot(images, PEOPLE[1], 3, face=PEOPLE[0])

    found = measured(tmp_path, taking, pairs_of(PEOPLE))

    assert found.served.fmr.errors == 2
    assert found.points[1].fmr.errors == 0
    assert found.points[1].fnmr.value > 0.5


def test_a_picture_without_a_face_is_a_non_match_and_a_failure_to_acquire(
    tmp_path: Path, images: Path, taking: Counting
) -> None:
    (images / "p05" / "p05_0002.jpg").write_bytes(b'{"faces": 0}')
    (images / "p07" / "p07_0002.jpg").write_bytes(b"not a picture")

    found = measured(tmp_path, taking, pairs_of(PEOPLE))

    assert np.count_nonzero(found.genuine == FAILED) == 2
    assert all(point.fnmr.errors == 2 for point in found.points)
    assert (found.fte.errors, found.fta.errors, found.intake.without_face) == (0, 2, 2)
    assert found.intake.fta_by_reason == {"no_face": 1, "invalid_image": 1}


def test_what_the_service_would_refuse_is_counted_and_compared_all_the_same(
    tmp_path: Path, images: Path, taking: Counting
) -> None:
    (images / "p05" / "p05_0001.jpg").write_bytes(b'{"face": "p05", "faces": 2}')
    (images / "p06" / "p06_0001.jpg").write_bytes(b'{"face": "p06", "unfit": "eyes_closed"}')

    found = measured(tmp_path, taking, pairs_of(PEOPLE))

    assert found.accuracy == 1.0
    assert found.intake.fta_by_reason == {"many_faces": 1}
    assert found.intake.unfit_by_reason == {"eyes_closed": 1}


def test_every_picture_is_taken_in_once_and_overwritten(
    tmp_path: Path, images: Path, taking: Counting, judge: WatchedJudge
) -> None:
    compared(tmp_path, taking, pairs_of(PEOPLE))

    assert images.is_dir()
    assert sorted(taking.taken) == sorted(set(taking.taken))
    assert len(judge.embeddings) == 3 * len(PEOPLE)
    assert judge.traces == 0


def test_after_an_interruption_only_the_rest_is_compared_and_the_result_is_the_same(
    tmp_path: Path, images: Path, taking: Counting
) -> None:
    pairs = pairs_of(PEOPLE)
    whole = compared(tmp_path, taking, pairs)
    with pytest.raises(KeyboardInterrupt), Counting(WatchedJudge(interrupt_after=50)) as cut:
        compared(tmp_path, cut, pairs)
    with Counting(WatchedJudge()) as rest:
        resumed = compared(tmp_path, rest, pairs)

    assert images.is_dir()
    assert resumed.resumed > 0
    assert len(rest.taken) < len(taking.taken)
    assert resumed.scores.tolist() == whole.scores.tolist()
    assert {name: s.found for name, s in resumed.sightings.items()} == {
        name: s.found for name, s in whole.sightings.items()
    }


def test_the_journal_holds_no_name(tmp_path: Path, images: Path) -> None:
    with pytest.raises(KeyboardInterrupt), Counting(WatchedJudge(interrupt_after=50)) as cut:
        compared(tmp_path, cut, pairs_of(PEOPLE))
    (journal,) = (tmp_path / "journal").iterdir()

    assert journal.stat().st_size > 0
    assert not [person for person in PEOPLE if person in journal.read_text()]
    assert images.is_dir()


@pytest.mark.parametrize("kept", [True, False])
def test_pairs_of_one_kind_only_are_refused(tmp_path: Path, images: Path, taking: Counting, kept: bool) -> None:
    pairs = [pair for pair in pairs_of(PEOPLE) if pair.genuine is kept]

    assert images.is_dir()
    with pytest.raises(InvalidInputError, match="several pairs of one person"):
        measured(tmp_path, taking, pairs)


def test_pictures_without_any_face_measure_nothing(tmp_path: Path, taking: Counting) -> None:
    for person in PEOPLE:
        shoot(tmp_path / "images", person, 3, faces=0)

    with pytest.raises(InvalidInputError, match="no face was found"):
        measured(tmp_path, taking, pairs_of(PEOPLE))


def test_a_list_without_folds_gets_ten_of_either_kind(tmp_path: Path, images: Path, taking: Counting) -> None:
    pairs = parse_pairs(
        "".join(
            f"{p}/{p}_0001.jpg {q}/{q}_0002.jpg {int(p == q)}\n"
            for p in PEOPLE
            for q in (p, "p00")
            if q != p or p != "p00" or q == p
        )
    )

    found = measured(tmp_path, taking, pairs)

    assert images.is_dir()
    assert not found.folds_of_list
    assert len(found.accuracies) == 10


def test_an_interruption_leaves_no_face_in_memory(tmp_path: Path, images: Path) -> None:
    judge = WatchedJudge(interrupt_after=50)
    with pytest.raises(KeyboardInterrupt), Counting(judge) as cut:
        compared(tmp_path, cut, pairs_of(PEOPLE))

    assert images.is_dir()
    assert len(judge.embeddings) == 50
    assert judge.traces == 0
