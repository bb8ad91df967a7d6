"""What quality says of painted faces, and how its scales run."""

from __future__ import annotations

from dataclasses import replace

import cv2
import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from adapters.vision import quality as scales
from adapters.vision.alignment import TEMPLATE
from adapters.vision.quality import REASONS, UNFIT, LandmarkQuality, Ramp, head_pose
from application.ports.vision import Face
from domain.biometrics import FaceQuality, FaceShape

SIDE, SIZE = 400, 140
SKINS = {"pale": (165, 185, 225), "brown": (70, 100, 150), "dark": (45, 58, 80)}
STRAIGHT = FaceShape((0, 0, 1, 1), np.zeros((68, 2), np.float32), 0.0, -8.0, 0.0, (0.3, 0.3))
RAMPS = {name: ramp for name, ramp in vars(scales).items() if isinstance(ramp, Ramp)}


def face(*, left: float = 130, top: float = 110, size: float = SIZE) -> Face:
    """A face looking straight ahead: landmarks where a box of that size has them."""
    landmarks = (TEMPLATE - TEMPLATE.mean(axis=0)) * (size / 112) + [left + size / 2, top + size / 2]
    return Face(np.array([left, top, size, size], np.float32), landmarks.astype(np.float32), 0.9)


def place(x: float, y: float) -> tuple[int, int]:
    """Where a point of the aligned crop lies in the painted picture."""
    at = (np.array([x, y]) - TEMPLATE.mean(axis=0)) * (SIZE / 112) + [130 + SIZE / 2, 110 + SIZE / 2]
    return int(at[0]), int(at[1])


def painted(skin: str = "pale", *, lips: bool = True) -> np.ndarray:
    """A picture of skin with eyes and lips; some noise, so that it is not blurred."""
    image = np.full((SIDE, SIDE, 3), SKINS[skin], np.float64)
    for eye in TEMPLATE[:2]:
        cv2.ellipse(image, place(*eye), (12, 6), 0, 0, 360, (30, 30, 30), -1)
    if lips:
        red = np.array(SKINS[skin]) * (0.8, 0.7, 1.0)
        cv2.ellipse(image, place(56, 92), (20, 8), 0, 0, 360, tuple(red), -1)
    noise = np.random.default_rng(3).normal(0, 12, (SIDE, SIDE, 1)) * (image.mean() / 150)
    soft = np.asarray(cv2.GaussianBlur(noise, (0, 0), 0.7), np.float64)
    return np.asarray((image + 2 * soft[..., np.newaxis]).clip(0, 255), np.uint8)


def masked(image: np.ndarray, colour: tuple[int, int, int]) -> np.ndarray:
    cloth = image.copy()
    cv2.rectangle(cloth, place(15, 70), place(97, 112), colour, -1)
    return cloth


def with_dark_glasses(image: np.ndarray) -> np.ndarray:
    worn = image.copy()
    for eye in TEMPLATE[:2]:
        cv2.ellipse(worn, place(*eye), (17, 15), 0, 0, 360, (22, 20, 20), -1)
    return worn


def assess(image: np.ndarray, shown: Face | None = None, shape: FaceShape = STRAIGHT) -> FaceQuality:
    return LandmarkQuality().assess(image, shown or face(), shape)


@pytest.mark.parametrize("skin", SKINS)
def test_a_good_face_has_nothing_wrong_whatever_its_skin(skin: str) -> None:
    found = assess(painted(skin))
    assert (found.reason, found.unfit) == (None, None)
    assert found.score > 0.6


def test_every_component_has_a_code_and_lies_between_0_and_1() -> None:
    components = assess(painted()).components
    assert components.keys() == REASONS.keys() | UNFIT.keys()
    assert all(0.0 <= value <= 1.0 for value in components.values())


@pytest.mark.parametrize(
    ("component", "image", "shown"),
    [
        ("inter_eye_distance", painted(), face(size=60)),
        ("head_size", painted(), face(left=2, top=2, size=396)),
        ("face_in_picture", painted(), face(left=-40)),
        ("under_exposure", painted() // 8, face()),
        ("over_exposure", cv2.add(painted(), np.full((SIDE, SIDE, 3), 90, np.uint8)), face()),
        ("sharpness", cv2.GaussianBlur(painted(), (0, 0), 9), face()),
    ],
)
def test_each_fault_of_the_picture_has_its_guidance_code(component: str, image: np.ndarray, shown: Face) -> None:
    found = assess(image, shown)
    assert found.reason == REASONS[component]
    assert found.components[component] == 0.0
    assert found.score == 0.0


@pytest.mark.parametrize(
    ("code", "image", "shape"),
    [
        ("look_straight", painted(), replace(STRAIGHT, yaw=45.0)),
        ("look_straight", painted(), replace(STRAIGHT, pitch=28.0)),
        ("look_straight", painted(), replace(STRAIGHT, yaw=-30.0, pitch=-34.0)),
        ("eyes_closed", painted(), replace(STRAIGHT, eye_openings=(0.01, 0.015))),
        ("face_covered", masked(painted(), (215, 190, 150)), STRAIGHT),
        ("face_covered", masked(painted(), (35, 33, 32)), STRAIGHT),
        ("face_covered", masked(painted("dark"), (150, 150, 150)), STRAIGHT),
        ("face_covered", with_dark_glasses(painted()), STRAIGHT),
    ],
)
def test_a_face_not_to_be_recognised_is_told_what_to_change_and_stays_a_usable_picture(
    code: str, image: np.ndarray, shape: FaceShape
) -> None:
    found = assess(image, shape=shape)
    assert (found.reason, found.unfit) == (None, code)


@pytest.mark.parametrize("openings", [(0.02, 0.28), (0.28, 0.02), (0.12, 0.12)])
def test_a_wink_and_narrow_eyes_are_not_closed_eyes(openings: tuple[float, float]) -> None:
    assert assess(painted(), shape=replace(STRAIGHT, eye_openings=openings)).unfit is None


@pytest.mark.parametrize("skin", SKINS)
def test_lips_that_do_not_stand_out_are_not_a_covered_mouth(skin: str) -> None:
    assert assess(painted(skin, lips=False)).unfit is None


def test_a_picture_without_colour_is_not_a_covered_face() -> None:
    grey = cv2.cvtColor(cv2.cvtColor(painted(), cv2.COLOR_BGR2GRAY), cv2.COLOR_GRAY2BGR)
    assert assess(np.asarray(grey, np.uint8)).unfit is None


def test_in_a_turned_head_the_other_hints_say_nothing() -> None:
    turned = replace(STRAIGHT, yaw=60.0, eye_openings=(0.0, 0.0))
    assert assess(with_dark_glasses(painted()), shape=turned).unfit == "look_straight"


@pytest.mark.parametrize("name", RAMPS)
@given(one=st.floats(-300, 300), other=st.floats(-300, 300))
def test_a_scale_never_turns_back(name: str, one: float, other: float) -> None:
    ramp = RAMPS[name]
    low, high = sorted((one, other), reverse=ramp.ideal < ramp.refuse)
    assert 0.0 <= ramp(low) <= ramp(high) <= 1.0
    assert (ramp(ramp.refuse), ramp(ramp.ideal)) == (0.0, 1.0)


@given(yaw=st.floats(-90, 90), pitch=st.floats(-90, 90), further=st.floats(1, 3))
def test_turning_further_away_is_never_better(yaw: float, pitch: float, further: float) -> None:
    neutral = scales.NEUTRAL_PITCH
    assert head_pose(yaw * further, neutral + (pitch - neutral) * further) <= head_pose(yaw, pitch)


@settings(max_examples=30)
@given(share=st.floats(0.05, 1), less=st.floats(0.05, 1))
def test_a_darker_picture_is_never_better_lit(share: float, less: float) -> None:
    bright, dark = (
        assess(cv2.convertScaleAbs(painted(), alpha=alpha)).components["under_exposure"]
        for alpha in (share, share * less)
    )
    assert dark <= bright
