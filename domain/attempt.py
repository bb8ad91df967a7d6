"""One attempt to sign in: started, challenged, assessed, decided."""

from __future__ import annotations

from typing import TYPE_CHECKING, ClassVar, Final
from uuid import UUID

from eventsourcing.domain import Aggregate, event

from domain.errors import AttemptStateError
from domain.evidence import Evidence, MatchFacts

if TYPE_CHECKING:
    from collections.abc import Mapping
    from datetime import datetime

    from domain.act import Act

__all__ = ["Attempt", "Evidence", "MatchFacts"]

STARTED: Final = "started"
SUCCEEDED: Final = "succeeded"
REFUSED: Final = "refused"
FALLBACK_OFFERED: Final = "fallback_offered"
FALLBACK_SUCCEEDED: Final = "fallback_succeeded"
FALLBACK_REFUSED: Final = "fallback_refused"
AWAITING_FACTOR: Final = "awaiting_factor"
ABANDONED: Final = "abandoned"

PASSWORD_MODE: Final = "password"  # noqa: S105 - the name of a way in
"""Mode of an attempt that no camera was part of: what is the other way in elsewhere is the only one here."""


class Attempt(Aggregate):
    """A handful of events, whatever the number of frames."""

    TOPIC: ClassVar[str] = "attempt"

    @event("Created", topic="attempt.started.v1")
    def __init__(
        self, attempt_id: UUID, department: str, mode: str, policy: str, act: Act, timestamp: datetime
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
        self.enrollment_id: UUID | None = None
        self.match: MatchFacts | None = None
        self.ticket_digest = ""
        self.client_id = ""
        self.ticket_expires_at: datetime | None = None
        self.wrong_factors = 0
        self.changed_by = act.actor

    @staticmethod
    def create_id(attempt_id: UUID) -> UUID:
        """Take the id that the client was told."""
        return attempt_id

    @classmethod
    def start(cls, attempt_id: UUID, *, department: str, mode: str, policy: str, act: Act) -> Attempt:
        """Begin."""
        return cls(attempt_id=attempt_id, department=department, mode=mode, policy=policy, act=act, timestamp=act.at)

    @property
    def undecided(self) -> bool:
        """Whether the attempt is still open."""
        return self.status == STARTED

    def issue_challenge(self, challenge: str, *, act: Act, rules: Mapping[str, str] | None = None) -> None:
        """Tell the client what to do in front of the camera; ``rules`` are the versions of those that stand by now."""
        self._check(STARTED)
        if self.assessed:
            raise AttemptStateError("evidence has been assessed already")
        self._challenge_issued(challenge=challenge, rules=dict(rules or {}), act=act, timestamp=act.at)

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
        self._check_proven(match)
        self._succeeded(
            subject_id=subject_id,
            enrollment_id=enrollment_id,
            template_id=template_id,
            session_id=session_id,
            match=match,
            act=act,
            timestamp=act.at,
        )

    def accept_factor(
        self,
        *,
        subject_id: UUID,
        enrollment_id: UUID,
        template_id: UUID,
        match: MatchFacts,
        ticket_digest: str,
        expires_at: datetime,
        client_id: str = "",
        act: Act,
    ) -> None:
        """Take the face as the first of two factors: nobody is admitted before the other one comes with the ticket."""
        self._check_proven(match)
        self._factor_accepted(
            subject_id=subject_id,
            enrollment_id=enrollment_id,
            template_id=template_id,
            match=match,
            ticket_digest=ticket_digest,
            expires_at=expires_at,
            client_id=client_id,
            act=act,
            timestamp=act.at,
        )

    def succeed_by_second_factor(self, *, session_id: UUID, method: str, act: Act) -> None:
        """Admit the subject of the first factor, in time."""
        if not self.awaits_factor(act.at):
            raise AttemptStateError("no second factor is awaited, or not any more")
        self._second_factor_accepted(
            subject_id=self.subject_id, session_id=session_id, method=method, act=act, timestamp=act.at
        )

    def refuse_second_factor(self, *, reason: str, method: str, final: bool, act: Act) -> None:
        """Refuse what came as the second factor; ``final``: the ticket is void from now on."""
        self._check(AWAITING_FACTOR)
        self._second_factor_refused(
            subject_id=self.subject_id, reason=reason, method=method, final=final, act=act, timestamp=act.at
        )

    def awaits_factor(self, now: datetime) -> bool:
        """Whether the second factor may still come."""
        return self.status == AWAITING_FACTOR and self.ticket_expires_at is not None and now < self.ticket_expires_at

    def refuse(
        self,
        *,
        code: str,
        reason: str,
        next_step: str,
        act: Act,
        subject_id: UUID | None = None,
        match: MatchFacts | None = None,
        client_sealed: str = "",
        epoch: str = "",
    ) -> None:
        """Refuse: ``code`` is what the client hears, ``reason`` what the officer reads; the client as in ``assess``."""
        self._check(STARTED)
        self._refused(
            code=code,
            reason=reason,
            next_step=next_step,
            subject_id=subject_id,
            match=match,
            client_sealed=client_sealed,
            epoch=epoch,
            act=act,
            timestamp=act.at,
        )

    def abandon(self, *, reason: str, act: Act) -> None:
        """Record that the client went away, or the service did, before a decision."""
        if self.status != AWAITING_FACTOR:
            self._check(STARTED)
        self._abandoned(reason=reason, act=act, timestamp=act.at)

    def offer_fallback(self, *, method: str, act: Act) -> None:
        """Offer another way in after a refusal."""
        self._check(REFUSED)
        self._fallback_offered(method=method, act=act, timestamp=act.at)

    def succeed_by_fallback(
        self, *, subject_id: UUID, session_id: UUID, method: str, act: Act, client_sealed: str = ""
    ) -> None:
        """Admit by the other way; ``client_sealed`` opens with the key of the subject."""
        self._check(STARTED if self.mode == PASSWORD_MODE else FALLBACK_OFFERED)
        self._fallback_succeeded(
            subject_id=subject_id,
            session_id=session_id,
            method=method,
            client_sealed=client_sealed,
            act=act,
            timestamp=act.at,
        )

    def refuse_fallback(
        self, *, reason: str, method: str, act: Act, subject_id: UUID | None = None, client_sealed: str = ""
    ) -> None:
        """Refuse the other way too, which was to be that subject's; ``client_sealed`` opens with the month's key."""
        self._check(FALLBACK_OFFERED)
        self._fallback_refused(
            reason=reason,
            method=method,
            subject_id=subject_id,
            client_sealed=client_sealed,
            epoch=f"{act.at:%Y-%m}" if client_sealed else "",
            act=act,
            timestamp=act.at,
        )

    def _check(self, status: str) -> None:
        if self.status != status:
            raise AttemptStateError(f"the attempt is {self.status}")

    def _check_proven(self, match: MatchFacts) -> None:
        self._check(STARTED)
        if not self.assessed:
            raise AttemptStateError("nobody is admitted without evidence")
        if match.similarity is None or match.similarity < match.threshold:
            raise AttemptStateError("nobody is admitted below the threshold")

    @event("ChallengeIssued", topic="attempt.challenge_issued.v1")
    def _challenge_issued(
        self, challenge: str, act: Act, timestamp: datetime, rules: Mapping[str, str] | None = None
    ) -> None:
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
        client_sealed: str = "",
        epoch: str = "",
    ) -> None:
        self.status = REFUSED
        self.subject_id = subject_id

    @event("FactorAccepted", topic="attempt.factor_accepted.v1")
    def _factor_accepted(
        self,
        subject_id: UUID,
        enrollment_id: UUID,
        template_id: UUID,
        match: MatchFacts,
        ticket_digest: str,
        expires_at: datetime,
        act: Act,
        timestamp: datetime,
        client_id: str = "",
    ) -> None:
        self.client_id = client_id
        self.status = AWAITING_FACTOR
        self.subject_id = subject_id
        self.enrollment_id = enrollment_id
        self.match = match
        self.ticket_digest = ticket_digest
        self.ticket_expires_at = expires_at

    @event("SecondFactorAccepted", topic="attempt.second_factor_accepted.v1")
    def _second_factor_accepted(
        self, subject_id: UUID | None, session_id: UUID, method: str, act: Act, timestamp: datetime
    ) -> None:
        self.status = SUCCEEDED
        self.session_id = session_id

    @event("SecondFactorRefused", topic="attempt.second_factor_refused.v1")
    def _second_factor_refused(
        self, subject_id: UUID | None, reason: str, method: str, final: bool, act: Act, timestamp: datetime
    ) -> None:
        self.wrong_factors += 1
        self.status = REFUSED if final else AWAITING_FACTOR

    @event("FallbackOffered", topic="attempt.fallback_offered.v1")
    def _fallback_offered(self, method: str, act: Act, timestamp: datetime) -> None:
        self.status = FALLBACK_OFFERED

    @event("FallbackSucceeded", topic="attempt.fallback_succeeded.v1")
    def _fallback_succeeded(
        self, subject_id: UUID, session_id: UUID, method: str, act: Act, timestamp: datetime, client_sealed: str = ""
    ) -> None:
        self.status = FALLBACK_SUCCEEDED
        self.subject_id = subject_id
        self.session_id = session_id

    @event("FallbackRefused", topic="attempt.fallback_refused.v1")
    def _fallback_refused(
        self,
        reason: str,
        method: str,
        act: Act,
        timestamp: datetime,
        subject_id: UUID | None = None,
        client_sealed: str = "",
        epoch: str = "",
    ) -> None:
        self.status = FALLBACK_REFUSED

    @event("Abandoned", topic="attempt.abandoned.v1")
    def _abandoned(self, reason: str, act: Act, timestamp: datetime) -> None:
        self.status = ABANDONED
