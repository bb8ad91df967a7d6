"""Erasure through the API: who may ask for it, who may see how it stands."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any
from uuid import UUID, uuid4

import pytest

from application.consent import live_enrollment
from tests.house import ICU, LAB
from tests.unit.application.erasing import damage
from tests.unit.http.edge import Edge, frames_of

if TYPE_CHECKING:
    from httpx import Response

ERASE = "/face-auth/subjects/erase"
SOMEBODY = UUID(int=1)


def path_of(subject_id: object, what: str = "erase") -> str:
    return f"/face-auth/subjects/{subject_id}/{what}"


def standing(edge: Edge, subject_id: object, role: str = "department_admin", department: str = ICU) -> Response:
    response: Response = edge.client.get(path_of(subject_id, "erasure"), headers=edge.headers(role, department))
    return response


def enrolled(edge: Edge, name: str = "ana", department: str = ICU) -> str:
    subject_id: str = edge.enroll(name, department=department).json()["subject_id"]
    return subject_id


def signs_in(edge: Edge, face: str = "ana") -> bool:
    (result,) = [message for message in edge.sign_in(frames_of(face)) if message.get("type") == "result"]
    return bool(result["success"])


def said(response: Response) -> tuple[int, str]:
    return response.status_code, response.json()["code"]


def test_a_person_erases_themselves_with_their_own_token(edge: Edge) -> None:
    subject_id = enrolled(edge)
    token = edge.session_token("ana")

    response = edge.post(ERASE, {}, token=token)

    document = response.json()
    assert (response.status_code, document["success"], document["subject_id"]) == (200, True, subject_id)
    assert (document["final"], document["final_at"]) == (False, None)
    assert document["final_expected_by"] > document["erased_at"]
    assert document["key_backup_horizon"] > document["final_expected_by"]
    claims = json.loads(document["certificate"])
    assert (claims["subject_id"], claims["reason"]) == (subject_id, "subject_request")
    assert not signs_in(edge)
    assert edge.house.last("erasure.executed.v1")["act"].actor == f"subject:{subject_id}"


def test_the_token_of_an_erased_person_opens_nothing_more(edge: Edge) -> None:
    enrolled(edge)
    token = edge.session_token("ana")
    edge.post(ERASE, {}, token=token)

    for path in (ERASE, "/face-auth/consent/withdraw"):
        assert said(edge.post(path, {}, token=token)) == (401, "invalid_token")


@pytest.mark.parametrize("by", ["path", "subject_id", "username"])
def test_an_administrator_of_the_department_erases_on_the_persons_word(edge: Edge, by: str) -> None:
    subject_id = enrolled(edge)
    body = {"path": {}, "subject_id": {"subject_id": subject_id}, "username": {"username": "ana.souza"}}[by]

    response = edge.post(path_of(subject_id) if by == "path" else ERASE, body | {"reason": "left_hospital"})

    assert (response.status_code, response.json()["subject_id"]) == (200, subject_id)
    assert edge.house.last("erasure.requested.v1")["reason"] == "left_hospital"
    assert not signs_in(edge)


def test_now_makes_it_final_before_it_answers(edge: Edge) -> None:
    document = edge.post(path_of(enrolled(edge)), {"now": True}).json()

    assert (document["final"], document["final_expected_by"]) == (True, None)
    assert document["final_at"] == edge.house.clock.now().isoformat()


def test_now_is_for_administrators_and_nothing_happens_where_it_is_refused(edge: Edge) -> None:
    enrolled(edge)

    response = edge.post(ERASE, {"now": True}, token=edge.session_token("ana"))

    assert said(response) == (403, "not_allowed")
    assert signs_in(edge)
    assert len(edge.house.keys.status().keks) == 1


@pytest.mark.parametrize("body", [{}, {"now": True}], ids=["erase", "now"])
@pytest.mark.parametrize("role", ["compliance_officer", "operator"])
def test_officers_and_operators_erase_nobody(edge: Edge, role: str, body: dict[str, bool]) -> None:
    subject_id = enrolled(edge)

    for path, named in ((path_of(subject_id), {}), (ERASE, {"username": "ana.souza"})):
        assert said(edge.post(path, named | body, token=edge.token(role, "*"))) == (403, "not_allowed")
    assert signs_in(edge)


@pytest.mark.parametrize(
    ("method", "path"),
    [("POST", ERASE), ("POST", path_of(SOMEBODY)), ("GET", path_of(SOMEBODY, "erasure"))],
)
@pytest.mark.parametrize("header", [None, "Bearer garbage", "Basic YWRtaW46YWRtaW4="])
def test_without_a_good_token_nothing_is_erased_and_nothing_told(
    edge: Edge, method: str, path: str, header: str | None
) -> None:
    headers = {} if header is None else {"authorization": header}

    response = edge.client.request(method, path, headers=headers)

    assert said(response) == (401, "invalid_token")
    assert response.headers["www-authenticate"] == "Bearer"


@pytest.mark.parametrize("by", ["path", "subject_id", "username"])
def test_nobody_erases_somebody_else(edge: Edge, by: str) -> None:
    enrolled(edge)
    other = enrolled(edge, "bia")
    body = {"path": {}, "subject_id": {"subject_id": other}, "username": {"username": "bia.souza"}}[by]

    response = edge.post(path_of(other) if by == "path" else ERASE, body, token=edge.session_token("ana"))

    assert said(response) == (404, "not_found")
    assert signs_in(edge, "bia")


def test_people_of_other_departments_and_nobody_at_all_are_told_alike(edge: Edge) -> None:
    elsewhere = enrolled(edge, department=LAB)

    answers = [
        edge.post(path, body, department=ICU)
        for path, body in (
            (path_of(elsewhere), {}),
            (ERASE, {"username": "ana.souza"}),
            (path_of(uuid4()), {}),
            (ERASE, {"username": "nobody"}),
        )
    ]

    assert [said(answer) for answer in answers] == [(404, "not_found")] * 4
    assert len({answer.text for answer in answers}) == 1
    assert edge.post(path_of(elsewhere), {}, department="*").status_code == 200


@pytest.mark.parametrize(
    "body",
    [
        {},
        {"subject_id": str(SOMEBODY), "username": "ana.souza"},
        {"subject_id": "ana"},
        {"username": ""},
        {"username": "ana.souza", "now": "soon"},
        {"username": "ana.souza", "reason": 5},
        {"username": "ana.souza", "unknown": True},
        [],
        "ana",
    ],
    ids=str,
)
def test_a_body_of_another_form_erases_nobody(edge: Edge, body: Any) -> None:
    enrolled(edge)

    assert said(edge.post(ERASE, body)) == (422, "invalid_input")
    assert signs_in(edge)


def test_a_path_and_a_body_that_name_two_people_erase_neither(edge: Edge) -> None:
    ana, bia = enrolled(edge), enrolled(edge, "bia")

    assert said(edge.post(path_of(ana), {"subject_id": bia})) == (422, "invalid_input")
    assert said(edge.post(path_of(ana), {"username": "bia.souza"})) == (422, "invalid_input")
    assert signs_in(edge)
    assert signs_in(edge, "bia")


def test_a_reason_in_words_is_not_kept(edge: Edge) -> None:
    edge.post(path_of(enrolled(edge)), {"reason": "Ana Souza asked"})

    assert edge.house.last("erasure.requested.v1")["reason"] == "other"


def test_nobody_is_erased_twice(edge: Edge) -> None:
    subject_id = enrolled(edge)
    edge.post(path_of(subject_id), {})

    assert said(edge.post(path_of(subject_id), {})) == (409, "already_erased")
    assert said(edge.post(ERASE, {"username": "ana.souza"})) == (404, "not_found"), "the name is free"
    assert edge.post(path_of(subject_id), {"now": True}).json()["final"] is True
    assert said(edge.post(path_of(subject_id), {"now": True})) == (409, "already_erased")


def test_now_while_keys_are_rotated_is_a_conflict_and_the_person_is_erased(edge: Edge) -> None:
    subject_id = enrolled(edge)

    with edge.house.store.mutex("keys"):
        assert said(edge.post(path_of(subject_id), {"now": True})) == (409, "in_progress")
    assert standing(edge, subject_id).json()["final"] is False


@pytest.mark.parametrize("role", ["department_admin", "compliance_officer"])
@pytest.mark.parametrize("department", [ICU, "*"])
def test_administrators_and_officers_of_the_department_see_how_it_stands(
    edge: Edge, role: str, department: str
) -> None:
    subject_id = enrolled(edge)
    erased = edge.post(path_of(subject_id), {}).json()

    response = standing(edge, subject_id, role, department)

    assert (response.status_code, response.json()) == (200, erased)


@pytest.mark.parametrize("role", ["department_admin", "compliance_officer"])
def test_for_other_departments_nobody_was_erased(edge: Edge, role: str) -> None:
    subject_id = enrolled(edge)
    other = enrolled(edge, "bia")
    edge.post(path_of(subject_id), {})

    answers = [
        standing(edge, subject_id, role, LAB),
        standing(edge, uuid4(), role, LAB),
        standing(edge, other, role, ICU),
    ]

    assert [said(answer) for answer in answers] == [(404, "not_found")] * 3
    assert len({answer.text for answer in answers}) == 1


def test_operators_and_people_themselves_do_not_ask_how_an_erasure_stands(edge: Edge) -> None:
    subject_id = enrolled(edge)
    enrolled(edge, "bia")
    token = edge.session_token("bia")
    edge.post(path_of(subject_id), {})

    assert said(standing(edge, subject_id, "operator", "*")) == (403, "not_allowed")
    asked = edge.client.get(path_of(subject_id, "erasure"), headers={"authorization": f"Bearer {token}"})
    assert said(asked) == (403, "not_allowed")


def test_an_id_that_is_none_is_no_path(edge: Edge) -> None:
    assert said(edge.post(path_of("ana"), {})) == (404, "not_found")


def test_a_damaged_enrolment_does_not_keep_its_person_from_being_erased(edge: Edge) -> None:
    subject_id = enrolled(edge)
    enrollment = live_enrollment(edge.house.services, UUID(subject_id))
    assert enrollment is not None
    damage(edge.house, enrollment)

    response = edge.post(ERASE, {"subject_id": subject_id})

    assert (response.status_code, response.json()["success"]) == (200, True)
