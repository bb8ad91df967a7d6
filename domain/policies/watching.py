"""What one attempt has shown: evidence that grows, begins again when the person or the place changes, and decides."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from typing import Final

from domain.biometrics import DepthFindings, FaceShape, FrameFindings
from domain.policies import continuity
from domain.policies.challenge import Challenge
from domain.policies.depth import DEPTH_INCOMPLETE, DepthPolicy
from domain.policies.liveness import (
    ACTIVE,
    CHALLENGE_FAILED,
    LATEST_BELOW,
    LIVENESS_FAILED,
    PRESENTATION_ATTACK,
    QUALITY_TOO_LOW,
    STRETCH,
    Draw,
    EvidencePolicy,
    Gathering,
    Insufficient,
    Sufficient,
    Verdict,
    commonest_reason,
    unfit_of,
)

MAX_RESTARTS: Final = 2
LOST_FRAMES: Final = 3
FINAL_FRAMES: Final = 2
"""Frames that pass alone after the last movement."""


class Watch:
    """The evidence of one attempt. ``observe`` every judged frame, in order; ``verdict`` at any time."""

    def __init__(self, policy: EvidencePolicy, draw: Draw, depth: DepthPolicy | None = None) -> None:
        """Ask for the movements that ``draw`` gives, anew after every restart; none of them in passive mode."""
        self._policy = policy
        self._draw = draw
        self._depth = depth or DepthPolicy()
        self._loop = continuity.LoopWatch()
        self._refusal: Insufficient | None = None
        self._last_face: FrameFindings | None = None
        self._last_usable: FrameFindings | None = None
        self.doubtful = False
        """Whether the newest face may be somebody else's: only an embedding can tell (``recognised``)."""
        self._missing = 0
        self._crowded = 0
        self._timed = False
        self.frames: list[FrameFindings] = []
        self.since = 0
        self.restarts: Counter[str] = Counter()
        self.challenge = self._new_challenge()

    @property
    def segment(self) -> int:
        """How many movements were done since the evidence last began; always 0 in passive mode."""
        return self.challenge.done if self.challenge else 0

    def segment_of(self, frame: FrameFindings) -> int:
        """Return which part of the evidence the newest frame belongs to: one face of each part is embedded.

        Active: the movements done before it. Passive: the first half of the watch, or the second.
        """
        if self.challenge is not None:
            return self.challenge.done - self.challenge.completed_by(frame)
        usable = self._usable()
        if self._timed and usable:
            return int((frame.at_ms or 0.0) - (usable[0].at_ms or 0.0) >= self._policy.observe_ms / 2)
        return int(len(usable) > self._policy.min_usable - 1)

    @property
    def exhausted(self) -> bool:
        """Whether passive evidence has had all the frames it may have."""
        if self.challenge is not None:
            return False
        usable = self._usable()
        return len(usable) >= self._policy.max_usable if not self._timed else self._watched(usable) >= self._longest

    @property
    def streaming(self) -> bool:
        """Whether this is a camera's stream; frames without times, judged passively, may be any photographs."""
        return self._timed or self.challenge is not None

    @property
    def steps(self) -> tuple[str, ...]:
        """The movements asked for since the evidence last began."""
        return self.challenge.steps if self.challenge else ()

    @property
    def parallax(self) -> float | None:
        """The least residual over the movements done; None where none was measured."""
        return self.challenge.parallax if self.challenge else None

    @property
    def of(self) -> int:
        """How many steps the whole takes, for progress: a straight look first and last, and the movements between."""
        return len(self.steps) + 2 if self.challenge else self._policy.min_usable

    def observe(self, frame: FrameFindings, *, timed: bool = False) -> None:
        """Take the findings of the next frame; ``timed`` where the client said when it was taken."""
        self.frames.append(frame)
        self._timed = self._timed or timed
        if self._refusal is not None:
            return
        self._follow(frame)
        if frame.usable:
            before, self._last_usable = self._last_usable, frame
            self.doubtful = self.doubtful or (before is not None and continuity.looks_other(before, frame))
        if self.challenge is None or self._refusal is not None:
            return
        found = self.challenge.observe(frame, alone=self.alone(frame)) if frame.usable else None
        self._refusal = found or self._early_attack()

    def restart(self, reason: str) -> None:
        """Begin again, with other movements: what was seen so far is of somebody or somewhere else."""
        self.restarts[reason] += 1
        if self.restarts.total() > MAX_RESTARTS:
            self.refuse(LIVENESS_FAILED, reason)
            return
        self.since = len(self.frames)
        self._loop.wipe()
        if self.challenge is not None:
            self.challenge.wipe()
        self._loop = continuity.LoopWatch()
        self.challenge = self._new_challenge()

    def recognised(self) -> None:
        """Take note that the newest face was compared and is the person's of before."""
        self.doubtful = False

    def refuse(self, code: str, reason: str) -> None:
        """End the attempt, whatever else is seen. The first reason stays."""
        self._refusal = self._refusal or Insufficient(code, reason)

    def verdict(self, *, last: bool = False) -> Verdict:
        """Decide on all frames so far; ``last`` says that no more will come. A refusal stays one."""
        if self._refusal is not None:
            return self._refusal
        verdict = self._active(last=last) if self.challenge is not None else self._passive(last=last)
        if isinstance(verdict, Sufficient):
            verdict = self._with_depth(verdict, last=last)
        if isinstance(verdict, Insufficient):
            self.refuse(verdict.code, verdict.reason)
        return verdict

    def wipe(self) -> None:
        """Overwrite landmarks and coarse pictures; verdicts of before stand, nothing more can be observed."""
        for frame in self.frames:
            for array in (frame.shape.landmarks if frame.shape else None, frame.scene, frame.face):
                if array is not None and array.flags.writeable:
                    array.fill(0)
        self._loop.wipe()
        if self.challenge is not None:
            self.challenge.wipe()

    def passing(self) -> list[int]:
        """Return the indexes of the frames of the present evidence that pass alone."""
        return [i for i in range(self.since, len(self.frames)) if self.alone(self.frames[i])]

    def keeps(self, frame: FrameFindings) -> bool:
        """Say whether the newest frame's face is one to embed: it passes alone and, last of all, looks straight."""
        challenge = self.challenge
        if challenge is None or not challenge.finished or challenge.completed_by(frame):
            return self.alone(frame)
        return self.alone(frame) and frame.shape is not None and challenge.straight(frame.shape)

    def alone(self, frame: FrameFindings) -> bool:
        """Say whether a frame passes alone: a live person, fit to be recognised, with depth where there is a map."""
        return self._policy.passes(frame) and (frame.depth is None or self._depth.check(frame.depth) is None)

    def _new_challenge(self) -> Challenge | None:
        return Challenge(self._draw(), self._policy.step_ms) if self._policy.mode == ACTIVE else None

    def _usable(self) -> list[FrameFindings]:
        return [frame for frame in self.frames[self.since :] if frame.usable]

    def _follow(self, frame: FrameFindings) -> None:
        """Watch for another face, another place, a face that is gone, and a picture that comes again."""
        self._missing = self._missing + 1 if frame.faces == 0 else 0
        self._crowded = self._crowded + 1 if frame.faces > 1 else 0
        if LOST_FRAMES in (self._missing, self._crowded):
            self._last_face = None
            if self._begun:
                self.restart(continuity.FACE_LOST if self._missing else continuity.MANY_FACES)
        elif frame.shape is not None:
            self._follow_face(frame, frame.shape)

    def _follow_face(self, frame: FrameFindings, shape: FaceShape) -> None:
        before, self._last_face = self._last_face, frame
        jumped = continuity.jump(before, frame) if before is not None else None
        if jumped is not None and self.streaming:
            if self._begun:
                self.restart(jumped)
            # The frame that is different begins what comes now.
            self.since = len(self.frames) - 1
        elif self._loop.comes_again(shape):
            self.refuse(LIVENESS_FAILED, continuity.LOOP)

    @property
    def _begun(self) -> bool:
        """Whether the frames before the newest one showed anything to forget: who only walks up costs no restart."""
        return any(frame.usable for frame in self.frames[self.since : -1])

    def _early_attack(self) -> Insufficient | None:
        """Refuse as soon as a stretch of frames fails: no need to go through all the movements."""
        usable = self._usable()
        reason = self._policy.attack_in(usable) if len(usable) >= STRETCH else None
        return Insufficient(PRESENTATION_ATTACK, reason) if reason and reason != LATEST_BELOW else None

    def _passive(self, *, last: bool) -> Verdict:
        usable, policy = self._usable(), self._policy
        if len(usable) < policy.min_usable:
            return self._unfinished(len(usable), last=last)
        if self._timed and self._watched(usable) < policy.observe_ms and not last:
            return Gathering(policy.min_usable - 1, policy.min_usable)
        attack, decision = policy.attack_in(usable), policy.decision_frame(self.frames[self.since :])
        if attack is None and decision is not None:
            return Sufficient(self.since + decision)
        if last or self.exhausted:
            if attack is None:
                return Insufficient(QUALITY_TOO_LOW, commonest_reason(usable) or "unfit")
            return Insufficient(PRESENTATION_ATTACK, attack)
        return Gathering(policy.min_usable - 1, policy.min_usable, unfit_of(usable[-1]))

    @property
    def _longest(self) -> float:
        return 3 * self._policy.observe_ms

    @staticmethod
    def _watched(usable: Sequence[FrameFindings]) -> float:
        """Return the milliseconds from the first to the last of these frames."""
        return (usable[-1].at_ms or 0.0) - (usable[0].at_ms or 0.0) if usable else 0.0

    def _active(self, *, last: bool) -> Verdict:
        challenge = self.challenge
        if challenge is None:  # pragma: no cover - only called with one
            raise RuntimeError("no challenge")
        if challenge.finished:
            after = self._final()
            if len(after) >= FINAL_FRAMES and self._policy.attack_in(self._usable()) is None:
                best = self._policy.decision_frame([self.frames[i] for i in after])
                return Sufficient(after[best if best is not None else -1])
            flat = self._depth_attack()
            if flat is not None:
                return Insufficient(PRESENTATION_ATTACK, flat)
        if last:
            return self._unmet(challenge)
        return Gathering(challenge.done + bool(challenge.neutral), self.of, self._guidance(challenge))

    def _straight(self, challenge: Challenge, index: int) -> bool:
        shape = self.frames[index].shape
        return shape is not None and challenge.straight(shape)

    def _guidance(self, challenge: Challenge) -> str | None:
        """Return what to do now; a picture's own fault is said by the frame's report."""
        if challenge.asked is not None:
            return challenge.asked
        return unfit_of(self.frames[-1]) if self.frames else None

    def _unmet(self, challenge: Challenge) -> Insufficient:
        """Say why the movements were not enough, now that no more frames come."""
        usable = self._usable()
        attack = self._policy.attack_in(usable) or self._depth_attack()
        if attack is not None:
            return Insufficient(PRESENTATION_ATTACK, attack)
        shown = self._depth.decide(self._maps())
        if shown is not None and shown != DEPTH_INCOMPLETE:
            return Insufficient(PRESENTATION_ATTACK, shown)
        if not usable:
            reason = commonest_reason(self.frames) or "no_frames"
            lost = continuity.FACE_LOST if self.restarts[continuity.FACE_LOST] else None
            return Insufficient(LIVENESS_FAILED, lost) if lost else Insufficient(QUALITY_TOO_LOW, reason)
        if challenge.asked is not None:
            return Insufficient(CHALLENGE_FAILED, f"{challenge.asked}_not_seen")
        return Insufficient(
            LIVENESS_FAILED, "no_steady_face" if not challenge.finished else "no_straight_look_at_the_end"
        )

    def _unfinished(self, usable_count: int, *, last: bool) -> Verdict:
        if not last:
            return Gathering(usable_count, self._policy.min_usable)
        if any(frame.usable for frame in self.frames):
            return Insufficient(LIVENESS_FAILED, "too_few_usable_frames")
        return Insufficient(QUALITY_TOO_LOW, commonest_reason(self.frames) or "no_frames")

    def _with_depth(self, verdict: Sufficient, *, last: bool) -> Verdict:
        """Hold the depth maps, where there are any, against the face; decide on a frame whose own map shows one."""
        if all(frame.depth is None for frame in self.frames):
            return verdict
        maps = self._maps()
        reason = self._depth.decide(maps) if maps else DEPTH_INCOMPLETE
        if reason is None:
            with_map = [i for i in self._final() if self.frames[i].depth is not None]
            best = self._policy.decision_frame([self.frames[i] for i in with_map])
            if best is not None:
                return Sufficient(with_map[best])
            reason = DEPTH_INCOMPLETE
        if reason == DEPTH_INCOMPLETE and not last and not self.exhausted:
            return Gathering(self.of - 1, self.of)
        return Insufficient(PRESENTATION_ATTACK, reason)

    def _maps(self) -> list[DepthFindings]:
        """Return the depth maps of faces that are fit to be recognised, of the present evidence."""
        return [frame.depth for frame in self.frames[self.since :] if frame.fit and frame.depth is not None]

    def _depth_attack(self) -> str | None:
        """Return why the depth maps so far show no face, None where they do or are too few to say."""
        maps = self._maps()
        reason = self._depth.decide(maps) if maps else None
        return reason if reason != DEPTH_INCOMPLETE else None

    def _final(self) -> list[int]:
        """Return the frames that may be decided on: those that pass alone, after the last movement if there is any."""
        if self.challenge is None:
            return self.passing()
        done_at = self.challenge.finished_at(self.frames)
        return [i for i in self.passing() if i > done_at and self._straight(self.challenge, i)]
