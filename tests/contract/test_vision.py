"""What every FrameJudge does, with real models on real faces and with none at all."""

from __future__ import annotations

import os
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

import cv2
import numpy as np
import pytest

from adapters.crypto.entropy import SystemClock, SystemIds
from adapters.memory.clock import FixedClock, SequentialIds
from adapters.memory.vision import picture, scripted_judge
from adapters.vision.load import load_pipeline
from application.ports.clock import Clock, Ids
from application.ports.vision import FrameJudge
from domain.errors import ImageError
from entrypoints.cli import demo_faces

ROOT = Path(__file__).resolve().parents[2]


@dataclass(frozen=True)
class Eyes:
    """A judge and pictures that it understands."""

    judge: FrameJudge
    ana: list[bytes]
    bia: bytes
    crowd: bytes
    nobody: bytes
    fake: bytes


def scripted() -> Eyes:
    takes = [picture("ana", take=take) for take in (1, 2)]
    crowd, nobody = picture("ana", faces=2), picture("ana", faces=0)
    return Eyes(scripted_judge(), takes, picture("bia"), crowd, nobody, picture("ana", pad=0.01))


def real() -> Eyes:
    models = Path(os.environ.get("FACEAUTH_HOME", ROOT / "var")) / "models"
    if not (models / "bundle.json").exists():
        pytest.skip("the models are not installed: run 'make models'")
    photo = demo_faces.photograph()
    ana, bia = (demo_faces.captures(photo, person, demo_faces.SIGN_IN) for person in (0, 1))
    blank = cv2.imencode(".jpg", np.full((480, 640, 3), 128, np.uint8))[1].tobytes()
    crowd = demo_faces.encode(photo, 90)
    return Eyes(load_pipeline(models), ana[:2], bia[0], crowd, blank, demo_faces.prints(photo, 0)[0])


@pytest.fixture(
    params=[scripted, pytest.param(real, marks=pytest.mark.models)], ids=["memory", "models"], scope="module"
)
def eyes(request: pytest.FixtureRequest) -> Eyes:
    made: Callable[[], Eyes] = request.param
    return made()


def test_one_good_face_gives_findings_and_an_aligned_crop(eyes: Eyes) -> None:
    findings, crop = eyes.judge.judge(eyes.ana[0])

    assert (findings.faces, findings.reason, findings.usable) == (1, None, True)
    assert crop is not None
    assert (crop.pixels.shape, str(crop.pixels.dtype)) == ((112, 112, 3), "uint8")
    assert set(findings.steps_ms) == {"decode", "detect", "shape", "quality", "pad", "scene"}


def test_none_or_many_faces_give_a_reason_and_no_crop(eyes: Eyes) -> None:
    for payload, reason in ((eyes.nobody, "no_face"), (eyes.crowd, "many_faces")):
        findings, crop = eyes.judge.judge(payload)
        assert (findings.reason, findings.usable, crop) == (reason, False, None)


def test_a_fake_scores_low_and_a_live_face_high(eyes: Eyes) -> None:
    live, fake = (eyes.judge.judge(payload)[0].pad for payload in (eyes.ana[0], eyes.fake))

    assert live is not None
    assert fake is not None
    assert 0.0 <= fake < 0.2
    assert 0.5 < live <= 1.0


@pytest.mark.parametrize("payload", [b"", b"garbage", b"\xff\xd8\xff"], ids=["empty", "garbage", "cut off"])
def test_what_is_no_picture_is_an_image_error(eyes: Eyes, payload: bytes) -> None:
    with pytest.raises(ImageError):
        eyes.judge.judge(payload)


def test_embeddings_are_unit_vectors_near_for_one_person_and_far_for_two(eyes: Eyes) -> None:
    crops = [eyes.judge.judge(payload)[1] for payload in (*eyes.ana, eyes.bia)]
    first, second, other = (eyes.judge.embed(crop) for crop in crops if crop is not None)

    assert first.model == eyes.judge.model
    assert (str(first.vector.dtype), first.vector.ndim) == ("float32", 1)
    assert first.similarity(second) > 0.6
    assert first.similarity(other) < 0.45


def test_one_picture_sent_twice_is_told_from_two(eyes: Eyes) -> None:
    (_, one), (_, again), (_, other) = (eyes.judge.judge(p) for p in (eyes.ana[0], eyes.ana[0], eyes.ana[1]))

    assert one is not None
    assert again is not None
    assert other is not None
    assert eyes.judge.same_picture(one, again)
    assert not eyes.judge.same_picture(one, other)


@pytest.mark.parametrize("clock", [SystemClock(), FixedClock()], ids=["system", "memory"])
def test_a_clock_tells_aware_utc_and_never_runs_backwards(clock: Clock) -> None:
    offset = clock.now().utcoffset()
    assert offset is not None
    assert offset.total_seconds() == 0
    assert clock.monotonic() <= clock.monotonic()


@pytest.mark.parametrize("ids", [SystemIds(), SequentialIds()], ids=["system", "memory"])
def test_ids_and_nonces_do_not_repeat(ids: Ids) -> None:
    assert len({ids.new() for _ in range(100)}) == 100
    assert len({ids.nonce() for _ in range(100)}) == 100
