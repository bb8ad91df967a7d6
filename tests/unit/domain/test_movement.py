"""Which movement a face shows, measured against its own straight look."""

from __future__ import annotations

import math
from dataclasses import replace
from typing import Any

import numpy as np
import pytest

from domain.biometrics import FaceShape
from domain.policies.movement import (
    BLINK,
    COME_CLOSER,
    ENABLED,
    LOOK_DOWN,
    LOOK_UP,
    MOVEMENTS,
    TURN_LEFT,
    TURN_RIGHT,
    TURNS,
    Movement,
    Neutral,
    readable,
    steady,
)
from tests.film import pose, shape

NEUTRAL = Neutral.of([shape()] * 3)


def seen(**facts: Any) -> Movement:
    return Movement.between(NEUTRAL, shape(**facts))


@pytest.mark.parametrize("step", MOVEMENTS)
def test_a_movement_is_taken_for_itself_and_for_no_other(step: str) -> None:
    assert [other for other in MOVEMENTS if seen(**pose(step)).shows(other)] == [step]


def test_a_straight_look_is_no_movement() -> None:
    assert not [step for step in MOVEMENTS if seen().shows(step)]
    assert seen().straight


@pytest.mark.parametrize("step", MOVEMENTS)
def test_half_of_a_movement_is_none(step: str) -> None:
    assert not seen(**pose(step, 0.5)).shows(step)


@pytest.mark.parametrize(
    ("facts", "step"), [({"yaw": -24}, TURN_RIGHT), ({"yaw": 24}, TURN_LEFT), ({"pitch": 30}, LOOK_DOWN)]
)
def test_the_other_way_is_not_what_was_asked_for(facts: dict[str, Any], step: str) -> None:
    assert not seen(**facts).shows(step)


@pytest.mark.parametrize(("yaw", "step"), [(-24.0, TURN_LEFT), (24.0, TURN_RIGHT)])
def test_an_angle_alone_is_no_turn_the_nose_must_go_along(yaw: float, step: str) -> None:
    photograph = replace(shape(), yaw=yaw)
    mirrored = replace(shape(yaw=-yaw), yaw=yaw)

    assert not Movement.between(NEUTRAL, photograph).shows(step)
    assert not Movement.between(NEUTRAL, mirrored).shows(step)


def test_movements_are_measured_from_where_the_person_looks_straight() -> None:
    aslant = Neutral.of([shape(yaw=-12, pitch=8)] * 3)

    assert not Movement.between(aslant, shape(yaw=-24)).shows(TURN_LEFT)
    assert Movement.between(aslant, shape(yaw=-30)).shows(TURN_LEFT)
    assert Movement.between(aslant, shape(yaw=-12, pitch=8)).straight


def test_one_odd_frame_does_not_move_the_neutral_pose() -> None:
    neutral = Neutral.of([shape(), shape(yaw=15, size=1.3, eyes=0.1), shape()])

    assert (neutral.yaw, neutral.eyes) == (0.0, 0.3)
    assert neutral.size == pytest.approx(NEUTRAL.size)


@pytest.mark.parametrize("step", [LOOK_UP, LOOK_DOWN, COME_CLOSER])
def test_nods_and_approaches_do_not_count_with_the_head_sideways(step: str) -> None:
    assert not seen(**{**pose(step), "yaw": 18}).shows(step)


def test_a_blink_counts_by_the_own_eyes_and_both_must_close() -> None:
    narrow = Neutral.of([shape(eyes=0.12)] * 3)

    assert not Movement.between(narrow, shape(eyes=0.1)).shows(BLINK)
    assert Movement.between(narrow, shape(eyes=0.05)).shows(BLINK)
    assert not Movement.between(NEUTRAL, replace(shape(), eye_openings=(0.02, 0.3))).shows(BLINK)
    assert not Movement.between(NEUTRAL, replace(shape(), eye_openings=(0.3, 0.02))).shows(BLINK)


def test_closed_eyes_on_a_turned_head_are_no_blink() -> None:
    assert not seen(eyes=0.05, yaw=14).shows(BLINK)


@pytest.mark.parametrize("step", [TURN_LEFT, TURN_RIGHT, LOOK_UP, LOOK_DOWN])
def test_a_decided_movement_is_named_unless_it_was_asked_for(step: str) -> None:
    moved = seen(**pose(step, 1.3))

    assert moved.other_than(step) is None
    assert {moved.other_than(asked) for asked in MOVEMENTS if asked != step} == {step}


@pytest.mark.parametrize("facts", [{"yaw": 17.0}, {"pitch": 20.0}, {"size": 1.5}, {"yaw": 12.0, "pitch": 30.0}])
def test_what_is_undecided_is_no_other_movement(facts: dict[str, Any]) -> None:
    assert [seen(**facts).other_than(asked) for asked in MOVEMENTS] == [None] * len(MOVEMENTS)


def test_only_turns_show_another_side() -> None:
    assert {COME_CLOSER, BLINK} == set(MOVEMENTS) - TURNS
    assert set(ENABLED) <= set(MOVEMENTS)


STEADY = [shape(), shape(yaw=3, pitch=-4), shape(size=1.05)]


def test_small_sways_are_steady() -> None:
    assert steady(STEADY)


@pytest.mark.parametrize("facts", [{"yaw": 11.0}, {"pitch": 10.0}, {"size": 1.2}])
def test_larger_ones_are_not(facts: dict[str, Any]) -> None:
    assert not steady([*STEADY, shape(**facts)])


def test_a_head_that_stays_turned_is_no_straight_look() -> None:
    assert not steady([shape(yaw=25)] * 3)
    assert steady([shape(yaw=-15)] * 3), "a camera beside the screen"


LANDMARKS = shape().landmarks.copy()
LANDMARKS[50] = np.nan
UNREADABLE = [
    replace(shape(), yaw=math.nan),
    replace(shape(), pitch=math.inf),
    replace(shape(), roll=math.nan),
    replace(shape(), eye_openings=(0.1, math.nan)),
    replace(shape(), box=(0.0, math.nan, 100.0, 120.0)),
    replace(shape(), landmarks=LANDMARKS),
]


@pytest.mark.parametrize("broken", UNREADABLE)
def test_a_shape_that_is_not_all_numbers_is_not_readable(broken: FaceShape) -> None:
    assert readable(shape())
    assert not readable(broken)
