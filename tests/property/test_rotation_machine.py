"""No sequence of commands makes a campaign do anybody twice, forget whom it waits for, or change once it is over."""

from __future__ import annotations

from typing import Any
from uuid import UUID

import pytest
from hypothesis import strategies as st
from hypothesis.stateful import initialize, invariant, rule

from domain.errors import InvalidInputError, RotationStateError
from domain.rotation import (
    ALL,
    CANCELLED,
    COMPLETED,
    DEPARTMENT,
    MODEL_UPGRADE,
    OPEN,
    SCHEDULE,
    SUBJECT,
    Rotation,
)
from tests.property.machine import AggregateMachine, numbered_act

ROTATION_ID = UUID(int=71)
PEOPLE = [UUID(int=number) for number in range(1, 5)]
SOMEBODY = st.sampled_from(PEOPLE)


def plan(**facts: Any) -> Rotation:
    given: dict[str, Any] = {"reason": SCHEDULE, "scope": ALL, "value": "", "transform": "t2", "model": "", "total": 4}
    return Rotation.plan(ROTATION_ID, **given | facts)


class RotationMachine(AggregateMachine):
    """Model: a status, whom it has done, whom it waits for."""

    aggregate: Rotation

    @initialize(upgrade=st.booleans())
    def begin(self, upgrade: bool) -> None:
        self.status: str = OPEN
        self.done: set[UUID] = set()
        self.awaited: set[UUID] = set()
        facts = {"reason": MODEL_UPGRADE, "model": "new/64"} if upgrade else {}
        with self.expecting(None):
            self.aggregate = plan(**facts, act=self.act())

    @rule(person=SOMEBODY, new_id=st.booleans())
    def rotate(self, person: UUID, new_id: bool) -> None:
        allowed = self.status == OPEN and person not in self.done and new_id
        with self.expecting(None if allowed else RotationStateError):
            self.aggregate.template_rotated(
                person,
                subject_id=UUID(int=person.int + 100),
                old_template_id=UUID(int=200),
                new_template_id=UUID(int=201 if new_id else 200),
                model="new/64",
                act=self.act(),
            )
        if allowed:
            self.done.add(person)
            self.awaited.discard(person)

    @rule(person=SOMEBODY)
    def ask_for_a_camera(self, person: UUID) -> None:
        allowed = self.status == OPEN and person not in self.done | self.awaited
        with self.expecting(None if allowed else RotationStateError):
            self.aggregate.require_recapture(
                person, subject_id=UUID(int=person.int + 100), template_id=UUID(int=200), act=self.act()
            )
        if allowed:
            self.awaited.add(person)

    @rule(
        gone=st.sets(SOMEBODY), skipped=st.dictionaries(st.sampled_from(["seal_broken", "erased"]), st.integers(1, 9))
    )
    def complete(self, gone: set[UUID], skipped: dict[str, int]) -> None:
        allowed = self.status == OPEN and self.awaited <= gone
        with self.expecting(None if allowed else RotationStateError):
            self.aggregate.complete(gone=gone, skipped=skipped, act=self.act())
        if allowed:
            self.status = COMPLETED

    @rule()
    def cancel(self) -> None:
        allowed = self.status == OPEN
        with self.expecting(None if allowed else RotationStateError):
            self.aggregate.cancel(reason="not now", act=self.act())
        if allowed:
            self.status = CANCELLED

    @invariant()
    def the_model_agrees(self) -> None:
        campaign = self.aggregate
        assert (campaign.status, campaign.rotated, campaign.awaited) == (self.status, self.done, self.awaited)
        assert campaign.begun == bool(self.done or self.awaited)

    @invariant()
    def the_counts_in_the_events_add_up(self) -> None:
        events = self.store.stream(ROTATION_ID)
        rotations = [event for event in events if event.name == "rotation.template_rotated.v1"]
        assert [event.fields["rotated"] for event in rotations] == list(range(1, len(self.done) + 1))
        counted = [event.fields["awaited"] for event in events if "awaited" in event.fields]
        assert (counted or [0])[-1] == len(self.awaited)


TestRotationMachine = RotationMachine.TestCase


@pytest.mark.parametrize(
    "facts",
    [
        {"reason": "boredom"},
        {"scope": "floor"},
        {"scope": DEPARTMENT},
        {"scope": ALL, "value": "icu"},
        {"transform": ""},
        {"reason": MODEL_UPGRADE},
        {"model": "new/64"},
    ],
    ids=str,
)
def test_a_plan_that_makes_no_sense_is_refused(facts: dict[str, str]) -> None:
    with pytest.raises(InvalidInputError):
        plan(**facts, act=numbered_act(0))


def test_only_a_model_upgrade_ever_needs_a_camera() -> None:
    upgrade = plan(reason=MODEL_UPGRADE, model="new/64", act=numbered_act(0))

    assert upgrade.wants_camera("old/64")
    assert not upgrade.wants_camera("new/64")
    assert not plan(act=numbered_act(0)).wants_camera("old/64")
    assert upgrade.reached("t2", "new/64")
    assert not upgrade.reached("t1", "new/64")


def test_the_scope_is_told_in_columns() -> None:
    subject = UUID(int=9)

    assert plan(act=numbered_act(0)).where == {}
    assert plan(scope=DEPARTMENT, value="icu", act=numbered_act(0)).where == {"department": "icu"}
    assert plan(scope=SUBJECT, value=str(subject), act=numbered_act(0)).where == {"subject_id": subject}
