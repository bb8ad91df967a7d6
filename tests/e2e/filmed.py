"""Sessions before a camera that never was: frames of clips, put together and bent while the test runs."""

from __future__ import annotations

from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING

import cv2
import numpy as np

from adapters.memory.challenges import KnownChallenges
from adapters.memory.clock import FixedClock
from application.evaluation.clips import Clip
from application.evaluation.sessions import SessionResult, Stage, policies_for, show
from application.services import Policies

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from application.ports.vision import FrameJudge, Image

FPS = 12.0
QUALITY = [cv2.IMWRITE_JPEG_QUALITY, 95]
FOCAL = 1.5
FLAT = 1e-3

Timed = list[tuple[float, "Callable[[], bytes]"]]


def filmed(path: Path, start: float = 0.0, end: float = 99.0, fps: float = FPS) -> list[Image]:
    """Return the frames of a clip between two seconds, ``fps`` of them a second."""
    reader = cv2.VideoCapture(str(path))
    step, number, due, frames = reader.get(cv2.CAP_PROP_FPS) / fps, 0, 0.0, []
    while number < end * fps * step and reader.grab():
        if number >= due:
            due += step
            if number >= start * fps * step:
                frames.append(np.asarray(reader.retrieve()[1], np.uint8))
        number += 1
    reader.release()
    return frames


def shown(
    judge: FrameJudge, pictures: Sequence[Image], steps: Sequence[str] = (), fps: float = FPS, at: Sequence[float] = ()
) -> SessionResult:
    """Show pictures, ``fps`` a second or ``at`` those milliseconds, asking for ``steps``."""
    policies = policies_for(Clip("session", Path("session"), "attack", tuple(steps)), Policies())
    times = at or [number * 1000 / fps for number in range(len(pictures))]
    frames = [(at_ms, partial(_encoded, picture)) for at_ms, picture in zip(times, pictures, strict=True)]
    return show(frames, Stage(judge, policies, KnownChallenges(*steps), FixedClock()))


def photograph(
    picture: Image, *, yaw: float = 0, pitch: float = 0, near: float = 1, aside: float = 0, bend: float = FLAT
) -> Image:
    """Return how a camera sees a print that is tilted (degrees), nearer, aside or bent around an upright axis.

    Lengths in sides of the picture; ``bend`` is one over the radius of the cylinder that the paper lies on. Each pixel
    is looked up where its ray meets the paper.
    """
    height, width = picture.shape[:2]
    side = max(height, width)
    around, over = np.radians(yaw), np.radians(pitch)
    turn = np.array([[np.cos(around), 0, np.sin(around)], [0, 1, 0], [-np.sin(around), 0, np.cos(around)]])
    nod = np.array([[1, 0, 0], [0, np.cos(over), -np.sin(over)], [0, np.sin(over), np.cos(over)]])
    right, down = np.meshgrid(np.arange(width) - width / 2, np.arange(height) - height / 2)
    rays = np.stack([right, down, np.full(right.shape, FOCAL * side)]) / (FOCAL * side)
    eye = (turn @ nod).T @ np.array([-aside, 0.0, -FOCAL / near])
    x, y, z = np.tensordot((turn @ nod).T, rays, 1)
    from_axis = eye[2] - 1 / bend
    half, offset = x * eye[0] + z * from_axis, eye[0] ** 2 + from_axis**2 - bend**-2
    reach = (-half - np.sqrt(np.maximum(half**2 - (x**2 + z**2) * offset, 0))) / (x**2 + z**2)
    across = np.arctan2(eye[0] + reach * x, -(from_axis + reach * z)) / bend
    found = [np.asarray(part * side, np.float32) for part in (across, eye[1] + reach * y)]
    return np.asarray(
        cv2.remap(
            picture, found[0] + width / 2, found[1] + height / 2, cv2.INTER_LINEAR, borderMode=cv2.BORDER_REPLICATE
        ),
        np.uint8,
    )


def noisy(picture: Image, number: int) -> Image:
    """Return the picture with a sensor's noise, which differs from frame to frame."""
    noise = np.random.default_rng(number).normal(0, 2, picture.shape)
    return np.clip(picture + noise, 0, 255).astype(np.uint8)


def _encoded(picture: Image) -> bytes:
    return cv2.imencode(".jpg", picture, QUALITY)[1].tobytes()
