"""What one attempt has seen: frames judged and followed, faces held, and proof that they are all one person's."""

from __future__ import annotations

import hashlib
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final, Protocol

from application.held import HeldCrop, HeldCrops
from application.ports.challenges import Challenges
from application.ports.clock import Clock
from application.ports.vision import FaceCrop, FrameJudge
from application.recapture import SPARE_CROPS
from application.services import Policies
from domain.attempt import Evidence
from domain.biometrics import Embedding, FrameFindings, ModelId
from domain.errors import DepthError, ImageError
from domain.policies.continuity import FACE_CHANGED, REPEATED, Timeline, rate_fault
from domain.policies.enrolling import mean_template
from domain.policies.liveness import (
    ACTIVE,
    LIVENESS_FAILED,
    PRESENTATION_ATTACK,
    FrameLog,
    Gathering,
    Insufficient,
    Sufficient,
    Verdict,
    quality_of,
)
from domain.policies.movement import TURNS
from domain.policies.watching import Watch

SAME_PERSON: Final = 0.36
"""Least cosine similarity between good frames of one attempt: two people reach it once in ten thousand comparisons.

Also between a face in motion and the frame before: where those look unlike each other, live faces are still 0.74 alike
at 15 frames a second and 0.51 at 4 (104 and 309 such pairs of 1929 from 9 clips)."""

REPEATS: Final = {ACTIVE: 8}
REPEATS_PASSIVE: Final = 2
"""Identical payloads in a row that end an attempt: a slow camera repeats a picture once or twice, a file for ever."""

STILL: Final = "still_picture"
MOVING_FRAMES: Final = 3
"""So many frames in a row must differ from the first as no moved photograph does: one alone may be a bad fit."""

STILL_MS: Final = 500.0
"""Two pictures nearer in time than this may look the same, where the client says when it took them."""


@dataclass(frozen=True, slots=True)
class Stamp:
    """When a frame was taken, in milliseconds, and whether the client said so (else it is when it arrived)."""

    at_ms: float
    timed: bool


class Senses(Protocol):
    """What a witness needs of the services."""

    @property
    def judge(self) -> FrameJudge:
        """Vision."""
        ...

    @property
    def policies(self) -> Policies:
        """The rules in force."""
        ...

    @property
    def challenges(self) -> Challenges:
        """Where movements are drawn from."""
        ...

    @property
    def clock(self) -> Clock:
        """Tells when frames arrive."""
        ...


class Witness:
    """One attempt's evidence. Not safe from several threads at once, but for ``stamp`` beside another call."""

    def __init__(self, services: Senses, *, stills: bool = False) -> None:
        """``stills``: the pictures are photographs that an operator tries out, repeated on purpose."""
        self._services = services
        self._policy = services.policies.evidence_for(services.judge)
        self._stills = stills
        self._timeline = Timeline([], [])
        self._fault: str | None = None
        self._timed: bool | None = None
        self._seen: set[bytes] = set()
        self._previous = b""
        self._repeats = 0
        self._embedded: dict[int, Embedding] = {}
        self._segment = 0
        self._last: FaceCrop | None = None
        self._same: set[tuple[int, ...]] = set()
        self._moving: set[int] = set()
        self._held = HeldCrops(best=1, room=SPARE_CROPS if services.judge.former else 1)
        self.watch = Watch(self._policy, self._draw)
        self.log = FrameLog(self.watch.frames)

    @property
    def live(self) -> list[FaceCrop]:
        """The faces that may go into a template."""
        return self._held.live

    def stamp(self, taken_ms: float | None) -> Stamp:
        """Note that a frame arrived, taken when the client says (None: it does not say)."""
        self.log.received += 1
        arrived = self._services.clock.monotonic() * 1000
        timed = taken_ms is not None
        if self._timed is not None and self._timed != timed:
            self._fault = self._fault or "clocks_disagree"
        self._timed = timed
        at_ms = arrived if taken_ms is None else taken_ms
        self._fault = self._fault or self._timeline.fault_of(at_ms, arrived)
        return Stamp(at_ms, timed)

    def take(self, payload: bytes, stamp: Stamp, depth: bytes | None) -> str | None:
        """Judge one frame; return guidance about the picture, None where nothing is wrong with it."""
        if self._repeated(payload):
            return None
        try:
            findings, crop = self._services.judge.judge(payload, at_ms=stamp.at_ms, depth=depth)
        except ImageError as error:
            self.log.invalid[error.code] += 1
            self._seen.discard(self._previous)
            self._previous = b""
            return error.code if isinstance(error, DepthError) else "invalid_image"
        restarts = self.watch.restarts.total()
        self.watch.observe(findings, timed=stamp.timed)
        if self.watch.restarts.total() != restarts:
            self._begin_again()
        if crop is not None and not self._taken_in(findings, crop):
            return findings.reason
        if self.watch.segment != self._segment and self.watch.challenge is not None:
            self._segment = self.watch.segment
            self._check_person(self._held.probes)
        return findings.reason

    def verdict(self, *, last: bool = False) -> Verdict:
        """Decide on what was seen, one person and a moving picture included."""
        if self._fault is not None:
            self.watch.refuse(LIVENESS_FAILED, self._fault)
        verdict = self.watch.verdict(last=last)
        if not isinstance(verdict, Sufficient):
            return verdict
        pace = rate_fault(self._timeline.taken) if self._timed or self._policy.mode == ACTIVE else None
        if pace is not None:
            return Insufficient(LIVENESS_FAILED, pace)
        if self._still():
            done = last or self.watch.exhausted
            return Insufficient(PRESENTATION_ATTACK, STILL) if done else Gathering(self.watch.of - 1, self.watch.of)
        if self.watch.doubtful:
            return Insufficient(LIVENESS_FAILED, FACE_CHANGED) if last else Gathering(self.watch.of - 1, self.watch.of)
        if not self._check_person(self._held.probes):
            return self.watch.verdict() if not last else Insufficient(LIVENESS_FAILED, FACE_CHANGED)
        return verdict

    def probes(self, decision: int) -> list[Embedding]:
        """Return the mean of the held faces, for the current model and then the former one; the caller wipes them.

        Empty where the frame that was decided on is not among them.
        """
        held = self._held.probes
        if all(one.frame != decision for one in held):
            return []
        judge = self._services.judge
        current = mean_template([self._embedding(one) for one in held])
        return [current] if judge.former is None else [current, self._mean(held, judge.former)]

    def summary(self, decision: int | None = None) -> Evidence:
        """Return the numbers for the attempt's history."""
        watch = self.watch
        return self.log.summary(decision, challenge=watch.steps, restarts=watch.restarts, parallax=watch.parallax)

    def wipe(self) -> None:
        """Overwrite the faces and vectors that are held. Idempotent."""
        self._held.wipe()
        self._forget_last()
        for embedding in self._embedded.values():
            embedding.wipe()
        self._embedded.clear()

    def _draw(self) -> tuple[str, ...]:
        """Draw the movements; where any shows the head from another side, at least one of them does."""
        movements = self._services.policies.movements
        while True:
            drawn = self._services.challenges.draw(movements, self._policy.steps)
            if TURNS & {*drawn} or not TURNS & {*movements}:
                return drawn

    def _repeated(self, payload: bytes) -> bool:
        """Say whether this very payload was seen before in this attempt: no new evidence, and in the end an attack."""
        if self._stills:
            return False
        digest = hashlib.sha256(payload).digest()
        if digest == self._previous:
            self._repeats += 1
            if self._repeats >= REPEATS.get(self._policy.mode, REPEATS_PASSIVE):
                self.watch.refuse(LIVENESS_FAILED, REPEATED)
            return True
        self._previous, self._repeats = digest, 0
        if digest in self._seen:
            self.watch.refuse(LIVENESS_FAILED, REPEATED)
            return True
        self._seen.add(digest)
        return False

    def _begin_again(self) -> None:
        self.wipe()
        self._same.clear()
        self._moving.clear()
        self._segment = 0

    def _taken_in(self, findings: FrameFindings, crop: FaceCrop) -> bool:
        """Hold the newest face, unless it is in doubt and another person's: then begin again, and say so."""
        if self.watch.doubtful and not self._still_the_person(crop):
            crop.wipe()
            self.watch.restart(FACE_CHANGED)
            self._begin_again()
            return False
        self._forget_last()
        self._last = FaceCrop(crop.pixels.copy())
        self._keep(findings, crop)
        return True

    def _forget_last(self) -> None:
        if self._last is not None:
            self._last.wipe()
        self._last = None

    def _keep(self, findings: FrameFindings, crop: FaceCrop) -> None:
        frame = len(self.watch.frames) - 1
        if frame < self.watch.since:
            crop.wipe()
            return
        # Where some frames bring a depth map, those are the ones to decide on.
        rank = quality_of(findings) + (findings.depth is not None)
        self._held.put(HeldCrop(frame, crop, self.watch.alone(findings), rank, self.watch.segment_of(findings)))

    def _check_person(self, held: Sequence[HeldCrop]) -> bool:
        """Make sure that all faces held are one person's; begin again where they are not."""
        frames = tuple(one.frame for one in held)
        if len(held) < 2 or frames in self._same:  # noqa: PLR2004 - one face alone is one person's
            return True
        first, *others = (self._embedding(one) for one in held)
        if all(first.similarity(other) >= SAME_PERSON for other in others):
            self._same.add(frames)
            return True
        self.watch.restart(FACE_CHANGED)
        self._begin_again()
        return False

    def _still_the_person(self, crop: FaceCrop) -> bool:
        """Compare a face that looks other than the last one with that last one, however far it is turned.

        Else somebody could hold a photograph before the own face, and move the head only behind it.
        """
        if self._stills or self._last is None:
            self.watch.recognised()
            return True
        before, newest = (self._services.judge.embed(one) for one in (self._last, crop))
        try:
            same = before.similarity(newest) >= SAME_PERSON
        finally:
            before.wipe()
            newest.wipe()
        if same:
            self.watch.recognised()
        return same

    def _still(self) -> bool:
        """Say whether the first and the newest face are one picture shown twice: nothing alive keeps that still."""
        live = self._held.by_time
        if self._stills or self.watch.challenge is not None or len(live) < 2:  # noqa: PLR2004 - two pictures to compare
            return False
        frames, first, newest = self.watch.frames, live[0], live[-1]
        if newest.frame in self._moving:
            return self._timed is True and len(self._moving) < MOVING_FRAMES
        apart = (frames[newest.frame].at_ms or 0.0) - (frames[first.frame].at_ms or 0.0)
        if self._timed and apart < STILL_MS:
            return True
        alike = self._services.judge.flat_picture if self._timed else self._services.judge.same_picture
        still = alike(first.crop, newest.crop)
        if still:
            self._moving.clear()
            return True
        self._moving.add(newest.frame)
        return self._timed is True and len(self._moving) < MOVING_FRAMES

    def _embedding(self, held: HeldCrop) -> Embedding:
        """Return the face's embedding, made once."""
        if held.frame not in self._embedded:
            self._embedded[held.frame] = self._services.judge.embed(held.crop)
        return self._embedded[held.frame]

    def _mean(self, held: Sequence[HeldCrop], model: ModelId) -> Embedding:
        made = [self._services.judge.embed(one.crop, model) for one in held]
        try:
            return mean_template(made)
        finally:
            for embedding in made:
                embedding.wipe()
