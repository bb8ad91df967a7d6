"""Frames of recorded clips, for evaluations: encoded again, so that they go the way of every frame."""

from __future__ import annotations

from functools import partial
from typing import TYPE_CHECKING, Final

import cv2
import numpy as np

from adapters.vision.decoder import ENROLMENT_BYTES
from domain.errors import ImageError

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator
    from pathlib import Path

    from application.ports.vision import Image

PNG_EFFORT: Final = [cv2.IMWRITE_PNG_COMPRESSION, 1]
"""Nothing is lost at any effort; more would only take longer."""

JPEG_QUALITY: Final = [cv2.IMWRITE_JPEG_QUALITY, 95]
"""For frames that would be too large for the decoder's limit otherwise."""

USUAL_FPS: Final = 25.0
"""For clips that do not say how fast they are."""


def sampled_frames(path: Path, per_second: float) -> Iterator[tuple[float, bytes]]:
    """Yield (milliseconds from the start, encoded picture) of frames of a clip, ``per_second`` or as many as it has.

    Raises ``ImageError`` for what is not a clip that can be read.
    """
    reader = cv2.VideoCapture(str(path))
    try:
        fps = reader.get(cv2.CAP_PROP_FPS)
        fps = fps if 0 < fps < 1000 else USUAL_FPS  # noqa: PLR2004 - no camera is faster; NaN is caught as well
        step = max(1.0, fps / per_second)
        number, due = 0, 0.0
        while reader.grab():
            if number >= due:
                due += step
                whole, frame = reader.retrieve()
                if whole:
                    yield number * 1000 / fps, _encoded(np.asarray(frame, np.uint8))
            number += 1
    finally:
        reader.release()
    if number == 0:
        raise ImageError("no frame of the clip can be read")


def camera_frames(path: Path) -> Iterator[tuple[float, Callable[[], bytes]]]:
    """Yield (milliseconds, how to have the encoded picture) of every frame of a clip, as a camera would send them.

    Only what is asked for is decoded to a picture and encoded. Times are the container's own, whatever they are. Raises
    ``ImageError`` for what is not a clip that can be read.
    """
    reader = cv2.VideoCapture(str(path))
    try:
        fps = reader.get(cv2.CAP_PROP_FPS)
        fps = fps if 0 < fps < 1000 else USUAL_FPS  # noqa: PLR2004 - as above
        number = 0
        while reader.grab():
            told = reader.get(cv2.CAP_PROP_POS_MSEC)
            at_ms = told if told > 0 or number == 0 else number * 1000 / fps
            yield at_ms, partial(_retrieved, reader)
            number += 1
    finally:
        reader.release()
    if number == 0:
        raise ImageError("no frame of the clip can be read")


def _retrieved(reader: cv2.VideoCapture) -> bytes:
    """Return the frame that was grabbed last, b"" for a damaged one."""
    whole, frame = reader.retrieve()
    return cv2.imencode(".jpg", frame, JPEG_QUALITY)[1].tobytes() if whole else b""


def _encoded(frame: Image) -> bytes:
    lossless = cv2.imencode(".png", frame, PNG_EFFORT)[1].tobytes()
    if len(lossless) <= ENROLMENT_BYTES:
        return lossless
    return cv2.imencode(".jpg", frame, JPEG_QUALITY)[1].tobytes()
