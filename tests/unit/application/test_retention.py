"""Retention takes what is past its time, says so, and never what is held, wanted or not announced."""

from __future__ import annotations

from dataclasses import replace
from datetime import timedelta
from typing import TYPE_CHECKING, Any
from uuid import UUID

import pytest

from application import accounts, erase, holds, retention
from application import consent as consents
from application.interrupted import expire_sessions
from application.notice import BUILT_IN
from application.ports.vault import subject_owner
from domain.enrollment import REVOKED, Enrollment
from domain.errors import InProgressError, InvalidInputError
from domain.policies.retention import RetentionPolicy
from tests.house import ICU, LAB, House, person

if TYPE_CHECKING:
    from application.services import Services

DAY = timedelta(days=1)
HALF_A_YEAR = timedelta(days=185)


def with_policy(house: House, **periods: timedelta) -> Services:
    policies = replace(house.services.policies, retention=RetentionPolicy(**periods))
    house.services = replace(house.services, policies=policies)
    return house.services


def swept(house: House, *, days: int = 1, now: bool = False) -> dict[str, dict[str, Any]]:
    """What the sweeps of so many days came to, by category."""
    told: list[dict[str, Any]] = []
    for _ in range(days):
        told = retention.run(house.services, act=house.act("service", "worker"), now=now)
        house.clock.advance(DAY)
    return {each["category"]: each for each in told}


def patient(house: House) -> None:
    """Let half a year pass as it does: a day at a time, so that no clock seems to jump."""
    for _ in range(8):
        swept(house)
        house.clock.advance(timedelta(days=23))


def statuses(told: dict[str, dict[str, Any]]) -> dict[str, str]:
    return {name: each["status"] for name, each in told.items()}


def test_a_sweep_of_an_empty_house_is_on_record_and_takes_nothing(house: House) -> None:
    told = swept(house)

    assert set(statuses(told).values()) == {"completed"}
    assert {each["deleted"] for each in told.values()} == {0}
    assert "retention.deleted.v1" not in house.names()


def test_a_day_has_one_sweep_of_a_category_however_often_it_is_asked_for(house: House) -> None:
    swept(house)
    house.clock.set(house.clock.now() - DAY)
    before = house.store.position()

    swept(house)

    assert house.store.position() == before


def test_attempts_and_sessions_of_half_a_year_ago_leave_the_views_and_the_history_says_so(house: House) -> None:
    house.enroll("ana")
    for _ in range(3):
        house.sign_in("ana")
    house.shown([]).abandon("client_gone")
    session = house.rows("session_rows")[0]
    house.clock.advance(timedelta(hours=10))
    expire_sessions(house.services, channel="worker")
    gone = {row["attempt_id"] for row in house.rows("auth_log_rows")}
    patient(house)
    house.sign_in("ana")

    told = swept(house, days=2, now=True)

    assert told["attempts"]["status"] == told["sessions"]["status"] == "completed"
    deleted = [e.fields for e in house.store.read(0, 10_000) if e.name == "retention.deleted.v1"]
    assert {one for fields in deleted if fields["category"] == "attempts" for one in fields["ids"]} == gone
    assert session["session_id"] in {one for f in deleted if f["category"] == "sessions" for one in f["ids"]}
    assert [row["success"] for row in house.rows("auth_log_rows")] == [True]
    assert house.store.stream(next(iter(gone))), "history is append-only"


def test_a_rebuild_after_sweeps_gives_the_live_views_row_for_row(house: House) -> None:
    house.enroll("ana")
    for _ in range(4):
        house.sign_in("ana")
    patient(house)
    house.sign_in("ana")
    swept(house, days=2, now=True)
    tables = ("auth_log_rows", "session_rows", "sweep_rows", "hold_rows", "template_use_rows", "enrollment_rows")
    before = {table: house.rows(table) for table in tables}
    assert len(before["auth_log_rows"]) == 1

    for name in house.services.projector.names:
        house.services.projector.rebuild(name)

    assert {table: house.rows(table) for table in tables} == before


def test_a_first_sweep_stands_announced_for_a_day(house: House) -> None:
    house.enroll("ana")
    house.sign_in("ana")
    house.clock.advance(HALF_A_YEAR)

    announced = swept(house)["attempts"]
    assert (announced["status"], announced["count"], announced["deleted"]) == ("planned", 1, 0)
    assert house.rows("auth_log_rows")

    done = swept(house)["attempts"]
    assert (done["sweep_id"], done["status"], done["deleted"]) == (announced["sweep_id"], "completed", 1)
    assert house.rows("auth_log_rows") == []


def test_a_shortened_policy_is_announced_and_a_lengthened_one_is_not(house: House) -> None:
    with_policy(house, attempts=timedelta(days=400))
    house.enroll("ana")
    house.sign_in("ana")
    house.clock.advance(HALF_A_YEAR)
    assert swept(house)["attempts"]["deleted"] == 0

    with_policy(house)
    assert swept(house)["attempts"]["status"] == "planned"

    with_policy(house, attempts=timedelta(days=500))
    lengthened = swept(house)["attempts"]
    assert (lengthened["status"], lengthened["deleted"]) == ("completed", 0)
    assert house.last("retention.cancelled.v1")["reason"] == "policy_changed"
    assert house.rows("auth_log_rows")


def test_an_operator_need_not_wait_for_the_announcement(house: House) -> None:
    house.enroll("ana")
    house.sign_in("ana")
    house.clock.advance(HALF_A_YEAR)

    told = swept(house, now=True)["attempts"]

    assert (told["status"], told["deleted"], told["approved"]) == ("completed", 1, True)


def test_a_survey_says_what_would_go_and_deletes_nothing(house: House) -> None:
    house.enroll("ana")
    house.sign_in("ana")
    attempted = house.clock.now()
    house.clock.advance(HALF_A_YEAR)
    before = house.store.position()

    found = {each.category: each for each in retention.survey(house.services)}

    assert (found["attempts"].count, found["attempts"].total, found["attempts"].oldest) == (1, 1, attempted)
    assert found["leavers"].count == 0
    assert house.store.position() == before
    assert {e.category: e.count for e in retention.survey(house.services, department=LAB)}["attempts"] == 0
    assert {e.category: e.count for e in retention.survey(house.services, department=ICU)}["attempts"] == 1


def test_a_template_that_nobody_used_for_a_year_is_revoked_and_gone_from_the_index(house: House) -> None:
    ana, bia = house.enroll("ana"), house.enroll("bia", face="bia")
    house.clock.advance(timedelta(days=300))
    assert house.sign_in("bia").success
    house.clock.advance(timedelta(days=66))

    told = swept(house, now=True)["unused_templates"]

    assert (told["status"], told["deleted"]) == ("completed", 1)
    assert house.store.get(Enrollment, ana.enrollment_id).status == REVOKED
    assert house.last("enrollment.revoked.v1")["reason"] == "retention_unused"
    assert [row["enrollment_id"] for row in house.rows("active_template_rows")] == [bia.enrollment_id]
    assert not house.sign_in("ana").success
    assert house.sign_in("bia").success


def test_who_signs_in_while_a_sweep_stands_announced_stays(house: House) -> None:
    ana = house.enroll("ana")
    house.clock.advance(timedelta(days=366))
    assert swept(house)["unused_templates"]["count"] == 1

    assert house.sign_in("ana").success
    told = swept(house)["unused_templates"]

    assert (told["status"], told["deleted"]) == ("completed", 0)
    assert house.store.get(Enrollment, ana.enrollment_id).live


def test_a_leaver_is_erased(house: House) -> None:
    ana, bia = house.enroll("ana"), house.enroll("bia", face="bia")
    accounts.suspend(house.services, ana.subject_id, reason="left", act=house.act())
    consents.withdraw(house.services, bia.subject_id, reason="mine", act=house.act())
    house.clock.advance(timedelta(days=181))

    told = swept(house, now=True)["leavers"]

    assert (told["status"], told["deleted"]) == ("completed", 2)
    for each in (ana, bia):
        found = erase.find(house.services, each.subject_id)
        assert found is not None
        assert (found.executed, found.reason) == (True, "retention")
        assert not house.vault.has_key(subject_owner(each.subject_id))


def test_who_may_come_in_is_no_leaver(house: House) -> None:
    ana = house.enroll("ana")
    accounts.suspend(house.services, ana.subject_id, reason="leave", act=house.act())
    accounts.reinstate(house.services, ana.subject_id, reason="back", act=house.act())
    house.clock.advance(timedelta(days=200))

    assert swept(house, now=True)["leavers"]["count"] == 0
    assert erase.find(house.services, ana.subject_id) is None


def test_an_enrolment_that_nobody_finished_is_revoked_and_frees_its_name(house: House) -> None:
    opened = house.enrolling.open(
        person("ana"),
        department=ICU,
        notice_version=BUILT_IN.version,
        act=house.act(),
    )
    house.clock.advance(2 * DAY)

    told = swept(house, now=True)["unfinished"]

    assert told["deleted"] == 1
    assert house.rows("enrollment_rows")[0]["ended_reason"] == "retention_unfinished"
    assert house.enroll("ana").enrollment_id != opened


def test_consents_of_the_erased_are_proof_for_five_years_and_those_of_others_stay(house: House) -> None:
    ana, bia = house.enroll("ana"), house.enroll("bia", face="bia")
    for each in (ana, bia):
        consents.withdraw(house.services, each.subject_id, reason="mine", act=house.act())
    erase.erase(house.services, ana.subject_id, act=house.act())
    with_policy(house, leavers=timedelta(days=700))
    holds.place(house.services, scope="subject", value=str(bia.subject_id), reason="court", act=house.act())
    house.clock.advance(timedelta(days=1828))

    told = swept(house, now=True)["consents"]

    assert told["deleted"] == 2
    assert {row["subject_id"] for row in house.rows("consent_rows")} == {bia.subject_id}


@pytest.mark.parametrize(("scope", "value"), [("all", ""), ("department", ICU), ("subject", "ana")])
def test_nothing_under_a_hold_goes_until_it_is_released(house: House, scope: str, value: str) -> None:
    ana = house.enroll("ana")
    house.sign_in("ana")
    named = str(ana.subject_id) if value == "ana" else value
    hold = holds.place(house.services, scope=scope, value=named, reason="incident", act=house.act())
    house.clock.advance(timedelta(days=366))

    told = swept(house, days=2, now=True)
    assert (told["attempts"]["deleted"], told["attempts"]["held"]) == (0, 1)
    assert (told["unused_templates"]["deleted"], told["unused_templates"]["held"]) == (0, 1)
    assert house.sign_in("ana").success

    holds.release(house.services, hold, reason="closed", act=house.act())
    told = swept(house)
    assert told["attempts"]["deleted"] == 1


def test_a_hold_that_comes_in_the_middle_keeps_what_is_not_gone_yet(
    house: House, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(retention, "BATCH", 1)
    for name, place in (("ana", ICU), ("bia", LAB)):
        house.enroll(name, department=place)
    house.sign_in("ana")
    house.clock.advance(timedelta(seconds=1))
    house.sign_in("bia", department=LAB)
    house.clock.advance(HALF_A_YEAR)

    def hold(category: str, _done: int, _of: int) -> None:
        if category == "attempts" and not holds.listing(house.services):
            holds.place(house.services, scope="department", value=LAB, reason="incident", act=house.act())

    told = {each["category"]: each for each in retention.run(house.services, act=house.act(), now=True, progress=hold)}

    assert (told["attempts"]["deleted"], told["attempts"]["held"]) == (1, 1)
    assert [row["department"] for row in house.rows("auth_log_rows")] == [LAB]


def test_of_two_that_sweep_at_once_one_does(house: House) -> None:
    with house.store.mutex("retention"), pytest.raises(InProgressError):
        retention.run(house.services, act=house.act())


def test_a_turn_has_an_end_and_the_next_goes_on(house: House, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(retention, "BATCH", 2)
    house.enroll("ana")
    for _ in range(5):
        house.sign_in("ana")
    house.clock.advance(HALF_A_YEAR)

    turns = [
        {
            each["category"]: (each["status"], each["deleted"])
            for each in retention.run(house.services, act=house.act(), now=True, most=2)
        }["attempts"]
        for _ in range(4)
    ]

    assert turns == [("running", 2), ("running", 4), ("completed", 5), ("completed", 5)]


def test_the_report_has_a_line_for_every_deletion_in_the_month_in_which_its_sweep_ended(house: House) -> None:
    begin = house.clock.now()
    house.enroll("ana")
    house.sign_in("ana")
    house.clock.advance(HALF_A_YEAR)
    swept(house, days=2)
    until = house.clock.now()

    lines = {line["category"]: line for line in retention.report(house.services, begin, until)}

    assert (lines["attempts"]["deleted"], len(lines["attempts"]["sweeps"])) == (1, 1)
    assert lines["attempts"]["basis"] == "Marco Civil da Internet, art. 15"
    assert lines["sessions"]["deleted"] == 0
    later = retention.report(house.services, until, until + DAY)
    assert {line["deleted"] for line in later} == {0}


def test_an_id_that_is_none_is_no_subject(house: House) -> None:
    with pytest.raises(InvalidInputError):
        holds.place(house.services, scope="subject", value="ana", reason="x", act=house.act())
    one = UUID(int=7)
    assert holds.place(house.services, scope="all", value="", reason="x", act=house.act(), hold_id=one) == one
    assert holds.place(house.services, scope="all", value="", reason="x", act=house.act(), hold_id=one) == one
    assert len(holds.listing(house.services)) == 1
