"""What the eye network is shown, and the measure that is made of its answers."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import cv2
import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from adapters.vision.alignment import TEMPLATE
from adapters.vision.eyes import EVEN, EYE_SHAPE, LEFT_EYE, OPEN, RIGHT_EYE, EyeReader, opening
from application.ports.vision import Face

if TYPE_CHECKING:
    from numpy.typing import NDArray

SKIN = 180


class DarkMeansOpen:
    """An eye network: the darker the middle against the rest, the more open. Keeps what it was shown."""

    def __init__(self) -> None:
        self.shown: list[NDArray[np.float32]] = []
        self.copies: list[NDArray[np.float32]] = []

    def run(self, blob: NDArray[np.float32]) -> list[NDArray[np.float32]]:
        assert blob.shape == EYE_SHAPE
        self.shown.append(blob)
        self.copies.append(blob.copy())
        eye = blob[0, 0]
        margin = 30 * float(eye.mean() - eye[9:15, 9:15].mean()) - 10
        return [np.array([[0.0, margin]], np.float32)]


def scene(*, right: bool = True, left: bool = True, angle: float = 0.0) -> tuple[NDArray[np.uint8], Face, Any]:
    """A grey face twice the aligned size with dark eyes where they are open, turned in the plane by an angle."""
    turn = np.array([[np.cos(angle), -np.sin(angle)], [np.sin(angle), np.cos(angle)]])
    landmarks = ((TEMPLATE - 56) @ turn.T * 2 + 200).astype(np.float32)
    points = np.zeros((68, 2), np.float32)
    image = np.full((400, 400, 3), SKIN, np.uint8)
    for eye, at, is_open in ((RIGHT_EYE, landmarks[0], right), (LEFT_EYE, landmarks[1], left)):
        points[eye] = at
        if is_open:
            cv2.circle(image, (int(at[0]), int(at[1])), 10, (20, 20, 20), -1)
    return image, Face(np.array([90, 90, 220, 220], np.float32), landmarks, 0.9), points


@pytest.mark.parametrize("angle", [0.0, 0.5, -0.7])
@pytest.mark.parametrize(("right", "left"), [(True, True), (True, False), (False, True), (False, False)])
def test_each_eye_is_looked_at_where_its_landmarks_are(right: bool, left: bool, angle: float) -> None:
    image, face, points = scene(right=right, left=left, angle=angle)

    openings = EyeReader(DarkMeansOpen()).read(image, face, points)  # type: ignore[arg-type]

    assert [value > OPEN / 2 for value in openings] == [right, left]


def test_the_landmarks_count_and_not_the_detectors_eye_points() -> None:
    image, face, points = scene()
    points[RIGHT_EYE] += 60

    right, left = EyeReader(DarkMeansOpen()).read(image, face, points)  # type: ignore[arg-type]

    assert right < OPEN / 2 < left


def test_a_dark_room_is_brought_to_one_brightness_in_every_second_look() -> None:
    image, face, points = scene()
    network = DarkMeansOpen()

    EyeReader(network).read(image // 6, face, points)  # type: ignore[arg-type]

    assert {round(float(blob.mean()), 1) for blob in network.copies[1::2]} == {0.5}
    assert all(blob.mean() < 0.12 for blob in network.copies[::2])


def test_what_the_network_was_shown_is_overwritten_and_the_picture_is_not() -> None:
    image, face, points = scene()
    before, network = image.copy(), DarkMeansOpen()

    EyeReader(network).read(image, face, points)  # type: ignore[arg-type]

    assert len(network.shown) == 8
    assert not any(blob.any() for blob in network.shown)
    np.testing.assert_array_equal(image, before)


def test_an_eye_outside_the_picture_does_no_harm() -> None:
    image, face, points = scene()
    points[LEFT_EYE] = [-5000, 9000]

    openings = EyeReader(DarkMeansOpen()).read(image, face, points)  # type: ignore[arg-type]

    assert all(0.0 <= value <= OPEN for value in openings)


@given(one=st.floats(-1e4, 1e4), other=st.floats(-1e4, 1e4))
def test_the_surer_the_network_the_wider_the_opening(one: float, other: float) -> None:
    closed, opened = (opening(margin) for margin in sorted((one, other)))
    assert 0.0 <= closed <= opened <= OPEN
    assert opening(EVEN) == pytest.approx(OPEN / 2)
