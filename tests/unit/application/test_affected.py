"""Whom an incident reaches, by events and key ids."""

from __future__ import annotations

from datetime import timedelta
from typing import TYPE_CHECKING

import pytest

from application import erase, rekey
from application.affected import Question, compute
from domain.enrollment import Enrollment
from domain.errors import InvalidInputError, NotFoundError
from tests.house import ICU, LAB, House
from tests.unit.application.incident_stories import later

if TYPE_CHECKING:
    from uuid import UUID


def active_kek(house: House) -> str:
    return next(key.key_id for key in house.services.keys.status().keks if key.state == "active")


def who(house: House, selector: str, value: str = "", **period: object) -> list[UUID]:
    return compute(house.services, Question(selector, value, **period)).subjects  # type: ignore[arg-type]


def test_a_leaked_key_encryption_key_reaches_those_whose_data_keys_it_wrapped(house: House) -> None:
    first = active_kek(house)
    ana = house.enroll("ana").subject_id
    later(house, days=1)
    rekey.rotate_keks(house.services, act=house.act(), fresh=True)
    second = active_kek(house)
    later(house, days=1)
    bia = house.enroll("bia", department=LAB).subject_id

    assert who(house, "kek", first) == [ana]
    assert who(house, "kek", second) == sorted([ana, bia])
    found = compute(house.services, Question("kek", second))
    assert f"subject:{ana}" in found.keys
    assert found.departments == sorted([ICU, LAB])


def test_a_leak_after_a_key_was_destroyed_reaches_nobody_by_it(house: House) -> None:
    first = active_kek(house)
    ana = house.enroll("ana").subject_id
    later(house, days=1)
    rekey.rotate_keks(house.services, act=house.act(), fresh=True)
    gone = next(key for key in house.services.keys.status().keks if key.key_id == first)
    assert gone.destroyed_at is not None
    later(house, days=1)

    assert who(house, "kek", first, since=gone.destroyed_at + timedelta(seconds=1)) == []
    assert who(house, "kek", first, until=gone.destroyed_at) == [ana]


def test_whoever_was_erased_before_the_leak_is_not_reached(house: House) -> None:
    kek = active_kek(house)
    ana, bia = house.enroll("ana").subject_id, house.enroll("bia").subject_id
    later(house, hours=1)
    erase.erase(house.services, ana, act=house.act())
    later(house, hours=1)
    leaked = house.clock.now()
    later(house, hours=1)

    assert who(house, "kek", kek, since=leaked) == [bia]
    assert who(house, "everyone", since=leaked) == [bia]
    assert who(house, "everyone") == sorted([ana, bia])


def test_a_database_dump_reaches_who_was_in_it_that_day(house: House) -> None:
    ana = house.enroll("ana").subject_id
    day = house.services.calendar.local_day(house.clock.now())
    later(house, days=1)
    house.enroll("bia")

    assert who(house, "dump", day.isoformat()) == [ana]
    assert who(house, "dump", (day - timedelta(days=1)).isoformat()) == []


def test_a_department_reaches_who_was_there_in_the_period_and_not_who_moved_in_later(house: House) -> None:
    ana, bia = house.enroll("ana"), house.enroll("bia", department=LAB)
    later(house, days=1)
    moved = house.clock.now()
    enrollment = house.store.get(Enrollment, bia.enrollment_id)
    enrollment.change_department(ICU, act=house.act())
    house.store.save(enrollment)

    assert who(house, "department", ICU, until=moved - timedelta(hours=1)) == [ana.subject_id]
    assert who(house, "department", ICU) == sorted([ana.subject_id, bia.subject_id])
    assert who(house, "department", LAB, since=moved + timedelta(hours=1), until=moved + timedelta(hours=2)) == []


def test_sessions_reach_who_was_signed_in_then(house: House) -> None:
    ana, bia = house.enroll("ana").subject_id, house.enroll("bia").subject_id
    house.sign_in("ana")
    later(house, days=2)
    since = house.clock.now()
    house.sign_in("bia")

    assert who(house, "sessions", since=since) == [bia]
    assert who(house, "sessions") == sorted([ana, bia])


def test_attempts_reach_the_people_in_them(house: House) -> None:
    ana = house.enroll("ana").subject_id
    house.enroll("bia")
    first = house.shown([])
    house.sign_in("ana")
    attempt = [event for event in house.store.read(0, 10_000) if event.name == "attempt.succeeded.v1"][-1].aggregate_id

    assert who(house, "attempts", f"{attempt}, {attempt}") == [ana]
    assert who(house, "attempts", str(first.attempt_id)) == []


def test_the_same_moment_gives_the_same_list_later(house: House) -> None:
    house.enroll("ana")
    then = house.clock.now()
    before = compute(house.services, Question("everyone", until=then), as_of=then)
    later(house, hours=1)
    house.enroll("bia")

    again = compute(house.services, Question("everyone", until=then), as_of=then)
    assert (again, again.sha256) == (before, before.sha256)
    assert who(house, "everyone") != before.subjects


@pytest.mark.parametrize(
    ("selector", "value"),
    [("kek", "kek-99"), ("signing_key", "no"), ("device", "00000000-0000-0000-0000-000000000001"),
     ("department", "nowhere"), ("attempts", "00000000-0000-0000-0000-000000000001")],
)  # fmt: skip
def test_what_never_was_is_not_found(house: House, selector: str, value: str) -> None:
    with pytest.raises(NotFoundError):
        who(house, selector, value)


@pytest.mark.parametrize(
    ("selector", "value"),
    [("people", ""), ("device", "tablet"), ("dump", "yesterday"), ("dump", "9999-12-31"), ("dump", "0001-01-01"),
     ("attempts", ""), ("everyone", "x"), ("sessions", "x"), ("device", ""), ("dump", "2026-02-30")],
)  # fmt: skip
def test_a_question_that_cannot_be_asked_is_refused(house: House, selector: str, value: str) -> None:
    with pytest.raises(InvalidInputError):
        who(house, selector, value)


def test_a_period_that_ends_before_it_begins_is_refused(house: House) -> None:
    now = house.clock.now()
    with pytest.raises(InvalidInputError, match="before"):
        who(house, "everyone", since=now, until=now - timedelta(seconds=1))
