"""Signing in while something is broken: refused in good order, told little, nothing left behind."""

from __future__ import annotations

import socket as sockets
import time
from pathlib import Path

import pytest
from structlog.testing import capture_logs

from adapters.memory.vision import picture
from domain.errors import UnavailableError
from tests.unit.http.edge import Edge, build_edge, frames_of, rest, serving, wait_until

UNAVAILABLE = {"type": "result", "success": False, "code": "unavailable", "next": "password", "fallback": "password"}


def test_a_store_lost_at_the_start_is_said_and_forgiven(edge: Edge) -> None:
    edge.enroll("ana")
    edge.house.store.lost = True
    assert edge.sign_in([]) == [UNAVAILABLE, {"close": 4503, "reason": "unavailable"}]

    edge.house.store.lost = False
    assert edge.sign_in(frames_of("ana"))[-2] == {"type": "authentication_complete"}


def test_a_store_lost_at_the_decision_refuses_and_is_forgiven(edge: Edge) -> None:
    edge.enroll("ana")
    with edge.connect() as socket:
        socket.receive_json()
        edge.house.store.lost = True
        for payload in frames_of("ana"):
            socket.send_bytes(payload)
        assert rest(socket)[-2:] == [UNAVAILABLE, {"close": 1000, "reason": ""}]

    edge.house.store.lost = False
    assert edge.sign_in(frames_of("ana"))[-2] == {"type": "authentication_complete"}


def test_a_store_lost_at_the_very_last_save_admits_nobody(edge: Edge) -> None:
    edge.enroll("ana")

    def lose() -> None:
        raise UnavailableError("gone")

    with edge.connect() as socket:
        socket.receive_json()
        edge.house.store.before_next_save = lose
        for payload in frames_of("ana"):
            socket.send_bytes(payload)
        assert rest(socket)[-2] == UNAVAILABLE

    assert "session.opened.v1" not in edge.house.names()


@pytest.mark.parametrize("bug", [ZeroDivisionError, RuntimeError, RecursionError, OSError, KeyError])
def test_a_bug_in_vision_refuses_is_logged_and_keeps_what_it_handled_to_itself(edge: Edge, bug: type) -> None:
    secret = "bytes-of-marias-face"
    edge.house.judge.bug = bug(secret)
    with capture_logs() as logs:
        messages = edge.sign_in([picture("maria souza")])

    assert messages[-2:] == [UNAVAILABLE, {"close": 1011, "reason": "unavailable"}]
    assert edge.ended()["reason"] == "internal_error"
    (entry,) = logs
    assert (entry["log_level"], entry["trail"][0]) == ("error", bug.__name__)
    assert "house.py" in entry["trail"][-1]
    assert secret not in str(logs)
    assert "maria" not in str(logs)


def test_a_bug_in_vision_at_embedding_refuses_too(edge: Edge, monkeypatch: pytest.MonkeyPatch) -> None:
    edge.enroll("ana")

    def broken(_self: object, _crop: object) -> None:
        raise RuntimeError("no embedding today")

    monkeypatch.setattr(type(edge.house.judge), "embed", broken)

    assert edge.sign_in(frames_of("ana"))[-2] == UNAVAILABLE
    assert "session.opened.v1" not in edge.house.names()


def test_a_bug_in_the_store_at_the_start_closes_in_good_order(edge: Edge) -> None:
    def broken() -> None:
        raise ZeroDivisionError

    edge.house.store.before_next_save = broken
    with capture_logs() as logs:
        messages = edge.sign_in([])

    assert messages == [UNAVAILABLE, {"close": 1011, "reason": "unavailable"}]
    assert [entry["trail"][0] for entry in logs] == ["ZeroDivisionError"]


@pytest.mark.parametrize(
    "payloads", [frames_of("ana"), frames_of("stranger"), frames_of("ana", 6, pad=0.01)], ids=["in", "out", "fake"]
)
def test_nothing_of_a_frame_is_left_when_an_attempt_ends(edge: Edge, payloads: list[bytes]) -> None:
    edge.enroll("ana")

    edge.sign_in(payloads)

    assert edge.house.judge.crops
    assert edge.house.traces == 0


def test_nothing_of_a_frame_is_left_when_a_client_cancels(edge: Edge) -> None:
    with edge.connect() as socket:
        socket.send_bytes(frames_of("ana")[0])
        wait_until(lambda: edge.judge.done)
        socket.send_json({"type": "cancel"})
        rest(socket)

    assert edge.house.judge.crops
    assert edge.house.traces == 0


def test_a_session_that_could_not_be_told_is_taken_back(tmp_path: Path) -> None:
    with serving(build_edge(tmp_path)) as running:
        running.edge.enroll("ana")
        with running.connect() as connection:
            connection.recv(timeout=5)

            def vanish() -> None:
                connection.socket.shutdown(sockets.SHUT_RDWR)
                time.sleep(0.3)

            running.edge.house.store.before_next_save = vanish
            for payload in frames_of("ana"):
                connection.send(payload)
            wait_until(lambda: "session.opened.v1" in running.edge.house.names())
        wait_until(lambda: "session.revoked.v1" in running.edge.house.names())
    assert running.edge.house.last("session.revoked.v1")["reason"] == "undelivered"
