"""Which events an export takes: all that was asked for, nothing of another department, the same ones every time."""

from __future__ import annotations

from datetime import timedelta
from typing import Any
from uuid import UUID, uuid4

import pytest

from application import erase, history
from application.exporting.selection import Selection, found
from application.exporting.whereabouts import Whereabouts
from application.ports.vault import Binding
from domain.enrollment import Enrollment
from domain.errors import InvalidInputError, NotFoundError
from tests.house import ICU, LAB, House, build_house
from tests.unit.exports.exporting import taken


def positions(house: House, **filters: Any) -> set[int]:
    return {record.event.position for record in taken(house, **filters)}


def test_without_a_filter_everything_comes_in_order(lived: House) -> None:
    got = [record.event.position for record in taken(lived)]

    assert got == sorted(got)
    assert len(got) == len(lived.names())


@pytest.mark.parametrize("department", [ICU, LAB])
def test_a_department_gets_what_its_officer_is_shown_elsewhere(lived: House, department: str) -> None:
    assert positions(lived, department=department) == {
        event.position for event in history.events(lived.services, department=department)
    }


def test_both_departments_see_a_move_and_each_its_own_side_of_it(house: House) -> None:
    ana = house.enroll("ana")
    before = house.store.position()
    moved = house.store.get(Enrollment, ana.enrollment_id)
    moved.change_department(LAB, act=house.act())
    moved.suspend(reason="leave", act=house.act())
    house.store.save(moved)

    assert {before + 1} <= positions(house, department=ICU)
    assert {before + 1, before + 2} <= positions(house, department=LAB)
    assert before + 2 not in positions(house, department=ICU)


def test_a_department_that_nobody_is_in_has_nothing(lived: House) -> None:
    assert positions(lived, department="nowhere") == set()


def test_going_on_from_any_position_gives_the_rest(lived: House) -> None:
    end, whole = lived.store.position(), taken(lived, department=ICU)

    for cut in (1, 7, end // 2, end):
        rest = list(found(lived.services, Selection(department=ICU), after=cut, end=end))
        assert [each.event.position for each in rest] == [r.event.position for r in whole if r.event.position > cut]
        assert [each.subject_id for each in rest] == [r.subject_id for r in whole if r.event.position > cut]


def test_one_subject_gets_nobody_elses_ids(house: House) -> None:
    ana, bia = house.enroll("ana"), house.enroll("bia")
    house.sign_in("ana")

    mine = taken(house, subject_id=ana.subject_id)

    assert {record.event.aggregate for record in mine} >= {"consent", "enrollment", "attempt", "session"}
    assert str(bia.subject_id) not in str([record.document for record in mine])
    with pytest.raises(NotFoundError):
        taken(house, subject_id=uuid4())


def test_an_event_says_of_whom_it_is_also_where_only_an_earlier_one_did(house: House) -> None:
    ana = house.enroll("ana")
    enrollment = house.store.get(Enrollment, ana.enrollment_id)
    enrollment.suspend(reason="leave", act=house.act())
    house.store.save(enrollment)

    last = taken(house)[-1]

    assert (last.event.name, last.subject_id, last.department) == ("enrollment.suspended.v1", ana.subject_id, ICU)


def test_what_was_forgotten_is_read_again(lived: House) -> None:
    forgetful, whole = Whereabouts(lived.store, most=1), Whereabouts(lived.store)

    for event in lived.store.read(0, 10_000):
        assert forgetful.of(event) == whole.of(event)
        assert len(forgetful._known) == 1


def test_kinds_of_events_actors_and_periods(lived: House) -> None:
    names = {record.event.name for record in taken(lived, event="attempt")}

    assert names
    assert all(name.startswith("attempt.") for name in names)
    assert {r.event.name for r in taken(lived, event="attempt.refused")} == {"attempt.refused.v1"}
    assert {r.event.name for r in taken(lived, event="attempt.refused.v1")} == {"attempt.refused.v1"}
    assert {r.document["actor"] for r in taken(lived, actor="token:admin")} == {"token:admin"}
    assert not taken(lived, actor="nobody")
    moment = lived.clock.now()
    assert not taken(lived, since=moment + timedelta(days=1))
    assert len(taken(lived, until=moment, since=moment - timedelta(days=900))) == len(lived.names())


def test_what_comes_after_the_end_is_not_taken(house: House) -> None:
    house.enroll("ana")
    end = house.store.position()
    house.enroll("bia")

    assert max(record.event.position for record in taken(house, end=end)) == end


@pytest.mark.parametrize("event", ["", "Attempt", "attempt.", ".", "attempt refused", "a;b", "*"])
def test_an_event_that_cannot_be_one_is_refused(event: str) -> None:
    with pytest.raises(InvalidInputError):
        Selection(event=event)


def test_a_period_that_ends_before_it_begins_is_refused(house: House) -> None:
    now = house.clock.now()

    with pytest.raises(InvalidInputError, match="ends before"):
        Selection(since=now, until=now - timedelta(seconds=1))


def test_a_row_that_cannot_be_opened_is_exported_whatever_the_period(house: House) -> None:
    house.enroll("ana")
    rows = house.store._listenable._stored_events
    place = len(rows) - 1
    rows[place] = type(rows[place])(rows[place].originator_id, rows[place].originator_version, "future.v9", b"\x02new")

    whole = taken(house, since=house.clock.now() - timedelta(days=1))
    (damaged,) = [record for record in whole if record.damaged]

    assert damaged.event.position == house.store.position()
    assert damaged.document["at"] is None
    assert damaged.document["event"] == "damaged"
    assert UUID(damaged.document["aggregate_id"]) == rows[place].originator_id
    assert taken(house, department=ICU)[-1].damaged


def test_no_seal_is_opened_without_names_and_erased_ones_say_so(monkeypatch: pytest.MonkeyPatch) -> None:
    house = build_house()
    ana, bia = house.enroll("ana"), house.enroll("bia")
    erase.erase(house.services, bia.subject_id, act=house.act(), now=True)
    opened: list[object] = []
    unseal = house.vault.unseal

    def watched(binding: Binding, sealed: str) -> bytes:
        opened.append(binding)
        return unseal(binding, sealed)

    monkeypatch.setattr(house.vault, "unseal", watched)

    taken(house)
    assert not opened

    named = [record for record in taken(house, names=True) if record.event.name == "enrollment.opened.v1"]
    assert opened
    assert [r.document["data"]["display_name"] for r in named if r.subject_id == ana.subject_id] == ["Dra. Ana Souza"]
    assert [r.document["data"]["display_name"] for r in named if r.subject_id == bia.subject_id] == ["[erased]"]
