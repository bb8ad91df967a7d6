"""Signing in where movements are asked for: what is asked, when, and how it ends."""

from __future__ import annotations

import json
import struct
import time
from typing import TYPE_CHECKING, Any

import pytest

from adapters.memory.vision import depth_map, picture
from application.services import Policies
from domain.policies.liveness import ACTIVE, EvidencePolicy
from domain.policies.movement import LOOK_UP, TURN_LEFT, TURN_RIGHT
from tests.unit.http.edge import SECRET_NUMBERS, Edge, build_edge, rest, wait_until

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence
    from pathlib import Path

HEADER, LENGTH = struct.Struct(">4sQI"), struct.Struct(">I")
BEGUN_MS, APART_MS = 1_700_000_000_000, 80

STRAIGHT = [{"yaw": 0.0}] * 5
LEFT = [{"yaw": yaw} for yaw in (-6.0, -14.0, -22.0, -24.0, -24.0, -16.0, -6.0)]
RIGHT = [{"yaw": -pose["yaw"]} for pose in LEFT]
AS_ASKED = [*STRAIGHT, *LEFT, *RIGHT, *STRAIGHT]
ENDS = {"attempt.succeeded.v1", "attempt.refused.v1"}


@pytest.fixture
def edge(tmp_path: Path) -> Iterator[Edge]:
    policies = Policies(evidence=EvidencePolicy(mode=ACTIVE))
    edge = build_edge(tmp_path, policies=policies, steps=(TURN_LEFT, TURN_RIGHT), idle_seconds=1.0)
    with edge.client:
        edge.enroll("ana")
        yield edge


def framed(poses: Sequence[dict[str, Any]], maps: Sequence[bytes | None] = (), **facts: Any) -> list[bytes]:
    """Frames taken one after the other, with maps where there are any."""
    frames = []
    for number, pose in enumerate(poses):
        image, depth = picture("ana", take=number, **facts, **pose), maps[number] if maps else None
        head = HEADER.pack(b"FA01", BEGUN_MS + number * APART_MS, depth is not None)
        frames.append(head + (image if depth is None else LENGTH.pack(len(image)) + image + depth))
    return frames


def shown(edge: Edge, frames: Sequence[bytes], pause_s: float = 0.0) -> list[dict[str, Any]]:
    """Show frames until there is a decision; return every message."""
    before = len(ends(edge))
    with edge.connect() as socket:
        for frame in frames:
            judged = edge.judge.done
            socket.send_bytes(frame)
            wait_until(lambda done=judged: edge.judge.done > done or len(ends(edge)) > before)
            time.sleep(pause_s)
            if len(ends(edge)) > before:
                break
        return rest(socket)


def ends(edge: Edge) -> list[str]:
    return [name for name in edge.house.names() if name in ENDS]


def refusal(edge: Edge, messages: list[dict[str, Any]]) -> tuple[str, str]:
    (result,) = [message for message in messages if message.get("type") == "result"]
    assert not result["success"]
    return result["code"], edge.house.last("attempt.refused.v1")["reason"]


def test_hello_says_that_movements_come_but_not_which(edge: Edge) -> None:
    with edge.connect() as socket:
        hello = socket.receive_json()

    assert (hello["mode"], hello["steps"], hello["challenge"]) == ("active", 4, "hold_still")
    assert "turn" not in json.dumps(hello)


def test_who_moves_as_asked_is_signed_in_and_the_session_says_how(edge: Edge) -> None:
    messages = shown(edge, framed(AS_ASKED))

    assert [message.get("type") for message in messages[-3:]] == ["result", "authentication_complete", None]
    assert messages[-3]["success"]
    assert edge.house.last("session.opened.v1")["acr"] == "urn:faceauth:acr:face-active"
    assert [m["step"] for m in messages if m.get("type") == "progress"] == [1, 2, 3, 4]


def test_a_movement_is_asked_for_when_its_turn_comes_and_not_before(edge: Edge) -> None:
    messages = shown(edge, framed(AS_ASKED), pause_s=0.06)

    said = [m.get("code") or f"{m['step']} of {m['of']}" for m in messages if m.get("type") in {"guidance", "progress"}]
    assert [one for one in said if one != "hold_still"] == [
        "1 of 4", TURN_LEFT, "2 of 4", TURN_RIGHT, "3 of 4", "4 of 4",
    ]  # fmt: skip


def test_another_movement_than_asked_for_is_a_failed_challenge(edge: Edge) -> None:
    messages = shown(edge, framed([*STRAIGHT, *RIGHT]))

    assert refusal(edge, messages) == ("challenge_failed", "turn_right_instead_of_turn_left")


def test_a_tilted_photograph_turns_no_head(edge: Edge) -> None:
    messages = shown(edge, framed([*STRAIGHT, *LEFT], flat=True))

    assert refusal(edge, messages) == ("challenge_failed", "turn_left_not_seen")


def test_who_does_nothing_has_failed_when_time_is_up(edge: Edge) -> None:
    messages = shown(edge, framed(STRAIGHT * 2))

    assert refusal(edge, messages) == ("challenge_failed", "turn_left_not_seen")


def test_depth_of_a_head_is_let_through(edge: Edge) -> None:
    messages = shown(edge, framed(AS_ASKED, [depth_map(take=n) for n in range(len(AS_ASKED))]))

    assert messages[-2] == {"type": "authentication_complete"}
    assert edge.house.last("attempt.evidence_assessed.v1")["evidence"].depth_frames > 10


def test_depth_of_a_flat_thing_is_an_attack(edge: Edge) -> None:
    maps = [depth_map(relief=0.0, cheek_relief=0.0, take=n) for n in range(len(AS_ASKED))]

    assert refusal(edge, shown(edge, framed(AS_ASKED, maps))) == ("presentation_attack", "depth_flat")


def test_a_map_that_is_none_is_said_and_the_attempt_goes_on(edge: Edge) -> None:
    maps = [b"not a map", *(depth_map(take=n) for n in range(len(AS_ASKED)))]

    messages = shown(edge, framed([STRAIGHT[0], *AS_ASKED], maps))

    assert {"type": "guidance", "code": "invalid_depth"} in messages
    assert messages[-2] == {"type": "authentication_complete"}


@pytest.mark.parametrize(
    ("times", "reason"),
    [([0, 80, 160, 120], "time_runs_backwards"), ([0, 80, 160, 6_000], "clocks_disagree")],
    ids=["backwards", "six seconds at once"],
)
def test_times_that_cannot_be_true_fail(edge: Edge, times: list[int], reason: str) -> None:
    bodies = [picture("ana", take=number) for number in range(len(times))]
    frames = [HEADER.pack(b"FA01", BEGUN_MS + at, 0) + body for at, body in zip(times, bodies, strict=True)]

    assert refusal(edge, shown(edge, frames)) == ("liveness_failed", reason)


def test_neither_scores_nor_reasons_nor_what_comes_next_reaches_the_client(edge: Edge) -> None:
    told = [
        shown(edge, framed(poses))
        for poses in (
            AS_ASKED,
            [*STRAIGHT, *RIGHT],
            [{**pose, "pad": 0.01} for pose in AS_ASKED],
            STRAIGHT * 2,
        )
    ]

    assert {key for messages in told for message in messages for key in message} <= {
        "type", "attempt_id", "nonce", "expires_in_s", "max_frame_bytes", "max_fps", "challenge", "frames_needed",
        "device", "mode", "steps", "code", "step", "of", "success", "next", "fallback", "confidence", "session",
        "tokens", "close", "reason",
    }  # fmt: skip
    refused = json.dumps([m for messages in told[1:] for m in messages])
    assert not [word for word in (*SECRET_NUMBERS, "instead_of", "not_seen", "parallax", TURN_RIGHT) if word in refused]


def test_a_movement_that_was_not_drawn_is_never_named(tmp_path: Path) -> None:
    policies = Policies(evidence=EvidencePolicy(mode=ACTIVE))
    with (edge := build_edge(tmp_path, policies=policies, steps=(LOOK_UP, TURN_LEFT), idle_seconds=1.0)).client:
        messages = shown(edge, framed([*STRAIGHT, *STRAIGHT]), pause_s=0.06)

    assert [m["code"] for m in messages if m.get("type") == "guidance"][-1] == LOOK_UP
    assert TURN_LEFT not in json.dumps(messages)
