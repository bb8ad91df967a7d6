"""Sweeps that are cut off, clocks that jump, and too much at once."""

from __future__ import annotations

from dataclasses import replace
from datetime import timedelta
from typing import TYPE_CHECKING, Any
from uuid import UUID

import pytest

from application import accounts, erase, holds, retention
from application.projections.changes import Remove
from domain.errors import ConcurrencyError, RetentionHaltedError, SealBrokenError, SweepStateError, UnavailableError
from domain.policies.retention import RetentionPolicy, SweepGuard
from domain.retention import Sweep
from entrypoints.worker import TASKS
from tests.house import House, build_house

if TYPE_CHECKING:
    from eventsourcing.domain import Aggregate

DAY = timedelta(days=1)
YEAR = timedelta(days=366)


class PowerCutError(Exception):
    """The process died here."""


def history_of_a_house() -> House:
    """One of every kind that a sweep takes: a leaver, an unused template, attempts, an enrolment nobody finished."""
    house = build_house()
    ana, _bia = house.enroll("ana"), house.enroll("bia", face="bia")
    for face in ("ana", "bia", "stranger"):
        house.sign_in(face)
    house.shown([]).abandon("client_gone")
    accounts.suspend(house.services, ana.subject_id, reason="left", act=house.act())
    house.clock.advance(YEAR)
    return house


def run(house: House, *, now: bool = True) -> dict[str, dict[str, Any]]:
    told = retention.run(house.services, act=house.act("service", "worker"), now=now)
    return {each["category"]: each for each in told}


def outcome(house: House) -> dict[str, Any]:
    """What is left in the end, and what the sweeps say that they took."""
    house.services.projector.catch_up()
    erase.resume_erasures(house.services, act=house.act("service", "worker"))
    taken: dict[str, list[str]] = {}
    for event in house.store.read(0, 10_000):
        if event.name == "retention.deleted.v1":
            taken.setdefault(event.fields["category"], []).extend(map(str, event.fields["ids"]))
    return {
        "taken": {category: sorted(ids) for category, ids in taken.items()},
        "attempts": house.rows("auth_log_rows"),
        "templates": house.rows("active_template_rows"),
        "enrollments": sorted(str(row["status"]) for row in house.rows("enrollment_rows")),
        "erasures": sorted(str(row["status"]) for row in house.rows("erasure_rows")),
        "sweeps": sorted((row["category"], row["status"], row["deleted"]) for row in house.rows("sweep_rows")),
    }


def cut_before(house: House, save: int) -> bool:
    """Run until the power goes before that save; say whether it came so far."""
    whole, counted = house.store.save, 0

    def save_or_die(*aggregates: Aggregate, **kwargs: Any) -> int:
        nonlocal counted
        counted += 1
        if counted == save:
            raise PowerCutError
        return whole(*aggregates, **kwargs)

    house.store.save = save_or_die  # type: ignore[method-assign]
    try:
        run(house)
    except PowerCutError:
        return True
    finally:
        house.store.save = whole  # type: ignore[method-assign]
    return False


def test_a_run_that_is_cut_off_between_any_two_saves_is_finished_by_the_next(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(retention, "BATCH", 2)
    whole = history_of_a_house()
    run(whole)
    expected = outcome(whole)
    assert set(expected["taken"]) == {"unused_templates", "leavers", "attempts", "sessions"}

    saves = 0
    while True:
        saves += 1
        house = history_of_a_house()
        if not cut_before(house, saves):
            break
        run(house)
        assert outcome(house) == expected, f"cut off before save {saves}"

    assert saves > 15, "the story was to have many places to be cut off at"


def test_a_store_that_is_lost_stops_the_sweep_and_nothing_else() -> None:
    house = history_of_a_house()
    house.store.lost = True
    with pytest.raises(UnavailableError):
        run(house)
    house.store.lost = False
    assert run(house)["attempts"]["status"] == "completed"


def test_somebody_who_changes_the_same_enrolment_is_waited_for() -> None:
    house = history_of_a_house()
    failed: list[object] = []
    whole = house.store.save

    def once_too_late(*aggregates: Aggregate, **kwargs: Any) -> int:
        if len(aggregates) == 2 and not failed:
            failed.append(aggregates)
            raise ConcurrencyError("somebody was faster")
        return whole(*aggregates, **kwargs)

    house.store.save = once_too_late  # type: ignore[method-assign]
    told = run(house)

    assert failed
    assert (told["unused_templates"]["status"], told["unused_templates"]["deleted"]) == ("completed", 2)


def test_a_clock_a_year_ahead_deletes_nothing_until_somebody_looked() -> None:
    house = build_house()
    house.enroll("ana")
    house.sign_in("ana")
    run(house, now=False)
    right = house.clock.now() + DAY
    house.clock.set(right + YEAR)

    told = run(house)

    assert {each["status"] for each in told.values()} == {"halted"}
    assert {each["reason"] for each in told.values()} == {"clock_jumped"}
    assert len(house.rows("auth_log_rows")) == 1
    assert len(house.rows("active_template_rows")) == 1
    assert {each["next_at"] for each in retention.standing(house.services)} == {None}
    with pytest.raises(RetentionHaltedError, match="unused_templates"):
        retention.run_due(house.services, house.act())

    house.clock.set(right)
    with pytest.raises(SweepStateError, match="clock"):
        retention.approve(house.services, _id(told), act=house.act())
    healed = run(house)

    assert {each["status"] for each in healed.values()} == {"completed"}
    assert house.last("retention.cancelled.v1")["reason"] == "clock_corrected"
    assert len(house.rows("active_template_rows")) == 1


def test_a_clock_that_jumps_twice_is_noticed_twice() -> None:
    house = build_house()
    run(house)
    right = house.clock.now()
    for times in (1, 2):
        house.clock.set(right + times * YEAR)
        assert {each["reason"] for each in run(house).values()} == {"clock_jumped"}
        house.clock.set(right + times * DAY)
        run(house)


def test_a_service_that_was_off_for_long_goes_on_once_an_operator_looked() -> None:
    house = build_house()
    house.enroll("ana")
    house.sign_in("ana")
    run(house)
    house.clock.advance(timedelta(days=200))
    halted = run(house)["attempts"]
    assert (halted["status"], halted["count"]) == ("halted", 1)

    retention.approve(house.services, _sweep(halted), act=house.act("operator:cli", "cli"))
    done = run(house, now=False)["attempts"]

    assert (done["status"], done["deleted"], done["approved_by"]) == ("completed", 1, "operator:cli")


def test_a_sweep_that_would_take_a_third_of_a_category_asks_first() -> None:
    house = build_house()
    for _ in range(10):
        house.shown([]).abandon("client_gone")
    house.clock.advance(timedelta(days=185))
    for _ in range(20):
        house.shown([]).abandon("client_gone")

    told = run(house)["attempts"]

    assert (told["status"], told["reason"], told["count"], told["total"]) == ("halted", "too_many", 10, 30)
    assert len(house.rows("auth_log_rows")) == 30
    retention.cancel(house.services, _sweep(told), reason="Ana Souza said so", act=house.act())
    assert house.last("retention.cancelled.v1")["reason"] == "other"


def test_a_looser_guard_lets_it_go() -> None:
    house = build_house()
    policies = replace(house.services.policies, sweeping=SweepGuard(most_percent=50))
    house.services = replace(house.services, policies=policies)
    for _ in range(10):
        house.shown([]).abandon("client_gone")
    house.clock.advance(timedelta(days=185))
    for _ in range(20):
        house.shown([]).abandon("client_gone")

    assert run(house)["attempts"]["deleted"] == 10


def test_what_ended_cannot_be_approved_or_cancelled() -> None:
    house = build_house()
    sweep_id = _sweep(run(house)["attempts"])

    with pytest.raises(SweepStateError):
        retention.approve(house.services, sweep_id, act=house.act())
    with pytest.raises(SweepStateError):
        retention.cancel(house.services, sweep_id, reason="x", act=house.act())


def test_a_sweep_that_is_stopped_half_way_still_has_its_line_in_the_report(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(retention, "BATCH", 1)
    house = history_of_a_house()
    begin = house.clock.now()
    retention.run(house.services, act=house.act(), now=True, most=1)
    policies = replace(house.services.policies, retention=RetentionPolicy(attempts=timedelta(days=400)))
    house.services = replace(house.services, policies=policies)
    run(house)

    lines = {line["category"]: line for line in retention.report(house.services, begin, begin + DAY)}

    assert (lines["attempts"]["deleted"], lines["attempts"]["cancelled"]) == (1, 1)
    assert [each["deleted"] for each in lines["attempts"]["sweeps"]] == [1]


def test_a_damaged_enrolment_does_not_keep_the_others(monkeypatch: pytest.MonkeyPatch) -> None:
    house = history_of_a_house()

    whole, first = house.store.get, house.rows("template_use_rows")[0]["enrollment_id"]

    def damaged(kind: Any, aggregate_id: Any) -> Any:
        if aggregate_id == first:
            raise SealBrokenError("torn")
        return whole(kind, aggregate_id)

    monkeypatch.setattr(house.store, "get", damaged)
    assert run(house)["unused_templates"]["deleted"] == 1
    assert (house.last("journal.recorded.v1")["kind"], house.last("journal.recorded.v1")["outcome"]) == (
        "retention",
        "broken",
    )


def test_nothing_personal_is_in_what_retention_wrote() -> None:
    house = history_of_a_house()
    holds.place(house.services, scope="all", value="", reason="Ana Souza asked", act=house.act())
    run(house)
    told = " ".join(str(e.fields) for e in house.store.read(0, 10_000) if e.name.startswith("retention."))

    assert "other" in told
    for word in ("ana", "Souza", "192.0.2.17", "EMP-"):
        assert word not in told


def test_the_worker_has_the_task() -> None:
    assert [task.run for task in TASKS if task.name == "retention"] == [retention.run_due]
    assert Sweep.create_id("attempts", "2030-01-01", 1.0) != Sweep.create_id("attempts", "2030-01-01", 2.0)


def _sweep(told: dict[str, Any]) -> Any:

    return UUID(told["sweep_id"])


def _id(told: dict[str, dict[str, Any]]) -> Any:
    return _sweep(told["attempts"])


def test_a_view_of_sweeps_that_was_emptied_by_hand_is_said_to_need_a_rebuild() -> None:
    house = build_house()
    run(house)
    at = house.services.read_models.checkpoint("sweeps")
    gone = Remove("sweep_rows", {"category": "attempts"})
    house.services.read_models.apply("sweeps", [gone], expected=at, position=at)

    with pytest.raises(UnavailableError, match="projections rebuild sweeps"):
        run(house)
    house.services.projector.rebuild("sweeps")
    assert run(house)["attempts"]["status"] == "completed"


def test_a_leaver_who_comes_back_while_the_sweep_is_under_way_stays(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(retention, "BATCH", 1)
    house = build_house()
    people = [house.enroll(name, face=name).subject_id for name in ("ana", "bia")]
    for subject_id in people:
        accounts.suspend(house.services, subject_id, reason="left", act=house.act())
    house.clock.advance(timedelta(days=181))

    def come_back(category: str, _done: int, _of: int) -> None:
        for subject_id in people:
            if category == "leavers" and erase.find(house.services, subject_id) is None:
                accounts.reinstate(house.services, subject_id, reason="back", act=house.act())

    told = retention.run(house.services, act=house.act(), now=True, progress=come_back)

    assert {each["category"]: each["deleted"] for each in told}["leavers"] == 1
    assert sum(erase.find(house.services, subject_id) is None for subject_id in people) == 1
