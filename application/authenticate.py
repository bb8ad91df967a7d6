"""Sign in by face: one object per attempt takes frames, gives guidance and ends in a decision.

Synchronous: the entrypoint calls every method off its event loop, one at a time.
"""

from __future__ import annotations

import logging
from collections.abc import Callable, Sequence
from functools import partial
from typing import Final
from uuid import UUID

from application.admit import FaceAccepted, admit
from application.clients import taker
from application.confirm import NOT_CONFIRMED, confirmed
from application.identify import matched
from application.journal import record_broken
from application.origin import sealed_for_month, sealed_for_subject
from application.outcome import (
    CONSENT_RENEWAL,
    HOLD_STILL,
    LOCKED_OUT,
    NOT_RECOGNISED,
    UNAVAILABLE,
    Client,
    FrameReport,
    Outcome,
    refused,
)
from application.person import reveal
from application.proving import DeviceProof
from application.recapture import recapture
from application.rules import rules_in_force
from application.services import Services
from application.turnstile import Turnstile
from application.witness import Stamp, Witness
from domain.act import Act
from domain.attempt import Attempt, Evidence, MatchFacts
from domain.biometrics import Embedding
from domain.errors import (
    ConcurrencyError,
    ConsentRenewalNeededError,
    DepartmentUnknownError,
    FaceauthError,
    LockedOutError,
    SealBrokenError,
    TemplateReplacedError,
)
from domain.policies.liveness import (
    ACTIVE,
    CHALLENGE_FAILED,
    LIVENESS_FAILED,
    PASSIVE,
    PRESENTATION_ATTACK,
    Gathering,
    Insufficient,
    Sufficient,
    Verdict,
)
from domain.policies.matching import Matched, NotMatched
from domain.session import Session

ACR: Final = {ACTIVE: "urn:faceauth:acr:face-active", PASSIVE: "urn:faceauth:acr:face-passive"}
"""What a token says of how life was proven."""

STAYS: Final = frozenset({PRESENTATION_ATTACK, CHALLENGE_FAILED})
"""Refusals that say more than that time ran out."""

TRIES: Final = 3
"""Decisions are taken again when somebody else's change came between reading and saving."""

log = logging.getLogger(__name__)


class Authentication:
    """One attempt. ``start``, then ``take`` frames until a report is finished, then ``decide``; or ``abandon``."""

    def __init__(
        self,
        services: Services,
        *,
        department: str,
        mode: str,
        client: Client,
        channel: str = "ws",
        stills: bool = False,
        token_client: str | None = None,
    ) -> None:
        """Prepare an attempt in a department; nothing is recorded yet.

        ``stills``: the frames are photographs that an operator tries out, not a camera's stream. ``token_client``: the
        id of the client that the tokens are for, the built-in one unless named.
        """
        self._services = services
        self._department = department
        self._mode = mode
        self._client = client
        self._channel = channel
        self._token_client = token_client
        self.attempt_id = services.ids.new()
        self._correlation_id = services.ids.new()
        self.device = DeviceProof(services, attempt_id=self.attempt_id, department=department)
        self._liveness = services.policies.evidence.mode
        self._witness = Witness(services, stills=stills)
        self._turnstile = Turnstile(services, department, client.address)
        self._claim: str | None = None
        self._attempt: Attempt | None = None

    def start(self) -> None:
        """Record the attempt and its challenge.

        Raises ``DepartmentUnknownError``, ``ClientUnknownError``, ``LockedOutError``, ``UnavailableError``.
        """
        services = self._services
        taker(services, self._token_client)
        if not services.departments.exists(self._department):
            raise DepartmentUnknownError("no such department")
        act = self._act()
        attempt = Attempt.start(
            self.attempt_id, department=self._department, mode=self._mode, policy=self._liveness, act=act
        )
        self._turnstile.look(attempt, act=act)
        steps = " ".join(self._witness.watch.steps) or HOLD_STILL
        attempt.issue_challenge(steps, rules=rules_in_force(services), act=act)
        services.store.save(attempt)
        self._attempt = attempt

    def claim(self, username: str) -> None:
        """Claim an identity: verification (1:1) instead of identification (1:N)."""
        self._claim = username

    def note_received(self, taken_ms: float | None = None, *, garbage: bool = False) -> Stamp:
        """Count a frame that arrived, taken when its client says; return what ``take`` wants to know of it.

        ``garbage`` was no frame, so that what it says of time, or does not, means nothing.
        """
        return self._witness.stamp(taken_ms, garbage=garbage)

    def note_dropped(self) -> None:
        """Count a frame that was overtaken by a newer one before it was judged."""
        self._witness.log.dropped += 1

    @property
    def frames_received(self) -> int:
        """Frames that arrived so far."""
        return self._witness.log.received

    @property
    def steps_to_do(self) -> int:
        """How many steps the whole takes, for the client's progress."""
        return self._witness.watch.of

    def take(self, payload: bytes, stamp: Stamp | None = None, depth: bytes | None = None) -> FrameReport:
        """Judge one frame. Garbage is counted and answered with guidance ``invalid_image``, never raised.

        ``stamp`` is what ``note_received`` gave for it; without one it was taken now.
        """
        now = Stamp(self._services.clock.monotonic() * 1000, timed=False)
        return self._report(self._witness.take(payload, stamp or now, depth))

    def decide(self, *, last: bool = False, timeout: bool = False) -> Outcome:
        """Decide on what was gathered; ``last`` when no more frames will come, ``timeout`` when time ran out.

        Fails closed: whatever goes wrong is a refusal with a stable code. Wipes what the attempt held.
        """
        try:
            return self._decide_unless_locked(partial(self._decide_again, last=last or timeout, timeout=timeout))
        except FaceauthError as error:
            log.warning("attempt refused: %s", error.code, extra={"attempt_id": str(self.attempt_id)})
            return self._refused(UNAVAILABLE)
        finally:
            self.wipe()

    def abandon(self, reason: str) -> None:
        """Record that the attempt ended without a decision. Raises ``UnavailableError``."""
        try:
            if self._attempt is not None and self._attempt.undecided:
                attempt = self._services.store.get(Attempt, self.attempt_id)
                self._assess(attempt, self._witness.summary())
                attempt.abandon(reason=reason, act=self._act())
                self._services.store.save(attempt)
        finally:
            self.wipe()

    def take_back(self, session_id: UUID) -> None:
        """Revoke the session of a success that could not be told to the client. Raises ``UnavailableError``."""
        session = self._services.store.get(Session, session_id)
        session.revoke(reason="undelivered", act=self._act())
        self._services.store.save(session)

    def wipe(self) -> None:
        """Overwrite the pictures that are held. Idempotent."""
        self._witness.wipe()

    def _report(self, fault: str | None) -> FrameReport:
        verdict, of = self._witness.verdict(), self._witness.watch.of
        if isinstance(verdict, Gathering):
            return FrameReport(fault or verdict.guidance or HOLD_STILL, verdict.step, verdict.of, finished=False)
        return FrameReport(None, of, of, finished=True)

    def _decide_unless_locked(self, decide: Callable[[], Outcome]) -> Outcome:
        try:
            return self._turnstile.through(self._claim, self.device.device_id, decide, self._act)
        except LockedOutError as error:
            attempt = self._services.store.get(Attempt, self.attempt_id)
            self._assess(attempt, self._witness.summary())
            self._refuse(attempt, LOCKED_OUT, LOCKED_OUT, self._act())
            return refused(self._services, self._department, LOCKED_OUT, retry_after_s=error.retry_after_s)

    def _decide_again(self, *, last: bool, timeout: bool) -> Outcome:
        if self.device.fault is not None:
            return self._refuse_device(self.device.fault)
        verdict = self._witness.verdict(last=last)
        probes = self._witness.probes(verdict.decision) if isinstance(verdict, Sufficient) else []
        if not isinstance(verdict, Sufficient) or not probes:
            return self._decline(verdict, timeout=timeout)
        try:
            for _ in range(TRIES - 1):
                try:
                    return self._decide_once(verdict.decision, probes)
                except ConcurrencyError:
                    self._services.index.catch_up(self._services.store.position())
            return self._decide_once(verdict.decision, probes, last=True)
        finally:
            for probe in probes:
                probe.wipe()

    def _decline(self, verdict: Verdict, *, timeout: bool) -> Outcome:
        """Refuse without a match: the evidence does not suffice."""
        act, attempt = self._act(), self._services.store.get(Attempt, self.attempt_id)
        self._assess(attempt, self._witness.summary())
        code, reason = (
            (verdict.code, verdict.reason) if isinstance(verdict, Insufficient) else (LIVENESS_FAILED, "no_frame")
        )
        return self._refuse(attempt, "timeout" if timeout and code not in STAYS else code, reason, act)

    def _refuse_device(self, reason: str) -> Outcome:
        """Refuse for the device, before any match. Raises ``UnavailableError``."""
        self.device.check_available()
        attempt = self._services.store.get(Attempt, self.attempt_id)
        self._assess(attempt, self._witness.summary())
        return self._refuse(attempt, self.device.refusal, reason, self._act())

    def _decide_once(self, index: int, probes: Sequence[Embedding], *, last: bool = False) -> Outcome:
        """Match the probes, taken from that frame, and confirm. Raises ``ConcurrencyError``: decide again.

        The ``last`` time, a gallery that still disagrees with the enrolment is a refusal like any other.
        """
        fault = self.device.standing_fault()
        if fault is not None:
            return self._refuse_device(fault)
        act, attempt = self._act(), self._services.store.get(Attempt, self.attempt_id)
        decision = matched(self._services, self._department, probes, claim=self._claim)
        evidence = self._witness.summary(index)
        if isinstance(decision, NotMatched):
            self._assess(attempt, evidence)
            return self._refuse(attempt, NOT_RECOGNISED, decision.reason, act, match=decision.facts)
        outcome = self._confirm(attempt, evidence, decision, act, last=last)
        if (outcome.success or outcome.ticket) and decision.facts.model == self._services.judge.former:
            recapture(self._services, decision.candidate, self._witness.live, act=self._act())
        return outcome

    def _confirm(self, attempt: Attempt, evidence: Evidence, match: Matched, act: Act, *, last: bool) -> Outcome:
        """Ask the aggregates (the index is a hint), then commit success and session under one lock."""
        services, candidate, facts = self._services, match.candidate, match.facts
        subject_id = candidate.subject_id
        try:
            unchanged = confirmed(services, candidate, self._department)
            person = reveal(services.vault, unchanged.enrollment)
            client = sealed_for_subject(services, self._client, attempt.id, subject_id)
        except NOT_CONFIRMED as error:
            if isinstance(error, SealBrokenError):
                place = str(candidate.enrollment_id)
                record_broken(services, "enrollment", place=place, code=error.code, subject_id=subject_id, act=act)
            self._assess(attempt, evidence)
            # Whoever was recognised and gave consent once is told to give it anew; nobody else learns anything.
            code = CONSENT_RENEWAL if isinstance(error, ConsentRenewalNeededError) else NOT_RECOGNISED
            return self._refuse(attempt, code, error.code, act, subject_id=subject_id, match=facts)
        except TemplateReplacedError as error:
            if not last:
                raise
            self._assess(attempt, evidence)
            return self._refuse(attempt, NOT_RECOGNISED, error.code, act, subject_id=subject_id, match=facts)
        self.device.record(attempt, act)
        attempt.assess(evidence, client_sealed=client, act=act)
        outcome = admit(services, attempt, match, unchanged, person, face=self._face(), act=act)
        self._attempt = attempt
        return outcome

    def _face(self) -> FaceAccepted:
        return FaceAccepted(
            self._department, ACR[self._liveness], self.device, taker(self._services, self._token_client)
        )

    def _assess(self, attempt: Attempt, evidence: Evidence) -> None:
        """Record the evidence of an attempt that admits nobody."""
        act = self._act()
        self.device.record(attempt, act)
        client, epoch = sealed_for_month(self._services, self._client, self.attempt_id, act)
        attempt.assess(evidence, client_sealed=client, epoch=epoch, act=act)

    def _refuse(
        self,
        attempt: Attempt,
        code: str,
        reason: str,
        act: Act,
        *,
        subject_id: UUID | None = None,
        match: MatchFacts | None = None,
    ) -> Outcome:
        outcome = self._refused(code)
        attempt.refuse(
            code=code, reason=reason, next_step=outcome.next_step, subject_id=subject_id, match=match, act=act
        )
        if outcome.fallback is not None:
            attempt.offer_fallback(method=outcome.fallback, act=act)
        self._services.store.save(attempt)
        self._attempt = attempt
        return outcome

    def _refused(self, code: str) -> Outcome:
        return refused(self._services, self._department, code)

    def _act(self) -> Act:
        return self._services.act(
            "anonymous", self._channel, correlation_id=self._correlation_id, cause=self.attempt_id
        )
