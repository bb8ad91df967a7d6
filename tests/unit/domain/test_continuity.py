"""What must not happen between the frames of one person before one camera."""

from __future__ import annotations

import math
import time
from dataclasses import replace
from typing import Any

import numpy as np
import pytest

from domain.biometrics import FaceShape, FrameFindings
from domain.policies.continuity import (
    CLOCK_TOLERANCE_MS,
    FACE_JUMP,
    LOOP_LAG,
    LOOP_RUN,
    SCENE_JUMP,
    LoopWatch,
    Timeline,
    jump,
    looks_other,
    rate_fault,
    scene_change,
)
from tests.film import FRAME_MS, findings, nobody, shape

HERE = findings(0.0)


def later(ms: float = FRAME_MS, **facts: Any) -> FrameFindings:
    return findings(ms, **facts)


# Jumps --------------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("facts", [{}, {"left": 29.0}, {"size": 1.11}, {"yaw": 12.0}])
def test_what_a_head_does_in_one_frame_is_no_jump(facts: dict[str, float]) -> None:
    assert jump(HERE, later(**facts)) is None


@pytest.mark.parametrize("facts", [{"left": 150.0}, {"left": -150.0}, {"size": 2.0}, {"size": 0.5}])
def test_a_face_that_is_suddenly_elsewhere_or_of_another_size_jumped(facts: dict[str, float]) -> None:
    assert jump(HERE, later(**facts)) == FACE_JUMP


@pytest.mark.parametrize("facts", [{"left": 150.0}, {"size": 2.0}])
def test_in_more_time_a_head_may_go_farther(facts: dict[str, float]) -> None:
    assert jump(HERE, later(400.0, **facts)) is None


def test_after_a_long_pause_anybody_may_sit_there() -> None:
    assert jump(HERE, later(1_400.0, left=2_000.0)) == FACE_JUMP
    assert jump(HERE, later(1_600.0, left=2_000.0)) == "face_lost"


@pytest.mark.parametrize("box", [(math.nan, 0.0, 100.0, 120.0), (0.0, 0.0, math.nan, 120.0)])
def test_a_place_that_is_no_number_is_a_jump(box: tuple[float, float, float, float]) -> None:
    assert jump(HERE, findings(FRAME_MS, seen=replace(shape(), box=box))) == FACE_JUMP


def test_frames_without_a_face_are_not_compared() -> None:
    assert jump(HERE, nobody(FRAME_MS)) is None
    assert jump(nobody(), later()) is None


def test_other_surroundings_are_a_jump_and_another_brightness_is_none() -> None:
    assert HERE.scene is not None
    assert jump(HERE, replace(later(), scene=HERE.scene + np.float32(0.4))) is None
    assert jump(HERE, findings(FRAME_MS, place=1)) == SCENE_JUMP
    assert jump(HERE, replace(later(), scene=None)) is None


def test_what_the_person_covers_is_no_scene() -> None:
    one, other = np.zeros(108, np.float32), np.zeros(108, np.float32)
    one[:50], other[50:] = np.nan, np.nan
    other[:50] = 1.0

    assert scene_change(one, other) == 0.0


def test_scenes_of_different_cameras_are_different() -> None:
    assert scene_change(np.zeros(108, np.float32), np.zeros(100, np.float32)) == 1.0


def test_a_face_is_other_where_its_coarse_picture_is_or_is_not_known() -> None:
    turned = np.zeros(210, np.float32)
    turned[0], turned[1] = 0.79, math.sqrt(1 - 0.79**2)
    nearly = np.zeros(210, np.float32)
    nearly[0], nearly[1] = 0.81, math.sqrt(1 - 0.81**2)

    assert not looks_other(HERE, later())
    assert not looks_other(HERE, replace(later(), face=nearly))
    assert looks_other(HERE, replace(later(), face=turned))
    assert looks_other(HERE, replace(later(), face=np.full(210, np.nan, np.float32)))
    assert looks_other(HERE, replace(later(), face=None))
    assert looks_other(HERE, replace(later(), face=np.ones(3, np.float32)))


# Time ---------------------------------------------------------------------------------------------------------------


def test_time_runs_forward_with_ours() -> None:
    timeline = Timeline([], [])

    assert {timeline.fault_of(9e12 + at, at + 40 * (at % 3)) for at in range(0, 20_000, 100)} == {None}


def test_time_that_runs_backwards_is_named() -> None:
    timeline = Timeline([], [])
    timeline.fault_of(1_000, 0)

    assert timeline.fault_of(1_000, 40) is None
    assert timeline.fault_of(999, 80) == "time_runs_backwards"
    assert timeline.fault_of(math.nan, 120) == "time_runs_backwards"


@pytest.mark.parametrize("sign", [1, -1])
def test_a_clock_that_leaves_ours_is_named(sign: int) -> None:
    timeline = Timeline([], [])
    timeline.fault_of(1_000, 0)
    arrived = 10_000

    assert timeline.fault_of(1_000 + arrived + sign * CLOCK_TOLERANCE_MS, arrived) is None
    leaving = Timeline([1_000.0], [0.0])
    assert leaving.fault_of(1_001 * sign + arrived + sign * CLOCK_TOLERANCE_MS, arrived) == "clocks_disagree"


@pytest.mark.parametrize(
    ("fps", "fault"),
    [
        (1, "frame_rate_too_low"),
        (2.4, "frame_rate_too_low"),
        *((usual, None) for usual in (5, 15, 30, 60)),
        (120, "frame_rate_too_high"),
        (1e9, "frame_rate_too_high"),
    ],
)
def test_cameras_have_a_rate(fps: float, fault: str | None) -> None:
    assert rate_fault([number * 1000 / fps for number in range(10)]) == fault


def test_single_pauses_and_bursts_are_no_rate() -> None:
    assert rate_fault([0, 66, 132, 3_000, 3_001, 3_067, 3_133]) is None
    assert rate_fault([0, 5_000]) is None


# Loops --------------------------------------------------------------------------------------------------------------


def swing(count: int, period: int, *, seed: int | None = None, noise: float = 0.0) -> list[FaceShape]:
    """A head that turns to and fro; with a ``seed`` as a person does it, never twice alike."""
    random = np.random.default_rng(seed)
    jitter = np.random.default_rng(9)
    shapes = []
    phase, wide, up = 0.0, 25.0, 0.0
    for _ in range(count):
        phase += (2 * np.pi / period) * (random.uniform(0.8, 1.2) if seed is not None else 1.0)
        if seed is not None:
            wide += random.normal(0, 0.8)
            up += random.normal(0, 0.8)
        made = shape(yaw=wide * float(np.sin(phase)), pitch=up)
        moved = made.landmarks + jitter.normal(0, noise, (68, 2)).astype(np.float32)
        shapes.append(replace(made, landmarks=moved))
    return shapes


def found(shapes: list[FaceShape]) -> int | None:
    """The number of the frame at which a loop is noticed."""
    watch = LoopWatch()
    return next((at for at, one in enumerate(shapes) if watch.comes_again(one)), None)


@pytest.mark.parametrize("period", [8, 15, 30])
def test_a_movement_that_is_replayed_is_found_the_second_time(period: int) -> None:
    at = found(swing(120, period))

    assert at is not None
    assert period <= at < 2 * period + LOOP_RUN


def test_a_little_noise_does_not_hide_it() -> None:
    assert found(swing(120, 20, noise=0.05)) is not None


@pytest.mark.parametrize("seed", range(6))
def test_a_person_who_repeats_a_movement_is_no_loop(seed: int) -> None:
    assert found(swing(120, 20, seed=seed)) is None


def test_who_keeps_still_is_no_loop_however_long() -> None:
    assert found([shape()] * 100) is None


def test_a_loop_is_only_found_with_a_past() -> None:
    assert found(swing(LOOP_RUN + LOOP_LAG - 1, 6)) is None


def test_shapes_without_numbers_are_no_loop_and_do_not_end_the_watch() -> None:
    broken = replace(shape(), landmarks=np.full((68, 2), np.nan, np.float32))

    assert found([broken] * 20) is None
    assert found([broken, *swing(60, 15)]) is not None


def test_a_whole_attempt_is_watched_in_little_time() -> None:
    shapes, watch = swing(300, 20, seed=1), LoopWatch()

    started = time.process_time()
    for one in shapes:
        watch.comes_again(one)

    assert (time.process_time() - started) / len(shapes) < 0.002
