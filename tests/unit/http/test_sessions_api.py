"""Sessions are seen and ended by those who answer for the department, and by the person whose they are."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any
from uuid import uuid4

import pytest

from tests.house import ICU, LAB
from tests.unit.http.edge import frames_of
from tests.unit.http.oauth_client import bearer, tokens

if TYPE_CHECKING:
    from tests.unit.http.edge import Edge

SESSIONS = "/face-auth/sessions"


@pytest.fixture
def people(edge: Edge) -> dict[str, dict[str, Any]]:
    """Ana works in the ICU, Bia in the laboratory; both are signed in."""
    edge.enroll("ana")
    edge.enroll("bia", department=LAB)
    (result,) = [m for m in edge.sign_in(frames_of("bia"), department=LAB) if m.get("type") == "result"]
    return {"ana": tokens(edge), "bia": result["tokens"] | {"session_id": result["session"]["session_id"]}}


def listed(edge: Edge, role: str = "department_admin", department: str = ICU, **query: str) -> list[dict[str, Any]]:
    response = edge.client.get(SESSIONS, params=query, headers=edge.headers(role, department))
    assert response.status_code == 200
    found: list[dict[str, Any]] = response.json()["sessions"]
    return found


@pytest.mark.parametrize("role", ["department_admin", "compliance_officer", "encarregado"])
def test_who_answers_for_a_department_sees_its_sessions_and_no_names(
    edge: Edge, people: dict[str, dict[str, Any]], role: str
) -> None:
    [row] = listed(edge, role)

    assert row["session_id"] == people["ana"]["session_id"]
    assert (row["department"], row["status"], row["client_id"], row["amr"]) == (ICU, "open", "faceauth-app", "face")
    assert "souza" not in str(row).lower()
    assert len(listed(edge, role, "*")) == 2


def test_sessions_are_asked_for_by_subject_department_and_device(edge: Edge, people: dict[str, dict[str, Any]]) -> None:
    subject = listed(edge)[0]["subject_id"]

    assert [row["subject_id"] for row in listed(edge, department="*", subject=subject)] == [subject]
    response = edge.client.get(SESSIONS, params={"department": LAB}, headers=edge.headers(department="*"))
    assert [row["session_id"] for row in response.json()["sessions"]] == [people["bia"]["session_id"]]
    assert listed(edge, department="*", device=str(uuid4())) == []
    assert listed(edge, department=LAB, subject=subject) == []


@pytest.mark.parametrize("query", [{"subject": "x"}, {"device": "1' OR '1'='1"}, {"status": "asleep"}])
def test_a_question_that_makes_no_sense_is_refused(edge: Edge, query: dict[str, str]) -> None:
    response = edge.client.get(SESSIONS, params=query, headers=edge.headers())

    assert (response.status_code, response.json()["code"]) == (422, "invalid_input")


def test_another_department_is_behind_a_wall(edge: Edge, people: dict[str, dict[str, Any]]) -> None:
    assert edge.client.get(SESSIONS, params={"department": LAB}, headers=edge.headers()).status_code == 403
    assert edge.post(f"{SESSIONS}/revoke", {"department": LAB}).status_code == 403
    theirs = edge.client.delete(f"{SESSIONS}/{people['bia']['session_id']}", headers=edge.headers())
    nobodys = edge.client.delete(f"{SESSIONS}/{uuid4()}", headers=edge.headers())

    assert theirs.status_code == nobodys.status_code == 404
    assert theirs.json() == nobodys.json()
    [subject] = [row["subject_id"] for row in listed(edge, department=LAB)]
    assert edge.post(f"{SESSIONS}/revoke", {"subject_id": subject}).json() == {"success": True, "revoked": 0}
    assert len(listed(edge, department=LAB)) == 1


@pytest.mark.parametrize("role", ["compliance_officer", "encarregado", "operator"])
def test_only_an_administrator_ends_sessions(edge: Edge, role: str) -> None:
    headers = edge.headers(role, "*")

    assert edge.client.delete(f"{SESSIONS}/{uuid4()}", headers=headers).status_code == 403
    assert edge.client.post(f"{SESSIONS}/revoke", json={"department": ICU}, headers=headers).status_code == 403


def test_an_administrator_ends_one_session_or_all_of_a_subject(edge: Edge, people: dict[str, dict[str, Any]]) -> None:
    one = edge.client.delete(f"{SESSIONS}/{people['ana']['session_id']}", headers=edge.headers())
    assert one.json() == {"success": True, "revoked": 1}
    again = edge.client.delete(f"{SESSIONS}/{people['ana']['session_id']}", headers=edge.headers())
    assert again.json() == {"success": True, "revoked": 0}
    tokens(edge)
    tokens(edge)
    [subject] = {row["subject_id"] for row in listed(edge)}

    ended = edge.post(f"{SESSIONS}/revoke", {"subject_id": subject, "reason": "Maria left"})
    assert ended.json() == {"success": True, "revoked": 2}
    assert edge.house.last("session.revoked.v1")["reason"] == "other"
    assert [row["status"] for row in listed(edge, status="all")] == ["revoked"] * 3


@pytest.mark.parametrize("body", [{}, {"reason": "x"}, {"subject_id": None}, {"subject_id": "x"}, {"all": True}])
def test_nobody_ends_all_sessions_by_leaving_something_out(edge: Edge, body: dict[str, Any]) -> None:
    assert edge.post(f"{SESSIONS}/revoke", body, department="*").status_code == 422


def test_a_person_sees_and_ends_their_own_sessions(edge: Edge, people: dict[str, dict[str, Any]]) -> None:
    other = tokens(edge)
    mine = bearer(people["ana"]["access_token"])
    seen = edge.client.get("/face-auth/me/sessions", headers=mine).json()["sessions"]
    assert {row["session_id"] for row in seen} == {other["session_id"], people["ana"]["session_id"]}

    theirs = edge.client.delete(f"/face-auth/me/sessions/{people['bia']['session_id']}", headers=mine)
    assert theirs.status_code == 404
    assert edge.client.delete(f"/face-auth/me/sessions/{other['session_id']}", headers=mine).json()["revoked"] == 1
    assert edge.client.delete("/face-auth/me/sessions", headers=mine).json()["revoked"] == 1
    assert edge.client.get("/face-auth/me/sessions", headers=mine).status_code == 401
    assert len(listed(edge, department=LAB)) == 1


def test_logging_out_ends_the_session_that_asks(edge: Edge, people: dict[str, dict[str, Any]]) -> None:
    other, mine = tokens(edge), bearer(people["ana"]["access_token"])

    assert edge.client.post("/face-auth/logout", headers=mine).json() == {"success": True}
    assert edge.client.post("/face-auth/logout", headers=mine).status_code == 401
    assert [row["session_id"] for row in listed(edge)] == [other["session_id"]]
    assert edge.house.last("session.revoked.v1")["reason"] == "logout"


def test_staff_have_no_sessions_of_their_own(edge: Edge) -> None:
    for method, path in (
        ("GET", "/face-auth/me/sessions"),
        ("DELETE", "/face-auth/me/sessions"),
        ("POST", "/face-auth/logout"),
    ):
        assert edge.client.request(method, path, headers=edge.headers("department_admin", "*")).status_code == 403
