"""Coarse pictures of a face and of what is around it, and of two crops as one moved photograph."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import cv2
import numpy as np
import pytest

from adapters.vision import likeness, scene
from adapters.vision.likeness import flat_likeness, flat_picture, same_picture
from adapters.vision.scene import COLUMNS, ROWS, coarse_face, surroundings
from application.ports.vision import FaceCrop
from domain.policies.continuity import FACE_LIKENESS, SCENE_CHANGE, scene_change

if TYPE_CHECKING:
    from collections.abc import Callable

    from numpy.typing import NDArray

    from application.ports.vision import Image

BOX = np.array([260, 140, 120, 150], np.float32)
PICTURE_SHAPE = (480, 640, 3)


def blotches(seed: int, shape: tuple[int, ...] = PICTURE_SHAPE, scale: float = 25.0) -> Image:
    """A picture of smooth random patches."""
    noise = np.random.default_rng(seed).normal(0, 1, shape).astype(np.float32)
    smooth = cv2.GaussianBlur(noise, (0, 0), scale)
    smooth = (smooth - smooth.min()) / (smooth.max() - smooth.min())
    return np.asarray(20 + 215 * smooth, np.uint8)


def crop(seed: int) -> FaceCrop:
    return FaceCrop(blotches(seed, (112, 112, 3), 3.0))


def moved(one: FaceCrop, plane: list[list[float]]) -> FaceCrop:
    return FaceCrop(
        np.asarray(
            cv2.warpPerspective(one.pixels, np.array(plane, np.float64), (112, 112), borderMode=cv2.BORDER_REFLECT),
            np.uint8,
        )
    )


# Surroundings -------------------------------------------------------------------------------------------------------


def test_the_surroundings_are_grey_values_and_nothing_where_the_person_is() -> None:
    seen = surroundings(np.full(PICTURE_SHAPE, 51, np.uint8), BOX).reshape(ROWS, COLUMNS)

    assert seen.dtype == np.float32
    assert np.isnan(seen[4, 6]), "the face"
    assert np.isnan(seen[8, 6]), "the chest"
    assert np.isnan(seen[8, 4]), "a shoulder"
    np.testing.assert_allclose(seen[0], 0.2, atol=0.01)
    np.testing.assert_allclose(seen[:, [0, 11]], 0.2, atol=0.01)


@pytest.mark.parametrize("box", [[-50, -40, 300, 400], [0, 0, 640, 480], [600, 400, 200, 200]])
def test_a_face_at_the_edge_leaves_what_there_is(box: list[float]) -> None:
    seen = surroundings(blotches(1), np.array(box, np.float32))

    assert seen.shape == (COLUMNS * ROWS,)
    assert np.isnan(seen).any()


def test_another_face_in_the_same_place_leaves_the_scene_as_it_was() -> None:
    before = blotches(2)
    after = before.copy()
    after[140:290, 260:380] = 255 - after[140:290, 260:380]

    assert scene_change(surroundings(before, BOX), surroundings(after, BOX)) == 0.0


def test_another_place_is_another_scene_and_brighter_light_is_not() -> None:
    here = np.full(PICTURE_SHAPE, 40, np.uint8)
    here[:, :200] = 150  # a window
    elsewhere = here[:, ::-1].copy()

    assert scene_change(surroundings(here, BOX), surroundings(here + np.uint8(60), BOX)) < 0.01
    assert scene_change(surroundings(here, BOX), surroundings(elsewhere, BOX)) > SCENE_CHANGE


# Coarse faces -------------------------------------------------------------------------------------------------------


def test_a_coarse_face_is_a_direction_without_brightness_and_contrast() -> None:
    one = crop(4)
    dimmer = FaceCrop(np.asarray(one.pixels * 0.5 + 30, np.uint8))

    seen = coarse_face(one)

    assert seen.shape == (210,)
    assert seen.dtype == np.float32
    assert np.linalg.norm(seen) == pytest.approx(1.0, abs=1e-5)
    assert float(seen.mean()) == pytest.approx(0.0, abs=1e-6)
    assert float(seen @ coarse_face(dimmer)) > 0.99


def test_another_face_is_another_direction_and_the_same_a_little_moved_is_not() -> None:
    one = crop(5)
    nudged = moved(one, [[1, 0, 1], [0, 1, 1], [0, 0, 1]])

    assert float(coarse_face(one) @ coarse_face(nudged)) > FACE_LIKENESS
    assert float(coarse_face(one) @ coarse_face(crop(6))) < FACE_LIKENESS


def test_a_face_of_one_grey_is_like_none_not_even_itself() -> None:
    plain = coarse_face(FaceCrop(np.full((112, 112, 3), 90, np.uint8)))

    assert np.isfinite(plain).all()
    assert float(plain @ plain) < FACE_LIKENESS


# Photographs that are moved -----------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    "plane",
    [
        [[1, 0, 2.5], [0, 1, -1.5], [0, 0, 1]],
        [[1.04, 0.02, -2], [-0.02, 1.04, -1], [0, 0, 1]],
        [[1.0, 0, 0], [0, 1.0, 0], [0.0005, -0.0004, 1]],
    ],
    ids=["moved", "nearer and rolled", "tilted"],
)
def test_a_picture_that_is_moved_as_a_plane_is_one_picture(plane: list[list[float]]) -> None:
    assert flat_picture(crop(7), moved(crop(7), plane))


def test_two_pictures_are_not() -> None:
    assert flat_likeness(crop(8), crop(9)) < 0.5
    assert not flat_picture(crop(8), crop(9))


def test_a_part_that_moves_by_itself_is_life() -> None:
    one = crop(10)
    smiling = one.pixels.copy()
    smiling[70:95, 30:80] = crop(11).pixels[70:95, 30:80]

    assert not flat_picture(one, FaceCrop(smiling))


@pytest.mark.parametrize("compare", [flat_picture, same_picture])
def test_crops_without_any_detail_are_no_proof_of_a_photograph_nor_an_error(
    compare: Callable[[FaceCrop, FaceCrop], bool],
) -> None:
    plain = FaceCrop(np.full((112, 112, 3), 90, np.uint8))

    assert isinstance(compare(plain, FaceCrop(plain.pixels.copy())), bool)
    assert not compare(plain, crop(12))


# Working copies -----------------------------------------------------------------------------------------------------


class Watching:
    """``cv2``, whose pictures are remembered."""

    PICTURES = ("cvtColor", "resize", "GaussianBlur", "warpAffine", "warpPerspective")

    def __init__(self) -> None:
        self.made: list[NDArray[Any]] = []

    def __getattr__(self, name: str) -> Any:
        real = getattr(cv2, name)
        if name not in self.PICTURES:
            return real

        def remembering(*args: Any, **kwargs: Any) -> Any:
            self.made.append(real(*args, **kwargs))
            assert np.asarray(self.made[-1]).any()
            return self.made[-1]

        return remembering


@pytest.mark.parametrize(
    ("module", "work", "pictures"),
    [
        (scene, lambda: coarse_face(crop(13)), 2),
        (scene, lambda: surroundings(blotches(13), BOX), 2),
        (likeness, lambda: same_picture(crop(13), moved(crop(13), [[1, 0, 1], [0, 1, 0], [0, 0, 1]])), 7),
        (likeness, lambda: flat_picture(crop(13), moved(crop(13), [[1, 0, 1], [0, 1, 0], [0, 0, 1]])), 7),
        (likeness, lambda: flat_picture(crop(13), FaceCrop(np.full((112, 112, 3), 9, np.uint8))), 4),
    ],
    ids=["coarse face", "surroundings", "same picture", "flat picture", "flat picture, no fit"],
)
def test_copies_of_a_face_are_overwritten_and_the_crop_is_not(
    monkeypatch: pytest.MonkeyPatch, module: Any, work: Callable[[], Any], pictures: int
) -> None:
    watching = Watching()
    monkeypatch.setattr(module, "cv2", watching)

    work()

    assert len(watching.made) >= pictures
    assert not any(array.any() for array in watching.made)


def test_what_is_answered_is_not_overwritten_with_the_copies() -> None:
    one = crop(14)
    before = one.pixels.copy()

    assert coarse_face(one).any()
    assert np.nansum(surroundings(blotches(14), BOX)) > 0
    assert flat_likeness(one, one) > 0.99
    np.testing.assert_array_equal(one.pixels, before)
