"""The index of history: finds what is wanted and nothing else, keeps the walls, and cuts where a moment was."""

from __future__ import annotations

from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from uuid import UUID, uuid4

import pytest

from application import history
from application.ports.event_index import Cut, IndexedEvent, Wanted
from application.ports.event_store import RecordedEvent
from application.services import Services
from domain.consent import Consent
from domain.enrollment import Enrollment
from domain.errors import NotFoundError
from tests.house import ICU, LAB, House, build_house, frames
from tests.on_postgres import damage, on_postgres
from tests.unit.application.test_projecting import live

Place = Callable[[House], Services]
HOUR = timedelta(hours=1)
FUTURE_TOPIC = "enrollment.repainted.v9"


@pytest.fixture(params=["memory", pytest.param("postgres", marks=pytest.mark.database)])
def place(request: pytest.FixtureRequest) -> Place:
    """Where the index is kept: given a house, its services there."""
    if request.param == "memory":
        return lambda house: house.services
    return lambda house: on_postgres(house, request.getfixturevalue("database"))


@pytest.fixture
def house() -> House:
    return build_house()


def found(services: Services, wanted: Wanted) -> list[int]:
    return [line.position for page in history.lines(services, wanted) for line in page]


def seen_by(events: list[RecordedEvent], department: str) -> set[int]:
    """What a department sees, worked out from all events one by one: the rule that the index has to keep."""
    place: dict[UUID, str] = {}
    owner: dict[UUID, UUID] = {}
    seen: set[int] = set()
    enrolled: set[UUID] = set()
    consents: list[tuple[int, UUID]] = []
    for event in events:
        stream, before = event.aggregate_id, place.get(event.aggregate_id)
        if "subject_id" in event.fields:
            owner[stream] = event.fields["subject_id"]
        if "department" in event.fields:
            place[stream] = event.fields["department"]
        if department in {before, place.get(stream)}:
            seen.add(event.position)
            enrolled |= {owner[stream]} if stream in owner else set()
        elif event.aggregate == Consent.TOPIC and stream in owner:
            consents.append((event.position, owner[stream]))
    return seen | {position for position, subject_id in consents if subject_id in enrolled}


@pytest.mark.parametrize("department", [ICU, LAB, "nowhere"])
def test_a_department_sees_exactly_what_it_may(house: House, place: Place, department: str) -> None:
    services = place(live(house))
    events = services.store.read(0, 10_000)

    assert set(found(services, Wanted(department=department))) == seen_by(events, department)


def test_of_whoever_moved_each_department_sees_its_own_time(house: House, place: Place) -> None:
    ana = house.enroll("ana")
    enrollment = house.store.get(Enrollment, ana.enrollment_id)
    enrollment.change_department(LAB, act=house.act())
    enrollment.suspend(reason="leave", act=house.act())
    house.store.save(enrollment)
    services = place(house)
    moved = house.store.position() - 1

    former, latter = (found(services, Wanted(department=where, event="enrollment")) for where in (ICU, LAB))

    assert (max(former), min(latter)) == (moved, moved)
    assert latter == [moved, moved + 1]


def test_an_attempt_that_gets_its_person_only_at_the_end_is_that_person_s_from_the_start(
    house: House, place: Place
) -> None:
    ana = house.enroll("ana")
    house.enroll("bia")
    before = house.store.position()
    house.sign_in("ana")
    mine = list(range(before + 1, house.store.position() + 1))
    house.sign_in("bia")

    assert found(place(house), Wanted(subject_id=ana.subject_id, after=before)) == mine


def test_with_the_services_or_a_bare_store_history_is_the_same(house: House, place: Place) -> None:
    services = place(live(house))
    services.projector.catch_up()
    rows = services.read_models.rows("auth_log_rows")
    subjects = {row["subject_id"] for row in rows if row["subject_id"]}
    assert len(subjects) > 1

    for subject_id in subjects:
        fast, slow = (list(history.events(it, subject_id=subject_id)) for it in (services, services.store))
        assert fast == slow
    for row in rows:
        fast, slow = (list(history.events(it, attempt_id=row["attempt_id"])) for it in (services, services.store))
        assert fast == slow


def test_of_a_campaign_a_person_sees_no_other_person(house: House, place: Place) -> None:
    services = place(live(house))
    services.projector.catch_up()
    people = {row["subject_id"] for row in services.read_models.rows("enrollment_rows")}
    rotated = [event for event in services.store.read(0, 10_000) if event.name == "rotation.template_rotated.v1"]
    assert len({event.fields["subject_id"] for event in rotated}) > 1

    for subject_id in people:
        mine = list(history.events(services, subject_id=subject_id))
        assert {event.fields.get("subject_id") for event in mine} <= {subject_id, None}


def test_nobody_s_history_is_not_found(house: House, place: Place) -> None:
    house.enroll("ana")

    with pytest.raises(NotFoundError):
        found(place(house), Wanted(subject_id=uuid4()))


def test_filters_narrow_and_pages_meet(house: House, place: Place) -> None:
    services = place(live(house))
    events = services.store.read(0, 10_000)
    everything = [event.position for event in events]

    refused = found(services, Wanted(outcome="refused", event="attempt"))
    assert refused == [
        e.position
        for e in events
        if e.name in {"attempt.refused.v1", "attempt.second_factor_refused.v1", "attempt.fallback_refused.v1"}
    ]
    attacks = found(services, Wanted(outcome="presentation_attack"))
    assert attacks == [e.position for e in events if e.fields.get("code") == "presentation_attack"]
    assert attacks
    withdrawn = [e.position for e in events if e.name == "consent.withdrawn.v1"]
    assert found(services, Wanted(event="consent.withdrawn")) == withdrawn
    assert found(services, Wanted(event="consent.withdrawn.v1")) == withdrawn
    assert found(services, Wanted(event="consent.with")) == []
    actors = {e.fields["act"].actor for e in events}
    assert sorted(p for actor in actors for p in found(services, Wanted(actor=actor))) == everything
    index = services.event_index
    newest = index.find(Wanted(), limit=7, newest_first=True)
    assert [line.position for line in newest] == everything[:-8:-1]
    rest = index.find(Wanted(before=newest[-1].position), limit=10_000)
    assert [line.position for line in rest] == everything[:-7]
    assert [line.position for line in index.find(Wanted(after=everything[4]), limit=2)] == everything[5:7]


def test_recorded_time_narrows_with_both_ends_included(house: House, place: Place) -> None:
    house.shown([])
    moment = house.clock.now()
    house.clock.advance(HOUR)
    house.shown([])
    services = place(house)

    assert found(services, Wanted(until=moment)) == [1, 2]
    assert found(services, Wanted(since=moment, until=moment)) == [1, 2]
    assert found(services, Wanted(since=moment + HOUR)) == [3, 4]


def test_what_nobody_can_read_is_in_the_index_as_it_stands(house: House, place: Place) -> None:
    house.enroll("ana")
    damage(house, 4, state=b"\x01" + bytes(64))
    damage(house, 5, topic=FUTURE_TOPIC)
    services = place(house)

    lines = services_lines(services)

    assert len(lines) == house.store.position()
    assert (lines[3].name, lines[3].label, lines[3].size) == ("damaged", "enrollment.capture_accepted.v1", 65)
    assert (lines[4].name, lines[4].label, lines[4].aggregate) == ("damaged", FUTURE_TOPIC, "")
    assert lines[4].at is None
    # No filter by time leaves them out, and their streams are still whose and where they were.
    assert found(services, Wanted(since=datetime(2999, 1, 1, tzinfo=UTC))) == [4, 5]
    assert {4, 5} <= set(found(services, Wanted(subject_id=lines[2].subject_id)))
    assert {4, 5} <= set(found(services, Wanted(department=ICU)))
    assert found(services, Wanted(event=FUTURE_TOPIC)) == [5]
    shown = history.as_document(services.store.at([5])[0], services.vault)
    assert (shown["topic"], shown["known"], shown["bytes"]) == (FUTURE_TOPIC, False, lines[4].size)


def services_lines(services: Services) -> list[IndexedEvent]:
    return [line for page in history.lines(services, Wanted()) for line in page]


def test_a_reason_in_words_is_no_code_in_the_index(house: House, place: Place) -> None:
    house.shown(frames("ana")[:1]).abandon("Dona Maria foi embora")

    (line,) = place_lines(place(house), "attempt.abandoned")

    assert (line.outcome, line.code) == ("abandoned", "other")


def place_lines(services: Services, event: str) -> list[IndexedEvent]:
    return [line for page in history.lines(services, Wanted(event=event)) for line in page]


def test_a_moment_cuts_after_the_last_event_up_to_it(house: House, place: Place) -> None:
    begun = house.clock.now()
    house.shown([])
    house.clock.advance(HOUR)
    house.shown([])
    services = place(house)
    services.projector.catch_up()
    cut = services.event_index.cut

    assert cut(begun - HOUR) == Cut(0, 0, 0, begun, begun + HOUR)
    assert cut(begun).position == 2
    assert cut(begun + HOUR / 2).position == 2
    assert cut(begun + 9 * HOUR) == Cut(4, 0, 0, begun, begun + HOUR)


def test_a_clock_that_goes_back_an_hour_is_told_and_the_order_of_commit_counts(house: House, place: Place) -> None:
    begun = house.clock.now()
    for _ in range(6):
        house.shown([])
        house.clock.advance(HOUR / 4)
    house.clock.set(begun + HOUR / 2)
    house.shown([])
    services = place(house)
    services.projector.catch_up()

    cut = services.event_index.cut(begun + HOUR / 2)

    # Three attempts began up to 08:30; the one after the jump is recorded earlier, and is not part of it.
    assert (cut.position, cut.later, cut.earlier) == (6, 0, 2)


def test_one_event_from_a_wrong_clock_hides_nothing(house: House, place: Place) -> None:
    begun = house.clock.now()
    house.clock.advance(1000 * HOUR)
    house.shown([])
    house.clock.set(begun)
    for _ in range(3):
        house.shown([])
    services = place(house)
    services.projector.catch_up()

    cut = services.event_index.cut(begun)

    assert (cut.position, cut.later, cut.earlier) == (8, 2, 0)


def test_a_rebuild_of_the_index_gives_the_same_rows(house: House, place: Place) -> None:
    services = place(live(house))
    services.projector.catch_up()
    before = services.read_models.rows("event_index_rows")

    services.projector.rebuild("event_index")

    assert services.read_models.rows("event_index_rows") == before
    assert len(before) == len(house.names())


def test_frozen_tables_stand_still(house: House, place: Place) -> None:
    house.enroll("ana")
    services = place(house)
    services.projector.catch_up()
    with services.read_models.frozen() as frozen:
        services.read_models.reset("face_enrollments", ["enrollment_rows"])
        (row,) = frozen.page("enrollment_rows")
        assert row["status"] == "active"
        assert frozen.page("enrollment_rows", row["enrollment_id"]) == []
        assert frozen.checkpoint("face_enrollments") == house.store.position()
    assert services.read_models.rows("enrollment_rows") == []
