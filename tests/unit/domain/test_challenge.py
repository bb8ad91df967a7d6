"""Movements asked for: in order, after they were asked, in time, and of something that has depth."""

from __future__ import annotations

import math
from dataclasses import replace
from typing import TYPE_CHECKING, Any

import numpy as np
import pytest

from domain.policies.challenge import HELD_USUALLY, NEUTRAL_FRAMES, REACTION_MS, WRONG_FRAMES, Challenge
from domain.policies.liveness import Insufficient
from domain.policies.movement import BLINK, COME_CLOSER, LOOK_DOWN, LOOK_UP, MOVEMENTS, TURN_LEFT, TURN_RIGHT
from tests.film import FRAME_MS, findings, performed, pose, shape

if TYPE_CHECKING:
    from domain.biometrics import FaceShape, FrameFindings

STEP_MS = 5_000.0


class Shown:
    """A challenge, and what is shown to it."""

    def __init__(self, *steps: str) -> None:
        self.challenge = Challenge(steps, STEP_MS)
        self.at_ms = 100.0
        self.refusal: Insufficient | None = None
        self.frames: list[FrameFindings] = []

    def show(self, *shapes: FaceShape, ms: float = FRAME_MS, alone: bool = True) -> Shown:
        for one in shapes:
            self.at_ms += ms
            self.frames.append(findings(self.at_ms, seen=one))
            self.refusal = self.refusal or self.challenge.observe(self.frames[-1], alone=alone)
        return self

    def straight(self, count: int = NEUTRAL_FRAMES, **kwargs: Any) -> Shown:
        return self.show(*[shape()] * count, **kwargs)

    def move(self, step: str, held: int = 3, *, flat: bool = False) -> Shown:
        return self.show(*(shape(**way, flat=flat) for way in performed(step, held)))


def test_nothing_is_asked_before_a_straight_look() -> None:
    shown = Shown(TURN_LEFT, LOOK_UP)

    assert shown.straight(NEUTRAL_FRAMES - 1).challenge.asked is None
    assert shown.straight(1).challenge.asked == TURN_LEFT


def test_frames_that_do_not_pass_alone_are_no_straight_look_nor_the_ones_before_them() -> None:
    shown = Shown(TURN_LEFT).straight(5, alone=False)
    assert shown.challenge.neutral is None

    shown.straight(2).straight(1, alone=False).straight(2)
    assert shown.challenge.neutral is None
    assert shown.straight(1).challenge.asked == TURN_LEFT


def test_a_head_in_motion_is_no_straight_look() -> None:
    shown = Shown(TURN_LEFT).show(*(shape(yaw=yaw) for yaw in (-15, 0, 15, 0, -15)))

    assert shown.challenge.neutral is None


@pytest.mark.parametrize("steps", [(TURN_LEFT, LOOK_UP), (LOOK_DOWN, COME_CLOSER), (BLINK, TURN_RIGHT)])
def test_movements_are_answered_in_order(steps: tuple[str, str]) -> None:
    shown = Shown(*steps).straight()

    assert shown.move(steps[0]).challenge.asked == steps[1]
    assert not shown.challenge.finished
    assert shown.move(steps[1]).challenge.finished
    assert (shown.refusal, shown.challenge.asked, shown.challenge.done) == (None, None, 2)


def test_the_frame_that_completed_the_last_movement_is_known() -> None:
    shown = Shown(TURN_LEFT).straight().move(TURN_LEFT)

    at = shown.challenge.finished_at(shown.frames)

    assert at == NEUTRAL_FRAMES + 2 + HELD_USUALLY - 1
    assert [i for i, one in enumerate(shown.frames) if shown.challenge.completed_by(one)] == [at]


def test_a_pose_that_is_there_when_it_is_asked_for_is_no_answer() -> None:
    shown = Shown(LOOK_UP, COME_CLOSER).straight()
    near_and_up = [shape(**pose(LOOK_UP), size=1.32)] * 12

    shown.show(shape(pitch=10, size=1.2), *near_and_up)
    assert shown.challenge.asked == COME_CLOSER

    assert not shown.show(shape(), *[shape(size=1.32)] * 2).challenge.finished
    assert shown.show(shape(size=1.32)).challenge.finished, "coming closer is held a frame longer"


@pytest.mark.parametrize("broken", ["yaw", "landmarks"])
def test_a_frame_without_numbers_neither_answers_nor_ends_a_pose_held_too_early(broken: str) -> None:
    shown = Shown(LOOK_UP, COME_CLOSER).straight()
    near = shape(size=1.32)
    what = {"yaw": math.nan} if broken == "yaw" else {"landmarks": np.full((68, 2), np.nan, np.float32)}
    shown.show(shape(pitch=10, size=1.32), *[shape(**pose(LOOK_UP), size=1.32)] * 4)
    assert shown.challenge.asked == COME_CLOSER

    shown.show(replace(near, **what), *[near] * 6)

    assert shown.challenge.asked == COME_CLOSER


def test_frames_without_numbers_are_no_straight_look() -> None:
    shown = Shown(TURN_LEFT).show(*[replace(shape(), pitch=math.nan)] * 5)

    assert shown.challenge.neutral is None


def test_nobody_answers_faster_than_people_react() -> None:
    hasty = Shown(TURN_LEFT).straight()
    hasty.show(*(shape(**way) for way in performed(TURN_LEFT)), ms=REACTION_MS / 9)

    assert hasty.challenge.done == 0


def test_one_frame_of_a_pose_may_be_a_slip() -> None:
    shown = Shown(TURN_LEFT).straight().straight(3)

    for _ in range(4):
        shown.show(shape(**pose(TURN_LEFT)), shape())
    assert shown.challenge.done == 0

    assert shown.show(*[shape(**pose(TURN_LEFT))] * HELD_USUALLY).challenge.done == 1


def test_an_answer_is_due_in_time() -> None:
    late = Shown(TURN_LEFT).straight().straight(3, ms=STEP_MS / 3 - 1)
    assert late.refusal is None

    assert late.straight(1).refusal == Insufficient("challenge_failed", "turn_left_too_late")


def test_every_movement_has_its_own_time() -> None:
    shown = Shown(TURN_LEFT, LOOK_UP).straight().straight(1, ms=STEP_MS - 800).move(TURN_LEFT)

    assert shown.straight(1, ms=STEP_MS - 800).move(LOOK_UP).challenge.finished


OTHERS = [
    (asked, other)
    for asked in MOVEMENTS
    for other in (TURN_LEFT, TURN_RIGHT, LOOK_UP, LOOK_DOWN)
    if asked != other and {asked, other} != {TURN_LEFT, BLINK}
]


@pytest.mark.parametrize(("asked", "other"), OTHERS)
def test_another_movement_than_asked_ends_the_attempt(asked: str, other: str) -> None:
    shown = Shown(asked).straight().straight(2).show(*[shape(**pose(other, 1.3))] * WRONG_FRAMES)

    assert shown.refusal == Insufficient("challenge_failed", f"{other}_instead_of_{asked}")
    assert shown.challenge.done == 0


def test_a_slip_of_another_movement_does_not() -> None:
    shown = Shown(TURN_LEFT).straight()

    for _ in range(3):
        shown.show(*[shape(**pose(LOOK_UP, 1.3))] * (WRONG_FRAMES - 1), shape())

    assert shown.refusal is None


SMALL: dict[str, dict[str, Any]] = {
    TURN_RIGHT: {"yaw": 17},
    LOOK_UP: {"pitch": 18},
    LOOK_DOWN: {"pitch": -16},
    COME_CLOSER: {"size": 1.3},
}


@pytest.mark.parametrize("second", [LOOK_UP, LOOK_DOWN, COME_CLOSER])
def test_one_small_stray_is_forgiven_however_often_and_another_is_not(second: str) -> None:
    shown = Shown(TURN_LEFT).straight()
    for _ in range(3):
        shown.straight(1).show(*[shape(**SMALL[TURN_RIGHT])] * 3)
    assert shown.refusal is None

    shown.straight(1).show(*[shape(**SMALL[second])] * HELD_USUALLY)
    assert shown.refusal == Insufficient("challenge_failed", f"{second}_instead_of_turn_left")


def test_strays_are_counted_through_all_movements_and_those_done_are_none() -> None:
    shown = Shown(TURN_LEFT, TURN_RIGHT).straight().show(*[shape(pitch=18)] * 3).straight(2).move(TURN_LEFT)
    shown.show(*[shape(yaw=-18)] * 3, shape())
    assert shown.refusal is None

    assert shown.show(*[shape(pitch=-16)] * 3).refusal is not None


def test_single_frames_of_many_movements_are_no_strays() -> None:
    shown = Shown(TURN_LEFT).straight()
    for facts in SMALL.values():
        shown.show(shape(**facts), shape())

    assert shown.refusal is None


def test_the_way_back_from_a_movement_and_its_repetition_are_no_other_movement() -> None:
    shown = Shown(TURN_LEFT, TURN_RIGHT).straight().move(TURN_LEFT, held=9).move(TURN_LEFT, held=5)
    assert shown.refusal is None

    assert shown.move(TURN_RIGHT).challenge.finished


@pytest.mark.parametrize("step", [TURN_LEFT, TURN_RIGHT, LOOK_UP, LOOK_DOWN])
def test_a_flat_thing_that_moves_as_asked_is_an_attack(step: str) -> None:
    shown = Shown(step)
    shown.show(*[shape(flat=True)] * NEUTRAL_FRAMES)
    tilted = replace(shape(**pose(step), flat=True), landmarks=shape(**pose(step, 1.6), flat=True).landmarks)
    # a photograph's nose stays where it is: a network that is fooled by the tilt would have to move it
    tilted.landmarks[30, 0] += {TURN_LEFT: 6, TURN_RIGHT: -6}.get(step, 0)

    shown.show(shape(flat=True), shape(flat=True), *[tilted] * 3)

    assert shown.refusal == Insufficient("presentation_attack", "movement_of_a_flat_thing")
    assert shown.challenge.parallax is not None
    assert shown.challenge.parallax < 0.06


@pytest.mark.parametrize("steps", [(LOOK_UP, TURN_LEFT), (TURN_LEFT, LOOK_UP)])
def test_the_least_parallax_of_all_turns_is_kept(steps: tuple[str, str]) -> None:
    alone = [Shown(step).straight().straight(3).move(step).challenge.parallax or 0.0 for step in steps]
    both = Shown(*steps).straight().straight(3).move(steps[0]).straight(3).move(steps[1])

    assert alone[0] != pytest.approx(alone[1], rel=1e-3)
    assert both.challenge.parallax == pytest.approx(min(alone), rel=1e-3)


def test_an_approach_is_not_asked_for_parallax() -> None:
    shown = Shown(COME_CLOSER).show(*[shape(flat=True)] * NEUTRAL_FRAMES).move(COME_CLOSER, flat=True)

    assert shown.challenge.finished
    assert shown.challenge.parallax is None


def test_a_blink_is_closed_eyes_and_open_ones_again() -> None:
    shown = Shown(BLINK).straight().straight(2)

    assert not shown.show(*[shape(eyes=0.05)] * 6).challenge.finished
    assert not shown.show(shape(eyes=0.2)).challenge.finished, "half open"
    assert shown.show(shape()).challenge.finished


def test_eyes_that_were_closed_when_asked_must_open_and_close_again() -> None:
    shown = Shown(LOOK_UP, BLINK).straight()
    shown.show(shape(pitch=12), *[shape(pitch=18)] * 4, *[shape(eyes=0.05)] * 5, *[shape()] * 3)
    assert shown.challenge.asked == BLINK

    assert shown.show(shape(eyes=0.05), shape()).challenge.finished


def test_a_finished_challenge_takes_nothing_more() -> None:
    shown = Shown(TURN_LEFT).straight().move(TURN_LEFT)

    shown.straight(1, ms=2 * STEP_MS).show(*[shape(**pose(LOOK_UP, 1.4))] * 6)

    assert (shown.refusal, shown.challenge.finished, shown.challenge.done) == (None, True, 1)
