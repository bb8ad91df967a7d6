"""What the officer and operations ask."""

from __future__ import annotations

from typing import Any

import pytest

from tests.house import ICU, LAB
from tests.unit.http.edge import Edge, frames_of

EVENTS = "/face-auth/audit/events"


def events(edge: Edge, department: str = "*", **query: str) -> list[dict[str, Any]]:
    response = edge.client.get(EVENTS, params=query, headers=edge.headers("compliance_officer", department))
    assert response.status_code == 200
    listed: list[dict[str, Any]] = response.json()["events"]
    return listed


def test_health_has_the_form_of_the_brief(edge: Edge) -> None:
    assert edge.client.get("/face-auth/health").json() == {
        "status": "healthy",
        "active_connections": 0,
        "models_loaded": {"face_detection": True, "face_encoding": True, "liveness": True, "anti_spoofing": True},
    }


def test_health_counts_connections(edge: Edge) -> None:
    with edge.connect() as socket:
        socket.receive_json()
        assert edge.client.get("/face-auth/health").json()["active_connections"] == 1


def test_ready_names_what_is_ready(edge: Edge) -> None:
    document = edge.client.get("/face-auth/ready").json()

    assert document["ready"] is True
    assert {name: check["ok"] for name, check in document["checks"].items()} == dict.fromkeys(
        ("models", "store", "projections", "gallery"), True
    )


def test_health_outlives_the_store_and_readiness_does_not(edge: Edge) -> None:
    edge.house.store.lost = True

    assert edge.client.get("/face-auth/health").status_code == 200
    response = edge.client.get("/face-auth/ready")
    assert (response.status_code, response.json()["checks"]["store"]) == (503, {"ok": False})


def test_readiness_does_not_tell_how_many_people_there_are(edge: Edge) -> None:
    def told() -> set[str]:
        return set(edge.client.get("/face-auth/ready").json()["checks"]["gallery"])

    edge.enroll("ana")
    assert told() == {"ok", "events_behind"}


def test_the_public_keys_may_be_cached(edge: Edge) -> None:
    response = edge.client.get("/.well-known/jwks.json")

    assert "keys" in response.json()
    assert response.headers["cache-control"] == "public, max-age=300"


def test_the_history_tells_an_attempt_from_start_to_session(edge: Edge) -> None:
    edge.enroll("ana")
    edge.sign_in(frames_of("ana"))
    attempt = next(e for e in events(edge) if e["event"] == "attempt.started.v1")

    assert [event["event"] for event in events(edge, attempt=attempt["aggregate_id"])] == [
        "attempt.started.v1",
        "attempt.challenge_issued.v1",
        "attempt.evidence_assessed.v1",
        "attempt.succeeded.v1",
        "session.opened.v1",
    ]


def test_the_history_of_one_person_is_that_persons(edge: Edge) -> None:
    edge.enroll("ana")
    edge.enroll("bia")

    listed = events(edge, subject="ana.souza")

    assert {event["data"].get("username") for event in listed} == {None, "ana.souza"}


def test_the_history_keeps_templates_and_clients_sealed(edge: Edge) -> None:
    edge.enroll("ana")
    edge.sign_in(frames_of("ana"))

    listed = events(edge)

    assert {e["data"]["sealed"] for e in listed if "sealed" in e["data"]} == {"[sealed]"}
    assert {e["data"]["client_sealed"] for e in listed if "client_sealed" in e["data"]} == {"[sealed]"}
    assert "testclient" not in str(listed)


def test_an_officer_of_one_department_sees_that_department(edge: Edge) -> None:
    edge.enroll("ana", department=ICU)
    edge.enroll("bia", department=LAB)
    edge.sign_in(frames_of("bia"), department=LAB)
    edge.sign_in(frames_of("bia"), department=ICU)

    seen, rest, everything = events(edge, LAB), events(edge, ICU), events(edge)

    assert "bia.souza" in str(seen)
    assert "ana.souza" not in str(seen)
    assert {event["data"]["department"] for event in seen if "department" in event["data"]} == {LAB}
    assert {event["aggregate"] for event in seen} == {"consent", "enrollment", "attempt", "session"}
    looks = [event for event in everything if event["aggregate"] == "viewing"]
    assert len(everything) - len(looks) == len(seen) + len(rest)


@pytest.mark.parametrize(
    "query",
    [
        {"attempt": "no-uuid"},
        {"until": "yesterday"},
        {"until": "2030-01-01T00:00:00"},
        {"until": "9" * 400},
    ],
)
def test_a_question_that_makes_no_sense_is_refused(edge: Edge, query: dict[str, str]) -> None:
    response = edge.client.get(EVENTS, params=query, headers=edge.headers("compliance_officer", "*"))

    assert (response.status_code, response.json()["code"]) == (422, "invalid_input")


@pytest.mark.parametrize("who", ["nobody", "00000000-0000-4000-8000-0000000000ff", "a\x00b"])
def test_a_history_of_nobody_is_not_found(edge: Edge, who: str) -> None:
    response = edge.client.get(EVENTS, params={"subject": who}, headers=edge.headers("compliance_officer", "*"))

    assert (response.status_code, response.json()["code"]) == (404, "not_found")
