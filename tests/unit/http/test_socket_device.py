"""A paired device on the wire: announced, asked to sign, believed only for what it signed."""

from __future__ import annotations

import contextlib
import json
from dataclasses import replace
from typing import TYPE_CHECKING, Any
from uuid import UUID, uuid4

import pytest

from application import devices
from tests.house import ICU, LAB
from tests.tablet import Tablet, text_of
from tests.unit.http.edge import Edge, SlowJudge, build_edge, frames_of, rest, serving, wait_until

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence
    from pathlib import Path

    from starlette.testclient import WebSocketTestSession


@contextlib.contextmanager
def opened(tmp_path: Path, *required: str, **settings: Any) -> Iterator[Edge]:
    edge = build_edge(tmp_path, **settings)
    policies = replace(edge.house.services.policies, device_required=frozenset(required))
    edge.house.services = edge.app.services = replace(edge.house.services, policies=policies)
    with edge.client:
        edge.enroll("ana")
        yield edge


def paired(edge: Edge, department: str = ICU, *, der: bool = False) -> Tablet:
    tablet = Tablet(der=der)
    tablet.pair(edge.house.services, department)
    return tablet


def announce(socket: WebSocketTestSession, device_id: UUID) -> None:
    socket.send_json({"type": "device", "device_id": str(device_id)})


def until_asked(socket: WebSocketTestSession) -> dict[str, Any]:
    while True:
        message: dict[str, Any] = socket.receive_json()
        if message["type"] == "sign":
            return message
        assert message["type"] in {"guidance", "progress"}


def sign_in(
    edge: Edge, tablet: Tablet, sent: Sequence[bytes] | None = None, *, signs: Sequence[bytes] | None = None
) -> list[dict[str, Any]]:
    """Show frames on a device, which signs them, or others; return what is said from then on."""
    payloads = frames_of("ana") if sent is None else sent
    with edge.connect() as socket:
        hello = socket.receive_json()
        announce(socket, tablet.device_id)
        for payload in payloads:
            socket.send_bytes(payload)
        count = until_asked(socket)["count"]
        covered = payloads[:count] if signs is None else signs
        signature = tablet.attempt_signature(UUID(hello["attempt_id"]), hello["nonce"], covered)
        socket.send_json({"type": "device", "device_id": str(tablet.device_id), "signature": text_of(signature)})
        return rest(socket)


def result_of(messages: Sequence[dict[str, Any]]) -> dict[str, Any]:
    (result,) = [message for message in messages if message.get("type") == "result"]
    return result


def reason(edge: Edge) -> str:
    text: str = edge.house.last("attempt.refused.v1")["reason"]
    return text


@pytest.mark.parametrize("der", [False, True], ids=["raw", "DER"])
@pytest.mark.parametrize("required", [(), (ICU,), ("*",)], ids=["optional", "required", "required everywhere"])
def test_a_paired_device_signs_a_person_in(tmp_path: Path, required: tuple[str, ...], der: bool) -> None:
    with opened(tmp_path, *required) as edge:
        tablet = paired(edge, der=der)

        assert result_of(sign_in(edge, tablet))["success"]
        (row,) = edge.house.rows("session_rows")
        assert (row["device_id"], row["amr"]) == (tablet.device_id, "face hwk pop mfa")


@pytest.mark.parametrize(("required", "said"), [((), "optional"), ((ICU,), "required"), ((LAB,), "optional")])
def test_hello_says_whether_a_device_is_needed(tmp_path: Path, required: tuple[str, ...], said: str) -> None:
    with opened(tmp_path, *required) as edge, edge.connect() as socket:
        assert socket.receive_json()["device"] == said


def test_frames_that_did_not_come_in_time_to_be_judged_are_signed_with_the_others(tmp_path: Path) -> None:
    with opened(tmp_path) as edge:
        # With one frame more than may wait, one is dropped unjudged or all are judged: the device signs what it sent.
        sent = [*frames_of("ana", 1, reason="blurred"), *frames_of("ana", 6)]

        assert result_of(sign_in(edge, paired(edge), sent))["success"]


def test_garbage_is_a_frame_like_any_other_to_the_chain(tmp_path: Path) -> None:
    with opened(tmp_path) as edge:
        sent = [b"FA01 cut short", *frames_of("ana", 2), b"no picture", *frames_of("ana", 4)[2:]]
        tablet, judged = paired(edge), edge.judge.done
        with edge.connect() as socket:
            hello = socket.receive_json()
            announce(socket, tablet.device_id)
            for place, payload in enumerate(sent):
                socket.send_bytes(payload)
                if place < 4:
                    # the header that is cut short reaches the judge as nothing at all, and counts
                    wait_until(lambda seen=judged + place: edge.judge.done > seen)
            count = until_asked(socket)["count"]
            signature = tablet.attempt_signature(UUID(hello["attempt_id"]), hello["nonce"], sent[:count])
            socket.send_json({"type": "device", "device_id": str(tablet.device_id), "signature": text_of(signature)})
            messages = rest(socket)

        assert result_of(messages)["success"]


def test_a_frame_that_the_device_did_not_send_is_noticed(tmp_path: Path) -> None:
    with opened(tmp_path) as edge:
        messages = sign_in(edge, paired(edge), signs=[*frames_of("ana")[:2], b"another"])

        refused = result_of(messages)
        told = {"type": "result", "success": False, "code": "device_rejected"}
        assert refused == told | {"next": "password", "fallback": "password"}
        assert reason(edge) == "device_signature"
        assert edge.house.rows("session_rows") == []


@pytest.mark.parametrize("signature", ["", "!!", "é", text_of(bytes(64)), text_of(b"\xff" * 64), "A" * 500, 7, [], {}])
def test_an_answer_that_is_no_signature_admits_nobody(tmp_path: Path, signature: Any) -> None:
    with opened(tmp_path, device_answer_seconds=0.2) as edge:
        tablet = paired(edge)
        with edge.connect() as socket:
            socket.receive_json()
            announce(socket, tablet.device_id)
            for payload in frames_of("ana"):
                socket.send_bytes(payload)
            until_asked(socket)
            socket.send_json({"type": "device", "device_id": str(tablet.device_id), "signature": signature})
            messages = rest(socket)

        if isinstance(signature, str):
            assert (result_of(messages)["code"], reason(edge)) == ("device_rejected", "device_signature")
        else:  # no answer, and so no device
            assert messages[0] == {"type": "error", "code": "invalid_message"}
            assert [row["device_id"] for row in edge.house.rows("session_rows")] == [None]


@pytest.mark.parametrize("required", [False, True], ids=["optional", "required"])
def test_a_device_that_does_not_answer_in_time_is_none(tmp_path: Path, required: bool) -> None:
    with opened(tmp_path, *([ICU] if required else []), device_answer_seconds=0.05) as edge:
        tablet = paired(edge)
        with edge.connect() as socket:
            socket.receive_json()
            announce(socket, tablet.device_id)
            for payload in frames_of("ana"):
                socket.send_bytes(payload)
            messages = rest(socket)

        result = result_of(messages)
        if required:
            assert (result["code"], result["next"], reason(edge)) == ("device_required", "password", "device_silent")
        else:
            assert result["success"]
            assert [row["amr"] for row in edge.house.rows("session_rows")] == ["face"]


def test_a_required_device_is_asked_for_at_the_first_frame_and_nothing_is_judged(tmp_path: Path) -> None:
    with opened(tmp_path, ICU) as edge:
        judged = edge.judge.done
        with edge.connect() as socket:
            socket.receive_json()
            socket.send_bytes(frames_of("ana")[0])
            messages = rest(socket)

        assert result_of(messages) == {
            "type": "result", "success": False, "code": "device_required", "next": "password", "fallback": "password",
        }  # fmt: skip
        assert reason(edge) == "device_missing"
        assert edge.judge.done == judged


def test_the_plain_mode_cannot_sign_and_is_refused_where_a_device_is_required(tmp_path: Path) -> None:
    with opened(tmp_path, ICU) as edge, edge.connect(plain=True) as socket:
        socket.send_bytes(frames_of("ana")[0])

        assert rest(socket)[0]["code"] == "device_required"


def test_a_device_that_is_not_ours_is_refused_before_its_first_frame(tmp_path: Path) -> None:
    with opened(tmp_path) as edge:
        foreign, lost, unknown = paired(edge, LAB), paired(edge), Tablet()
        unknown.device_id = uuid4()
        devices.revoke(edge.house.services, lost.device_id, department="*", reason="lost", act=edge.house.act())
        told = []
        for tablet in (foreign, lost, unknown):
            with edge.connect() as socket:
                socket.receive_json()
                announce(socket, tablet.device_id)
                told.append((rest(socket), reason(edge)))

        messages, reasons = zip(*told, strict=True)
        assert reasons == ("device_of_another_department", "device_revoked", "device_unknown")
        assert messages[0] == messages[1] == messages[2]
        assert messages[0][0]["code"] == "device_rejected"


def test_a_device_is_not_announced_twice_nor_after_a_frame_nor_with_a_signature_nobody_asked_for(
    tmp_path: Path,
) -> None:
    unexpected = {"type": "error", "code": "unexpected_device"}
    with opened(tmp_path) as edge:
        tablet = paired(edge)
        with edge.connect() as socket:
            socket.receive_json()
            socket.send_json({"type": "device", "device_id": str(tablet.device_id), "signature": text_of(bytes(64))})
            assert socket.receive_json() == unexpected
            announce(socket, tablet.device_id)
            announce(socket, tablet.device_id)
            assert socket.receive_json() == unexpected
        with edge.connect() as socket:
            socket.receive_json()
            socket.send_bytes(frames_of("ana")[0])
            announce(socket, tablet.device_id)
            assert unexpected in [socket.receive_json() for _ in range(3)]


def test_a_device_that_leaves_when_it_is_asked_to_sign_opens_no_session(tmp_path: Path) -> None:
    edge = build_edge(tmp_path)
    edge.house.enroll("ana")
    tablet = paired(edge)
    with serving(edge) as served:
        with served.connect() as socket:
            socket.recv()
            socket.send(json.dumps({"type": "device", "device_id": str(tablet.device_id)}))
            for payload in frames_of("ana"):
                socket.send(payload)
            while json.loads(socket.recv())["type"] != "sign":
                pass
        wait_until(lambda: "attempt.abandoned.v1" in edge.house.names(), seconds=2.0)

    assert edge.ended()["reason"] == "client_gone"
    assert edge.house.rows("session_rows") == []


def test_a_device_that_was_revoked_while_it_signed_opens_no_session(tmp_path: Path) -> None:
    with opened(tmp_path) as edge:
        tablet = paired(edge)
        with edge.connect() as socket:
            hello = socket.receive_json()
            announce(socket, tablet.device_id)
            for payload in frames_of("ana"):
                socket.send_bytes(payload)
            count = until_asked(socket)["count"]
            path = f"/face-auth/devices/{tablet.device_id}"
            gone = edge.client.request("DELETE", path, json={"reason": "stolen"}, headers=edge.headers())
            signature = tablet.attempt_signature(UUID(hello["attempt_id"]), hello["nonce"], frames_of("ana")[:count])
            socket.send_json({"type": "device", "device_id": str(tablet.device_id), "signature": text_of(signature)})
            messages = rest(socket)

        assert gone.json()["sessions_revoked"] == 0
        assert (result_of(messages)["code"], reason(edge)) == ("device_rejected", "device_revoked")


def test_frames_sent_while_the_signature_is_awaited_do_not_count_but_are_bounded(tmp_path: Path) -> None:
    with opened(tmp_path, max_frames=8) as edge:
        tablet = paired(edge)
        judged = edge.judge.done
        with edge.connect() as socket:
            socket.receive_json()
            announce(socket, tablet.device_id)
            for payload in frames_of("ana"):
                socket.send_bytes(payload)
            until_asked(socket)
            for payload in frames_of("bia", 6):
                socket.send_bytes(payload)
            messages = rest(socket)

        assert messages[-1]["reason"] == "too_many_frames"
        assert edge.judge.done - judged == 3


def test_a_busy_server_and_the_device_agree_on_what_was_dropped(tmp_path: Path) -> None:
    edge = build_edge(tmp_path / "busy", judge=SlowJudge)
    with serving(edge) as served:
        for _ in range(50):
            edge.judge.tickets.release()
        edge.house.enroll("ana")
        while edge.judge.tickets.acquire(blocking=False):
            pass
        tablet = paired(edge)
        sent = frames_of("ana", 12)
        with served.connect() as socket:
            hello = json.loads(socket.recv())
            socket.send(json.dumps({"type": "device", "device_id": str(tablet.device_id)}))
            seen = len(edge.judge.seen)
            for payload in sent:
                socket.send(payload)
            wait_until(lambda: len(edge.judge.seen) > seen)
            for _ in range(12):
                edge.judge.tickets.release()
            message = json.loads(socket.recv())
            while message["type"] != "sign":
                message = json.loads(socket.recv())
            signature = tablet.attempt_signature(UUID(hello["attempt_id"]), hello["nonce"], sent[: message["count"]])
            answer = {"type": "device", "device_id": str(tablet.device_id), "signature": text_of(signature)}
            socket.send(json.dumps(answer))
            message = json.loads(socket.recv())

    assert (message["type"], message["success"]) == ("result", True)
    assert edge.house.last("attempt.evidence_assessed.v1")["evidence"].frames_dropped > 0
