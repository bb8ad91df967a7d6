"""Clips: what is known of them beforehand, and how they are shown to the evidence that serves."""

from __future__ import annotations

import json
from functools import partial
from pathlib import Path
from typing import Any

import pytest

from adapters.memory.challenges import KnownChallenges
from adapters.memory.clock import FixedClock
from adapters.memory.vision import picture, scripted_judge
from application.evaluation.clips import BONA_FIDE, Clip, clips_in
from application.evaluation.sessions import SessionResult, Stage, figures, policies_for, show
from application.services import Policies
from domain.errors import ImageError, InvalidInputError
from domain.policies.movement import BLINK, COME_CLOSER, LOOK_DOWN, TURN_LEFT, TURN_RIGHT

LIVE = [*[0.0] * 5, -6.0, -14.0, -22.0, -24.0, -24.0, -16.0, *[0.0] * 5]


def only(folder: Path) -> Clip:
    (clip,) = clips_in(folder)
    return clip


def put(folder: Path, name: str, sidecar: Any = None) -> Path:
    path = folder / name
    path.parent.mkdir(parents=True, exist_ok=True)
    path.touch()
    if sidecar is not None:
        path.with_suffix(".json").write_text(sidecar if isinstance(sidecar, str) else json.dumps(sidecar))
    return path


@pytest.mark.parametrize(
    ("name", "species", "assumed"),
    [
        ("ana_real.mp4", BONA_FIDE, False),
        ("ana_fake.mp4", "fake", False),
        ("ana-print.avi", "print", False),
        ("ana.mp4", BONA_FIDE, True),
        ("attack/ana.mp4", "attack", False),
        ("live/ana.MOV", BONA_FIDE, False),
        ("replay/ana_real.mp4", BONA_FIDE, False),
        ("replay/ana.mp4", BONA_FIDE, True),
        ("attack/ana_live.webm", BONA_FIDE, False),
    ],
)
def test_a_clips_name_says_what_it_is(tmp_path: Path, name: str, species: str, assumed: bool) -> None:
    put(tmp_path, name)

    clip = only(tmp_path)
    assert (clip.name, clip.species, clip.assumed, clip.attack) == (name, species, assumed, species != BONA_FIDE)


@pytest.mark.parametrize(
    ("sidecar", "species", "steps"),
    [
        ([TURN_LEFT, "Look Right"], "fake", (TURN_LEFT, TURN_RIGHT)),
        ({"challenge": "left, right;blink"}, "fake", (TURN_LEFT, TURN_RIGHT, BLINK)),
        ({"steps": [{"name": "closer"}, {"action": "look-down"}]}, "fake", (COME_CLOSER, LOOK_DOWN)),
        ({"live": True}, BONA_FIDE, ()),
        ({"attack": False}, BONA_FIDE, ()),
        ({"attack": True}, "attack", ()),
        ({"attack": "mask"}, "mask", ()),
        ({"label": "bona_fide", "movements": ["up"]}, BONA_FIDE, ("look_up",)),
        ({}, "fake", ()),
    ],
)
def test_a_sidecar_says_more(tmp_path: Path, sidecar: Any, species: str, steps: tuple[str, ...]) -> None:
    put(tmp_path, "a_fake.mp4", sidecar)

    assert (only(tmp_path).species, only(tmp_path).steps) == (species, steps)


@pytest.mark.parametrize("sidecar", ["{", "5", '{"steps": {"a": 1}}', '["somersault"]', '[{"when": 3}]', "[null]"])
def test_a_sidecar_that_makes_no_sense_is_named(tmp_path: Path, sidecar: str) -> None:
    put(tmp_path, "odd.mp4", sidecar)

    with pytest.raises(InvalidInputError, match="odd"):
        clips_in(tmp_path)


def test_a_folder_without_clips_and_none_at_all_are_said(tmp_path: Path) -> None:
    with pytest.raises(InvalidInputError, match="holds no clip"):
        clips_in(tmp_path)
    with pytest.raises(InvalidInputError, match="not a folder"):
        clips_in(tmp_path / "nowhere")


def shown(poses: list[dict[str, Any]], steps: tuple[str, ...] = (), apart_ms: float = 70) -> SessionResult:
    clip = Clip("x", Path("x"), BONA_FIDE, steps)
    stage = Stage(scripted_judge(), policies_for(clip, Policies()), KnownChallenges(*steps), FixedClock())
    frames = [picture(**{"face": "ana", "take": number, **pose}) for number, pose in enumerate(poses)]
    return show([(number * apart_ms, partial(bytes, frame)) for number, frame in enumerate(frames)], stage)


def test_a_session_ends_as_soon_as_it_is_decided() -> None:
    result = shown([{"yaw": yaw} for yaw in [*LIVE, *[0.0] * 20]], (TURN_LEFT,))

    assert (result.accepted, result.code, result.reason, result.mode, result.done) == (True, "ok", None, "active", 1)
    assert result.seconds < 1.1
    assert result.steps_ms.keys() >= {"decode", "detect", "shape"}


def test_a_clip_without_movements_is_judged_passively() -> None:
    result = shown([{}] * 30)

    assert (result.accepted, result.mode, result.done) == (True, "passive", 0)


def test_a_movement_that_is_alone_and_no_turn_can_be_asked_for() -> None:
    grown: list[dict[str, Any]] = [{}] * 5 + [{"size": 1 + 0.1 * min(number, 4)} for number in range(8)] + [{}] * 5

    assert shown(grown, (COME_CLOSER,)).done == 1


def test_a_head_that_turns_behind_another_persons_photograph_is_found_out() -> None:
    """Turned so far that its face is not one to recognise: it is compared with the frame before all the same."""
    behind = [{"face": "bia", "yaw": -38.0, "unfit": "look_straight"}] * 4

    result = shown([*[{}] * 5, *behind, *[{}] * 6], (TURN_LEFT,))

    assert (result.accepted, result.evidence["restarts"]) == (False, {"face_changed": 2})


def test_a_clip_that_ends_too_early_is_refused_with_the_reason() -> None:
    result = shown([{}] * 8, (TURN_LEFT,))

    assert (result.accepted, result.code, result.reason) == (False, "challenge_failed", "turn_left_not_seen")
    assert result.document()["evidence"]["challenge"] == [TURN_LEFT]


def test_frames_faster_than_the_service_judges_are_left_out() -> None:
    assert shown([{}] * 300, apart_ms=8).evidence["frames_judged"] < 40


def test_figures_count_by_species_and_movement() -> None:
    clips = [
        Clip("a", Path("a"), BONA_FIDE, (TURN_LEFT,)),
        Clip("b", Path("b"), BONA_FIDE, (TURN_LEFT, TURN_RIGHT)),
        Clip("c", Path("c"), "print"),
        Clip("d", Path("d"), "mask"),
    ]
    live = shown([{"yaw": yaw} for yaw in LIVE], (TURN_LEFT,))
    half = shown([{"yaw": yaw} for yaw in LIVE], (TURN_LEFT, TURN_RIGHT))
    fooled, caught = shown([{}] * 30), shown([{"pad": 0.01}] * 60)

    found = figures(clips, [live, half, fooled, caught])

    assert {name: one.value for name, one in found.apcer.items()} == {"mask": 0.0, "print": 1.0}
    assert found.apcer_worst == 1.0
    assert found.bpcer is not None
    assert found.bpcer.value == 0.5
    assert found.movements == {TURN_LEFT: (2, 2), TURN_RIGHT: (0, 1)}
    assert found.reasons[BONA_FIDE] == {"ok": 1, "turn_right_not_seen": 1}


def test_no_clips_of_a_kind_have_no_rate() -> None:
    found = figures([Clip("c", Path("c"), "print")], [shown([{"pad": 0.01}] * 60)])

    assert (found.bpcer, found.apcer_worst) == (None, 0.0)


def test_what_cannot_be_read_at_all_is_an_error() -> None:
    def broken() -> Any:
        raise ImageError("no frame of the clip can be read")
        yield

    stage = Stage(scripted_judge(), Policies(), KnownChallenges(), FixedClock())
    with pytest.raises(ImageError):
        show(broken(), stage)
