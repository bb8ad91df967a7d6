"""Stories of the officer who reads history, and of attempts that were cut off."""

from __future__ import annotations

import json
from datetime import timedelta
from uuid import UUID

import pytest

from application import consent as consents
from application import history
from application.interrupted import abandon_interrupted, expire_sessions
from domain.attempt import ABANDONED, STARTED, Attempt
from domain.errors import NotFoundError, UnavailableError
from tests.house import House, frames, person

MINUTE = timedelta(minutes=1)


def documents(house: House, subject_id: UUID) -> list[dict[str, object]]:
    found = history.events(house.store, subject_id=subject_id)
    return [history.as_document(event, house.vault, subject_id) for event in found]


def test_a_subject_s_history_holds_everything_about_that_subject_and_nothing_else(house: House) -> None:
    ana = house.enroll("ana")
    house.enroll("bia")
    house.sign_in("ana")
    house.sign_in("bia")
    house.sign_in("stranger")

    names = [event.name for event in history.events(house.store, subject_id=ana.subject_id)]

    assert names == [
        "consent.granted.v1",
        "consent.granted.v1",
        "enrollment.opened.v1",
        *["enrollment.capture_accepted.v1"] * 5,
        "enrollment.template_sealed.v1",
        "enrollment.activated.v1",
        "attempt.started.v1",
        "attempt.challenge_issued.v1",
        "attempt.evidence_assessed.v1",
        "attempt.succeeded.v1",
        "session.opened.v1",
    ]


def test_a_subject_is_found_by_id_and_by_username(house: House) -> None:
    ana = house.enroll("ana")

    assert history.subject_of(house.store, house.vault, str(ana.subject_id)) == ana.subject_id
    assert history.subject_of(house.store, house.vault, "Ana.SOUZA") == ana.subject_id
    with pytest.raises(NotFoundError):
        history.subject_of(house.store, house.vault, "nobody")


def test_a_subject_without_history_is_not_found(house: House) -> None:
    with pytest.raises(NotFoundError):
        list(history.events(house.store, subject_id=UUID(int=77)))


def test_an_attempt_s_history_holds_the_session_that_it_opened(house: House) -> None:
    house.enroll("ana")
    attempt = house.shown(frames("ana"))
    attempt.decide()
    house.sign_in("ana")

    names = [event.name for event in history.events(house.store, attempt_id=attempt.attempt_id)]

    assert names[0] == "attempt.started.v1"
    assert names[-2:] == ["attempt.succeeded.v1", "session.opened.v1"]
    assert len(names) == 5


def test_history_can_be_read_as_of_a_moment(house: House) -> None:
    house.enroll("ana")
    moment = house.clock.now()
    house.clock.advance(MINUTE)
    house.sign_in("ana")

    until = [event.name for event in history.events(house.store, until=moment)]

    assert until[-1] == "enrollment.activated.v1"
    assert len(list(history.events(house.store))) == len(until) + 5


def test_history_is_read_to_its_end_however_long(house: House) -> None:
    for number in range(90):
        house.shown([]).abandon(f"reason {number}")

    assert len(list(history.events(house.store))) == 90 * 4


def test_a_document_is_plain_json_that_names_the_person_to_the_officer(house: House) -> None:
    ana = house.enroll("ana")
    house.sign_in("ana")

    shown = documents(house, ana.subject_id)

    (opened,) = [document["data"] for document in shown if document["event"] == "enrollment.opened.v1"]
    assert isinstance(opened, dict)
    assert (opened["user_id"], opened["username"], opened["display_name"]) == (
        person("ana").user_id,
        person("ana").username,
        person("ana").display_name,
    )
    assert json.loads(json.dumps(shown)) == shown


def test_a_document_says_who_did_it_where_and_why(house: House) -> None:
    ana = house.enroll("ana")
    attempt = house.shown(frames("ana"))
    attempt.decide()

    first, *_, last = documents(house, ana.subject_id)

    assert (first["actor"], first["channel"], first["causation_id"]) == ("token:admin", "http", None)
    assert (last["actor"], last["channel"], last["causation_id"]) == ("anonymous", "ws", str(attempt.attempt_id))
    assert last["at"] == house.clock.now().isoformat()
    assert isinstance(last["data"], dict)
    assert "act" not in last["data"]


def test_templates_and_client_addresses_stay_closed_in_documents(house: House) -> None:
    ana = house.enroll("ana")
    house.sign_in("ana")

    data = {str(document["event"]): document["data"] for document in documents(house, ana.subject_id)}

    sealed, assessed = data["enrollment.template_sealed.v1"], data["attempt.evidence_assessed.v1"]
    assert isinstance(sealed, dict)
    assert isinstance(assessed, dict)
    assert (sealed["sealed"], assessed["client_sealed"]) == ("[sealed]", "[sealed]")


def test_an_erased_person_reads_erased_and_the_rest_of_the_history_stays(house: House) -> None:
    ana = house.enroll("ana")
    before = documents(house, ana.subject_id)
    house.vault.destroy_key(f"subject:{ana.subject_id}")

    after = documents(house, ana.subject_id)

    (opened,) = [document["data"] for document in after if document["event"] == "enrollment.opened.v1"]
    assert isinstance(opened, dict)
    assert {opened["user_id"], opened["username"], opened["display_name"]} == {"[erased]"}
    assert [document["event"] for document in after] == [document["event"] for document in before]


def test_a_sealed_name_that_was_moved_reads_damaged(house: House) -> None:
    ana, bia = house.enroll("ana"), house.enroll("bia")
    (opened,) = [
        event
        for event in history.events(house.store, subject_id=ana.subject_id)
        if event.name == "enrollment.opened.v1"
    ]
    fields = dict(opened.fields) | {"subject_id": bia.subject_id}
    forged = type(opened)(
        opened.position, opened.aggregate, opened.aggregate_id, opened.version, opened.name, opened.at, fields
    )

    assert history.as_document(forged, house.vault)["data"]["username"] == "[damaged]"


def test_withdrawals_are_part_of_the_history(house: House) -> None:
    ana = house.enroll("ana")
    house.sign_in("ana")
    consents.withdraw(house.services, ana.subject_id, reason="mine", act=house.act())

    names = [document["event"] for document in documents(house, ana.subject_id)]

    assert names[-4:] == [
        "consent.withdrawn.v1",
        "consent.withdrawn.v1",
        "enrollment.revoked.v1",
        "session.revoked.v1",
    ]


# Attempts that were cut off -----------------------------------------------------------------------------------------


def test_an_attempt_that_was_cut_off_is_closed_once(house: House) -> None:
    attempt = house.shown(frames("ana"))
    house.clock.advance(3 * MINUTE)
    house.services.projector.catch_up()

    assert abandon_interrupted(house.services, older_than=2 * MINUTE, channel="worker") == 1
    assert abandon_interrupted(house.services, older_than=2 * MINUTE, channel="worker") == 0
    assert house.store.get(Attempt, attempt.attempt_id).status == ABANDONED
    assert house.last("attempt.abandoned.v1")["reason"] == "service_interrupted"


def test_an_attempt_that_is_still_young_is_left_alone(house: House) -> None:
    attempt = house.shown(frames("ana"))
    house.clock.advance(MINUTE)
    house.services.projector.catch_up()

    assert abandon_interrupted(house.services, older_than=2 * MINUTE, channel="worker") == 0
    assert house.store.get(Attempt, attempt.attempt_id).status == STARTED


def test_an_attempt_that_was_decided_is_left_alone(house: House) -> None:
    house.enroll("ana")
    attempt = house.shown(frames("ana"))
    house.services.projector.catch_up()
    attempt.decide()
    house.clock.advance(3 * MINUTE)

    assert abandon_interrupted(house.services, older_than=2 * MINUTE, channel="worker") == 0


def test_an_attempt_refused_for_a_lost_store_is_closed_when_the_store_is_back(house: House) -> None:
    attempt = house.shown(frames("ana"))
    house.store.lost = True
    assert attempt.decide().code == "unavailable"
    with pytest.raises(UnavailableError):
        abandon_interrupted_after(house)
    house.store.lost = False

    assert abandon_interrupted_after(house) == 1


def abandon_interrupted_after(house: House) -> int:
    house.clock.advance(3 * MINUTE)
    house.services.projector.catch_up()
    return abandon_interrupted(house.services, older_than=2 * MINUTE, channel="worker")


def test_a_session_whose_time_is_over_is_recorded_as_expired_once(house: House) -> None:
    house.enroll("ana")
    house.sign_in("ana")
    house.services.projector.catch_up()
    assert expire_sessions(house.services, channel="worker") == 0

    house.clock.advance(house.services.policies.session_lifetime)

    assert expire_sessions(house.services, channel="worker") == 1
    house.services.projector.catch_up()
    assert expire_sessions(house.services, channel="worker") == 0
    assert [row["status"] for row in house.rows("session_rows")] == ["expired"]
