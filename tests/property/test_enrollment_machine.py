"""No sequence of commands brings an enrolment into an illegal state."""

from __future__ import annotations

from uuid import UUID

import pytest
from hypothesis import strategies as st
from hypothesis.stateful import initialize, invariant, rule

from domain.biometrics import ModelId, SealedTemplate
from domain.enrollment import (
    ACTIVE,
    ERASED,
    MAX_ACCEPTED_CAPTURES,
    MAX_CAPTURES,
    MIN_USED_CAPTURES,
    OPEN,
    REVOKED,
    SEALED,
    SUSPENDED,
    Enrollment,
)
from domain.errors import CaptureCountError, EnrollmentInactiveError, EnrollmentStateError, TooFewCapturesError
from tests.property.machine import SUBJECT, AggregateMachine

ENROLLMENT_ID = UUID(int=50)
SCORES = st.floats(0, 1)
STEPS = {
    "activate": ({SEALED}, ACTIVE),
    "suspend": ({ACTIVE}, SUSPENDED),
    "reinstate": ({SUSPENDED}, ACTIVE),
    "revoke": ({OPEN, SEALED, ACTIVE, SUSPENDED}, REVOKED),
    "erase": ({REVOKED}, ERASED),
}
"""Command: from which states, to which state."""


class EnrollmentMachine(AggregateMachine):
    """Model: a status, two counters, a department, a template and a threshold."""

    aggregate: Enrollment

    @initialize(department=st.sampled_from(["icu", "laboratory"]))
    def open(self, department: str) -> None:
        with self.expecting(None):
            self.aggregate = Enrollment.open(
                ENROLLMENT_ID,
                subject_id=SUBJECT,
                department=department,
                user_id_sealed="s1",
                username_sealed="s2",
                display_name_sealed="s3",
                act=self.act(),
            )
        self.status, self.accepted, self.rejected = OPEN, 0, 0
        self.department = department
        self.template: SealedTemplate | None = None
        self.threshold: float | None = None

    @rule(quality=SCORES, pad=SCORES, times=st.integers(1, 4))
    def accept_captures(self, quality: float, pad: float, times: int) -> None:
        for _ in range(times):
            error = self._unless_room()
            with self.expecting(error):
                self.aggregate.accept_capture(quality=quality, pad=pad, act=self.act())
            self.accepted += error is None

    @rule(reason=st.sampled_from(["blurred", "no_face"]), times=st.integers(1, 8))
    def reject_captures(self, reason: str, times: int) -> None:
        for _ in range(times):
            error = self._unless_room()
            with self.expecting(error):
                self.aggregate.reject_capture(reason=reason, act=self.act())
            self.rejected += error is None

    @rule(used=st.integers(0, 12), number=st.integers(1, 9))
    def seal_template(self, used: int, number: int) -> None:
        template = SealedTemplate(UUID(int=number), ModelId("memory/64"), f"sealed {number}")
        error: type[Exception] | None = None
        if self.status != OPEN:
            error = EnrollmentStateError
        elif not MIN_USED_CAPTURES <= used <= self.accepted:
            error = TooFewCapturesError
        with self.expecting(error):
            self.aggregate.seal_template(template, used=used, act=self.act())
        if error is None:
            self.status, self.template = SEALED, template

    @rule(command=st.sampled_from(sorted(STEPS)))
    def step(self, command: str) -> None:
        allowed, then = STEPS[command]
        facts = {"reason": "because"} if command in {"suspend", "revoke"} else {}
        with self.expecting(None if self.status in allowed else EnrollmentStateError):
            getattr(self.aggregate, command)(**facts, act=self.act())
        if self.status in allowed:
            self.status = then

    @rule(department=st.sampled_from(["icu", "laboratory", "pharmacy"]))
    def change_department(self, department: str) -> None:
        allowed = self.status in {ACTIVE, SUSPENDED} and department != self.department
        with self.expecting(None if allowed else EnrollmentStateError):
            self.aggregate.change_department(department, act=self.act())
        if allowed:
            self.department = department

    @rule(threshold=st.one_of(SCORES, st.sampled_from([-0.1, 1.1, float("nan"), float("inf")])))
    def override_threshold(self, threshold: float) -> None:
        error: type[Exception] | None = None
        if self.status not in {ACTIVE, SUSPENDED}:
            error = EnrollmentStateError
        elif not 0.0 < threshold < 1.0:
            error = ValueError
        with self.expecting(error):
            self.aggregate.override_threshold(threshold, act=self.act())
        if error is None:
            self.threshold = threshold

    def _unless_room(self) -> type[Exception] | None:
        if self.status != OPEN:
            return EnrollmentStateError
        full = self.accepted >= MAX_ACCEPTED_CAPTURES or self.accepted + self.rejected >= MAX_CAPTURES
        return CaptureCountError if full else None

    @invariant()
    def the_model_agrees(self) -> None:
        enrollment = self.aggregate
        assert (enrollment.status, enrollment.department) == (self.status, self.department)
        assert (enrollment.accepted, enrollment.rejected) == (self.accepted, self.rejected)
        assert enrollment.template == self.template
        assert enrollment.threshold_override == self.threshold
        assert enrollment.live == (self.status not in {REVOKED, ERASED})

    @invariant()
    def only_an_active_enrolment_serves_and_only_with_a_template(self) -> None:
        if self.status == ACTIVE:
            self.aggregate.check_active()
            assert self.aggregate.template is not None
            assert self.aggregate.accepted >= MIN_USED_CAPTURES
        else:
            with pytest.raises(EnrollmentInactiveError):
                self.aggregate.check_active()


TestEnrollmentMachine = EnrollmentMachine.TestCase
