"""What one plane explains, and what only a head does."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
import pytest

from adapters.memory.vision import head
from domain.policies.challenge import FLAT, FLAT_PER_DEG
from domain.policies.parallax import mean_shape, plane_residual

if TYPE_CHECKING:
    from numpy.typing import NDArray

STRAIGHT = head(0, 0).astype(np.float64)


def laid(points: NDArray[np.float64], plane: list[list[float]]) -> NDArray[np.float64]:
    mapped = np.column_stack([points, np.ones(len(points))]) @ np.array(plane).T
    return np.asarray(mapped[:, :2] / mapped[:, 2:])


@pytest.mark.parametrize(
    "plane",
    [
        [[1, 0, 0], [0, 1, 0], [0, 0, 1]],
        [[1, 0, 40], [0, 1, -25], [0, 0, 1]],
        [[1.4, 0, 0], [0, 1.4, 0], [0, 0, 1]],
        [[0.8, -0.6, 5], [0.6, 0.8, 3], [0, 0, 1]],
        [[0.6, 0, 20], [0, 1, 0], [0.001, 0, 1]],
        [[1, 0.2, 0], [0, 0.7, 0], [0, -0.0012, 1]],
    ],
    ids=["still", "moved", "nearer", "rolled", "tilted sideways", "tilted backwards"],
)
def test_a_picture_that_moves_is_explained_by_one_plane(plane: list[list[float]]) -> None:
    assert plane_residual(STRAIGHT, laid(STRAIGHT, plane)) < 1e-6


@pytest.mark.parametrize(("yaw", "pitch"), [(0, 30), (30, 0), (-40, 10), (20, -35)])
def test_a_tilted_photograph_stays_flat_as_the_camera_sees_it(yaw: float, pitch: float) -> None:
    photograph = head(0, 0, flat=True).astype(np.float64)

    assert plane_residual(photograph, head(yaw, pitch, flat=True).astype(np.float64)) < 1e-4


@pytest.mark.parametrize(("yaw", "pitch"), [(18, 0), (-18, 0), (30, 0), (-30, 0), (0, 18), (0, -18), (0, 28)])
def test_a_turned_head_is_not(yaw: float, pitch: float) -> None:
    residual = plane_residual(STRAIGHT, head(yaw, pitch).astype(np.float64))

    assert residual > max(FLAT, FLAT_PER_DEG * max(abs(yaw), abs(pitch)))


def test_the_residual_grows_with_the_turn_and_not_with_the_size_of_the_picture() -> None:
    residuals = [plane_residual(STRAIGHT, head(yaw, 0).astype(np.float64)) for yaw in (5, 10, 20, 40)]
    enlarged = plane_residual(3 * STRAIGHT, 3 * head(20, 0).astype(np.float64))

    assert residuals == sorted(residuals)
    assert enlarged == pytest.approx(residuals[2])


LINE = np.column_stack([np.linspace(0, 100, 68), np.linspace(5, 60, 68)])
HOLE = np.where(np.arange(68)[:, np.newaxis] == 7, np.nan, STRAIGHT)
EYELESS = STRAIGHT.copy()
EYELESS[36:48] = 100.0


@pytest.mark.parametrize(
    "points",
    [np.zeros((68, 2)), np.full((68, 2), 9.0), LINE, HOLE, np.full((68, 2), np.inf), 1e200 * STRAIGHT],
    ids=["nothing", "one place", "one line", "not all numbers", "infinite", "huge"],
)
def test_points_that_are_no_face_are_no_depth_on_either_side(points: NDArray[np.float64]) -> None:
    with np.errstate(all="ignore"):
        assert plane_residual(STRAIGHT, points) == 0
        assert plane_residual(points, STRAIGHT) == 0


def test_eyes_in_one_place_are_no_depth() -> None:
    assert plane_residual(STRAIGHT, EYELESS) == 0


def test_noise_averages_out_over_frames_of_one_pose() -> None:
    random = np.random.default_rng(5)
    noisy = [(STRAIGHT + random.normal(0, 2, STRAIGHT.shape)).astype(np.float32) for _ in range(30)]

    assert np.abs(mean_shape(noisy) - STRAIGHT).mean() < np.abs(noisy[0] - STRAIGHT).mean() / 3
