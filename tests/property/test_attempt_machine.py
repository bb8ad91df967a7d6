"""No sequence of commands brings an attempt into an illegal state."""

from __future__ import annotations

from datetime import timedelta
from uuid import UUID

from hypothesis import strategies as st
from hypothesis.stateful import initialize, invariant, rule

from domain.attempt import (
    ABANDONED,
    AWAITING_FACTOR,
    FALLBACK_OFFERED,
    FALLBACK_REFUSED,
    FALLBACK_SUCCEEDED,
    PASSWORD_MODE,
    REFUSED,
    STARTED,
    SUCCEEDED,
    Attempt,
    Evidence,
    MatchFacts,
)
from domain.errors import AttemptStateError
from tests.property.machine import SUBJECT, AggregateMachine

ATTEMPT_ID, SESSION_ID, DEVICE_ID = UUID(int=60), UUID(int=61), UUID(int=62)
MAYBE = st.none() | st.floats(0, 1)
EVIDENCE = st.builds(
    Evidence,
    frames_received=st.integers(0, 300),
    frames_judged=st.integers(0, 300),
    frames_usable=st.integers(0, 300),
    frames_dropped=st.integers(0, 300),
    pad_median=MAYBE,
    pad_lowest=MAYBE,
    pad_decision=MAYBE,
    quality_decision=MAYBE,
    reasons=st.dictionaries(st.sampled_from(["blurred", "no_face"]), st.integers(1, 9)),
)
MATCHES = st.builds(
    MatchFacts,
    similarity=st.none() | st.floats(-1, 1) | st.just(0.45),
    runner_up=st.none() | st.floats(-1, 1),
    threshold=st.just(0.45),
    margin=st.just(0.05),
    gallery_size=st.integers(0, 200),
    claimed=st.booleans(),
    model=st.just("memory/64"),
)


class AttemptMachine(AggregateMachine):
    """Model: a status, whether a challenge was issued and evidence assessed, and who got in."""

    aggregate: Attempt

    @initialize(mode=st.sampled_from(["plain", PASSWORD_MODE]))
    def start(self, mode: str) -> None:
        with self.expecting(None):
            self.aggregate = Attempt.start(
                ATTEMPT_ID,
                department="icu",
                mode=mode,
                policy="passive",
                act=self.act(),
            )
        self.status, self.challenged, self.assessed, self.mode = STARTED, False, False, mode
        self.device: UUID | None = None
        self.subject: UUID | None = None
        self.session: UUID | None = None

    @rule(challenge=st.sampled_from(["hold_still", "blink"]))
    def issue_challenge(self, challenge: str) -> None:
        allowed = self.status == STARTED and not self.assessed
        with self.expecting(None if allowed else AttemptStateError):
            self.aggregate.issue_challenge(challenge, act=self.act())
        self.challenged |= allowed

    @rule(device=st.sampled_from([DEVICE_ID, UUID(int=63)]))
    def prove_device(self, device: UUID) -> None:
        allowed = self.status == STARTED and self.device is None and not self.assessed
        with self.expecting(None if allowed else AttemptStateError):
            self.aggregate.prove_device(device, frames=3, act=self.act())
        self.device = device if allowed else self.device

    @rule(evidence=EVIDENCE)
    def assess(self, evidence: Evidence) -> None:
        allowed = self.status == STARTED and self.challenged and not self.assessed
        with self.expecting(None if allowed else AttemptStateError):
            self.aggregate.assess(evidence, act=self.act())
        self.assessed |= allowed

    @rule(match=MATCHES)
    def succeed(self, match: MatchFacts) -> None:
        near = match.similarity is not None and match.similarity >= match.threshold
        allowed = self.status == STARTED and self.assessed and near
        with self.expecting(None if allowed else AttemptStateError):
            self.aggregate.succeed(
                subject_id=SUBJECT,
                enrollment_id=UUID(int=50),
                template_id=UUID(int=51),
                session_id=SESSION_ID,
                match=match,
                act=self.act(),
            )
        if allowed:
            self.status, self.subject, self.session = SUCCEEDED, SUBJECT, SESSION_ID

    @rule(match=st.none() | MATCHES, subject=st.sampled_from([None, SUBJECT]))
    def refuse(self, match: MatchFacts | None, subject: UUID | None) -> None:
        allowed = self.status == STARTED
        with self.expecting(None if allowed else AttemptStateError):
            self.aggregate.refuse(
                code="face_not_recognised",
                reason="below_threshold",
                next_step="password",
                subject_id=subject,
                match=match,
                act=self.act(),
            )
        if allowed:
            self.status, self.subject = REFUSED, subject

    @rule(match=MATCHES, minutes=st.sampled_from([1, 100_000]))
    def accept_factor(self, match: MatchFacts, minutes: int) -> None:
        near = match.similarity is not None and match.similarity >= match.threshold
        allowed = self.status == STARTED and self.assessed and near
        act = self.act()
        with self.expecting(None if allowed else AttemptStateError):
            self.aggregate.accept_factor(
                subject_id=SUBJECT,
                enrollment_id=UUID(int=50),
                template_id=UUID(int=51),
                match=match,
                ticket_digest="digest",
                expires_at=act.at + timedelta(minutes=minutes),
                act=act,
            )
        if allowed:
            self.status, self.subject, self.until = AWAITING_FACTOR, SUBJECT, act.at + timedelta(minutes=minutes)

    @rule()
    def succeed_by_second_factor(self) -> None:
        act = self.act()
        allowed = self.status == AWAITING_FACTOR and act.at < self.until
        with self.expecting(None if allowed else AttemptStateError):
            self.aggregate.succeed_by_second_factor(session_id=SESSION_ID, method="password", act=act)
        if allowed:
            self.status, self.session = SUCCEEDED, SESSION_ID

    @rule(final=st.booleans())
    def refuse_second_factor(self, final: bool) -> None:
        allowed = self.status == AWAITING_FACTOR
        with self.expecting(None if allowed else AttemptStateError):
            self.aggregate.refuse_second_factor(reason="wrong_password", method="password", final=final, act=self.act())
        if allowed and final:
            self.status = REFUSED

    @rule()
    def abandon(self) -> None:
        allowed = self.status in {STARTED, AWAITING_FACTOR}
        with self.expecting(None if allowed else AttemptStateError):
            self.aggregate.abandon(reason="client_gone", act=self.act())
        if allowed:
            self.status = ABANDONED

    @rule()
    def offer_fallback(self) -> None:
        allowed = self.status == REFUSED
        with self.expecting(None if allowed else AttemptStateError):
            self.aggregate.offer_fallback(method="password", act=self.act())
        if allowed:
            self.status = FALLBACK_OFFERED

    @rule()
    def succeed_by_fallback(self) -> None:
        allowed = self.status == (STARTED if self.mode == PASSWORD_MODE else FALLBACK_OFFERED)
        with self.expecting(None if allowed else AttemptStateError):
            self.aggregate.succeed_by_fallback(
                subject_id=SUBJECT, session_id=SESSION_ID, method="password", act=self.act()
            )
        if allowed:
            self.status, self.subject, self.session = FALLBACK_SUCCEEDED, SUBJECT, SESSION_ID

    @rule()
    def refuse_fallback(self) -> None:
        allowed = self.status == FALLBACK_OFFERED
        with self.expecting(None if allowed else AttemptStateError):
            self.aggregate.refuse_fallback(reason="wrong_password", method="password", act=self.act())
        if allowed:
            self.status = FALLBACK_REFUSED

    @invariant()
    def the_model_agrees(self) -> None:
        attempt = self.aggregate
        assert (attempt.status, attempt.assessed) == (self.status, self.assessed)
        assert bool(attempt.challenge) == self.challenged
        assert (attempt.subject_id, attempt.session_id) == (self.subject, self.session)
        assert attempt.device_id == self.device
        assert attempt.undecided == (self.status == STARTED)

    @invariant()
    def nobody_is_admitted_by_face_without_evidence_and_nobody_twice(self) -> None:
        names = [event.name for event in self.store.stream(ATTEMPT_ID)]
        admitted = [name for name in names if name.endswith(("succeeded.v1", "second_factor_accepted.v1"))]
        assert len(admitted) <= 1
        assert ("attempt.succeeded.v1" not in names) or "attempt.evidence_assessed.v1" in names
        assert (self.aggregate.session_id is not None) == bool(admitted)
        assert ("attempt.second_factor_accepted.v1" not in names) or "attempt.factor_accepted.v1" in names
        assert not (self.aggregate.session_id and "attempt.abandoned.v1" in names)


TestAttemptMachine = AttemptMachine.TestCase
