"""Who may do what: every protected path, with every wrong credential."""

from __future__ import annotations

from datetime import timedelta
from uuid import UUID, uuid4

import pytest

from tests.house import ICU
from tests.unit.http.edge import Edge, enrollment

SOME = UUID(int=1)  # the same one in every process: pytest-xdist compares the names of the cases
ADMIN_PATHS = [
    ("POST", "/face-auth/enroll"),
    ("POST", "/face-auth/enrollments"),
    ("POST", f"/face-auth/enrollments/{SOME}/captures"),
    ("POST", f"/face-auth/enrollments/{SOME}/complete"),
    ("DELETE", f"/face-auth/enrollments/{SOME}"),
]
SUBJECT_PATHS = [("POST", "/face-auth/consent/withdraw")]
OFFICER_PATHS = [("GET", "/face-auth/audit/events")]
PROTECTED = ADMIN_PATHS + SUBJECT_PATHS + OFFICER_PATHS


@pytest.mark.parametrize(("method", "path"), PROTECTED)
@pytest.mark.parametrize(
    "header",
    [None, "", "Bearer", "Bearer ", "Bearer garbage", "Basic YWRtaW46YWRtaW4=", "Bearer " + "x" * 20_000],
    ids=["none", "empty", "no token", "blank", "garbage", "basic", "long"],
)
def test_without_a_good_token_nothing_opens(edge: Edge, method: str, path: str, header: str | None) -> None:
    response = edge.client.request(method, path, headers={} if header is None else {"authorization": header})

    assert (response.status_code, response.json()["code"]) == (401, "invalid_token")
    assert response.headers["www-authenticate"] == "Bearer"
    assert response.headers["content-type"] == "application/problem+json"


@pytest.mark.parametrize(("method", "path"), PROTECTED)
def test_an_expired_token_opens_nothing(edge: Edge, method: str, path: str) -> None:
    headers = edge.headers("compliance_officer" if "audit" in path else "department_admin", "*")
    edge.house.clock.advance(timedelta(hours=2))

    assert edge.client.request(method, path, headers=headers).json()["code"] == "invalid_token"


@pytest.mark.parametrize(("method", "path"), ADMIN_PATHS)
@pytest.mark.parametrize("role", ["compliance_officer", "operator"])
def test_enrolling_is_for_administrators(edge: Edge, method: str, path: str, role: str) -> None:
    response = edge.client.request(method, path, headers=edge.headers(role, "*"))

    assert (response.status_code, response.json()["code"]) == (403, "not_allowed")


@pytest.mark.parametrize(("method", "path"), ADMIN_PATHS + OFFICER_PATHS)
def test_who_signed_in_by_face_is_no_officer(edge: Edge, method: str, path: str) -> None:
    edge.enroll("ana")
    token = edge.session_token("ana")

    response = edge.client.request(method, path, headers={"authorization": f"Bearer {token}"})

    assert (response.status_code, response.json()["code"]) == (403, "not_allowed")


@pytest.mark.parametrize("role", ["department_admin", "operator"])
def test_history_is_for_the_compliance_officer(edge: Edge, role: str) -> None:
    response = edge.client.get("/face-auth/audit/events", headers=edge.headers(role, "*"))

    assert (response.status_code, response.json()["code"]) == (403, "not_allowed")


@pytest.mark.parametrize(("method", "path"), SUBJECT_PATHS)
@pytest.mark.parametrize("role", ["compliance_officer", "operator"])
def test_consent_is_for_the_person_and_their_administrator(edge: Edge, method: str, path: str, role: str) -> None:
    body = {"username": "ana.souza"} | ({} if "withdraw" in path else {"notice_version": "x", "accepted": True})

    response = edge.client.request(method, path, json=body, headers=edge.headers(role, "*"))

    assert (response.status_code, response.json()["code"]) == (403, "not_allowed")


def test_a_sessions_token_dies_with_the_session(edge: Edge) -> None:
    edge.enroll("ana")
    token = edge.session_token("ana")
    edge.post("/face-auth/consent/withdraw", {"username": "ana.souza", "purposes": ["authentication"]})

    response = edge.post("/face-auth/consent/withdraw", {}, token=token)

    assert (response.status_code, response.json()["code"]) == (401, "invalid_token")


def test_a_token_of_a_session_that_never_was_is_no_token(edge: Edge) -> None:
    token, _ = edge.house.services.tokens.issue_access(
        subject_id=uuid4(),
        session_id=uuid4(),
        department=ICU,
        amr=("face",),
        acr="any",
        authenticated_at=edge.house.clock.now(),
    )

    assert edge.post("/face-auth/consent/withdraw", {}, token=token).status_code == 401


def test_who_may_not_enrol_is_told_before_the_body_is_read(edge: Edge) -> None:
    response = edge.client.post("/face-auth/enroll", content=b"{" * 1000)

    assert response.status_code == 401


def test_nothing_is_written_by_those_who_may_not(edge: Edge) -> None:
    for role in ("compliance_officer", "operator"):
        edge.post("/face-auth/enroll", enrollment("ana"), token=edge.token(role, "*"))

    assert edge.house.names() == []


def test_the_scheme_is_taken_in_any_case(edge: Edge) -> None:
    headers = {"authorization": f"bearer {edge.token('compliance_officer', '*')}"}

    assert edge.client.get("/face-auth/audit/events", headers=headers).status_code == 200


@pytest.mark.parametrize(
    "path", ["/face-auth/health", "/face-auth/ready", "/face-auth/consent/notice", "/.well-known/jwks.json"]
)
def test_what_everybody_may_see_needs_no_token(edge: Edge, path: str) -> None:
    assert edge.client.get(path).status_code == 200
