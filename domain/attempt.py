"""One attempt to sign in: started, challenged, assessed, decided."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING, ClassVar, Final
from uuid import UUID

from eventsourcing.domain import Aggregate, event

from domain.errors import AttemptStateError

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence
    from datetime import datetime

    from domain.act import Act

STARTED: Final = "started"
SUCCEEDED: Final = "succeeded"
REFUSED: Final = "refused"
FALLBACK_OFFERED: Final = "fallback_offered"
FALLBACK_SUCCEEDED: Final = "fallback_succeeded"
FALLBACK_REFUSED: Final = "fallback_refused"
ABANDONED: Final = "abandoned"


@dataclass(frozen=True, slots=True)
class Evidence:
    """What all frames of an attempt showed, in numbers; no pixels, no vectors.

    Presentation attack scores are probabilities of a live person, 0...1; ``reasons`` counts unusable frames by reason
    code; ``dropped`` frames were overtaken by newer ones while the server was busy. ``challenge`` is what was asked for
    since the evidence last began, ``restarts`` counts why it began again, ``parallax`` is the least residual of a turn
    against a plane, in distances of the eyes. ``evidence`` holds medians of what the scores were fused from, and
    ``depth_frames`` counts frames that came with a depth map.
    """

    frames_received: int
    frames_judged: int
    frames_usable: int
    frames_dropped: int
    pad_median: float | None
    pad_lowest: float | None
    pad_decision: float | None
    quality_decision: float | None
    reasons: Mapping[str, int] = field(default_factory=dict)
    challenge: Sequence[str] = field(default_factory=list)
    restarts: Mapping[str, int] = field(default_factory=dict)
    parallax: float | None = None
    evidence: Mapping[str, float] = field(default_factory=dict)
    depth_frames: int = 0


@dataclass(frozen=True, slots=True)
class MatchFacts:
    """How near the probe came, for the officer only. Similarities are cosine, -1...1."""

    similarity: float | None
    runner_up: float | None
    threshold: float
    margin: float
    gallery_size: int
    claimed: bool
    model: str


class Attempt(Aggregate):
    """A handful of events, whatever the number of frames."""

    TOPIC: ClassVar[str] = "attempt"

    @event("Created", topic="attempt.started.v1")
    def __init__(
        self,
        attempt_id: UUID,
        department: str,
        mode: str,
        policy: str,
        act: Act,
        timestamp: datetime,
    ) -> None:
        self.department = department
        self.mode = mode
        self.policy = policy
        self.client_sealed = ""
        self.epoch = ""
        self.challenge = ""
        self.status = STARTED
        self.assessed = False
        self.device_id: UUID | None = None
        self.subject_id: UUID | None = None
        self.session_id: UUID | None = None
        self.changed_by = act.actor

    @staticmethod
    def create_id(attempt_id: UUID) -> UUID:
        """Take the id that the client was told."""
        return attempt_id

    @classmethod
    def start(cls, attempt_id: UUID, *, department: str, mode: str, policy: str, act: Act) -> Attempt:
        """Begin."""
        return cls(
            attempt_id=attempt_id,
            department=department,
            mode=mode,
            policy=policy,
            act=act,
            timestamp=act.at,
        )

    @property
    def undecided(self) -> bool:
        """Whether the attempt is still open."""
        return self.status == STARTED

    def issue_challenge(self, challenge: str, *, act: Act) -> None:
        """Tell the client what to do in front of the camera."""
        self._check(STARTED)
        if self.assessed:
            raise AttemptStateError("evidence has been assessed already")
        self._challenge_issued(challenge=challenge, act=act, timestamp=act.at)

    def prove_device(self, device_id: UUID, *, frames: int, act: Act) -> None:
        """Record that a paired device signed all ``frames`` that count, once, before the evidence is assessed."""
        self._check(STARTED)
        if self.device_id is not None or self.assessed:
            raise AttemptStateError("a device is proven once, before the evidence is assessed")
        self._device_proven(device_id=device_id, frames=frames, act=act, timestamp=act.at)

    def assess(self, evidence: Evidence, *, act: Act, client_sealed: str = "", epoch: str = "") -> None:
        """Record the evidence, once, with the decision.

        ``client_sealed`` (address, agent) opens with the key of ``epoch`` ("yyyy-mm"), and where that is "" with the
        key of the subject who is admitted.
        """
        self._check(STARTED)
        if not self.challenge or self.assessed:
            raise AttemptStateError("evidence is assessed once, after a challenge")
        self._evidence_assessed(evidence=evidence, client_sealed=client_sealed, epoch=epoch, act=act, timestamp=act.at)

    def succeed(
        self, *, subject_id: UUID, enrollment_id: UUID, template_id: UUID, session_id: UUID, match: MatchFacts, act: Act
    ) -> None:
        """Admit that subject."""
        self._check(STARTED)
        if not self.assessed:
            raise AttemptStateError("nobody is admitted without evidence")
        if match.similarity is None or match.similarity < match.threshold:
            raise AttemptStateError("nobody is admitted below the threshold")
        self._succeeded(
            subject_id=subject_id,
            enrollment_id=enrollment_id,
            template_id=template_id,
            session_id=session_id,
            match=match,
            act=act,
            timestamp=act.at,
        )

    def refuse(
        self,
        *,
        code: str,
        reason: str,
        next_step: str,
        act: Act,
        subject_id: UUID | None = None,
        match: MatchFacts | None = None,
    ) -> None:
        """Refuse: ``code`` is what the client hears, ``reason`` what the officer reads."""
        self._check(STARTED)
        self._refused(
            code=code,
            reason=reason,
            next_step=next_step,
            subject_id=subject_id,
            match=match,
            act=act,
            timestamp=act.at,
        )

    def abandon(self, *, reason: str, act: Act) -> None:
        """Record that the client went away, or the service did, before a decision."""
        self._check(STARTED)
        self._abandoned(reason=reason, act=act, timestamp=act.at)

    def offer_fallback(self, *, method: str, act: Act) -> None:
        """Offer another way in after a refusal."""
        self._check(REFUSED)
        self._fallback_offered(method=method, act=act, timestamp=act.at)

    def succeed_by_fallback(self, *, subject_id: UUID, session_id: UUID, method: str, act: Act) -> None:
        """Admit by the other way."""
        self._check(FALLBACK_OFFERED)
        self._fallback_succeeded(subject_id=subject_id, session_id=session_id, method=method, act=act, timestamp=act.at)

    def refuse_fallback(self, *, reason: str, method: str, act: Act) -> None:
        """Refuse the other way too."""
        self._check(FALLBACK_OFFERED)
        self._fallback_refused(reason=reason, method=method, act=act, timestamp=act.at)

    def _check(self, status: str) -> None:
        if self.status != status:
            raise AttemptStateError(f"the attempt is {self.status}")

    @event("ChallengeIssued", topic="attempt.challenge_issued.v1")
    def _challenge_issued(self, challenge: str, act: Act, timestamp: datetime) -> None:
        self.challenge = challenge

    @event("DeviceProven", topic="attempt.device_proven.v1")
    def _device_proven(self, device_id: UUID, frames: int, act: Act, timestamp: datetime) -> None:
        self.device_id = device_id

    @event("EvidenceAssessed", topic="attempt.evidence_assessed.v1")
    def _evidence_assessed(
        self, evidence: Evidence, client_sealed: str, epoch: str, act: Act, timestamp: datetime
    ) -> None:
        self.assessed = True
        self.client_sealed = client_sealed
        self.epoch = epoch

    @event("Succeeded", topic="attempt.succeeded.v1")
    def _succeeded(
        self,
        subject_id: UUID,
        enrollment_id: UUID,
        template_id: UUID,
        session_id: UUID,
        match: MatchFacts,
        act: Act,
        timestamp: datetime,
    ) -> None:
        self.status = SUCCEEDED
        self.subject_id = subject_id
        self.session_id = session_id

    @event("Refused", topic="attempt.refused.v1")
    def _refused(
        self,
        code: str,
        reason: str,
        next_step: str,
        subject_id: UUID | None,
        match: MatchFacts | None,
        act: Act,
        timestamp: datetime,
    ) -> None:
        self.status = REFUSED
        self.subject_id = subject_id

    @event("FallbackOffered", topic="attempt.fallback_offered.v1")
    def _fallback_offered(self, method: str, act: Act, timestamp: datetime) -> None:
        self.status = FALLBACK_OFFERED

    @event("FallbackSucceeded", topic="attempt.fallback_succeeded.v1")
    def _fallback_succeeded(
        self,
        subject_id: UUID,
        session_id: UUID,
        method: str,
        act: Act,
        timestamp: datetime,
    ) -> None:
        self.status = FALLBACK_SUCCEEDED
        self.subject_id = subject_id
        self.session_id = session_id

    @event("FallbackRefused", topic="attempt.fallback_refused.v1")
    def _fallback_refused(self, reason: str, method: str, act: Act, timestamp: datetime) -> None:
        self.status = FALLBACK_REFUSED

    @event("Abandoned", topic="attempt.abandoned.v1")
    def _abandoned(self, reason: str, act: Act, timestamp: datetime) -> None:
        self.status = ABANDONED
