"""Limits of the socket, on a real server: sizes, counts, times, crowds."""

from __future__ import annotations

import http.client
import itertools
import json
import socket as sockets
import time
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from typing import TYPE_CHECKING, Any

import httpx
import pytest
from websockets.exceptions import ConnectionClosed

from adapters.memory.vision import picture
from entrypoints.http import bodies
from tests.house import ICU
from tests.unit.http.edge import Served, SlowJudge, build_edge, enrollment, frames_of, serving, wait_until

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from websockets.sync.client import ClientConnection


@contextmanager
def served(home: Path, **settings: Any) -> Iterator[Served]:
    with serving(build_edge(home, **settings)) as running:
        yield running


def rest(connection: ClientConnection) -> list[dict[str, Any]]:
    """Everything that the server still says; close code and reason last."""
    said: list[dict[str, Any]] = []
    try:
        while True:
            said.append(json.loads(connection.recv(timeout=10)))
    except ConnectionClosed as closed:
        received = closed.rcvd
        return [*said, {"close": received.code if received else None, "reason": received.reason if received else ""}]


def connections(running: Served) -> int:
    answer = http.client.HTTPConnection("127.0.0.1", running.port, timeout=10)
    answer.request("GET", "/face-auth/health")
    count: int = json.loads(answer.getresponse().read())["active_connections"]
    answer.close()
    return count


def test_a_frame_over_the_limit_ends_the_attempt_with_a_stable_code(tmp_path: Path) -> None:
    with served(tmp_path, max_frame_bytes=2048) as running:
        with running.connect() as connection:
            connection.send(bytes(2049))
            messages = rest(connection)
        wait_until(lambda: "attempt.abandoned.v1" in running.edge.house.names())

    assert messages[-2:] == [{"type": "error", "code": "frame_too_large"}, {"close": 1009, "reason": "frame_too_large"}]
    assert running.edge.ended()["reason"] == "frame_too_large"


def test_a_frame_at_the_limit_is_a_frame_header_or_not(tmp_path: Path) -> None:
    with served(tmp_path, max_frame_bytes=2048) as running, running.connect() as connection:
        connection.send(b"FA01" + bytes(12) + bytes(2048))
        connection.send(json.dumps({"type": "nonsense"}))
        wait_until(lambda: running.edge.judge.done == 1)

        assert running.edge.judge.seen == [bytes(2048)]


def test_a_frame_far_over_the_limit_never_reaches_memory_and_is_recorded_all_the_same(tmp_path: Path) -> None:
    with served(tmp_path, max_frame_bytes=2048) as running:
        with running.connect() as connection:
            connection.recv(timeout=5)
            connection.send(bytes(1_000_000))
            assert rest(connection)[-1]["close"] == 1009
        wait_until(lambda: "attempt.abandoned.v1" in running.edge.house.names())

    assert running.edge.ended()["reason"] == "frame_too_large"


def test_more_frames_than_an_attempt_takes_end_it(tmp_path: Path) -> None:
    with served(tmp_path, max_frames=5) as running:
        with running.connect() as connection:
            for take in range(6):
                connection.send(picture("ana", take=take, reason="blurred"))
            messages = rest(connection)
        wait_until(lambda: "attempt.abandoned.v1" in running.edge.house.names())

    assert messages[-2:] == [{"type": "error", "code": "too_many_frames"}, {"close": 1008, "reason": "too_many_frames"}]
    assert running.edge.ended()["reason"] == "too_many_frames"


def test_one_connection_too_many_is_queued_and_comes_in_later(tmp_path: Path) -> None:
    with served(tmp_path, max_connections=2) as running:
        running.edge.enroll("ana")
        with running.connect() as one, running.connect() as two:
            one.recv(timeout=5)
            two.recv(timeout=5)
            started = time.monotonic()
            with running.connect() as three:
                messages = rest(three)
            assert time.monotonic() - started < 1
        wait_until(lambda: connections(running) == 0)
        with running.connect() as four:
            for payload in frames_of("ana"):
                four.send(payload)
            assert rest(four)[-2] == {"type": "authentication_complete"}

    assert messages == [
        {"type": "queued", "position": 2, "retry_after_ms": 2000},
        {"close": 4503, "reason": "busy"},
    ]


def test_a_client_that_vanishes_is_recorded_and_frees_its_place(tmp_path: Path) -> None:
    with served(tmp_path, max_connections=1) as running:
        with running.connect() as connection:
            connection.recv(timeout=5)
            connection.send(frames_of("ana")[0])
            wait_until(lambda: running.edge.judge.done == 1)
            connection.socket.shutdown(sockets.SHUT_RDWR)
        wait_until(lambda: connections(running) == 0)
        wait_until(lambda: "attempt.abandoned.v1" in running.edge.house.names())

    assert running.edge.ended()["reason"] == "client_gone"
    assert running.edge.house.last("attempt.evidence_assessed.v1")["evidence"].frames_judged == 1
    assert running.edge.house.traces == 0


def test_who_left_before_the_decision_is_not_signed_in(tmp_path: Path) -> None:
    with served(tmp_path, judge=SlowJudge) as running:
        running.edge.judge.tickets.release(5)
        running.edge.enroll("ana")
        running.edge.judge.seen.clear()
        with running.connect() as connection:
            for payload in frames_of("ana"):
                connection.send(payload)
            wait_until(lambda: running.edge.judge.seen)
        time.sleep(0.2)
        running.edge.judge.tickets.release(3)
        wait_until(lambda: "attempt.abandoned.v1" in running.edge.house.names())

    assert running.edge.ended()["reason"] == "client_gone"
    assert "session.opened.v1" not in running.edge.house.names()
    assert running.edge.house.traces == 0


def test_the_newest_frames_win_when_the_judge_is_slow(tmp_path: Path) -> None:
    payloads = [picture("ana", take=take, reason="blurred") for take in range(10)]
    with served(tmp_path, judge=SlowJudge) as running, running.connect() as connection:
        connection.send(payloads[0])
        wait_until(lambda: len(running.edge.judge.seen) == 1)
        for payload in payloads[1:]:
            connection.send(payload)
        connection.send("not a frame, but answered when all before it has been read")
        while json.loads(connection.recv(timeout=5))["type"] != "error":
            pass
        running.edge.judge.tickets.release(4)
        wait_until(lambda: len(running.edge.judge.seen) == 4)
        connection.send(json.dumps({"type": "cancel"}))
        rest(connection)

        assert running.edge.judge.seen == [payloads[0], *payloads[-3:]]
        wait_until(lambda: "attempt.abandoned.v1" in running.edge.house.names())
        evidence = running.edge.house.last("attempt.evidence_assessed.v1")["evidence"]
        assert (evidence.frames_received, evidence.frames_judged, evidence.frames_dropped) == (10, 4, 6)


def test_no_more_frames_are_judged_a_second_than_allowed(tmp_path: Path) -> None:
    with served(tmp_path, max_fps=10.0) as running, running.connect(plain=True) as connection:
        started = time.monotonic()
        for take in range(3):
            connection.send(picture("ana", take=take, reason="blurred"))
        for _ in range(3):
            connection.recv(timeout=5)

        assert time.monotonic() - started >= 0.2


def test_who_sends_nothing_times_out(tmp_path: Path) -> None:
    with served(tmp_path, idle_seconds=0.3) as running, running.connect() as connection:
        started = time.monotonic()
        messages = rest(connection)

        assert 0.2 < time.monotonic() - started < 3
        assert messages[1:] == [
            {"type": "result", "success": False, "code": "timeout", "next": "retry", "fallback": "password"},
            {"close": 1000, "reason": ""},
        ]
        assert running.edge.house.last("attempt.refused.v1")["code"] == "timeout"


def test_talk_is_no_frame_and_does_not_keep_an_attempt_alive(tmp_path: Path) -> None:
    with served(tmp_path, idle_seconds=0.4) as running, running.connect() as connection:
        for _ in range(3):
            connection.send(json.dumps({"type": "claim", "username": "ana.souza"}))
            time.sleep(0.1)
        started = time.monotonic()

        assert rest(connection)[-2]["code"] == "timeout"
        assert time.monotonic() - started < 0.35


def test_an_attempt_ends_in_time_however_busy_the_client_is(tmp_path: Path) -> None:
    with served(tmp_path, attempt_seconds=0.5, max_fps=30.0) as running, running.connect() as connection:
        started = time.monotonic()
        with ThreadPoolExecutor(1) as pool:
            told = pool.submit(rest, connection)
            for take in itertools.count():
                if told.done() or time.monotonic() - started > 5:
                    break
                try:
                    connection.send(picture("ana", reason="blurred", take=take))
                except ConnectionClosed:
                    break
                time.sleep(0.02)

        assert told.result()[-2] == {
            "type": "result",
            "success": False,
            "code": "timeout",
            "next": "retry",
            "fallback": "password",
        }
        assert time.monotonic() - started < 3


def test_a_fake_shown_until_time_ran_out_is_still_called_one(tmp_path: Path) -> None:
    with served(tmp_path, idle_seconds=0.3) as running, running.connect() as connection:
        for payload in frames_of("ana", 3, pad=0.01):
            connection.send(payload)

        assert rest(connection)[-2]["code"] == "presentation_attack"


def test_many_sign_in_at_once_each_as_themselves(tmp_path: Path) -> None:
    people = ["ana", "bia", "caio", "davi", "elis", "ivo"]

    def sign_in(face: str) -> str:
        with running.connect() as connection:
            for payload in frames_of(face):
                connection.send(payload)
            (result,) = [m for m in rest(connection) if m.get("type") == "result"]
            name: str = result["session"]["username"]
            return name

    with served(tmp_path) as running:
        for face in people:
            running.edge.enroll(face)
        with ThreadPoolExecutor(len(people)) as pool:
            names = list(pool.map(sign_in, people * 3))
        wait_until(lambda: connections(running) == 0)

    assert names == [f"{face}.souza" for face in people * 3]
    assert running.edge.house.traces == 0


def test_a_rush_of_enrolments_keeps_nobody_from_starting_to_sign_in(tmp_path: Path) -> None:
    with served(tmp_path, judge=SlowJudge) as running:
        line = f"http://127.0.0.1:{running.port}/face-auth/enroll"
        headers = running.edge.headers()
        with ThreadPoolExecutor(10) as pool:
            rush = [
                pool.submit(httpx.post, line, json=enrollment(f"p{number}"), headers=headers) for number in range(10)
            ]
            wait_until(lambda: running.edge.judge.seen)
            with running.connect() as connection:
                assert json.loads(connection.recv(timeout=3))["type"] == "hello"
                running.edge.judge.tickets.release(50)
                assert [answer.result().status_code for answer in rush] == [201] * 10


def test_fragments_of_one_message_are_one_frame(tmp_path: Path) -> None:
    with served(tmp_path) as running, running.connect() as connection:
        whole = picture("ana", reason="blurred")
        connection.send(iter([whole[:5], whole[5:9], whole[9:]]))
        wait_until(lambda: running.edge.judge.done == 1)

        assert running.edge.judge.seen == [whole]


def test_no_answer_on_the_wire_names_the_server(tmp_path: Path) -> None:
    with served(tmp_path) as running:
        raw = []
        for request in (
            b"GET /face-auth/health HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n",
            b"GET /nowhere HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n",
            b"utter nonsense\r\n\r\n",
        ):
            with sockets.create_connection(("127.0.0.1", running.port), timeout=5) as line:
                line.sendall(request)
                raw.append(b"".join(iter(lambda line=line: line.recv(4096), b"")).lower())  # type: ignore[misc]
        with running.connect() as connection:
            assert connection.response is not None
            headers = connection.response.headers

    assert all(raw)
    for word in (b"server:", b"uvicorn", b"starlette", b"python", b"websockets"):
        assert not [answer for answer in raw if word in answer]
    assert "server" not in headers


def test_a_body_that_declares_too_much_is_refused_before_it_is_sent(tmp_path: Path) -> None:
    with served(tmp_path) as running:
        line = http.client.HTTPConnection("127.0.0.1", running.port, timeout=5)
        line.putrequest("POST", "/face-auth/enroll")
        line.putheader("authorization", f"Bearer {running.edge.token()}")
        line.putheader("content-length", str(bodies.MAX_BODY_BYTES + 1))
        line.endheaders()
        answer = line.getresponse()

        assert (answer.status, json.loads(answer.read())["code"]) == (413, "body_too_large")
        line.close()


def test_a_chunked_body_is_cut_off_as_soon_as_it_is_too_long(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(bodies.EnrollBody, "max_bytes", 1000)
    with served(tmp_path) as running:
        line = http.client.HTTPConnection("127.0.0.1", running.port, timeout=5)
        line.putrequest("POST", "/face-auth/enroll")
        line.putheader("authorization", f"Bearer {running.edge.token()}")
        line.putheader("transfer-encoding", "chunked")
        line.endheaders()
        for _ in range(4):
            line.send(b"190\r\n" + b"[" * 400 + b"\r\n")
        answer = line.getresponse()

        assert (answer.status, json.loads(answer.read())["code"]) == (413, "body_too_large")
        line.close()


def test_a_socket_elsewhere_is_not_opened(tmp_path: Path) -> None:
    with served(tmp_path) as running:
        for path in (f"{ICU}/more", ""):
            with pytest.raises(Exception, match=r"HTTP 40[34]"):
                running.connect(path)
        assert running.edge.house.names() == []
