"""Quality and eyes on real faces: nobody is refused without reason, and blinks are seen in narrow eyes too."""

from __future__ import annotations

from collections import Counter
from typing import TYPE_CHECKING

import cv2
import numpy as np
import pytest

from adapters.vision.load import load_pipeline

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

    from adapters.vision.pipeline import VisionPipeline
    from domain.biometrics import FrameFindings

    Picture = np.ndarray

pytestmark = [pytest.mark.models, pytest.mark.data]

BLINKS = {
    # clip: from, to, and when both eyes are shut, all in seconds, as seen by eye
    "motion/d10": (6.6, 8.0, (7.4, 7.5)),
    "motion/d18": (2.5, 3.8, (3.1, 3.25)),
    "motion/d14": (0.1, 1.0, (0.5, 0.65)),
    "replay/tranvanluyt2203_real": (17.1, 18.5, (17.7, 17.85)),
    "webcam/cap12": (24.9, 26.4, (25.6, 25.75)),
}
OPEN_EYES = {
    # clip: seconds in which the eyes are open
    "replay/lestari15_real": (0.0, 3.6),
    "replay/tranvanluyt2203_real": (18.5, 20.6),
    "motion/d20": (0.0, 2.5),
}
COPIES: dict[str, Callable[[Picture], Picture]] = {
    "blurred": lambda picture: cv2.GaussianBlur(picture, (0, 0), 4),
    "too_dark": lambda picture: cv2.convertScaleAbs(picture, alpha=0.15),
    "too_small": lambda picture: cv2.resize(picture, None, fx=0.4, fy=0.4, interpolation=cv2.INTER_AREA),
}


@pytest.fixture(scope="module")
def pipeline(installed_models: Path) -> VisionPipeline:
    return load_pipeline(installed_models)


@pytest.fixture(scope="module")
def photographs(evaluation_data: Path) -> list[Picture]:
    """Every fiftieth press photograph."""
    files = sorted((evaluation_data / "lfw" / "images").glob("*/*.jpg"))[::50]
    return [np.asarray(cv2.imread(str(file))) for file in files]


def judge(pipeline: VisionPipeline, picture: Picture) -> FrameFindings:
    return pipeline.judge(cv2.imencode(".png", picture, [cv2.IMWRITE_PNG_COMPRESSION, 1])[1].tobytes())[0]


def seconds(
    pipeline: VisionPipeline, clip: Path, first: float, last: float, every: int = 2
) -> list[tuple[float, FrameFindings]]:
    """Findings of a stretch of a clip, with their time in seconds."""
    assert clip.exists()
    video = cv2.VideoCapture(str(clip))
    rate, found, index = video.get(cv2.CAP_PROP_FPS), [], 0
    while video.grab() and index / rate <= last:
        if index / rate >= first and index % every == 0:
            found.append((index / rate, judge(pipeline, np.asarray(video.retrieve()[1]))))
        index += 1
    video.release()
    return found


@pytest.mark.parametrize("clip", BLINKS)
def test_a_blink_stands_out_from_open_eyes_whatever_their_shape(
    pipeline: VisionPipeline, evaluation_data: Path, clip: str
) -> None:
    first, last, (shut, opened) = BLINKS[clip]
    found = seconds(pipeline, evaluation_data / "clips" / f"{clip}.mp4", first, last)
    openings = [(at, max(frame.shape.eye_openings)) for at, frame in found if frame.shape is not None]
    usual = float(np.median([opening for _, opening in openings]))

    closed = [opening / usual for at, opening in openings if shut - 0.05 <= at <= opened + 0.05]
    others = [opening / usual for at, opening in openings if not shut - 0.2 <= at <= opened + 0.2]

    assert min(closed) < 0.7
    assert float(np.mean([ratio > 0.8 for ratio in others])) > 0.97


@pytest.mark.parametrize("clip", OPEN_EYES)
def test_narrow_eyes_and_eyes_in_the_dark_are_not_taken_for_closed(
    pipeline: VisionPipeline, evaluation_data: Path, clip: str
) -> None:
    found = seconds(pipeline, evaluation_data / "clips" / f"{clip}.mp4", *OPEN_EYES[clip], every=3)

    unfit = [frame.quality.unfit for _, frame in found if frame.quality is not None]

    assert len(unfit) == len(found) >= 20
    assert unfit.count("eyes_closed") <= 0.02 * len(unfit)
    assert unfit.count("face_covered") == 0


def test_press_photographs_are_not_refused_and_few_are_unfit(
    pipeline: VisionPipeline, photographs: list[Picture]
) -> None:
    found = [judge(pipeline, picture) for picture in photographs]
    qualities = [frame.quality for frame in found if frame.quality is not None]

    assert len(qualities) >= 0.95 * len(photographs), "a few show a second person"
    assert Counter(quality.reason for quality in qualities) == {None: len(qualities)}
    assert sum(quality.unfit is not None for quality in qualities) <= 0.04 * len(qualities)


@pytest.mark.parametrize("reason", COPIES)
def test_spoilt_copies_are_refused_for_what_is_wrong(
    pipeline: VisionPipeline, photographs: list[Picture], reason: str
) -> None:
    found = [judge(pipeline, COPIES[reason](picture)) for picture in photographs]
    single = [frame.reason for frame in found if frame.reason not in {"many_faces", "no_face"}]

    assert len(single) >= 0.9 * len(photographs)
    assert single.count(reason) >= 0.95 * len(single)
