"""The brief's plain mode: no subprotocol, one JSON answer per judged frame."""

from __future__ import annotations

import pytest

from adapters.memory.vision import picture
from tests.house import ICU
from tests.unit.http.edge import Edge, frames_of, rest


def test_a_person_signs_in_and_each_judged_frame_is_answered_once(edge: Edge) -> None:
    subject_id = edge.enroll("ana").json()["subject_id"]
    answers = []
    with edge.connect(plain=True) as socket:
        for payload in frames_of("ana"):
            socket.send_bytes(payload)
            answers.append(socket.receive_json())
        ending = rest(socket)

    assert answers[:2] == [
        {"success": False, "code": "hold_still", "step": step, "of": 3, "final": False} for step in (1, 2)
    ]
    final = answers[2]
    assert (final["success"], final["final"], final["code"]) == (True, True, "ok")
    assert final["recognition_result"] == {
        "user_id": subject_id,
        "username": "ana.souza",
        "display_name": "Dra. Ana Souza",
        "confidence": final["confidence"],
    }
    assert final["session"]["department"] == ICU
    assert ending == [{"type": "authentication_complete"}, {"close": 1000, "reason": ""}]


def test_no_subprotocol_is_agreed_and_no_hello_is_said(edge: Edge) -> None:
    with edge.connect(plain=True) as socket:
        socket.send_bytes(b"garbage")
        first = socket.receive_json()

    assert socket.accepted_subprotocol is None
    assert first["code"] == "invalid_image"


def test_another_subprotocol_is_plain_mode(edge: Edge) -> None:
    with edge.client.websocket_connect(f"/face-auth/{ICU}", subprotocols=["mqtt"]) as socket:
        socket.send_bytes(b"garbage")
        assert socket.receive_json()["final"] is False

    assert socket.accepted_subprotocol is None


@pytest.mark.parametrize("reason", ["too_small", "blurred", "too_dark"])
def test_every_bad_frame_is_answered_even_when_nothing_changes(edge: Edge, reason: str) -> None:
    with edge.connect(plain=True) as socket:
        for take in range(3):
            socket.send_bytes(picture("ana", take=take, reason=reason))
            assert socket.receive_json() == {"success": False, "code": reason, "step": 0, "of": 3, "final": False}


def test_a_stranger_is_refused_with_an_error_and_no_name(edge: Edge) -> None:
    edge.enroll("ana")
    with edge.connect(plain=True) as socket:
        for payload in frames_of("stranger"):
            socket.send_bytes(payload)
        *_, final, close = rest(socket)

    assert final == {
        "type": "result",
        "success": False,
        "code": "face_not_recognised",
        "error": "face_not_recognised",
        "next": "password",
        "fallback": "password",
        "final": True,
    }
    assert close == {"close": 1000, "reason": ""}


def test_a_bug_is_a_refusal_in_plain_words_too(edge: Edge) -> None:
    edge.house.judge.bug = RuntimeError("bug")
    with edge.connect(plain=True) as socket:
        socket.send_bytes(frames_of("ana")[0])
        *_, final, close = rest(socket)

    assert (final["success"], final["error"], final["final"]) == (False, "unavailable", True)
    assert close["close"] == 1011


def test_text_is_no_frame(edge: Edge) -> None:
    with edge.connect(plain=True) as socket:
        socket.send_text("a picture, honestly")
        assert socket.receive_json() == {"type": "error", "code": "invalid_message"}


def test_an_unknown_department_is_closed(edge: Edge) -> None:
    with edge.connect("morgue", plain=True) as socket:
        assert rest(socket)[-1] == {"close": 4403, "reason": "department_unknown"}
