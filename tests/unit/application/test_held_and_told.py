"""What the parts of the officer's desk say of each other: holds, blocked data, incidents and paper in a statement."""

from __future__ import annotations

from datetime import timedelta
from typing import TYPE_CHECKING, Any

import pytest

from application import accounts, answering, holds, incidents, statement
from application import consent as consents
from application import notice as notices
from application import requests as desk
from application.affected import Question
from application.ports.vault import subject_owner
from application.reporting.facts import Deployment, Responsible
from application.reporting.monthly import monthly
from application.reporting.processings import ropa
from application.reporting.retention import periods
from application.reporting.standing import standing
from application.requests import Asked
from application.retention import policies
from domain.account import SUSPENDED, Account
from domain.consent import Collection
from domain.errors import ErasureHeldError
from domain.notice import Basis, Notice
from tests.unit.application.incident_stories import assessed, opened, told

if TYPE_CHECKING:
    from uuid import UUID

    from domain.request import Request
    from tests.house import House

ABOUT = Deployment(Responsible(), "faceauth test", 21, (), ())


def asked(house: House, subject_id: UUID, kind: str) -> Request:
    return desk.open_request(house.services, subject_id, Asked(kind, "badge"), department="icu", act=house.act())


def held(house: House) -> list[tuple[str, str, str]]:
    return sorted((row["scope"], row["value"], row["reason"]) for row in holds.listing(house.services))


def test_an_open_request_holds_its_person_until_it_is_answered_or_refused(house: House) -> None:
    ana, bia = house.enroll("ana").subject_id, house.enroll("bia").subject_id
    first, second = asked(house, ana, "statement"), asked(house, ana, "deletion")
    other = asked(house, bia, "statement")
    assert held(house) == sorted(("subject", str(who), "request") for who in (ana, ana, bia))

    answering.answer(house.services, first.id, act=house.act())
    desk.refuse(house.services, other.id, reason="identity_not_proven", act=house.act())
    assert held(house) == [("subject", str(ana), "request")]
    answering.answer(house.services, second.id, act=house.act())
    assert held(house) == [], "a hold of a request does not keep off the deletion that it asks for"


def test_an_incident_holds_everything_then_whom_it_reaches_then_nothing(house: House) -> None:
    ana = house.enroll("ana").subject_id
    mine = holds.place(house.services, scope="subject", value=str(ana), reason="lawsuit", act=house.act())
    incident = opened(house)
    assert ("all", "", "incident") in held(house)

    for _ in range(2):
        assessed(house, incident)
        assert held(house) == [("subject", str(ana), "incident"), ("subject", str(ana), "lawsuit")]
    told(house, incident)
    incidents.close(house.services, incident.id, not_notified="", act=house.act())
    assert [row["hold_id"] for row in holds.listing(house.services)] == [mine], "another's hold is left as it is"


def test_a_court_blocks_what_would_be_erased_and_release_carries_it_out(house: House) -> None:
    ana = house.enroll("ana").subject_id
    house.sign_in("ana")
    court = holds.place(house.services, scope="subject", value=str(ana), reason="court", act=house.act())
    request = asked(house, ana, "deletion")
    with pytest.raises(ErasureHeldError):
        answering.answer(house.services, request.id, act=house.act())

    assert not house.sign_in("ana").success, "blocked: nobody is let in on the data"
    assert not any(row["status"] == "open" for row in house.rows("session_rows"))
    assert statement.full(house.services, ana)["person"]["username"] == "ana.souza", "and kept"
    desk.refuse(house.services, request.id, reason="kept_by_legal_duty", act=house.act())
    assert desk.document(house.services, desk.find(house.services, request.id))["legal_basis"] == "lgpd_art_16_1"

    assert answering.carry_out_released(house.services, act=house.act()) == []
    holds.release(house.services, court, reason="closed", act=house.act())
    assert answering.carry_out_released(house.services, act=house.act()) == [ana]
    assert answering.carry_out_released(house.services, act=house.act()) == []
    assert not house.vault.has_key(subject_owner(ana))


def test_a_refusal_without_a_court_is_never_carried_out_later(house: House) -> None:
    ana = house.enroll("ana").subject_id
    request = asked(house, ana, "deletion")
    desk.refuse(house.services, request.id, reason="kept_by_legal_duty", act=house.act())
    house.clock.advance(timedelta(days=1))
    mine = holds.place(house.services, scope="subject", value=str(ana), reason="court", act=house.act())
    holds.release(house.services, mine, reason="closed", act=house.act())
    assert answering.carry_out_released(house.services, act=house.act()) == []


def test_a_statement_tells_of_the_incidents_that_reached_this_person_alone(house: House) -> None:
    ana, bia = house.enroll("ana"), house.enroll("bia")
    attempt = str(house.rows("auth_log_rows")[0]["attempt_id"]) if house.sign_in("ana").success else ""
    reached = assessed(house, opened(house), Question("attempts", attempt))
    everybody = assessed(house, opened(house, cause="backup_loss"))
    opened(house, cause="unknown")

    def ids(subject_id: UUID) -> set[str]:
        return {one["incident_id"] for one in statement.full(house.services, subject_id)["incidents"]}

    assert ids(ana.subject_id) == {str(reached.id), str(everybody.id)}
    assert ids(bia.subject_id) == {str(everybody.id)}
    (one,) = statement.full(house.services, bia.subject_id)["incidents"]
    assert one["cause"]["en"] == "loss of a backup"
    assert "Ana" not in str(one), "what staff wrote may be about others"


def test_paper_is_told_as_paper_in_every_document_and_in_the_statement(house: House) -> None:
    ana, bia = house.enroll("ana").subject_id, house.enroll("bia").subject_id
    consents.withdraw(house.services, ana, reason="mine", act=house.act())
    paper = Collection("paper", "token:admin-7", "ab" * 32)
    consents.grant(house.services, ana, notice_version="2026-11", collected=paper, act=house.act())
    consents.withdraw(house.services, bia, reason="mine", act=house.act())
    consents.grant(house.services, bia, notice_version="2026-11", act=house.act())

    assert standing(house.services).paper_consents == 2
    assert ropa(house.services, ABOUT).standing.paper_consents == 2
    assert monthly(house.services, ABOUT).paper_consents == 6, "both enrolled on paper, and ana signed again"
    whole = statement.full(house.services, ana)
    assert {one["channel"] for one in whole["purposes"]} == {"paper"}
    on_paper = [one for one in whole["consents"] if one["paper"]]
    assert [one["form_sha256"] for one in on_paper] == [None, "ab" * 32] * 2
    assert {one["channel"] for one in statement.full(house.services, bia)["purposes"]} == {"session"}


def test_documents_state_the_basis_in_force_with_its_balancing_test_and_the_policies(house: House) -> None:
    notice = Notice(
        "2027-01",
        "Texto",
        "Text",
        bases=[Basis("enrollment"), Basis("authentication", "fraud_prevention", "cd" * 32, "2026-12-01")],
    )
    notices.publish(house.services, notice, act=house.act())
    record: Any = {one.code: one for one in ropa(house.services, ABOUT).processings}
    assert record["enrollment"].legal_basis[1] == "LGPD art. 11, I (consent)"
    assert "balancing test of 2026-12-01, SHA-256 cdcd" in record["authentication"].legal_basis[1]
    stated = {one.category: one.kept[1] for one in periods(house.services)}
    assert {line["category"]: line["period_en"] for line in policies(house.services)}.items() <= stated.items()
    assert {name for one in record.values() for name in one.kept} <= stated.keys()


def test_requests_are_counted_by_their_deadlines(house: House) -> None:
    ana = house.enroll("ana").subject_id
    in_time, late = asked(house, ana, "statement"), asked(house, ana, "access")
    answering.answer(house.services, in_time.id, act=house.act())
    house.clock.advance(late.due_at - house.clock.now())
    asked(house, ana, "sharing")
    assert standing(house.services).requests.overdue == 1
    house.clock.advance(late.due_at - late.received_at)
    answering.answer(house.services, late.id, act=house.act())

    counted = standing(house.services).requests
    assert (counted.in_time, counted.late, counted.overdue) == (1, 1, 1)
    assert counted.by_kind == {"access": 1, "sharing": 1, "statement": 1}


def test_an_account_under_a_court_is_suspended_not_erased(house: House) -> None:
    ana = house.enroll("ana").subject_id
    holds.place(house.services, scope="all", value="", reason="legal_duty", act=house.act())
    with pytest.raises(ErasureHeldError):
        accounts.purge(house.services, ana, reason="deprovisioned", act=house.act())
    found = [row for row in house.rows("account_rows") if row["subject_id"] == ana]
    assert all(house.store.get(Account, row["account_id"]).status == SUSPENDED for row in found)
    assert house.vault.has_key(subject_owner(ana))
