"""Campaigns that are cut off, hindered or run twice: nobody is done twice, nobody left out."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from adapters.memory.vision import DIMENSION, MODEL
from application import rotate
from application.consent import live_enrollment
from application.ports.keys import ACTIVE, RETIRED, RETIRING
from domain.errors import (
    InProgressError,
    InvalidInputError,
    NotFoundError,
    RotationStateError,
    UnavailableError,
)
from tests.house import ICU, LAB, House
from tests.synthetic import populate
from tests.unit.application.rotating import (
    FIRST,
    Killed,
    enrolment,
    journal,
    killed_after,
    plan,
    run,
    transforms,
)

if TYPE_CHECKING:
    from uuid import UUID


@pytest.fixture
def people(house: House) -> list[UUID]:
    """Six people of intensive care."""
    return populate(house.services, 6, department=ICU, model=MODEL, dimension=DIMENSION)


@pytest.mark.parametrize("people_done", range(1, 7))
def test_a_campaign_that_is_killed_goes_on_and_does_nobody_twice(house: House, people_done: int) -> None:
    populate(house.services, 6, department=ICU, model=MODEL, dimension=DIMENSION)
    planned = plan(house)
    with pytest.raises(Killed):
        run(house, progress=killed_after(people_done))
    assert house.names().count("enrollment.template_rotated.v1") == people_done

    report = run(house)

    assert (report.rotation_id, report.state, report.rotated) == (planned.id, "completed", 6)
    assert house.names().count("enrollment.template_rotated.v1") == 6
    assert house.names().count("rotation.template_rotated.v1") == 6


def test_a_lost_database_stops_a_run_and_the_next_one_goes_on(house: House, people: list[UUID]) -> None:
    plan(house)

    def lose(done: int, _total: int) -> None:
        house.store.lost = done == 2

    with pytest.raises(UnavailableError):
        run(house, progress=lose)
    house.store.lost = False

    assert run(house).rotated == len(people)


def test_a_plan_cut_off_before_it_was_recorded_leaves_nothing_behind(house: House, people: list[UUID]) -> None:
    def die() -> None:
        raise Killed

    house.store.before_next_save = die
    with pytest.raises(Killed):
        plan(house)
    planned = plan(house)

    assert run(house).state == "completed"
    assert {state for name, state in transforms(house).items() if name != planned.transform} == {RETIRED}
    assert len(people) == 6


def test_one_campaign_at_a_time(house: House, people: list[UUID]) -> None:
    planned = plan(house)
    with pytest.raises(InProgressError):
        plan(house, "schedule")
    assert ("rotation.plan", "refused", "in_progress") in journal(house)
    assert len(transforms(house)) == 2
    rotate.cancel(house.services, planned.id, reason="not now", act=house.act())

    assert plan(house, "schedule").total == len(people)


def test_two_runs_at_once_are_refused_to_the_second(house: House, people: list[UUID]) -> None:
    plan(house)
    with house.store.mutex(rotate.MUTEX), pytest.raises(InProgressError):
        run(house)
    assert ("rotation.run", "refused", "in_progress") in journal(house)
    assert run(house).rotated == len(people)


def test_with_nothing_planned_there_is_nothing_to_run(house: House) -> None:
    assert rotate.run(house.services, act=house.act()) is None


def test_a_campaign_that_is_over_is_not_run_again(house: House, people: list[UUID]) -> None:
    planned = plan(house)
    run(house, rotation_id=planned.id)
    with pytest.raises(RotationStateError):
        run(house, rotation_id=planned.id)
    with pytest.raises(RotationStateError):
        rotate.cancel(house.services, planned.id, reason="late", act=house.act())
    assert len(people) == 6


@pytest.mark.parametrize(
    ("scope", "value", "error"),
    [
        ("department", "nowhere", NotFoundError),
        ("subject", "00000000-0000-0000-0000-0000000000ff", NotFoundError),
        ("subject", "ana.souza", InvalidInputError),
        ("floor", "3", InvalidInputError),
        ("all", "icu", InvalidInputError),
    ],
)
def test_a_scope_that_holds_nobody_is_refused_and_recorded(
    house: House, scope: str, value: str, error: type[Exception]
) -> None:
    with pytest.raises(error):
        plan(house, scope=scope, value=value)
    assert [entry[:2] for entry in journal(house)] == [("rotation.plan", "refused")]
    assert transforms(house) == {FIRST: ACTIVE}


def test_a_department_is_rotated_alone_and_the_transform_of_the_others_lives(house: House, people: list[UUID]) -> None:
    others = populate(house.services, 2, department=LAB, model=MODEL, dimension=DIMENSION, first=10)
    planned = plan(house, scope="department", value=LAB)

    report = run(house)

    assert (report.total, report.rotated) == (2, 2)
    assert {enrolment(house, subject).transform for subject in others} == {planned.transform}
    assert {enrolment(house, subject).transform for subject in people} == {FIRST}
    assert transforms(house)[FIRST] == RETIRING


def test_one_person_is_rotated_alone(house: House) -> None:
    house.enroll("ana")
    subject = house.rows("enrollment_rows")[0]["subject_id"]
    house.enroll("bia")
    plan(house, scope="subject", value=str(subject))

    assert run(house).rotated == 1
    assert live_enrollment(house.services, subject) is not None


def test_a_template_that_does_not_open_is_skipped_and_recorded_and_the_campaign_goes_on(
    house: House, people: list[UUID]
) -> None:
    victim, other = enrolment(house, people[1]), enrolment(house, people[2])
    assert other.template is not None
    pasted = type(other.template)(house.services.ids.new(), MODEL, other.sealed, FIRST)
    victim.rotate_template(pasted, reason="schedule", rotation_id=house.services.ids.new(), act=house.act())
    house.store.save(victim)
    plan(house)

    report = run(house)

    assert (report.state, report.rotated, report.skipped) == ("completed", 5, {"seal_broken": 1})
    assert ("rotation.template", "broken", "seal_broken") in journal(house)
    assert transforms(house)[FIRST] == RETIRED, "what does not open keeps nothing alive"
