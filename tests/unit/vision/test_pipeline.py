"""The frame's way, driven with scripted pictures."""

from __future__ import annotations

from typing import TYPE_CHECKING, NoReturn

import numpy as np
import pytest

from adapters.memory.vision import (
    DIMENSION,
    MODEL,
    ScriptedPad,
    picture,
    scripted_judge,
)
from domain.errors import ImageError
from tests.watched_vision import RememberingDecoder, pipeline

if TYPE_CHECKING:
    from application.ports.vision import Face, Image


class BrokenPad(ScriptedPad):
    """Fails in the middle of a frame."""

    def judge(self, image: Image, face: Face) -> NoReturn:  # noqa: ARG002 - it breaks whatever it is given
        raise RuntimeError("broken")


def test_a_usable_frame_comes_with_its_crop_and_the_time_of_every_step() -> None:
    findings, crop = scripted_judge().judge(picture("ana", pad=0.97, quality=0.8))
    assert findings.usable
    assert crop is not None
    assert findings.pad == 0.97
    assert findings.quality is not None
    assert findings.quality.score == 0.8
    assert list(findings.steps_ms) == ["decode", "detect", "shape", "quality", "pad", "scene"]


@pytest.mark.parametrize(
    ("payload", "reason", "faces"),
    [
        (picture(faces=0), "no_face", 0),
        (picture(faces=2), "many_faces", 2),
        (picture(reason="blurred"), "blurred", 1),
    ],
)
def test_an_unusable_frame_has_a_reason_and_no_crop(payload: bytes, reason: str, faces: int) -> None:
    findings, crop = scripted_judge().judge(payload)
    assert (findings.reason, findings.faces, crop) == (reason, faces, None)
    assert not findings.usable


@pytest.mark.parametrize("payload", [b"", b"garbage", b"[1]", b'"text"'])
def test_garbage_is_an_image_error(payload: bytes) -> None:
    with pytest.raises(ImageError):
        scripted_judge().judge(payload)


@pytest.mark.parametrize("payload", [picture("ana"), picture(faces=0), picture(faces=3)])
def test_the_decoded_picture_is_overwritten_before_the_judge_returns(payload: bytes) -> None:
    decoder = RememberingDecoder()
    _, crop = pipeline(decoder, ScriptedPad()).judge(payload)
    assert not decoder.decoded[0].any()
    assert crop is None or crop.pixels.any()


def test_the_decoded_picture_is_overwritten_when_a_step_fails_too() -> None:
    decoder = RememberingDecoder()
    with pytest.raises(RuntimeError):
        pipeline(decoder, BrokenPad()).judge(picture("ana"))
    assert not decoder.decoded[0].any()


def test_scripted_embeddings_are_near_for_one_person_and_far_for_two() -> None:
    judge = scripted_judge()
    vectors = []
    for payload in (picture("ana", take=1), picture("ana", take=1), picture("ana", take=2), picture("bo")):
        _, crop = judge.judge(payload)
        assert crop is not None
        vectors.append(judge.embed(crop))
    assert vectors[0].model == judge.model == MODEL
    assert vectors[0].vector.shape == (DIMENSION,)
    assert np.array_equal(vectors[0].vector, vectors[1].vector)
    assert 0.9 < vectors[0].similarity(vectors[2]) < 0.99
    assert vectors[0].similarity(vectors[3]) < 0.5
