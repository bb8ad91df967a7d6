"""The monthly report counts what a scripted month held, and nothing else."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from application.reporting.facts import Deployment, Responsible
from application.reporting.monthly import Monthly, bounds, monthly
from domain.errors import InvalidInputError
from tests.house import ICU, LAB
from tests.unit.documents.scripted import MARCH, scripted

if TYPE_CHECKING:
    from tests.house import House

ABOUT = Deployment(Responsible(), "faceauth test", 21, (), ())


@pytest.fixture(scope="module")
def story() -> House:
    return scripted()


@pytest.fixture(scope="module")
def march(story: House) -> Monthly:
    return monthly(story.services, ABOUT, MARCH)


def test_attempts_are_counted_by_how_they_ended(march: Monthly) -> None:
    assert march.attempts.started == 7
    assert dict(march.attempts.outcomes) == {"face": 2, "refused": 3, "abandoned": 1, "undecided": 1}
    assert sum(march.attempts.refusals.values()) == 3
    assert dict(march.attempts.by_department) == {ICU: 6, LAB: 1}


def test_failures_to_acquire_are_attempts_whose_frames_were_all_unusable(march: Monthly) -> None:
    assert (march.attempts.presented, march.attempts.fta) == (5, 1)
    assert march.attempts.fta_rate == pytest.approx(0.2)


def test_a_month_begins_at_local_midnight(story: House, march: Monthly) -> None:
    february = monthly(story.services, ABOUT, "2030-02")
    assert february.attempts.started == 2
    assert march.attempts.by_day["2030-03-01"] == 1
    assert february.complete
    assert not march.complete


def test_people_consents_and_erasures_are_counted_from_their_events(march: Monthly) -> None:
    expected = {
        "enrolled": 2,
        "consents_granted": 4,
        "consents_renewed": 2,
        "consents_withdrawn": 4,
        "erasures_requested": 1,
        "erasure_certificates": 1,
        "erasures_final": 0,
        "lockouts": 1,
        "rotations_planned": 1,
        "incidents_opened": 2,
        "incidents_closed": 0,
    }
    assert {name: march.counts[name] for name in expected} == expected


def test_incidents_come_with_their_clocks(march: Monthly) -> None:
    states = {one.cause: {clock.name: clock.state for clock in one.clocks} for one in march.incidents}
    assert states["key_leak"] == {"authority": "done", "subjects": "done", "supplement": "not_needed"}
    assert states["device_loss"]["authority"] == "overdue"


def test_an_empty_month_is_all_zeros(story: House) -> None:
    january = monthly(story.services, ABOUT, "2030-01")
    assert set(january.counts.values()) == {0}
    assert (january.attempts.started, january.attempts.fta_rate, january.incidents) == (0, None, [])


def test_december_ends_with_the_year(story: House) -> None:
    since, until = bounds(story.services, "2029-12")
    assert (since.isoformat(), until.isoformat()) == ("2029-12-01T03:00:00+00:00", "2030-01-01T03:00:00+00:00")


@pytest.mark.parametrize("month", ["2030-13", "march", "2030-3", "", "9999-12", "0001-01", "2030-04", "2030-03-01"])
def test_a_month_that_is_none_or_has_not_begun_is_refused(story: House, month: str) -> None:
    with pytest.raises(InvalidInputError):
        monthly(story.services, ABOUT, month or "x")
