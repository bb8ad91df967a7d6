"""Measuring presentation attack detection: nothing dropped, nothing counted twice, resumable."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from adapters.memory.vision import picture, scripted_judge
from application.evaluation.journal import Journal
from application.evaluation.pad import ATTACK, PadEvaluation, Presentation, Source
from application.evaluation.pad_metrics import measure
from domain.errors import ImageError, InvalidInputError

CLIPS = frozenset({".clip"})


class CountingJudge:
    """The scripted judge, which counts what it was shown and breaks when told."""

    def __init__(self, breaks_at: int | None = None) -> None:
        self._judge = scripted_judge()
        self.shown = 0
        self.breaks_at = breaks_at

    def judge(self, payload: bytes) -> Any:
        self.shown += 1
        if self.shown == self.breaks_at:
            raise RuntimeError("cut off")
        return self._judge.judge(payload)


def frames(path: Path, per_second: float) -> Iterator[tuple[float, bytes]]:
    """A clip is a file of pictures, one a line; ``per_second`` of them are read."""
    lines = path.read_bytes().splitlines()
    if not lines:
        raise ImageError("no frame")
    for number, line in enumerate(lines[: int(per_second)]):
        yield number * 1000 / per_second, line


def evaluation(judge: Any, threads: int = 1) -> PadEvaluation:
    return PadEvaluation(judge, frames, CLIPS, 5.0, threads)


@pytest.fixture
def data(tmp_path: Path) -> Path:
    for name, pads in {"live": (0.9, 0.8, 0.1), "print": (0.05, 0.3)}.items():
        folder = tmp_path / "data" / name / "deeper"
        folder.mkdir(parents=True)
        for number, pad in enumerate(pads):
            (folder / f"{number}.jpg").write_bytes(picture("ana", pad=pad))
    root = tmp_path / "data"
    (root / "live" / "notes.txt").write_text("not a picture")
    (root / "live" / "nobody.png").write_bytes(picture(faces=0))
    (root / "print" / "damaged.jpg").write_bytes(b"no picture at all")
    (root / "replay.clip").write_bytes(b"\n".join(picture("ana", pad=0.01 * n) for n in range(9)))
    (root / "empty.clip").touch()
    return root


def sources(data: Path) -> list[Source]:
    return [Source(data / "live"), Source(data / "print", "print"), Source(data / "replay.clip", "replay")]


def shown(data: Path, tmp_path: Path, judge: Any = None, threads: int = 1) -> list[Presentation]:
    run = evaluation(judge or CountingJudge(), threads)
    with Journal(tmp_path / "journals", kind="pad", model="m", data="d") as journal:
        return run.run(run.plan(sources(data)), journal, lambda: None)


def test_pictures_and_frames_below_a_folder_are_all_judged_and_none_is_dropped(data: Path, tmp_path: Path) -> None:
    found = shown(data, tmp_path)
    scores = {kind: [one.score for one in found if one.species == kind] for kind in ("", "print", "replay")}

    assert scores == {"": [0.9, 0.8, 0.1, None], "print": [None, 0.05, 0.3], "replay": [0.0, 0.01, 0.02, 0.03, 0.04]}
    assert {one.reason for one in found if one.score is None} == {"no_face", "invalid_image"}


def test_several_threads_give_the_same_in_the_same_order(data: Path, tmp_path: Path) -> None:
    one, four = ([(p.file, p.score, p.evidence) for p in shown(data, tmp_path, threads=n)] for n in (1, 4))
    assert one == four


def test_an_interrupted_evaluation_goes_on_where_it_was(data: Path, tmp_path: Path) -> None:
    first, second = CountingJudge(breaks_at=4), CountingJudge()
    with pytest.raises(RuntimeError):
        shown(data, tmp_path, first)
    resumed = shown(data, tmp_path, second)

    assert first.shown >= 4
    assert (first.shown - 1) + second.shown == 12, "every one once, and again the one that it broke on"
    assert [p.score for p in resumed] == [p.score for p in shown(data, tmp_path)]


def test_what_the_journal_holds_is_neither_name_nor_picture(data: Path, tmp_path: Path) -> None:
    with pytest.raises(RuntimeError):
        shown(data, tmp_path, CountingJudge(breaks_at=6))
    (journal,) = (tmp_path / "journals").iterdir()
    for word in ("live", "deeper", ".jpg", "ana", "landmarks", "embedding"):
        assert word not in journal.read_text()


def test_a_clip_without_a_frame_is_a_presentation_without_response(data: Path, tmp_path: Path) -> None:
    run = evaluation(CountingJudge())
    with Journal(tmp_path / "journals", kind="pad", model="m", data="d") as journal:
        found = run.run(run.plan([*sources(data), Source(data / "empty.clip", "replay")]), journal, lambda: None)
    assert found[-1].score is None


@pytest.mark.parametrize(
    ("text", "path", "species"),
    [("a/b", "a/b", ATTACK), ("a/b=print", "a/b", "print"), ("a=b/c=screen replay", "a=b/c", "screen replay")],
)
def test_an_attack_is_written_as_a_path_with_its_species(text: str, path: str, species: str) -> None:
    assert Source.attack(text) == Source(Path(path), species)


def test_a_path_with_an_equals_sign_that_exists_is_a_path(tmp_path: Path) -> None:
    folder = tmp_path / "a=b"
    folder.mkdir()
    assert Source.attack(str(folder)) == Source(folder, ATTACK)


@pytest.mark.parametrize("text", ["=print", "a=", "a= "])
def test_half_a_species_is_refused(text: str) -> None:
    with pytest.raises(InvalidInputError):
        Source.attack(text)


def test_missing_empty_and_doubled_sources_are_refused(data: Path) -> None:
    run, live, attack = evaluation(CountingJudge()), Source(data / "live"), Source(data / "print", "print")
    (data / "nothing").mkdir()
    for wrong in (
        [live],
        [attack],
        [live, Source(data / "absent", "print")],
        [live, Source(data / "nothing", "print")],
        [live, attack, Source(data / "print" / "deeper" / "0.jpg", "replay")],
        [live, Source(data / "live", "print")],
    ):
        with pytest.raises(InvalidInputError):
            run.plan(wrong)


def presentations(species: str, scores: list[float | None], file: str = "") -> list[Presentation]:
    return [
        Presentation(species, "s", file or f"{species}{n}", score, None if score is not None else "no_face")
        for n, score in enumerate(scores)
    ]


def test_rates_follow_iso_30107_3() -> None:
    live = presentations("", [0.9, 0.5, 0.49, None])
    attacks = presentations("print", [0.1, 0.5, None, 0.2]) + presentations("replay", [0.0, 0.0])
    found = measure(live + attacks, 0.5).document()

    assert found["apcer"] == {"print": 0.25, "replay": 0.0}, "no response is no acceptance, and stays in the count"
    assert found["apcer_worst"] == 0.25
    assert found["bpcer"] == pytest.approx(1 / 3)
    assert found["non_response"] == {"bona_fide": 0.25, "attack": pytest.approx(1 / 6)}
    assert found["non_response_reasons"] == {"bona_fide": {"no_face": 1}, "attack": {"no_face": 1}}
    assert found["counts"] == {
        "files": {"bona_fide": 4, "attack": 6},
        "bona_fide": 4,
        "attack": {"print": 4, "replay": 2},
    }


def test_intervals_hold_the_rate_and_are_wider_where_frames_are_of_one_clip() -> None:
    scores = list(np.linspace(0, 1, 60))
    apart = measure(presentations("", scores) + presentations("print", [0.0]), 0.2).bpcer
    clips = [one for clip in range(3) for one in presentations("", scores[clip * 20 : clip * 20 + 20], f"clip{clip}")]
    together = measure(clips + presentations("print", [0.0]), 0.2).bpcer

    assert apart.low < apart.value < apart.high
    assert together.value == apart.value
    assert together.high - together.low > apart.high - apart.low


def test_attacks_and_people_that_are_told_apart_have_no_equal_error() -> None:
    assert measure(presentations("", [0.6, 0.7]) + presentations("print", [0.1, 0.4]), 0.5).eer == 0


@pytest.mark.parametrize("scores", [([None], [0.1]), ([0.9], [None])])
def test_nothing_judged_is_an_error_and_no_perfect_figure(scores: tuple[list[float | None], ...]) -> None:
    with pytest.raises(InvalidInputError):
        measure(presentations("", scores[0]) + presentations("print", scores[1]), 0.5)
