"""What one attempt has seen: frames judged and followed, faces held, and proof that they are all one person's."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final

from application.held import HeldCrop, HeldCrops
from application.ports.vision import FaceCrop
from application.recapture import SPARE_CROPS
from application.repeats import Repeats
from application.senses import Senses
from domain.attempt import Evidence
from domain.biometrics import Embedding, FrameFindings, ModelId
from domain.errors import ConfigurationError, DepthError, ImageError
from domain.policies.continuity import CLOCKS_DISAGREE, FACE_CHANGED, REPEATED, Timeline, rate_fault
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

TURNED_PERSON: Final = 0.3
"""Least cosine similarity of a face in a movement with the person's straight look. Of 75 live frames turned by 14
degrees and more 1 is below, of 133 comparisons with other people 4 reach it (9 live clips)."""

ANY_PICTURES: Final = 0.2
"""The same, where frames may be photographs taken years apart: two people are below it 97 times of 100 (LFW)."""

REPEATS: Final = {ACTIVE: 8}
REPEATS_PASSIVE: Final = 2
"""Identical payloads in a row that end an attempt: a slow camera repeats a picture once or twice, a file for ever."""

STILL: Final = "still_picture"
MOVING_FRAMES: Final = 3
"""So many frames in a row must differ from the first as no moved photograph does: one alone may be a bad fit."""

STILL_MS: Final = 500.0
"""Two pictures nearer in time than this may look the same, where the client says when it took them."""

DRAWS: Final = 100
"""Of two movements in twenty none is a turn at the worst: a source that never gives one is not the system's."""


@dataclass(frozen=True, slots=True)
class Stamp:
    """When a frame was taken, in milliseconds, and whether the client said so (else it is when it arrived)."""

    at_ms: float
    timed: bool


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
        self._repeats = Repeats(REPEATS.get(self._policy.mode, REPEATS_PASSIVE))
        self._embedded: dict[int, Embedding] = {}
        self._segment = 0
        self._last: FaceCrop | None = None
        self._last_frame = -1
        self._same: set[tuple[int, ...]] = set()
        self._moving: set[int] = set()
        self._held = HeldCrops(best=1, room=SPARE_CROPS if services.judge.former else 1)
        self.watch = Watch(self._policy, self._draw)
        self.log = FrameLog(self.watch.frames)

    @property
    def live(self) -> list[FaceCrop]:
        """The faces that may go into a template."""
        return self._held.live

    def stamp(self, taken_ms: float | None, *, garbage: bool = False) -> Stamp:
        """Note that a frame arrived, taken when the client says (None: it does not say); ``garbage`` says nothing."""
        self.log.received += 1
        arrived = self._services.clock.monotonic() * 1000
        if garbage:
            return Stamp(arrived, timed=False)
        timed = taken_ms is not None
        if self._timed is not None and self._timed != timed:
            self._fault = self._fault or CLOCKS_DISAGREE
        self._timed = timed
        at_ms = arrived if taken_ms is None else taken_ms
        self._fault = self._fault or self._timeline.fault_of(at_ms, arrived)
        return Stamp(at_ms, timed)

    def take(self, payload: bytes, stamp: Stamp, depth: bytes | None) -> str | None:
        """Judge one frame; return guidance about the picture, None where nothing is wrong with it."""
        if not self._stills and self._repeats.again(payload, anywhere=self.watch.streaming):
            if self._repeats.too_many:
                self._end_repeated()
            return None
        try:
            findings, crop = self._services.judge.judge(payload, at_ms=stamp.at_ms, depth=depth)
        except ImageError as error:
            self.log.invalid[error.code] += 1
            self._repeats.forget_last()
            return error.code if isinstance(error, DepthError) else "invalid_image"
        try:
            self._follow(findings, crop, timed=stamp.timed)
        except BaseException:
            if crop is not None:
                crop.wipe()
            raise
        return findings.reason

    def verdict(self, *, last: bool = False) -> Verdict:
        """Decide on what was seen, one person and a moving picture included."""
        if self._fault is not None:
            self.watch.refuse(LIVENESS_FAILED, self._fault)
        verdict = self.watch.verdict(last=last)
        objection = self._objection(last=last) if isinstance(verdict, Sufficient) else None
        if isinstance(objection, Insufficient):
            self.watch.refuse(objection.code, objection.reason)
        return objection or verdict

    def _objection(self, *, last: bool) -> Gathering | Insufficient | None:
        """Return what speaks against evidence that suffices by itself, None for nothing."""
        more = Gathering(self.watch.of - 1, self.watch.of)
        pace = rate_fault(self._timeline.taken) if self.watch.streaming else None
        if pace is not None:
            return Insufficient(LIVENESS_FAILED, pace)
        done = last or self.watch.exhausted
        if self._alone():
            return Insufficient(LIVENESS_FAILED, "too_few_usable_frames") if done else more
        if self._still():
            return Insufficient(PRESENTATION_ATTACK, STILL) if done else more
        if self.watch.doubtful or not self._check_person(self._held.probes):
            return Insufficient(LIVENESS_FAILED, FACE_CHANGED) if last else more
        return None

    def probes(self, decision: int) -> list[Embedding]:
        """Return the mean of the held faces, for the current model and then the former one; the caller wipes them.

        Empty where the frame that was decided on is not among them.
        """
        held = self._held.probes
        if all(one.frame != decision for one in held):
            return []
        judge = self._services.judge
        former = [] if judge.former is None else [self._mean(held, judge.former)]
        try:
            return [mean_template([self._embedding(one) for one in held]), *former]
        except BaseException:
            for embedding in former:
                embedding.wipe()
            raise

    def summary(self, decision: int | None = None) -> Evidence:
        """Return the numbers for the attempt's history."""
        watch = self.watch
        return self.log.summary(decision, challenge=watch.steps, restarts=watch.restarts, parallax=watch.parallax)

    def wipe(self) -> None:
        """Overwrite the faces, vectors and landmarks that are held, and look no further. Idempotent."""
        self._let_go()
        self.watch.wipe()

    def _let_go(self) -> None:
        self._held.wipe()
        self._remember(None)
        for embedding in self._embedded.values():
            embedding.wipe()
        self._embedded.clear()

    def _draw(self) -> tuple[str, ...]:
        """Draw the movements; where any shows the head from another side, at least one of them does."""
        movements = self._services.policies.movements
        for _ in range(DRAWS):
            drawn = self._services.challenges.draw(movements, self._policy.steps)
            if TURNS & {*drawn} or not TURNS & {*movements}:
                return drawn
        raise ConfigurationError("the movements that are drawn never show the head from another side")

    def _end_repeated(self) -> None:
        """End an attempt that shows the same again; what it showed may have a worse name."""
        attack = self._policy.attack_in([frame for frame in self.watch.frames if frame.usable])
        self.watch.refuse(PRESENTATION_ATTACK if attack else LIVENESS_FAILED, attack or REPEATED)

    def _begin_again(self) -> None:
        self._let_go()
        self._same.clear()
        self._moving.clear()
        self._segment = 0

    def _follow(self, findings: FrameFindings, crop: FaceCrop | None, *, timed: bool) -> None:
        restarts = self.watch.restarts.total()
        self.watch.observe(findings, timed=timed)
        if self.watch.restarts.total() != restarts:
            self._begin_again()
        if crop is not None and not self._taken_in(findings, crop):
            return
        if self.watch.segment != self._segment and self.watch.challenge is not None:
            self._segment = self.watch.segment
            self._check_person(self._held.probes)

    def _taken_in(self, findings: FrameFindings, crop: FaceCrop) -> bool:
        """Hold the newest face, unless it is in doubt and another person's: then begin again, and say so."""
        if self.watch.doubtful and not self._still_the_person(crop):
            crop.wipe()
            self.watch.restart(FACE_CHANGED)
            self._begin_again()
            return False
        self._remember(crop)
        self._keep(findings, crop, other=self._moved_by_another(findings, crop))
        return True

    def _remember(self, crop: FaceCrop | None) -> None:
        if self._last is not None:
            self._last.wipe()
        self._last = None if crop is None else FaceCrop(crop.pixels.copy())
        self._last_frame = len(self.watch.frames) - 1

    def _moved_by_another(self, findings: FrameFindings, crop: FaceCrop) -> bool:
        """Say whether another person than the first completed a movement: a head that came for a photograph's face."""
        challenge, held = self.watch.challenge, self._held.by_time
        if self._stills or challenge is None or not challenge.completed_by(findings):
            return False
        moved = self._services.judge.embed(crop)
        try:
            return not held or not self._embedding(held[0]).similarity(moved) >= TURNED_PERSON
        finally:
            moved.wipe()

    def _keep(self, findings: FrameFindings, crop: FaceCrop, *, other: bool) -> None:
        if other:
            self.watch.restart(FACE_CHANGED)
            self._begin_again()
        frame = len(self.watch.frames) - 1
        if frame < self.watch.since:
            crop.wipe()
            return
        # Where some frames bring a depth map, those are the ones to decide on.
        rank = quality_of(findings) + (findings.depth is not None)
        self._held.put(HeldCrop(frame, crop, self.watch.keeps(findings), rank, self.watch.segment_of(findings)))
        for gone in self._embedded.keys() - {held.frame for held in self._held.by_time} - {frame}:
            self._embedded.pop(gone).wipe()

    def _check_person(self, held: Sequence[HeldCrop]) -> bool:
        """Make sure that all faces held are one person's; begin again where they are not."""
        frames = tuple(one.frame for one in held)
        if len(held) < 2 or frames in self._same:  # noqa: PLR2004 - one face alone is one person's
            return True
        first, *others = (self._embedding(one) for one in held)
        if all(first.similarity(other) >= self._likeness for other in others):
            self._same.add(frames)
            return True
        self.watch.restart(FACE_CHANGED)
        self._begin_again()
        return False

    def _still_the_person(self, crop: FaceCrop) -> bool:
        """Compare a face that looks other than the last one with it: no head turns behind another's photograph."""
        same = True
        if not self._stills and self._last is not None:
            before = self._embedded_frame(self._last_frame, self._last)
            newest = self._embedded_frame(len(self.watch.frames) - 1, crop)
            same = before.similarity(newest) >= self._likeness
        if same:
            self.watch.recognised()
        return same

    @property
    def _likeness(self) -> float:
        return SAME_PERSON if self.watch.streaming else ANY_PICTURES

    def _alone(self) -> bool:
        """Say whether nothing is there to hold the only live face against: a photograph would pass once."""
        watched_passively = self.watch.challenge is None and not self._stills
        return watched_passively and len(self._held.by_time) < 2  # noqa: PLR2004 - two pictures to compare

    def _still(self) -> bool:
        """Say whether the first and the newest face are one picture shown twice: nothing alive keeps that still."""
        live = self._held.by_time
        if self._stills or self.watch.challenge is not None:
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
        return self._embedded_frame(held.frame, held.crop)

    def _embedded_frame(self, frame: int, crop: FaceCrop) -> Embedding:
        """Return the embedding of a frame's face, made once."""
        if frame not in self._embedded:
            self._embedded[frame] = self._services.judge.embed(crop)
        return self._embedded[frame]

    def _mean(self, held: Sequence[HeldCrop], model: ModelId) -> Embedding:
        made: list[Embedding] = []
        try:
            made.extend(self._services.judge.embed(one.crop, model) for one in held)
            return mean_template(made)
        finally:
            for embedding in made:
                embedding.wipe()
