"""Movements asked for one after the other: each in its time, none before it is asked, none other than asked."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Final

from domain.biometrics import FaceShape, FrameFindings
from domain.policies.liveness import CHALLENGE_FAILED, PRESENTATION_ATTACK, Insufficient
from domain.policies.movement import BLINK, COME_CLOSER, EYES_OPEN, LOOK_UP, TURNS, Movement, Neutral, readable, steady
from domain.policies.parallax import mean_shape, plane_residual

NEUTRAL_FRAMES: Final = 3
REACTION_MS: Final = 150.0
"""Nobody answers faster than this: what comes sooner was not an answer."""

HELD_FRAMES: Final = {LOOK_UP: 3, COME_CLOSER: 3}
HELD_USUALLY: Final = 2
"""Judged frames in a row that a pose must be seen in: one alone may be a slip of the network. Over 2.3 minutes of live
clips two frames were five times taken for looking up or coming closer, three frames never."""

WRONG_FRAMES: Final = 3
MOST_STRAYS: Final = 1
"""Movements besides those asked for that are forgiven when they are small: a recording that makes all of them, each
just far enough to count and not far enough to be another decided one, would answer whatever is asked."""

FLAT, FLAT_PER_DEG = 0.06, 0.0035
"""Least share of the distance of the eyes, and per degree of the turn, that no plane explains (ADR 0014)."""


class Challenge:
    """The movements of one stretch of evidence, and how far the person has got."""

    def __init__(self, steps: Sequence[str], step_ms: float) -> None:
        """Ask for ``steps`` in order, each to be answered within ``step_ms``."""
        self.steps = tuple(steps)
        self.done = 0
        self.neutral: Neutral | None = None
        self.parallax: float | None = None
        self._step_ms = step_ms
        self._straight: list[FaceShape] = []
        self._asked_ms = 0.0
        self._armed = False
        self._returned = False
        self._closed = False
        self._held: list[FaceShape] = []
        self._wrong: list[str] = []
        self._aside: list[str] = []
        self._strays: set[str] = set()
        self._last: FrameFindings | None = None

    @property
    def asked(self) -> str | None:
        """The movement asked for now; None before the straight look and after the last movement."""
        return self.steps[self.done] if self.neutral is not None and self.done < len(self.steps) else None

    @property
    def finished(self) -> bool:
        """Whether all movements were seen."""
        return self.neutral is not None and self.done == len(self.steps)

    def completed_by(self, frame: FrameFindings) -> bool:
        """Say whether it was this frame that completed the newest movement."""
        return frame is self._last

    def finished_at(self, frames: Sequence[FrameFindings]) -> int:
        """Return the index of the frame that completed the last movement."""
        return next((i for i in range(len(frames) - 1, -1, -1) if frames[i] is self._last), len(frames))

    def wipe(self) -> None:
        """Overwrite the landmarks of the neutral pose."""
        if self.neutral is not None:
            self.neutral.landmarks.fill(0)

    def straight(self, shape: FaceShape) -> bool:
        """Say whether a face looks straight ahead, measured against the person's own neutral pose."""
        return self.neutral is not None and Movement.between(self.neutral, shape).straight

    def observe(self, frame: FrameFindings, *, alone: bool) -> Insufficient | None:
        """Take a usable frame with one face; return the refusal that it brings, None for none.

        ``alone``: it passes by itself for a live person who can be recognised. Only such frames begin a challenge, so
        that there is a face of whoever answers it to compare with the one that is decided on.
        """
        if frame.shape is None or self.finished or not readable(frame.shape):
            return None
        at_ms = frame.at_ms or 0.0
        if self.neutral is None:
            self._settle(frame.shape, at_ms, alone=alone)
            return None
        step = self.steps[self.done]
        if at_ms - self._asked_ms > self._step_ms:
            return Insufficient(CHALLENGE_FAILED, f"{step}_too_late")
        movement = Movement.between(self.neutral, frame.shape)
        other = self._other(step, movement) or self._one_stray_too_many(step, movement)
        if other is not None:
            return Insufficient(CHALLENGE_FAILED, f"{other}_instead_of_{step}")
        if self._answers(step, movement, frame.shape, at_ms):
            return self._complete(step, frame, at_ms, max(abs(movement.turn), abs(movement.nod)))
        return None

    def _settle(self, shape: FaceShape, at_ms: float, *, alone: bool) -> None:
        """Wait for a few steady frames of a straight look: they are what movement is measured against."""
        self._straight = [*self._straight, shape][-NEUTRAL_FRAMES:] if alone else []
        if len(self._straight) == NEUTRAL_FRAMES and steady(self._straight):
            self.neutral = Neutral.of(self._straight)
            self._ask(at_ms)

    def _ask(self, at_ms: float) -> None:
        self._asked_ms, self._armed, self._returned, self._closed = at_ms, False, False, False
        self._held, self._wrong = [], []

    def _other(self, step: str, movement: Movement) -> str | None:
        """Return a movement that is held although another one was asked for.

        The way back from the last movement is none, nor is the last movement once more.
        """
        self._returned = self._returned or movement.straight
        other = movement.other_than(step) if self._returned else None
        if self.done and other == self.steps[self.done - 1]:
            other = None
        self._wrong = [*self._wrong, other] if other is not None else []
        return other if len(self._wrong) >= WRONG_FRAMES else None

    def _one_stray_too_many(self, step: str, movement: Movement) -> str | None:
        """Return the movement by which these are more than an unsteady person makes; small ones count as well."""
        stray = movement.strays_from(step)
        if stray is None or stray in self.steps[: self.done]:
            self._aside = []
            return None
        self._aside = [*self._aside, stray][-HELD_USUALLY:]
        if len(self._aside) == HELD_USUALLY and len({*self._aside}) == 1:
            self._strays.add(stray)
        return stray if len(self._strays) > MOST_STRAYS else None

    def _answers(self, step: str, movement: Movement, shape: FaceShape, at_ms: float) -> bool:
        """Say whether the movement is now complete; it counts only after a frame, since it was asked, without it."""
        shown = movement.shows(step)
        self._armed = self._armed or not shown
        if not self._armed or at_ms - self._asked_ms < REACTION_MS:
            return False
        if step == BLINK:
            return self._blinks(closed=shown, open_again=movement.eyes >= EYES_OPEN)
        self._held = [*self._held, shape] if shown else []
        return len(self._held) >= HELD_FRAMES.get(step, HELD_USUALLY)

    def _blinks(self, *, closed: bool, open_again: bool) -> bool:
        if closed:
            self._closed = True
            return False
        return self._closed and open_again

    def _complete(self, step: str, frame: FrameFindings, at_ms: float, angle: float) -> Insufficient | None:
        """Go on to the next movement, unless what moved by that angle (degrees) was flat."""
        if step in TURNS and self.neutral is not None:
            residual = plane_residual(self.neutral.landmarks, mean_shape([shape.landmarks for shape in self._held]))
            self.parallax = residual if self.parallax is None else min(self.parallax, residual)
            if not residual >= max(FLAT, FLAT_PER_DEG * angle):
                return Insufficient(PRESENTATION_ATTACK, "movement_of_a_flat_thing")
        self.done += 1
        self._last = frame
        self._ask(at_ms)
        return None
