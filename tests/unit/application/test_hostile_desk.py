"""What a dishonest administrator, a tampered row, a dead process or a bad moment could do at the officer's desk."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING, Any

import pytest

from application import accounts, answering, consent_periods, holds, incidents, notice, retention
from application import consent as consents
from application import consent_codes as codes
from application import requests as desk
from application.accounts import open_account
from application.notice import BUILT_IN
from application.requests import Asked
from domain.errors import InvalidInputError, SealBrokenError, UnavailableError
from domain.notice import Notice
from tests.house import ADDRESS, ICU, LAB, House, person
from tests.unit.application.incident_stories import opened

if TYPE_CHECKING:
    from collections.abc import Callable
    from uuid import UUID

DAY = timedelta(days=1)
OURS = Notice(version="2027-01", pt_br="Aviso.", en="Notice.", consent_days=365)


def worker(house: House) -> Any:
    return house.act("service", "worker")


def publish(house: House, published: Notice) -> None:
    notice.publish(house.services, published, act=house.act("operator:cli", "cli"))


# Consent: an administrator makes a code, and could use it.


def test_who_made_the_code_of_a_decision_is_in_the_history_and_the_decision_names_it(house: House) -> None:
    subject_id = open_account(house.services, person("ana"), department=ICU, act=house.act()).subject_id
    admin = house.act("token:the-admin")

    code = codes.invite(house.services, subject_id, act=admin).code
    codes.grant(house.services, code=code, notice_version=BUILT_IN.version, address=ADDRESS)

    made = [e for e in house.store.read(0, 1000) if e.fields.get("kind") == "consent_invited"]
    granted = [e for e in house.store.read(0, 1000) if e.name == "consent.granted.v1"]
    assert [(e.fields["subject_id"], e.fields["act"].actor) for e in made] == [(subject_id, "token:the-admin")]
    assert {e.fields["act"].causation_id for e in granted} == {made[0].aggregate_id}
    assert code not in repr([dict(e.fields) for e in house.store.read(0, 1000)])


def test_no_code_exists_that_the_history_could_not_be_told_of(house: House) -> None:
    subject_id = open_account(house.services, person("ana"), department=ICU, act=house.act()).subject_id
    act = house.act()
    house.store.lost = True
    with pytest.raises(UnavailableError):
        codes.invite(house.services, subject_id, act=act)
    house.store.lost = False
    assert house.services.consent_codes.forget(datetime(9999, 1, 1, tzinfo=UTC)) == 0


# Promise 4 at the last moment.


@pytest.mark.parametrize("former", [None, replace(OURS, version="2026-12")], ids=["built in", "of the house"])
def test_a_material_notice_that_comes_while_somebody_signs_in_is_in_time(house: House, former: Notice | None) -> None:
    if former is not None:
        publish(house, former)
    version = (former or BUILT_IN).version
    house.enroll("ana", notice_version=version)
    house.store.before_next_save = None
    attempts: list[str] = []

    def at_the_last_moment() -> None:
        attempts.append("published")
        publish(house, replace(OURS, material=True, grace_days=0))

    real = house.store.save

    def save(*aggregates: Any, **kwargs: Any) -> int:
        if not attempts and any(type(each).__name__ == "Session" for each in aggregates):
            at_the_last_moment()
        return real(*aggregates, **kwargs)

    house.store.save = save  # type: ignore[method-assign]

    outcome = house.sign_in("ana")

    assert attempts == ["published"]
    assert (outcome.success, outcome.code) == (False, "consent_renewal_needed")
    assert house.rows("session_rows") == []


# kill -9


def test_a_worker_that_dies_between_the_end_of_a_consent_and_of_its_sessions_leaves_none_open(house: House) -> None:
    publish(house, OURS)
    ana = house.enroll("ana", notice_version=OURS.version)
    house.clock.advance(365 * DAY - timedelta(minutes=1))
    assert house.sign_in("ana").success
    # Two periods from now on: no other consent of theirs ends with this one and brings the worker back.
    consents.grant(
        house.services, ana.subject_id, notice_version=OURS.version, act=house.act(), purposes=["enrollment"]
    )
    house.clock.advance(timedelta(minutes=2))
    real, saves = house.store.save, 0

    def save(*aggregates: Any, **kwargs: Any) -> int:
        nonlocal saves
        saves += 1
        if saves == 2:
            raise UnavailableError("killed")
        return real(*aggregates, **kwargs)

    house.store.save = save  # type: ignore[method-assign]
    with pytest.raises(UnavailableError):
        consent_periods.expire_due(house.services, act=worker(house))
    house.store.save = real  # type: ignore[method-assign]

    consent_periods.expire_due(house.services, act=worker(house))

    assert {row["status"] for row in house.rows("session_rows")} == {"revoked"}
    assert sorted(row["status"] for row in house.rows("consent_rows")) == ["expired", "granted"]


# One bad row must not silence the others.


def broken_for(real: Callable[..., Any], bad: UUID) -> Callable[..., Any]:
    def get(kind: Any, aggregate_id: UUID) -> Any:
        if aggregate_id == bad:
            raise SealBrokenError("tampered")
        return real(kind, aggregate_id)

    return get


def test_a_tampered_incident_silences_no_other_incidents_clocks(house: House, monkeypatch: pytest.MonkeyPatch) -> None:
    house.clock.set(datetime(2030, 11, 25, 15, 0, tzinfo=UTC))
    bad, good = opened(house), opened(house)
    house.clock.set(datetime(2030, 11, 29, 15, 0, tzinfo=UTC))
    monkeypatch.setattr(house.store, "get", broken_for(house.store.get, bad.id))

    assert incidents.watch(house.services, act=worker(house)) == 2

    entries = [e.fields for e in house.store.read(0, 1000) if e.name == "journal.recorded.v1"]
    assert {e["facts"]["incident"] for e in entries if e["kind"] == incidents.DEADLINE} == {str(good.id)}
    assert [e["facts"]["place"] for e in entries if e["outcome"] == "broken"] == [str(bad.id)]


def test_a_request_that_cannot_be_done_keeps_the_worker_from_no_other(
    house: House, monkeypatch: pytest.MonkeyPatch
) -> None:
    one, two = house.enroll("ana").subject_id, house.enroll("bia").subject_id
    real: dict[str, Any] = {"rename": accounts.rename}

    def cut_off(*_: Any, **__: Any) -> bool:
        raise UnavailableError("killed")

    monkeypatch.setattr(accounts, "rename", cut_off)
    begun: list[UUID] = []
    for subject_id in (one, two):
        asked = Asked("correction", correction={"display_name": f"Outra {len(begun)}"})
        begun.append(desk.open_request(house.services, subject_id, asked, department=ICU, act=house.act()).id)
        with pytest.raises(UnavailableError):
            answering.answer(house.services, begun[-1], act=house.act())

    def rename(services: Any, subject_id: UUID, **kwargs: Any) -> bool:
        if subject_id == one:
            raise InvalidInputError("no rule that was in force when it was begun")
        return bool(real["rename"](services, subject_id, **kwargs))

    monkeypatch.setattr(accounts, "rename", rename)

    assert answering.resume(house.services, act=worker(house)) == [begun[1]]


# Retention takes no more than it announced.


def test_a_sweep_that_was_announced_for_few_waits_where_many_would_go_by_now(house: House) -> None:
    services = house.services
    house.enroll("ana")
    for _ in range(12):
        house.sign_in("ana")
    hold = holds.place(services, scope="department", value=ICU, reason="court", act=house.act())
    house.enroll("bia", department=LAB)
    house.sign_in("bia", department=LAB)
    house.clock.advance(185 * DAY)
    announced = {each["category"]: each for each in retention.run(services, act=worker(house))}["attempts"]
    assert (announced["status"], announced["count"], announced["held"]) == ("planned", 1, 12)

    holds.release(services, hold, reason="over", act=house.act())
    house.clock.advance(DAY)
    told = {each["category"]: each for each in retention.run(services, act=worker(house))}["attempts"]

    assert (told["status"], told["deleted"]) == ("halted", 0)
    assert len(house.rows("auth_log_rows")) == 13
