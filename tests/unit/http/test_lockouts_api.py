"""Lockouts at the edge: the close code, the rate, what officers see and administrators end."""

from __future__ import annotations

from datetime import timedelta
from typing import TYPE_CHECKING, Any

import pytest

from application import lockout
from application.lockout import FACE, PASSWORD, Origin
from tests.house import ICU, LAB
from tests.unit.http.edge import Edge, build_edge, frames_of, rest

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

CLIENT = "testclient"
OFFICERS = ("department_admin", "compliance_officer", "encarregado")


@pytest.fixture
def edge(tmp_path: Path) -> Iterator[Edge]:
    edge = build_edge(tmp_path, lockout_address_multiple=1, lockout_live_failures=5)
    with edge.client:
        edge.enroll("ana")
        yield edge


@pytest.fixture
def rated(tmp_path: Path) -> Iterator[Edge]:
    edge = build_edge(tmp_path, attempts_per_minute=5, lockout_address_multiple=1)
    with edge.client:
        edge.enroll("ana")
        yield edge


def fail(edge: Edge, times: int = 5) -> None:
    for _ in range(times):
        *_, result, end = edge.sign_in(frames_of("stranger"))
        assert (result["code"], end["close"]) == ("face_not_recognised", 1000)


def opened(edge: Edge, *, plain: bool = False) -> list[dict[str, Any]]:
    with edge.connect(plain=plain) as socket:
        return rest(socket)


def listed(edge: Edge, role: str = "compliance_officer", department: str = ICU) -> list[dict[str, Any]]:
    response = edge.client.get("/face-auth/lockouts", headers=edge.headers(role, department))
    assert response.status_code == 200
    found: list[dict[str, Any]] = response.json()["lockouts"]
    return found


@pytest.mark.parametrize("plain", [False, True])
def test_who_is_locked_out_hears_how_long_before_anything_is_judged(edge: Edge, plain: bool) -> None:
    fail(edge)
    judged = edge.judge.done
    result, end = opened(edge, plain=plain)
    assert (result["success"], result["code"], result["next"]) == (False, "locked_out", "password")
    assert result["retry_after_s"] == 30
    assert end == {"close": 4429, "reason": "locked_out"}
    assert edge.judge.done == judged


def test_a_claim_that_is_locked_ends_in_the_same_words(tmp_path: Path) -> None:
    edge = build_edge(tmp_path, lockout_live_failures=5)
    with edge.client:
        edge.enroll("ana")
        for turn in range(6):
            with edge.connect() as socket:
                socket.send_json({"type": "claim", "username": "ana.souza"})
                for frame in frames_of("stranger"):
                    socket.send_bytes(frame)
                *_, result, end = rest(socket)
            if turn < 5:
                assert (result["code"], end["close"]) == ("face_not_recognised", 1000)
        assert (result["code"], result["next"], result["retry_after_s"]) == ("locked_out", "password", 30)
        assert end["close"] == 4429
        *_, result, _done, end = edge.sign_in(frames_of("ana"))
        assert (result["success"], end["close"]) == (True, 1000)


def test_after_the_wait_the_right_face_comes_in(edge: Edge) -> None:
    fail(edge)
    edge.house.clock.advance(timedelta(seconds=30))
    *_, result, _done, end = edge.sign_in(frames_of("ana"))
    assert (result["success"], end["close"]) == (True, 1000)
    assert listed(edge) == []


@pytest.mark.parametrize("plain", [False, True])
def test_after_five_attempts_of_a_minute_that_came_to_nothing_the_next_is_turned_away_and_costs_no_history(
    rated: Edge, plain: bool
) -> None:
    fail(rated)
    events = len(rated.house.names())
    result, end = opened(rated, plain=plain)
    assert (result["code"], result["next"], result["retry_after_s"]) == ("rate_limited", "password", 60)
    assert end == {"close": 4429, "reason": "rate_limited"}
    assert len(rated.house.names()) == events
    rated.house.clock.advance(timedelta(seconds=60))
    *_, result, _done, end = rated.sign_in(frames_of("ana"))
    assert result["success"]


def test_attempts_that_open_a_session_do_not_count_for_the_rate(rated: Edge) -> None:
    for _ in range(6):
        *_, result, _done, _end = rated.sign_in(frames_of("ana"))
        assert result["success"]


def test_attempts_on_departments_that_do_not_exist_count_for_the_rate_too(rated: Edge) -> None:
    for _ in range(5):
        with rated.connect("nowhere") as socket:
            assert rest(socket)[-1]["close"] == 4403
    assert opened(rated)[-1]["close"] == 4429


def test_a_client_cannot_choose_its_address(rated: Edge) -> None:
    for turn in range(5):
        headers = {"x-forwarded-for": f"192.0.2.{turn}", "forwarded": f"for=192.0.2.{turn}"}
        with rated.client.websocket_connect("/face-auth/nowhere", headers=headers) as socket:
            assert rest(socket)[-1]["close"] == 4403
    assert opened(rated)[-1]["close"] == 4429


@pytest.mark.parametrize("role", OFFICERS)
def test_officers_of_the_department_see_its_lockouts_without_address_or_name(edge: Edge, role: str) -> None:
    fail(edge)
    (found,) = listed(edge, role)
    assert (found["scope"], found["method"], found["department"]) == ("address", FACE, ICU)
    assert (found["failures"], found["waiting"], found["stopped"]) == (5, True, False)
    assert CLIENT not in str(found)
    assert listed(edge, role, LAB) == []
    assert len(listed(edge, role, "*")) == 1


@pytest.mark.parametrize("role", ["operator", "provisioner", "signal_receiver"])
def test_nobody_else_sees_them(edge: Edge, role: str) -> None:
    assert edge.client.get("/face-auth/lockouts", headers=edge.headers(role)).status_code == 403
    assert edge.client.get("/face-auth/lockouts").status_code == 401


def test_an_administrator_of_the_department_ends_one_and_nobody_else_can(edge: Edge) -> None:
    fail(edge)
    (found,) = listed(edge)
    path = f"/face-auth/lockouts/{found['lockout_id']}/release"
    assert edge.post(path, {"reason": "known"}, department=LAB).status_code == 404
    assert edge.post(path, {"reason": "known"}, token=edge.token("compliance_officer")).status_code == 403
    assert edge.post(path, {}).status_code == 422
    response = edge.post(path, {"reason": "Maria esqueceu os óculos"})
    assert response.status_code == 200
    assert edge.house.last("lockout.released.v1")["reason"] == "other"
    assert listed(edge) == []
    *_, result, _done, _end = edge.sign_in(frames_of("ana"))
    assert result["success"]
    assert edge.post(path, {"reason": "known"}).status_code == 404


def test_the_history_of_a_lockout_is_in_the_officer_s_audit(edge: Edge) -> None:
    fail(edge)
    headers = edge.headers("compliance_officer")
    events = edge.client.get("/face-auth/audit/events", headers=headers).json()["events"]
    (imposed,) = [event for event in events if event["event"] == "lockout.imposed.v1"]
    assert imposed["data"]["failures"] == 5
    assert CLIENT not in str(imposed)


def test_an_error_that_says_how_long_says_it_in_the_header_too(edge: Edge) -> None:
    services = edge.house.services
    origin = Origin(PASSWORD, ICU, "192.0.2.1", claim_digest="0" * 64)
    for _ in range(5):
        lockout.failed(services, origin, act=edge.house.act())

    async def locked(_request: object) -> None:
        lockout.check(services, origin, act=edge.house.act())

    edge.client.app.add_route("/locked", locked)  # type: ignore[attr-defined]
    response = edge.client.get("/locked")
    assert (response.status_code, response.json()["code"]) == (429, "locked_out")
    assert response.headers["retry-after"] == "30"
