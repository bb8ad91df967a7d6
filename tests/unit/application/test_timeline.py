"""Everything about one person, in order, by day, in words; and views as they were."""

from __future__ import annotations

import json
from datetime import timedelta
from uuid import uuid4

import pytest

from application import erase, history
from application.as_of import VIEWS, cut_at, differences, rows_at, view_named
from application.timeline import timeline
from domain.enrollment import Enrollment
from domain.errors import InvalidInputError, NotFoundError
from tests.house import ICU, LAB, House, person
from tests.on_postgres import damage
from tests.unit.application.test_projecting import live

DAY = timedelta(days=1)


def test_a_timeline_has_every_event_of_the_person_by_day(house: House) -> None:
    ana = house.enroll("ana")
    house.enroll("bia")
    house.clock.advance(DAY)
    house.sign_in("ana")
    house.sign_in("bia")

    found = timeline(house.services, ana.subject_id)

    assert [(day["day"], len(day["events"])) for day in found["days"]] == [("2030-01-01", 10), ("2030-01-02", 5)]
    told = [line["position"] for day in found["days"] for line in day["events"]]
    assert told == [event.position for event in history.events(house.services, subject_id=ana.subject_id)]
    last = found["days"][-1]["events"][-1]
    assert (last["pt-BR"], last["en"], last["actor"]) == ("sessão aberta", "session opened", "anonymous")


def test_of_somebody_erased_acts_and_times_remain_and_no_name(house: House) -> None:
    ana = house.enroll("ana")
    before = timeline(house.services, ana.subject_id)
    erase.erase(house.services, ana.subject_id, act=house.act(), now=True)

    after = timeline(house.services, ana.subject_id)

    assert (before["erased"], after["erased"]) == (False, True)
    assert after["events"] > before["events"]
    assert person("ana").username not in json.dumps(after)


def test_a_department_has_its_part_of_a_timeline_or_none(house: House) -> None:
    ana = house.enroll("ana")
    enrollment = house.store.get(Enrollment, ana.enrollment_id)
    enrollment.change_department(LAB, act=house.act())
    enrollment.suspend(reason="leave", act=house.act())
    house.store.save(enrollment)

    here, there = (timeline(house.services, ana.subject_id, department=place) for place in (ICU, LAB))

    assert here["days"][-1]["events"][-1]["event"] == "enrollment.department_changed.v1"
    assert there["days"][-1]["events"][-1]["event"] == "enrollment.suspended.v1"
    assert there["days"][-1]["events"][-1]["code"] == "leave"
    for subject_id, department in ((ana.subject_id, "x"), (uuid4(), None)):
        with pytest.raises(NotFoundError, match="no history of that subject"):
            timeline(house.services, subject_id, department=department)


def test_an_unknown_event_is_on_the_timeline_raw(house: House) -> None:
    ana = house.enroll("ana")
    damage(house, 5, topic="enrollment.repainted.v9")

    found = timeline(house.services, ana.subject_id)

    (raw,) = [line for day in found["days"] for line in day["events"] if line["event"] == "enrollment.repainted.v9"]
    assert (raw["at"], raw["bytes"] > 0) == (None, True)
    assert "não conhece" in raw["pt-BR"]


# Views as they were --------------------------------------------------------------------------------------------------


def test_a_view_as_of_a_moment_is_the_view_that_there_was(house: House) -> None:
    ana = house.enroll("ana")
    house.sign_in("ana")
    then = {name: [row for t in view.tables for row in house.rows(t)] for name, view in VIEWS.items()}
    moment = house.clock.now()
    house.clock.advance(DAY)
    erase.erase(house.services, ana.subject_id, act=house.act(), now=True)

    cut = cut_at(house.services, moment)

    for name, view in VIEWS.items():
        assert list(rows_at(house.services, view, cut.position)) == then[name]


def test_before_the_first_event_there_is_nothing(house: House) -> None:
    moment = house.clock.now() - DAY
    live(house)

    cut = cut_at(house.services, moment)

    assert cut.position == 0
    assert not [row for view in VIEWS.values() for row in rows_at(house.services, view, cut.position)]


def test_a_difference_names_what_came_went_and_changed(house: House) -> None:
    ana = house.enroll("ana")
    before = house.store.position()
    bia = house.enroll("bia")
    enrollment = house.store.get(Enrollment, ana.enrollment_id)
    enrollment.suspend(reason="leave", act=house.act())
    house.store.save(enrollment)
    view = view_named("face_enrollments")

    found = {each.key: each for each in differences(house.services, view, before, house.store.position())}

    assert found[bia.enrollment_id].kind == "added"
    changed = found[ana.enrollment_id]
    assert (changed.kind, changed.before, changed.after) == (
        "changed",
        {"subject_id": ana.subject_id, "status": "active", "ended_reason": None, "position": 10},
        {"subject_id": ana.subject_id, "status": "suspended", "ended_reason": "leave", "position": 21},
    )


def test_there_is_no_view_of_sealed_templates_or_of_the_index(house: House) -> None:
    assert house.names() == []
    for name in ("active_templates", "event_index", "typo"):
        with pytest.raises(InvalidInputError, match="face_auth_logs"):
            view_named(name)
