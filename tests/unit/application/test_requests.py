"""Stories of people who ask, and of officers who answer in time, too late, twice, or with the power cut in between."""

from __future__ import annotations

from dataclasses import replace
from datetime import timedelta
from typing import Any
from uuid import UUID, uuid4

import pytest

from application import answering, erase
from application import requests as desk
from application.requests import Asked
from application.signed_documents import PORTABILITY, STATEMENT, opened
from domain.account import Account
from domain.act import Act
from domain.errors import InvalidInputError, NotFoundError, RequestStateError, UnavailableError, UsernameTakenError
from domain.request import OVERDUE, Request
from tests.house import ICU, LAB, House, person

DAY = timedelta(days=1)
TEXT = "Meu nome mudou depois do casamento."


def officer(house: House) -> Act:
    return house.act("token:officer")


def asked(house: House, subject_id: UUID, kind: str, **given: Any) -> Request:
    act = house.act(f"subject:{subject_id}")
    return desk.open_request(house.services, subject_id, Asked(kind, **given), department=ICU, act=act)


def state(house: House, request: Request) -> str:
    (row,) = desk.listing(house.services, subject_id=request.subject_id)["requests"]
    return str(row["state"])


def answered(house: House, request: Request, **given: Any) -> answering.Answer:
    return answering.answer(house.services, request.id, act=officer(house), **given)


def test_what_somebody_wrote_is_sealed_and_nobody_reads_it_in_an_event(house: House) -> None:
    ana = house.enroll("ana")
    request = asked(house, ana.subject_id, "correction", text=TEXT, correction={"display_name": "Ana Lima"})

    assert desk.document(house.services, request)["text"] == TEXT
    assert desk.document(house.services, request)["correction"] == {"display_name": "Ana Lima"}
    fields = repr(dict(house.last("request.received.v1")))
    assert TEXT not in fields
    assert "Lima" not in fields


def test_the_list_has_what_is_due_first_at_the_top_and_closed_ones_at_the_end(house: House) -> None:
    ana, bia = house.enroll("ana"), house.enroll("bia")
    late = asked(house, ana.subject_id, "statement")
    house.clock.advance(DAY)
    done = asked(house, bia.subject_id, "access")
    answered(house, done)
    house.clock.advance(DAY)
    later = asked(house, bia.subject_id, "statement")

    rows = desk.listing(house.services, department=ICU)["requests"]

    assert [row["request_id"] for row in rows] == [str(each.id) for each in (late, later, done)]
    assert [row["days_left"] for row in rows] == [13, 15, None]
    assert desk.listing(house.services, department=LAB)["requests"] == []
    pending = desk.listing(house.services, state="pending")["requests"]
    assert [row["request_id"] for row in pending] == [str(late.id), str(later.id)]
    with pytest.raises(InvalidInputError):
        desk.listing(house.services, state="forgotten")


def test_the_worker_warns_at_five_days_at_two_and_when_it_is_late_once_each(house: House) -> None:
    request = asked(house, house.enroll("ana").subject_id, "statement")
    told: list[tuple[UUID, str]] = []
    for _ in range(17 * 4):
        told += desk.warn(house.services, act=house.act("service", "worker"))
        house.clock.advance(DAY / 4)

    assert told == [(request.id, name) for name in ("five_days", "two_days", "overdue")]
    assert house.names().count("request.warned.v1") == 3


def test_a_clock_that_is_set_back_makes_no_request_less_late(house: House) -> None:
    request = asked(house, house.enroll("ana").subject_id, "statement")
    start = house.clock.now()
    house.clock.set(start + 30 * DAY)
    desk.warn(house.services, act=house.act("service", "worker"))
    house.clock.set(start)

    assert state(house, request) == OVERDUE
    assert desk.warn(house.services, act=house.act("service", "worker")) == []


@pytest.mark.parametrize("kind", ["confirmation", "access", "statement", "sharing"])
def test_information_is_handed_over_signed_and_the_look_is_on_record(house: House, kind: str) -> None:
    ana = house.enroll("ana")
    given = answered(house, asked(house, ana.subject_id, kind), text="Segue.")

    assert given.document is not None
    document = opened(house.services.notary, STATEMENT, given.document)
    assert (document["held"], document["subject_id"]) == (True, str(ana.subject_id))
    assert given.request.document_sha256 == answering.digest(document)
    assert desk.document(house.services, given.request)["answer"] == "Segue."
    assert house.last("viewing.recorded.v1")["what"] == kind


def test_portable_data_are_signed_and_hold_nothing_of_the_hospitals_defence(house: House) -> None:
    ana = house.enroll("ana")
    house.sign_in("ana")
    given = answered(house, asked(house, ana.subject_id, "portability"))

    assert given.document is not None
    document = opened(house.services.notary, PORTABILITY, given.document)
    assert document["person"]["username"] == "ana.souza"
    assert len(document["attempts"]["list"]) == 1
    assert not {"lockouts", "viewings", "keys", "templates"} & set(document)


def test_a_correction_is_done_as_the_person_proposed_it(house: House) -> None:
    ana = house.enroll("ana")
    request = asked(house, ana.subject_id, "correction", correction={"username": "ana.lima", "department": LAB})

    given = answered(house, request)

    assert given.request.outcome == "corrected"
    assert house.store.claimant("username", house.vault.digest("username", "ana.lima")) == ana.subject_id
    assert house.rows("enrollment_rows")[0]["department"] == LAB
    assert house.last("enrollment.renamed.v1")["act"].causation_id == request.id


def test_an_officer_corrects_otherwise_than_proposed(house: House) -> None:
    ana = house.enroll("ana")
    request = asked(house, ana.subject_id, "correction", correction={"username": "ana.lima"})

    answered(house, request, correction={"username": "ana.lima.souza"})

    assert house.store.claimant("username", house.vault.digest("username", "ana.lima")) is None
    assert house.store.claimant("username", house.vault.digest("username", "ana.lima.souza")) == ana.subject_id


def test_a_name_that_is_another_s_leaves_the_request_open_to_be_answered_or_refused(house: House) -> None:
    ana = house.enroll("ana")
    house.enroll("bia")
    request = asked(house, ana.subject_id, "correction", correction={"username": "bia.souza"})

    with pytest.raises(UsernameTakenError):
        answered(house, request)
    assert answering.resume(house.services, act=house.act("service", "worker")) == []
    refused = desk.refuse(house.services, request.id, reason="fact_prevents", text="Já existe.", act=officer(house))

    assert (refused.status, refused.legal_basis) == ("refused", "lgpd_art_18_4_2")


@pytest.mark.parametrize(
    "correction", [{"username": ""}, {"department": "nowhere"}, {"template": "x"}, {"display_name": "a\u202eb"}]
)
def test_a_correction_that_cannot_be_is_said_when_it_is_asked_for(house: House, correction: dict[str, str]) -> None:
    ana = house.enroll("ana")

    with pytest.raises(InvalidInputError):
        asked(house, ana.subject_id, "correction", correction=correction)
    assert house.rows("request_rows") == []


def test_an_objection_ends_the_processing_as_one(house: House) -> None:
    ana = house.enroll("ana")

    given = answered(house, asked(house, ana.subject_id, "objection"))

    assert given.request.outcome == "processing_ended"
    assert {row["status"] for row in house.rows("consent_rows")} == {"objected"}
    assert not house.sign_in("ana").success
    again = house.enroll("bia")
    answered(house, asked(house, again.subject_id, "objection"))
    assert answered(house, asked(house, ana.subject_id, "objection")).request.outcome == "nothing_in_force"


def test_a_deletion_comes_with_the_certificate(house: House) -> None:
    ana = house.enroll("ana")
    request = asked(house, ana.subject_id, "deletion", text=TEXT)

    given = answered(house, request)

    assert given.document is not None
    document = opened(house.services.notary, STATEMENT, given.document)
    assert (document["held"], document["said"]["en"]) == (False, "no personal data held")
    assert document["certificate"]
    assert given.request.outcome == "erased"
    assert desk.document(house.services, desk.find(house.services, request.id))["text"] == "[erased]"


@pytest.mark.parametrize("kind", ["deletion", "objection", "correction"])
def test_what_was_cut_off_after_the_deed_is_finished_by_the_worker_and_done_once(house: House, kind: str) -> None:
    ana = house.enroll("ana")
    correction = {"username": "ana.lima"} if kind == "correction" else {}
    request = asked(house, ana.subject_id, kind, correction=correction)

    whole, begun = house.store.save, False

    def cut_off(*aggregates: Any, **kwargs: Any) -> int:
        """Let everything through but the last event of the request."""
        nonlocal begun
        if begun and any(isinstance(each, Request) for each in aggregates):
            raise UnavailableError("the power went")
        begun = True
        return whole(*aggregates, **kwargs)

    house.store.save = cut_off  # type: ignore[method-assign]
    with pytest.raises(UnavailableError):
        answered(house, request)
    house.store.save = whole  # type: ignore[method-assign]
    before = house.store.position()

    assert answering.resume(house.services, act=house.act("service", "worker")) == [request.id]
    assert answering.resume(house.services, act=house.act("service", "worker")) == []

    found = desk.find(house.services, request.id)
    outcomes = {"deletion": "erased", "objection": "processing_ended", "correction": "corrected"}
    assert (found.status, found.outcome) == ("answered", outcomes[kind])
    assert house.names(before) == ["request.answered.v1", "retention.hold_released.v1"]


def test_who_was_erased_gets_the_honest_answer_at_once(house: House) -> None:
    ana = house.enroll("ana")
    erase.erase(house.services, ana.subject_id, act=house.act())

    request = desk.open_request(
        house.services, ana.subject_id, Asked("statement", "representative"), department=ICU, act=officer(house)
    )

    assert (request.status, request.outcome) == ("answered", "erased")
    with pytest.raises(InvalidInputError, match="erased"):
        asked(house, ana.subject_id, "statement", text="um texto")


def test_who_was_erased_while_their_request_was_open_gets_it_too(house: House) -> None:
    ana = house.enroll("ana")
    request = asked(house, ana.subject_id, "correction", text=TEXT, correction={"username": "ana.lima"})
    erase.erase(house.services, ana.subject_id, act=house.act())

    given = answered(house, request)

    assert given.request.outcome == "erased"
    assert desk.document(house.services, given.request)["correction"] == "[erased]"


def test_nobody_asks_about_somebody_who_never_was(house: House) -> None:
    with pytest.raises(NotFoundError):
        asked(house, uuid4(), "statement")
    with pytest.raises(NotFoundError):
        desk.find(house.services, uuid4())


def test_a_text_that_was_pasted_from_another_request_says_damaged(house: House) -> None:
    ana = house.enroll("ana")
    one = asked(house, ana.subject_id, "access", text=TEXT)
    other = asked(house, ana.subject_id, "access")

    assert desk.revealed(house.services, other, desk.TEXT, one.text_sealed) == "[damaged]"


def test_nothing_is_answered_twice(house: House) -> None:
    request = asked(house, house.enroll("ana").subject_id, "access")
    answered(house, request)

    with pytest.raises(RequestStateError):
        answered(house, request)
    with pytest.raises(RequestStateError):
        desk.refuse(house.services, request.id, reason="law_prevents", act=officer(house))


@pytest.mark.parametrize("text", ["x" * 4001, "a\x00b", "\u202e"])
def test_a_text_that_is_too_long_or_plays_tricks_is_refused(house: House, text: str) -> None:
    with pytest.raises(InvalidInputError, match="4000"):
        asked(house, house.enroll("ana").subject_id, "access", text=text)


def test_who_has_only_an_account_has_rights_too(house: House) -> None:
    subject_id = uuid4()
    house.vault.create_key(f"subject:{subject_id}")
    account = Account.open(
        subject_id, department=ICU, act=house.act(), **person("davi").sealed(house.vault, subject_id)
    )
    house.store.save(account)

    given = answered(house, asked(house, subject_id, "statement"))

    assert given.document is not None
    assert given.document["document"]["person"]["username"] == "davi.souza"


def test_nobody_buries_the_officer_in_requests_but_the_desk_takes_in_any_number(house: House) -> None:
    ana = house.enroll("ana")
    for _ in range(desk.MAX_PENDING):
        asked(house, ana.subject_id, "access")

    with pytest.raises(RequestStateError, match="desk"):
        asked(house, ana.subject_id, "access")
    asked(house, ana.subject_id, "access", identity_check="badge")


def test_a_request_whose_history_was_tampered_with_stops_neither_the_warnings_nor_the_others(house: House) -> None:
    ana, bia = house.enroll("ana"), house.enroll("bia")
    asked(house, ana.subject_id, "statement")
    sound = asked(house, bia.subject_id, "statement")
    house.services.projector.catch_up()
    rows = house.store._recorder._stored_events  # type: ignore[attr-defined]  # the memory recorder's list
    place = house.names().index("request.received.v1")
    rows[place] = replace(rows[place], state=b"\x01" + bytes(64))
    house.clock.advance(11 * DAY)

    assert desk.warn(house.services, act=house.act("service", "worker")) == [(sound.id, "five_days")]
    assert len(desk.listing(house.services, state="due_soon")["requests"]) == 2
