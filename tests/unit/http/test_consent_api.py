"""Consent through the API: reading the notice, giving, withdrawing."""

from __future__ import annotations

from typing import Any
from uuid import uuid4

import pytest

from application.notice import BUILT_IN
from tests.house import ICU, LAB
from tests.unit.http.edge import Edge, frames_of

WITHDRAW = "/face-auth/consent/withdraw"
GRANT = "/face-auth/consent"
ACCEPTED = {"notice_version": BUILT_IN.version, "accepted": True}


def outcome(edge: Edge, face: str = "ana") -> dict[str, Any]:
    """The result of a sign-in, without what differs from attempt to attempt."""
    (result,) = [m for m in edge.sign_in(frames_of(face)) if m.get("type") == "result"]
    return result


def invited(edge: Edge, **named: Any) -> str:
    """A code for somebody, as their administrator reads it."""
    code: str = edge.post("/face-auth/consent/invitations", named).json()["code"]
    return code


def test_anyone_may_read_the_notice(edge: Edge) -> None:
    document = edge.client.get("/face-auth/consent/notice").json()

    assert (document["version"], document["sha256"]) == (BUILT_IN.version, BUILT_IN.sha256)
    assert document["text"].keys() == {"pt-BR", "en"}


def test_a_person_withdraws_with_their_own_token(edge: Edge) -> None:
    subject_id = edge.enroll("ana").json()["subject_id"]
    token = edge.session_token("ana")

    answer = edge.post(WITHDRAW, {}, token=token).json()

    assert answer == {
        "success": True,
        "subject_id": subject_id,
        "withdrawn": ["enrollment", "authentication"],
        "enrollment_revoked": True,
        "sessions_revoked": 1,
    }
    assert outcome(edge)["code"] == "face_not_recognised"


def test_the_token_of_who_withdrew_opens_nothing_more(edge: Edge) -> None:
    edge.enroll("ana")
    token = edge.session_token("ana")
    edge.post(WITHDRAW, {}, token=token)

    response = edge.post(GRANT, ACCEPTED, token=token)

    assert (response.status_code, response.json()["code"]) == (401, "invalid_token")


@pytest.mark.parametrize("by", ["subject_id", "username"])
def test_an_administrator_withdraws_on_the_persons_word(edge: Edge, by: str) -> None:
    named = {"subject_id": edge.enroll("ana").json()["subject_id"], "username": "ana.souza"}[by]

    assert edge.post(WITHDRAW, {by: named}).status_code == 200

    assert outcome(edge)["code"] == "face_not_recognised"


def test_withdrawing_twice_says_that_there_is_nothing_left(edge: Edge) -> None:
    subject_id = edge.enroll("ana").json()["subject_id"]
    edge.post(WITHDRAW, {"subject_id": subject_id})

    assert edge.post(WITHDRAW, {"subject_id": subject_id}).json()["code"] == "consent_missing"


def test_consent_to_sign_in_can_go_and_come_back_alone(edge: Edge) -> None:
    subject_id = edge.enroll("ana").json()["subject_id"]
    one = {"subject_id": subject_id, "purposes": ["authentication"]}

    assert edge.post(WITHDRAW, one).json()["enrollment_revoked"] is False
    assert outcome(edge)["code"] == "face_not_recognised"

    code = invited(edge, subject_id=subject_id)
    given = ACCEPTED | {"code": code, "purposes": ["authentication"]}
    assert edge.client.post(GRANT, json=given).json()["granted"] == ["authentication"]
    assert outcome(edge)["success"] is True


def test_the_client_hears_the_same_whatever_the_reason(edge: Edge) -> None:
    """Not recognised, no consent, no active enrolment: one answer; the history tells them apart."""
    enrolled = {name: edge.enroll(name).json() for name in ("ana", "bia", "caio")}
    edge.post(WITHDRAW, {"username": "ana.souza"})
    edge.post(WITHDRAW, {"username": "bia.souza", "purposes": ["authentication"]})
    edge.client.delete(f"/face-auth/enrollments/{enrolled['caio']['enrollment_id']}", headers=edge.headers())

    answers = [outcome(edge, face) for face in ("ana", "bia", "caio", "stranger")]

    assert answers == [answers[0]] * 4
    assert answers[0] == {
        "type": "result",
        "success": False,
        "code": "face_not_recognised",
        "next": "password",
        "fallback": "password",
    }


@pytest.mark.parametrize("path", [GRANT, WITHDRAW])
@pytest.mark.parametrize("purposes", [[], ["marketing"], ["authentication", "x"]])
def test_only_the_purposes_that_exist_can_be_named_and_none_is_not_all(
    edge: Edge, path: str, purposes: list[str]
) -> None:
    edge.enroll("ana")
    body = {"purposes": purposes} | (ACCEPTED if path == GRANT else {})

    response = edge.post(path, body, token=edge.session_token("ana"))

    assert (response.status_code, response.json()["code"]) == (422, "invalid_input")
    assert outcome(edge)["success"] is True


def test_consent_that_is_not_accepted_is_not_given(edge: Edge) -> None:
    edge.enroll("ana")
    refusing = {"notice_version": BUILT_IN.version, "accepted": False}

    response = edge.post(GRANT, refusing, token=edge.session_token("ana"))

    assert response.json()["code"] == "consent_missing"


def test_a_reason_in_words_does_not_hinder_and_is_not_kept(edge: Edge) -> None:
    subject_id = edge.enroll("ana").json()["subject_id"]

    response = edge.post(WITHDRAW, {"subject_id": subject_id, "reason": "Ana Souza no longer wants it\x00"})

    assert response.status_code == 200
    assert edge.house.last("consent.withdrawn.v1")["reason"] == "other"


def test_a_reason_code_is_kept(edge: Edge) -> None:
    subject_id = edge.enroll("ana").json()["subject_id"]

    edge.post(WITHDRAW, {"subject_id": subject_id, "reason": "left_hospital"})

    assert edge.house.last("consent.withdrawn.v1")["reason"] == "left_hospital"


def test_people_of_other_departments_do_not_exist_for_an_administrator(edge: Edge) -> None:
    edge.enroll("ana", department=LAB, admin=LAB)
    elsewhere = str(edge.house.store.claimant("username", edge.house.vault.digest("username", "ana.souza")))

    answers = [
        edge.post(WITHDRAW, body, department=ICU)
        for body in (
            {"username": "ana.souza"},
            {"subject_id": elsewhere},
            {"username": "nobody"},
            {"subject_id": str(uuid4())},
        )
    ]

    assert [answer.status_code for answer in answers] == [404] * 4
    assert len({answer.text for answer in answers}) == 1


def test_an_administrator_of_all_departments_reaches_everybody(edge: Edge) -> None:
    edge.enroll("ana", department=LAB, admin=LAB)

    assert edge.post(WITHDRAW, {"username": "ana.souza"}, department="*").status_code == 200


@pytest.mark.parametrize(
    "body", [{}, {"subject_id": str(uuid4()), "username": "ana.souza"}, {"subject_id": "ana"}, {"username": ""}]
)
def test_an_administrator_names_exactly_one_person(edge: Edge, body: Any) -> None:
    edge.enroll("ana")

    assert edge.post(WITHDRAW, body).json()["code"] == "invalid_input"


@pytest.mark.parametrize("key", ["subject_id", "username"])
def test_nobody_withdraws_for_somebody_else(edge: Edge, key: str) -> None:
    edge.enroll("ana")
    other = edge.enroll("bia").json()["subject_id"]
    body = {key: other if key == "subject_id" else "bia.souza"}

    response = edge.post(WITHDRAW, body, token=edge.session_token("ana"))

    assert (response.status_code, response.json()["code"]) == (404, "not_found")
    assert outcome(edge, "bia")["success"] is True


def test_the_history_says_who_withdrew_and_how(edge: Edge) -> None:
    subject_id = edge.enroll("ana").json()["subject_id"]
    edge.post(WITHDRAW, {}, token=edge.session_token("ana"))

    act = edge.house.last("consent.withdrawn.v1")["act"]

    assert (act.actor, act.channel) == (f"subject:{subject_id}", "http")


def test_a_purpose_named_twice_is_withdrawn_once(edge: Edge) -> None:
    subject_id = edge.enroll("ana").json()["subject_id"]

    response = edge.post(WITHDRAW, {"subject_id": subject_id, "purposes": ["authentication", "authentication"]})

    assert (response.status_code, response.json()["withdrawn"]) == (200, ["authentication"])
    assert edge.post(WITHDRAW, {"subject_id": subject_id, "purposes": ["enrollment"] * 9}).status_code == 422


def test_a_former_department_has_no_say_over_somebody_enrolled_elsewhere(edge: Edge) -> None:
    first = edge.enroll("ana", department=LAB, admin=LAB).json()
    edge.client.delete(f"/face-auth/enrollments/{first['enrollment_id']}", headers=edge.headers(department=LAB))
    assert edge.enroll("ana").status_code == 201

    response = edge.post(WITHDRAW, {"subject_id": first["subject_id"]}, token=edge.token(department=LAB))

    assert (response.status_code, response.json()["code"]) == (404, "not_found")
    assert outcome(edge)["success"] is True
