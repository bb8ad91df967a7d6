"""Working copies of faces are overwritten once the network has looked at them."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np
import pytest

from adapters.vision.detector import YuNetDetector
from adapters.vision.embedder import FusedEmbedder
from adapters.vision.pad import MiniFasNets
from adapters.vision.scratch import Scratch
from adapters.vision.shape import NetworkShapeReader
from application.ports.vision import Face, FaceCrop

if TYPE_CHECKING:
    from numpy.typing import NDArray

RNG = np.random.default_rng(1)
PICTURE = RNG.integers(1, 255, (320, 320, 3), np.uint8)


class Watching:
    """A network that keeps hold of what it was shown and what it answered."""

    def __init__(self, *shapes: tuple[int, ...]) -> None:
        self.shapes = shapes
        self.seen: list[NDArray[np.float32]] = []
        self.answered: list[NDArray[np.float32]] = []

    def run(self, blob: NDArray[np.float32]) -> list[NDArray[np.float32]]:
        assert blob.any(), "it must be shown something"
        self.seen.append(blob)
        answers = [RNG.random(shape).astype(np.float32) for shape in self.shapes]
        self.answered.extend(answers)
        return answers


def test_the_copy_for_the_detector_is_overwritten_and_the_picture_is_not() -> None:
    cells = [(320 // stride) ** 2 for stride in (8, 16, 32)]
    watching = Watching(*((1, count, width) for width in (1, 1, 4, 10) for count in cells))
    before = PICTURE.copy()

    YuNetDetector(watching, threshold=0.999).detect(PICTURE)  # type: ignore[arg-type]

    assert not watching.seen[0].any()
    np.testing.assert_array_equal(PICTURE, before)


def test_the_surroundings_of_a_face_are_overwritten() -> None:
    watching = Watching((1, 3))
    face = Face(np.array([100, 100, 80, 80], np.float32), np.zeros((5, 2), np.float32), 0.9)

    MiniFasNets({"one": (watching, 2.7), "other": (watching, 4.0)}).measure(PICTURE, face)  # type: ignore[dict-item]

    assert len(watching.seen) == 2
    assert not any(blob.any() for blob in watching.seen)


def test_what_the_networks_of_shape_saw_is_overwritten() -> None:
    points, pose, eyes = Watching((1, 136)), Watching((1, 66), (1, 66), (1, 66)), Watching((1, 2))
    five = np.array([[120, 130], [160, 130], [140, 150], [125, 165], [155, 165]], np.float32)

    shape = NetworkShapeReader(points, pose, eyes).read(  # type: ignore[arg-type]
        PICTURE, Face(np.array([100, 100, 80, 80], np.float32), five, 0.9)
    )

    assert shape.landmarks.shape == (68, 2)
    assert points.seen
    assert pose.seen
    assert eyes.seen
    assert not any(blob.any() for network in (points, pose, eyes) for blob in network.seen)


def test_copies_of_a_crop_and_the_parts_of_its_vector_are_overwritten_and_the_embedding_stays() -> None:
    sface, fr_feature = Watching((1, 128)), Watching((1, 512))
    crop = FaceCrop(RNG.integers(1, 255, (112, 112, 3), np.uint8))

    embedding = FusedEmbedder(sface, fr_feature).embed(crop)  # type: ignore[arg-type]

    held: list[NDArray[Any]] = [*sface.seen, *fr_feature.seen, *sface.answered, *fr_feature.answered]
    assert len(held) == 6
    assert not any(array.any() for array in held)
    assert np.linalg.norm(embedding.vector) == pytest.approx(1.0, abs=1e-5)
    assert crop.pixels.any(), "it is its owner's to wipe"


def test_arrays_are_overwritten_when_the_work_fails_too() -> None:
    array = np.ones(3)

    def fail() -> None:
        with Scratch() as scratch:
            scratch.keep(array)
            raise RuntimeError

    with pytest.raises(RuntimeError):
        fail()
    assert not array.any()
