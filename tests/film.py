"""Faces that move, frame by frame: for tests of the session's evidence."""

from __future__ import annotations

from datetime import timedelta
from typing import TYPE_CHECKING, Any

import numpy as np

from adapters.memory.vision import head, picture
from application.services import Policies
from domain.biometrics import FaceQuality, FaceShape, FrameFindings
from domain.policies.liveness import EvidencePolicy
from domain.policies.movement import (
    BLINK,
    COME_CLOSER,
    LOOK_DOWN,
    LOOK_UP,
    TURN_LEFT,
    TURN_RIGHT,
)
from tests.house import ICU, House, build_house

if TYPE_CHECKING:
    from application.authenticate import Authentication
    from application.outcome import FrameReport, Outcome
    from domain.biometrics import DepthFindings
    from tests.house import WatchedJudge

FRAME_MS = 66.0
AWAY: dict[str, Any] = {"unfit": "look_straight"}
POSES: dict[str, dict[str, Any]] = {
    TURN_LEFT: {"yaw": -24.0},
    TURN_RIGHT: {"yaw": 24.0},
    LOOK_UP: {"pitch": 22.0},
    LOOK_DOWN: {"pitch": -22.0},
    COME_CLOSER: {"size": 1.32},
    BLINK: {"eyes": 0.1},
}
"""What each movement looks like at its end; the person's own straight look is all zeros, size 1 and eyes 0.3."""

STRAIGHT = {"yaw": 0.0, "pitch": 0.0, "size": 1.0, "eyes": 0.3}


def pose(step: str, share: float = 1.0) -> dict[str, Any]:
    """The pose on the way to a movement: 0 straight, 1 all the way."""
    return {name: STRAIGHT[name] + share * (end - STRAIGHT[name]) for name, end in POSES[step].items()}


def performed(step: str, held: int = 3) -> list[dict[str, Any]]:
    """The poses of a whole movement, there and back."""
    return [pose(step, share) for share in (0.4, 0.7, *[1.0] * held, 0.7, 0.4, 0.0)]


def shape(
    yaw: float = 0.0, pitch: float = 0.0, *, size: float = 1.0, eyes: float = 0.3, flat: bool = False, left: float = 0.0
) -> FaceShape:
    """The shape that the scripted vision reads from such a picture, ``left`` pixels from the left edge."""
    points = head(yaw, pitch, size=size, flat=flat)
    return FaceShape((left, 0.0, 100.0 * size, 120.0 * size), points, yaw, pitch, 0.0, (eyes, eyes))


def findings(
    at_ms: float = 0.0,
    *,
    pad: float = 0.98,
    quality: float = 0.9,
    unfit: str | None = None,
    seen: FaceShape | None = None,
    depth: DepthFindings | None = None,
    place: int = 0,
    **facts: Any,
) -> FrameFindings:
    """What a frame with one usable face showed: always the same face, ``place`` numbers what is around it."""
    return FrameFindings(
        1,
        None,
        FaceQuality(quality, None, unfit=unfit),
        pad,
        shape=seen or shape(**facts),
        scene=np.random.default_rng(place).uniform(0.2, 0.9, 108).astype(np.float32),
        face=np.eye(1, 210, dtype=np.float32)[0],
        depth=depth,
        at_ms=at_ms,
    )


def nobody(at_ms: float = 0.0, faces: int = 0) -> FrameFindings:
    """A frame without a face, or with several."""
    return FrameFindings(faces, "many_faces" if faces else "no_face", at_ms=at_ms)


def active_house(*steps: str, judge: WatchedJudge | None = None) -> House:
    """A house that asks for these movements."""
    policy = EvidencePolicy(mode="active", steps=len(steps))
    return build_house(Policies(evidence=policy), judge, steps)


class Film:
    """Pictures of somebody, shown to an attempt at the speed of a camera until a report says that it is over."""

    def __init__(self, house: House, face: str = "ana", *, timed: bool = True, department: str = ICU) -> None:
        self.house = house
        self.face = face
        self.attempt: Authentication = house.attempt(department)
        self.attempt.start()
        self.report: FrameReport | None = None
        self.shown = 0
        self.at_ms = 5_000.0
        self.timed = timed
        self.extra: dict[str, float | str | None] = {}

    @property
    def over(self) -> bool:
        return self.report is not None and self.report.finished

    @property
    def guidance(self) -> str | None:
        assert self.report is not None
        return self.report.guidance

    def frame(self, *, ms: float = FRAME_MS, depth: bytes | None = None, **facts: Any) -> Film:
        """Show one picture more."""
        if self.over:
            return self
        self.shown += 1
        self.at_ms += ms
        self.house.clock.advance(timedelta(milliseconds=ms))
        stamp = self.attempt.note_received(self.at_ms if self.timed else None)
        told: dict[str, Any] = {"face": self.face, "take": 1_000 + self.shown, **self.extra, **facts}
        self.report = self.attempt.take(picture(**told), stamp, depth)
        return self

    def straight(self, count: int = 4, **facts: Any) -> Film:
        """Look into the camera."""
        for _ in range(count):
            self.frame(**facts)
        return self

    def move(self, step: str, held: int = 3, **facts: Any) -> Film:
        """Perform a movement, there and back."""
        for way in performed(step, held):
            turned = {} if step in (COME_CLOSER, BLINK) or way == pose(step, 0.0) else AWAY
            self.frame(**{**way, **turned, **facts})
        return self

    def given_up(self) -> Film:
        """The client left."""
        self.attempt.abandon("client_gone")
        return self

    def outcome(self, *, last: bool = False) -> Outcome:
        return self.attempt.decide(last=last)

    @property
    def reason(self) -> str:
        """The officer's reason."""
        reason: str = self.house.last("attempt.refused.v1")["reason"]
        return reason
