"""No sequence of commands erases anybody twice, makes final what was not executed, or takes an erasure back."""

from __future__ import annotations

from uuid import UUID

from hypothesis import strategies as st
from hypothesis.stateful import initialize, invariant, rule

from domain.erasure import EXECUTED, FINAL, REQUESTED, Erasure
from domain.errors import AlreadyErasedError
from tests.property.machine import SUBJECT, AggregateMachine, numbered_act

IDS = st.lists(st.uuids(), max_size=3)
NAMES = st.lists(st.text(st.characters(codec="ascii"), min_size=1, max_size=9), max_size=3)
COUNTS = st.integers(0, 5)
POSITIONS = st.lists(st.integers(1, 2**62), max_size=3)


class ErasureMachine(AggregateMachine):
    """Model: a status, what was destroyed, when that was and when it became final."""

    aggregate: Erasure

    @initialize(reason=st.sampled_from(["request", "other"]))
    def begin(self, reason: str) -> None:
        self.status: str = REQUESTED
        self.destroyed: tuple[object, ...] = ((), 0, 0, (), ())
        self.times: list[object] = [None, None]
        self.names = ["erasure.requested.v1"]
        with self.expecting(None):
            self.aggregate = Erasure.request(SUBJECT, reason=reason, department="icu", act=self.act())

    @rule(enrollments=IDS, consents=COUNTS, sessions=COUNTS, keks=NAMES, positions=POSITIONS)
    def execute(
        self, enrollments: list[UUID], consents: int, sessions: int, keks: list[str], positions: list[int]
    ) -> None:
        allowed = self.status == REQUESTED
        with self.expecting(None if allowed else AlreadyErasedError):
            self.aggregate.execute(
                enrollments=enrollments,
                consents=consents,
                sessions=sessions,
                wrapped_under=keks,
                positions=positions,
                act=self.act(),
            )
        if allowed:
            self.status = EXECUTED
            self.destroyed = (tuple(enrollments), consents, sessions, tuple(keks), tuple(positions))
            self.times[0] = self.acts[-1].at
            self.names.append("erasure.executed.v1")

    @rule()
    def finalise(self) -> None:
        allowed = self.status == EXECUTED
        with self.expecting(None):
            self.aggregate.finalise(act=self.act())
        if not allowed:
            self.acts.pop()
            return
        self.status = FINAL
        self.times[1] = self.acts[-1].at
        self.names.append("erasure.finalised.v1")

    @rule()
    def repeat(self) -> None:
        with self.expecting(None):
            self.aggregate.repeat(reason="restored_backup", act=self.act())
        self.names.append("erasure.repeated.v1")

    @invariant()
    def the_model_agrees(self) -> None:
        erasure = self.aggregate
        assert erasure.status == self.status
        assert erasure.executed == (self.status != REQUESTED)
        assert [erasure.executed_at, erasure.final_at] == self.times
        told = (erasure.enrollments, erasure.consents, erasure.sessions, erasure.wrapped_under, erasure.positions)
        assert tuple(tuple(value) if isinstance(value, list) else value for value in told) == self.destroyed

    @invariant()
    def the_history_tells_each_step_once(self) -> None:
        assert [event.name for event in self.store.stream(self.aggregate.id)] == self.names

    @invariant()
    def who_and_why_never_change(self) -> None:
        assert (self.aggregate.subject_id, self.aggregate.department) == (SUBJECT, "icu")
        assert self.aggregate.requested_at == self.acts[0].at
        assert self.aggregate.changed_by == self.acts[-1].actor


TestErasureMachine = ErasureMachine.TestCase


def test_a_person_has_one_erasure_whoever_asks_for_it() -> None:
    asked = [Erasure.request(SUBJECT, reason="request", department="icu", act=numbered_act(n)) for n in range(2)]

    assert {erasure.id for erasure in asked} == {Erasure.create_id(SUBJECT)}
    assert Erasure.create_id(UUID(int=2)) != Erasure.create_id(SUBJECT)
