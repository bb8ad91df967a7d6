"""Clips for evaluations: frames at a stated rate, lossless, and nothing from what is no clip."""

from __future__ import annotations

from pathlib import Path

import cv2
import numpy as np
import pytest

from adapters.vision.clips import camera_frames, sampled_frames
from domain.errors import ImageError

FRAMES, FPS = 30, 10.0


@pytest.fixture
def clip(tmp_path: Path) -> Path:
    """Three seconds, each frame as bright as its number says."""
    path = tmp_path / "clip.avi"
    writer = cv2.VideoWriter(str(path), cv2.VideoWriter.fourcc(*"MJPG"), FPS, (64, 48))
    for number in range(FRAMES):
        writer.write(np.full((48, 64, 3), 8 * number, np.uint8))
    writer.release()
    return path


def brightness(payload: bytes) -> float:
    picture = cv2.imdecode(np.frombuffer(payload, np.uint8), cv2.IMREAD_COLOR)
    return float(np.asarray(picture).mean())


@pytest.mark.parametrize(("per_second", "numbers"), [(2.0, range(0, 30, 5)), (10.0, range(30)), (120.0, range(30))])
def test_frames_come_at_the_stated_rate_or_as_many_as_there_are(clip: Path, per_second: float, numbers: range) -> None:
    found = list(sampled_frames(clip, per_second))

    assert [at for at, _ in found] == pytest.approx([number * 100 for number in numbers])
    assert [brightness(payload) for _, payload in found] == pytest.approx([8 * n for n in numbers], abs=3)


def test_a_rate_that_does_not_divide_the_clips_own_keeps_its_mean(clip: Path) -> None:
    assert len(list(sampled_frames(clip, 4.0))) == 12


def test_a_frame_too_large_for_the_decoder_is_compressed_instead(clip: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("adapters.vision.clips.ENROLMENT_BYTES", 10)
    _, payload = next(iter(sampled_frames(clip, 1)))
    assert payload.startswith(b"\xff\xd8")


@pytest.mark.parametrize("content", [b"", b"not a clip", b"RIFF" + bytes(400)])
def test_what_is_no_clip_is_an_image_error(tmp_path: Path, content: bytes) -> None:
    path = tmp_path / "broken.avi"
    path.write_bytes(content)
    with pytest.raises(ImageError):
        list(sampled_frames(path, 5))


def test_a_camera_sends_every_frame_with_its_time_and_encodes_what_is_asked_for(clip: Path) -> None:
    found = [(at, encode() if number % 5 == 0 else None) for number, (at, encode) in enumerate(camera_frames(clip))]

    assert [at for at, _ in found] == pytest.approx([number * 100 for number in range(FRAMES)])
    assert [brightness(payload) for _, payload in found if payload is not None] == pytest.approx(
        [8 * n for n in range(0, FRAMES, 5)], abs=3
    )


def test_a_camera_of_what_is_no_clip_is_an_error(tmp_path: Path) -> None:
    (tmp_path / "odd.avi").write_bytes(b"no clip")

    with pytest.raises(ImageError):
        list(camera_frames(tmp_path / "odd.avi"))
