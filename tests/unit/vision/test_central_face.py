"""The face that an evaluation picture is of."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
import pytest

from adapters.memory.vision import (
    ScriptedEmbedder,
    picture,
    scripted_judge,
)
from adapters.vision.pipeline import most_central
from application.ports.vision import Face
from tests.watched_vision import RememberingDecoder, pipeline

if TYPE_CHECKING:
    from application.ports.vision import FaceCrop, Image


def face(left: float, top: float, size: float) -> Face:
    return Face(np.array([left, top, size, size], np.float32), np.zeros((5, 2), np.float32), 0.9)


class BrokenAlignment(ScriptedEmbedder):
    """Fails at the last step."""

    def align(self, image: Image, face: Face) -> FaceCrop:  # noqa: ARG002 - it breaks whatever it is given
        raise RuntimeError("broken")


def test_a_bystander_at_the_edge_is_not_whom_the_picture_is_of() -> None:
    image = np.zeros((250, 250, 3), np.uint8)
    bystander, person, passer_by = face(0, 0, 90), face(85, 85, 80), face(120, 120, 10)

    assert most_central(image, [bystander, person, passer_by]) is person


@pytest.mark.parametrize(
    ("payload", "reason", "unfit", "seen"),
    [
        (picture(), None, None, True),
        (picture(faces=2), "many_faces", None, True),
        (picture(reason="blurred"), "blurred", None, True),
        (picture(unfit="eyes_closed"), None, "eyes_closed", True),
        (picture(faces=0), "no_face", None, False),
    ],
)
def test_there_is_a_crop_wherever_there_is_a_face_and_what_the_service_would_say(
    payload: bytes, reason: str | None, unfit: str | None, seen: bool
) -> None:
    findings, crop = scripted_judge().central(payload)

    assert findings.reason == reason
    assert (findings.quality.unfit if findings.quality else None) == unfit
    assert (crop is not None) == seen
    assert findings.pad is None


def test_the_reason_is_the_very_one_that_the_service_gives() -> None:
    for payload in (picture(), picture(faces=3), picture(faces=0), picture(reason="too_dark")):
        assert scripted_judge().central(payload)[0].reason == scripted_judge().judge(payload)[0].reason


@pytest.mark.parametrize("payload", [picture(), picture(faces=0), picture(faces=3)])
def test_the_decoded_picture_is_overwritten(payload: bytes) -> None:
    decoder = RememberingDecoder()
    _, crop = pipeline(decoder).central(payload)

    assert not decoder.decoded[0].any()
    assert crop is None or crop.pixels.any()


def test_the_decoded_picture_is_overwritten_when_a_step_fails_too() -> None:
    decoder = RememberingDecoder()
    with pytest.raises(RuntimeError):
        pipeline(decoder, embedder=BrokenAlignment()).central(picture())

    assert not decoder.decoded[0].any()
