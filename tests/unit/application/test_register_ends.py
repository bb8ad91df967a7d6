"""After the years that the register is kept, what staff wrote of an incident does not open any more."""

from __future__ import annotations

from datetime import timedelta
from typing import TYPE_CHECKING

from application import holds, incidents
from application.ports.vault import incident_owner
from tests.unit.application.incident_stories import assessed, opened, told

if TYPE_CHECKING:
    from tests.house import House


def test_the_key_of_a_closed_incident_goes_after_its_years_and_not_under_a_hold(house: House) -> None:
    house.enroll("ana")
    closed, standing = opened(house), opened(house)
    told(house, assessed(house, closed))
    incidents.close(house.services, closed.id, not_notified="", act=house.act())
    assert incidents.forget_old(house.services, act=house.act()) == []

    house.clock.advance(house.services.policies.retention.incidents + timedelta(seconds=1))
    assert incidents.forget_old(house.services, act=house.act()) == [], "the open one holds everything"
    told(house, assessed(house, standing))
    court = holds.place(house.services, scope="all", value="", reason="court", act=house.act())
    assert incidents.forget_old(house.services, act=house.act()) == []
    holds.release(house.services, court, reason="closed", act=house.act())

    assert incidents.forget_old(house.services, act=house.act()) == [closed.id]
    assert incidents.forget_old(house.services, act=house.act()) == []
    assert incidents.reveal(house.services, incidents.find(house.services, closed.id))["description"] == "[erased]"
    assert house.vault.has_key(incident_owner(standing.id))
    assert house.names()[-1] == "journal.recorded.v1"
