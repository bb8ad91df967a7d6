"""The incident register: what it keeps, when it warns, what it seals."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from application import erase, incidents, rekey
from application.affected import Question
from application.ports.vault import incident_owner
from domain.errors import IncidentStateError, InvalidInputError, NotFoundError
from tests.house import House
from tests.unit.application.incident_stories import SAID, assessed, later, opened, told

WEDNESDAY = datetime(2030, 11, 27, 15, 0, tzinfo=UTC)


@pytest.fixture
def house(house: House) -> House:
    house.clock.set(WEDNESDAY)
    return house


def states(house: House, incident: Any) -> dict[str, str]:
    incident = incidents.find(house.services, incident.id)
    return {c.name: c.state for c in incidents.clocks(incident, house.services.calendar, house.clock.now())}


def test_what_staff_wrote_is_read_here_and_nowhere_else(house: House) -> None:
    incident = assessed(house, opened(house))

    assert incidents.reveal(house.services, incident) == {
        "description": "uma chave foi copiada por Ana",
        "measures_before": SAID.measures_before,
        "measures_after": SAID.measures_after,
        "delay": "",
    }
    assert "Ana" not in repr([dict(event.fields) for event in house.store.read(0, 100)])
    assert "Ana" not in repr(house.rows("incident_rows"))


def test_without_its_key_the_entry_stays_and_the_words_are_gone(house: House) -> None:
    incident = opened(house)
    house.vault.destroy_key(incident_owner(incident.id))
    assert incidents.reveal(house.services, incident)["description"] == "[erased]"


def test_an_entry_moved_to_another_incident_does_not_open(house: House) -> None:
    one, other = opened(house), opened(house)
    one.description_sealed = other.description_sealed
    assert incidents.reveal(house.services, one)["description"] == "[damaged]"


def test_a_clock_warns_the_day_before_and_is_overdue_after_the_last_midnight(house: House) -> None:
    incident = opened(house)
    assert states(house, incident) == {"authority": "due", "subjects": "due", "supplement": "not_yet"}
    authority, *_ = incidents.clocks(incident, house.services.calendar, house.clock.now())
    assert (str(authority.last_day), authority.left, authority.warns) == ("2030-12-02", 3, False)

    house.clock.set(datetime(2030, 11, 29, 12, 0, tzinfo=UTC))
    authority, *_ = incidents.clocks(incident, house.services.calendar, house.clock.now())
    assert (authority.left, authority.warns) == (1, True)
    house.clock.set(datetime(2030, 12, 3, 2, 59, tzinfo=UTC))
    assert states(house, incident)["authority"] == "due"
    house.clock.set(datetime(2030, 12, 3, 3, 0, tzinfo=UTC))
    assert states(house, incident)["authority"] == "overdue"

    told(house, incident)
    assert states(house, incident) == {"authority": "late", "subjects": "late", "supplement": "not_needed"}


def test_the_supplement_runs_from_the_notification(house: House) -> None:
    incident = opened(house)
    told(house, incident, preliminary=True)
    assert states(house, incident) == {"authority": "done", "subjects": "done", "supplement": "due"}
    *_, clock = incidents.clocks(
        incidents.find(house.services, incident.id), house.services.calendar, house.clock.now()
    )
    assert str(clock.last_day) == "2030-12-26"


def test_a_low_risk_stops_the_clocks(house: House) -> None:
    incident = assessed(house, opened(house), said=replace(SAID, risk="low"))
    assert set(states(house, incident).values()) == {"not_needed"}
    incidents.close(house.services, incident.id, not_notified="no_relevant_risk", act=house.act())
    assert set(states(house, incident).values()) == {"not_needed"}
    (row,) = house.rows("incident_rows")
    assert (row["status"], row["not_notified"]) == ("closed", "no_relevant_risk")


def test_the_worker_journals_what_is_near_or_over_once_a_day(house: House) -> None:
    opened(house)
    closed = assessed(house, opened(house), said=replace(SAID, risk="none"))
    incidents.close(house.services, closed.id, not_notified="false_alarm", act=house.act())
    assert incidents.watch(house.services, act=house.act()) == 0

    later(house, days=10)
    for _ in range(3):
        assert incidents.watch(house.services, act=house.act()) == 2
    entries = [e.fields for e in house.store.read(0, 1000) if e.fields.get("kind") == incidents.DEADLINE]
    assert [(e["code"], e["facts"]["clock"]) for e in entries] == [("overdue", "authority"), ("overdue", "subjects")]
    later(house, days=1)
    incidents.watch(house.services, act=house.act())
    assert len([e for e in house.store.read(0, 1000) if e.fields.get("kind") == incidents.DEADLINE]) == 4


def test_the_list_is_the_one_of_the_assessment_and_everybody_on_it_can_see_who_looked(house: House) -> None:
    ana = house.enroll("ana").subject_id
    incident = assessed(house, opened(house))
    later(house, hours=1)
    house.enroll("bia")

    reached = incidents.people(house.services, incident, act=house.act("token:officer"))
    assert reached.subjects == [ana]
    assert house.last("viewing.recorded.v1")["subject_id"] == ana


def test_a_list_that_history_does_not_bear_out_is_not_shown(house: House) -> None:
    house.enroll("ana")
    incident = assessed(house, opened(house))
    assert incident.affected is not None
    incident.affected = replace(incident.affected, subjects_sha256="0" * 64)
    with pytest.raises(InvalidInputError, match="assess it again"):
        incidents.people(house.services, incident, act=house.act())
    assert "viewing.recorded.v1" not in house.names()


def test_before_the_assessment_there_is_no_list(house: House) -> None:
    with pytest.raises(InvalidInputError, match="assess"):
        incidents.people(house.services, opened(house), act=house.act())


@pytest.mark.parametrize("text", ["", "  ", "x" * 5001, "a\x00b", "a\u202eb"])
def test_a_description_that_cannot_be_printed_leaves_nothing_behind(house: House, text: str) -> None:
    with pytest.raises(InvalidInputError):
        opened(house, description=text)
    assert house.names() == []
    assert house.vault.owners("incident:") == []


def test_the_register_lists_the_newest_first_and_knows_no_stranger(house: House) -> None:
    first = opened(house)
    later(house, hours=1)
    second = opened(house)
    assert [one.id for one in incidents.listing(house.services)] == [second.id, first.id]
    assert incidents.register_until(first, house.services.calendar).isoformat() == "2035-11-27"
    with pytest.raises(NotFoundError):
        incidents.find(house.services, house.services.ids.new())


def test_the_closed_are_left_alone(house: House) -> None:
    incident = assessed(house, opened(house), Question("everyone"), replace(SAID, risk="none"))
    incidents.close(house.services, incident.id, not_notified="false_alarm", act=house.act())
    with pytest.raises(IncidentStateError):
        told(house, incident)
    with pytest.raises(IncidentStateError):
        assessed(house, incident)
    assert house.clock.now() - incident.opened_at == timedelta(0)


def test_the_list_stands_after_the_key_was_rotated_and_somebody_was_erased(house: House) -> None:
    ana, bia = house.enroll("ana").subject_id, house.enroll("bia").subject_id
    kek = house.services.keys.status().keks[0].key_id
    incident = assessed(house, opened(house), Question("kek", kek))
    later(house, hours=1)
    rekey.rotate_keks(house.services, act=house.act(), fresh=True)
    erase.erase(house.services, ana, act=house.act(), now=True)
    house.enroll("caio")

    assert incidents.people(house.services, incident, act=house.act()).subjects == sorted([ana, bia])
