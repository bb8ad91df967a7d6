"""The arithmetic around the networks: detection rows, crops, alignment, who counts as a second face."""

from __future__ import annotations

import warnings

import cv2
import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from adapters.vision.alignment import TEMPLATE, align_face, similarity_transform
from adapters.vision.detector import decode
from adapters.vision.likeness import picture_likeness, same_picture
from adapters.vision.pad import enlarged_box
from adapters.vision.pipeline import faces_that_matter
from application.ports.vision import Face, FaceCrop

SIDE = 400


def face(*, left: float = 130, top: float = 110, size: float = 140, score: float = 0.9) -> Face:
    """A face looking straight ahead: landmarks where a box of that size has them."""
    landmarks = (TEMPLATE - TEMPLATE.mean(axis=0)) * (size / 112) + [left + size / 2, top + size / 2]
    return Face(np.array([left, top, size, size], np.float32), landmarks.astype(np.float32), score)


def textured(brightness: int = 130) -> np.ndarray:
    noise = np.random.default_rng(3).normal(brightness, 40, (SIDE, SIDE, 3))
    return cv2.GaussianBlur(noise.clip(0, 255).astype(np.uint8), (0, 0), 1)


def test_alignment_gives_the_crop_that_insightface_gives() -> None:
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        from insightface.utils.face_align import arcface_dst, norm_crop  # noqa: PLC0415 - warns and is slow to import

        image = textured()
        np.testing.assert_allclose(TEMPLATE, arcface_dst, atol=1e-4)
        rng = np.random.default_rng(5)
        for angle in (0.0, 0.4, -1.2):
            turn = np.array([[np.cos(angle), -np.sin(angle)], [np.sin(angle), np.cos(angle)]])
            landmarks = ((TEMPLATE - 56) @ turn.T * 1.6 + 200 + rng.normal(0, 3, (5, 2))).astype(np.float32)
            expected = norm_crop(image, landmarks)
            difference = np.abs(align_face(image, landmarks).pixels.astype(int) - expected.astype(int))
            assert difference.max() <= 3


def test_landmarks_that_all_coincide_do_no_harm() -> None:
    assert np.isfinite(similarity_transform(np.full((5, 2), 7.0, np.float32))).all()


def test_a_detection_row_is_decoded_from_its_cell() -> None:
    width = 64
    outputs = [
        np.zeros((1, (width // stride) ** 2, size), np.float32) for size in (1, 1, 4, 10) for stride in (8, 16, 32)
    ]
    cell = 2 * (width // 8) + 3
    outputs[0][0, cell] = outputs[3][0, cell] = 0.81
    outputs[6][0, cell] = [0.5, 0.5, np.log(2), np.log(4)]
    outputs[9][0, cell] = 1.0
    (row,) = decode(outputs, width, 0.6)
    np.testing.assert_allclose(row[:4], [28 - 8, 20 - 16, 16, 32], atol=1e-4)
    np.testing.assert_allclose(row[4:14].reshape(5, 2), np.tile([32, 24], (5, 1)), atol=1e-4)
    assert row[14] == pytest.approx(0.81)


@given(
    left=st.floats(-50, 600), top=st.floats(-50, 400), width=st.floats(5, 500), height=st.floats(5, 500),
    scale=st.sampled_from([2.7, 4.0]),
)  # fmt: skip
def test_an_enlarged_box_always_lies_within_the_picture(
    left: float, top: float, width: float, height: float, scale: float
) -> None:
    box = enlarged_box((480, 640), np.array([left, top, width, height], np.float32), scale)
    assert 0 <= box[0] <= box[2] <= 639
    assert 0 <= box[1] <= box[3] <= 479


def test_a_bystander_does_not_count_but_a_second_person_does() -> None:
    image = textured()
    main = face(left=20, top=100, size=150)
    for small in (face(left=250, top=20, size=80), face(left=250, size=140, score=0.65), face(left=330, size=140)):
        assert faces_that_matter(image, [small, main]) == [main]
    second = face(left=220, top=100, size=120)
    assert faces_that_matter(image, [second, main]) == [main, second]
    assert faces_that_matter(image, []) == []


def test_a_copy_of_a_picture_is_recognised_and_another_picture_is_not() -> None:
    first, second = (
        np.asarray(cv2.GaussianBlur(part, (0, 0), 2), np.uint8)
        for part in (textured()[:112, :112], textured()[112:224, 112:224])
    )
    original, other = FaceCrop(first), FaceCrop(second)
    ok, jpeg = cv2.imencode(".jpg", original.pixels, [cv2.IMWRITE_JPEG_QUALITY, 95])
    assert ok
    copy = FaceCrop(np.asarray(cv2.imdecode(jpeg, cv2.IMREAD_COLOR), np.uint8))
    assert picture_likeness(original, original) == pytest.approx(1.0, abs=1e-4)
    assert same_picture(original, copy)
    assert not same_picture(original, other)
    assert not same_picture(original, FaceCrop(np.zeros((112, 112, 3), np.uint8)))
