"""Signing in over ``faceauth.v1``: what is said, in which order, and what is never said."""

from __future__ import annotations

import json
import struct
import time
from typing import Any

import pytest

from adapters.memory.vision import picture
from tests.house import ICU, LAB
from tests.unit.http.edge import SECRET_NUMBERS, SUBPROTOCOL, Edge, frames_of, rest, wait_until

HEADER = struct.Struct(">4sQI")
NOT_RECOGNISED = {
    "type": "result",
    "success": False,
    "code": "face_not_recognised",
    "next": "password",
    "fallback": "password",
}


def kinds(messages: list[dict[str, Any]]) -> list[str]:
    return [message.get("type", "close") for message in messages]


def test_hello_says_what_is_needed(edge: Edge) -> None:
    with edge.connect() as socket:
        hello = socket.receive_json()

    assert socket.accepted_subprotocol == SUBPROTOCOL
    assert hello.pop("nonce").startswith("nonce-")
    assert len(hello.pop("attempt_id")) == 36
    assert hello == {
        "type": "hello",
        "expires_in_s": 30.0,
        "max_frame_bytes": 2 * 1024 * 1024,
        "max_fps": 60.0,
        "challenge": "hold_still",
        "frames_needed": 3,
        "steps": 3,
        "mode": "passive",
        "device": "optional",
    }


def test_three_good_frames_sign_a_person_in(edge: Edge) -> None:
    subject_id = edge.enroll("ana").json()["subject_id"]

    messages = edge.sign_in(frames_of("ana"))

    assert kinds(messages) == [
        "hello", "progress", "guidance", "progress", "progress", "result", "authentication_complete", "close",
    ]  # fmt: skip
    assert [(m["step"], m["of"]) for m in messages if m.get("type") == "progress"] == [(1, 3), (2, 3), (3, 3)]
    assert messages[-1] == {"close": 1000, "reason": ""}
    result = messages[-3]
    assert (result["success"], result["code"], result["next"]) == (True, "ok", "none")
    assert result["session"] | {"session_id": "", "expires_at": ""} == {
        "session_id": "",
        "subject_id": subject_id,
        "username": "ana.souza",
        "display_name": "Dra. Ana Souza",
        "department": ICU,
        "expires_at": "",
    }
    assert result["session"]["expires_at"] == "2030-01-01T16:00:00+00:00"
    assert (result["tokens"]["token_type"], result["tokens"]["expires_in"]) == ("Bearer", 300)
    assert 0 < result["confidence"] <= 1


def test_a_stranger_hears_little(edge: Edge) -> None:
    edge.enroll("ana")

    messages = edge.sign_in(frames_of("stranger"))

    assert messages[-2:] == [NOT_RECOGNISED, {"close": 1000, "reason": ""}]


def test_scores_thresholds_and_numbers_of_people_never_leave(edge: Edge) -> None:
    for name in ("ana", "bia"):
        edge.enroll(name)
    told = [
        edge.sign_in(payloads)
        for payloads in (
            frames_of("ana"),
            frames_of("stranger"),
            frames_of("ana", 6, pad=0.01),
            [*frames_of("ana", 2, reason="blurred"), b"garbage", *frames_of("ana")],
        )
    ]

    names = {key for messages in told for message in messages for key in message}
    assert names <= {
        "type", "attempt_id", "nonce", "expires_in_s", "max_frame_bytes", "max_fps", "challenge", "frames_needed",
        "device", "mode", "steps", "code", "step", "of", "success", "next", "fallback", "confidence", "session",
        "tokens", "close", "reason",
    }  # fmt: skip
    refusals = json.dumps([m for messages in told for m in messages if not m.get("success")])
    assert not [word for word in SECRET_NUMBERS if word in refusals]
    assert "confidence" not in refusals


def test_a_fake_is_refused_as_one(edge: Edge) -> None:
    edge.enroll("ana")

    messages = edge.sign_in(frames_of("ana", 6, pad=0.01))

    assert messages[-2] == {
        "type": "result",
        "success": False,
        "code": "presentation_attack",
        "next": "password",
        "fallback": "password",
    }


def test_guidance_that_changes_all_the_time_comes_five_times_a_second(edge: Edge) -> None:
    started = time.monotonic()
    payloads = [picture("ana", take=take, reason=("blurred", "too_dark")[take % 2]) for take in range(20)]
    with edge.connect() as socket:
        for place, payload in enumerate(payloads):
            socket.send_bytes(payload)
            wait_until(lambda done=place: edge.judge.done > done)
        socket.send_json({"type": "cancel"})
        messages = rest(socket)

    assert 1 <= kinds(messages).count("guidance") <= 1 + (time.monotonic() - started) / 0.2


def test_guidance_is_not_repeated(edge: Edge) -> None:
    with edge.connect() as socket:
        for _ in range(3):
            socket.send_bytes(picture("ana", reason="too_small"))
        socket.send_json({"type": "unheard of"})
        messages = [socket.receive_json() for _ in range(3)]

    assert sorted(kinds(messages)) == ["error", "guidance", "hello"]


@pytest.mark.parametrize(
    ("garbage", "reason"),
    [
        (b"", "invalid_image"),
        (b"garbage", "invalid_image"),
        (b"FA01", "invalid_image"),
        (b"FA01" + bytes(11), "invalid_image"),
        (HEADER.pack(b"FA01", 1, 0), "invalid_image"),
        (HEADER.pack(b"FA02", 1, 0) + b"x", "invalid_image"),
    ],
    ids=["nothing", "garbage", "magic alone", "short header", "header alone", "other magic"],
)
def test_garbage_is_counted_and_the_attempt_goes_on(edge: Edge, garbage: bytes, reason: str) -> None:
    edge.enroll("ana")
    with edge.connect() as socket:
        socket.receive_json()
        socket.send_bytes(garbage)
        assert socket.receive_json() == {"type": "guidance", "code": "invalid_image"}
        for payload in frames_of("ana"):
            socket.send_bytes(payload)
        messages = rest(socket)

    assert messages[-2] == {"type": "authentication_complete"}
    assert edge.house.last("attempt.evidence_assessed.v1")["evidence"].reasons == {reason: 1}


def test_a_frame_may_carry_a_header(edge: Edge) -> None:
    edge.enroll("ana")

    times = range(1_700_000_000_000, 1_700_000_001_500, 100)
    frames = zip(times, frames_of("ana", len(times)), strict=True)
    messages = edge.sign_in([HEADER.pack(b"FA01", at_ms, 0) + frame for at_ms, frame in frames])

    assert messages[-2] == {"type": "authentication_complete"}


def test_garbage_among_frames_with_times_is_counted_and_says_nothing_of_clocks(edge: Edge) -> None:
    edge.enroll("ana")
    timed = [
        HEADER.pack(b"FA01", 1_700_000_000_000 + 100 * number, 0) + frame
        for number, frame in enumerate(frames_of("ana", 15))
    ]

    messages = edge.sign_in([HEADER.pack(b"FA01", 1, 2), *timed[:3], b"FA01", *timed[3:]])

    assert messages[-2] == {"type": "authentication_complete"}
    assert edge.house.last("attempt.evidence_assessed.v1")["evidence"].reasons == {"invalid_image": 2}


@pytest.mark.parametrize("flags", [2, 2**32 - 1])
def test_what_a_header_announces_and_nobody_knows_is_counted_as_garbage(edge: Edge, flags: int) -> None:
    edge.enroll("ana")

    messages = edge.sign_in([HEADER.pack(b"FA01", 1, flags) + frames_of("ana")[0], *frames_of("ana")])

    assert messages[-2] == {"type": "authentication_complete"}
    assert edge.house.last("attempt.evidence_assessed.v1")["evidence"].reasons == {"invalid_image": 1}


@pytest.mark.parametrize(("claim", "success"), [("ana.souza", True), ("bia.souza", False), ("nobody", False)])
def test_a_claim_lets_in_whom_it_names_or_nobody(edge: Edge, claim: str, success: bool) -> None:
    edge.enroll("ana")
    edge.enroll("bia")
    with edge.connect() as socket:
        socket.send_json({"type": "claim", "username": claim})
        for payload in frames_of("ana"):
            socket.send_bytes(payload)
        (result,) = [m for m in rest(socket) if m.get("type") == "result"]

    assert result["success"] is success
    assert success or result == NOT_RECOGNISED


@pytest.mark.parametrize(
    ("text", "code"),
    [
        ("", "invalid_message"),
        ("garbage", "invalid_message"),
        ("[]", "invalid_message"),
        ("5", "invalid_message"),
        ("null", "invalid_message"),
        ("{}", "invalid_message"),
        ('{"type": "claim"}', "invalid_message"),
        ('{"type": "claim", "username": 5}', "invalid_message"),
        ('{"type": "claim", "username": "\\ud800"}', "invalid_message"),
        ('{"type": ["claim"]}', "unsupported_message"),
        ('{"type": "dance"}', "unsupported_message"),
        ('{"type": "device"}', "invalid_message"),
        ('{"type": "device", "device_id": 7}', "invalid_message"),
        ("9" * 5000, "invalid_message"),
        ("[" * 60_000, "invalid_message"),
    ],
)
def test_a_message_that_makes_no_sense_is_answered_and_the_attempt_goes_on(edge: Edge, text: str, code: str) -> None:
    edge.enroll("ana")
    with edge.connect() as socket:
        socket.receive_json()
        socket.send_text(text)
        assert socket.receive_json() == {"type": "error", "code": code}
        for payload in frames_of("ana"):
            socket.send_bytes(payload)
        assert rest(socket)[-2] == {"type": "authentication_complete"}


def test_a_message_as_large_as_a_picture_ends_the_attempt(edge: Edge) -> None:
    with edge.connect() as socket:
        socket.send_text(json.dumps({"type": "claim", "username": "x" * 70_000}))
        messages = rest(socket)

    assert messages[-1] == {"close": 1009, "reason": "message_too_large"}
    assert edge.ended()["reason"] == "message_too_large"


def test_who_only_talks_nonsense_is_shown_out(edge: Edge) -> None:
    with edge.connect() as socket:
        for _ in range(21):
            socket.send_text("nonsense")
        messages = rest(socket)

    assert messages[-1] == {"close": 1008, "reason": "too_many_bad_messages"}


def test_cancelling_ends_the_attempt_without_a_result(edge: Edge) -> None:
    with edge.connect() as socket:
        socket.send_json({"type": "cancel"})
        messages = rest(socket)

    assert kinds(messages) == ["hello", "close"]
    assert messages[-1]["close"] == 1000
    assert edge.ended()["reason"] == "canceled"


@pytest.mark.parametrize("name", ["morgue", "a%00b", "..%2e", "%FF", "enroll", "*", "x" * 300])
def test_a_department_that_does_not_exist_is_closed(edge: Edge, name: str) -> None:
    with edge.connect(name) as socket:
        messages = rest(socket)

    assert messages == [
        {"type": "error", "code": "department_unknown"},
        {"close": 4403, "reason": "department_unknown"},
    ]
    assert edge.house.names() == []


def test_another_department_does_not_know_the_person(edge: Edge) -> None:
    edge.enroll("ana", department=ICU)

    assert edge.sign_in(frames_of("ana"), department=LAB)[-2] == NOT_RECOGNISED
