"""Events that are pushed to us (RFC 8935): 202 for what is done, a code for what is refused, "later" for the rest."""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from typing import TYPE_CHECKING, Any

import pytest

from tests.house import ICU
from tests.transmitter import RISC, SSF, Transmitter, ec_key, iss_sub
from tests.unit.http.edge import Edge, build_edge, client_of

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from httpx import Response

PATH = "/ssf/receiver/events"
SET = "application/secevent+jwt"
DISABLED = f"{RISC}account-disabled"


class Receiving:
    """An edge that knows a transmitter, and the transmitter."""

    def __init__(self, edge: Edge, **changed: Any) -> None:
        self.sender = Transmitter(edge.house.clock)
        if "credential_file" in changed:
            changed = {"verifier": self.sender.verifier(changed["credential_file"])}
        edge.house.services = replace(edge.house.services, reception=self.sender.reception(**changed))
        edge.app.services = edge.house.services
        self.edge = edge
        self.client = client_of(edge.app)

    def push(self, token: bytes, media_type: str = SET, **headers: str) -> Response:
        response: Response = self.client.post(PATH, content=token, headers={"content-type": media_type, **headers})
        return response

    def err(self, token: bytes, **more: Any) -> tuple[int, str]:
        response = self.push(token, **more)
        assert set(response.json()) == {"err", "description"}
        return response.status_code, response.json()["err"]


@pytest.fixture
def receiving(tmp_path: Path) -> Iterator[Receiving]:
    receiving = Receiving(build_edge(tmp_path))
    with receiving.client:
        yield receiving


def test_an_event_is_done_when_it_is_accepted(receiving: Receiving) -> None:
    receiving.edge.house.enroll("ana")

    response = receiving.push(receiving.sender.token(DISABLED, iss_sub("ana")))

    assert (response.status_code, response.content) == (202, b"")
    assert not receiving.edge.house.sign_in("ana").success


def test_whether_somebody_is_known_here_is_not_told(receiving: Receiving) -> None:
    receiving.edge.house.enroll("ana")

    known, unknown, again = (
        receiving.push(receiving.sender.token(DISABLED, iss_sub(name))) for name in ("ana", "nobody", "ana")
    )

    assert known.status_code == unknown.status_code == again.status_code == 202
    assert known.content == unknown.content == again.content


def test_a_duplicate_is_accepted_and_changes_nothing(receiving: Receiving) -> None:
    receiving.edge.house.enroll("ana")
    token = receiving.sender.token(DISABLED, iss_sub("ana"))
    receiving.push(token)
    position = receiving.edge.house.store.position()

    with ThreadPoolExecutor(4) as pool:
        answers = {response.status_code for response in pool.map(receiving.push, [token] * 60)}

    assert answers == {202}
    assert receiving.edge.house.store.position() == position


@pytest.mark.parametrize(
    ("changed", "err"),
    [
        ({"iss": "https://other.example"}, "invalid_issuer"),
        ({"aud": "https://other.example"}, "invalid_audience"),
        ({"iat": 1}, "invalid_request"),
        ({"jti": None}, "invalid_request"),
    ],
)
def test_a_refusal_says_which(receiving: Receiving, changed: dict[str, Any], err: str) -> None:
    assert receiving.err(receiving.sender.token(DISABLED, iss_sub("ana"), **changed)) == (400, err)


def test_a_token_of_another_key_is_refused(receiving: Receiving) -> None:
    claims = receiving.sender.claims(DISABLED, iss_sub("ana"))

    assert receiving.err(receiving.sender.sign(claims, key=ec_key(receiving.sender.key.kid))) == (400, "invalid_key")
    assert receiving.err(receiving.sender.sign(claims, key=ec_key("other"))) == (400, "invalid_key")


@pytest.mark.parametrize("media_type", ["application/json", "application/jwt", ""])
def test_another_media_type_is_refused(receiving: Receiving, media_type: str) -> None:
    token = receiving.sender.token(DISABLED, iss_sub("ana"))

    assert receiving.err(token, media_type=media_type) == (400, "invalid_request")


@pytest.mark.parametrize("size", [64 * 1024 + 1, 5 * 1024 * 1024])
def test_an_oversized_token_is_not_read_to_its_end(receiving: Receiving, size: int) -> None:
    assert receiving.err(b"x" * size) == (413, "invalid_request")


def test_deep_json_is_refused(receiving: Receiving) -> None:
    assert receiving.err(receiving.sender.sign(b'{"a":' * 8000)) == (400, "invalid_request")


def test_what_cannot_be_done_now_is_to_be_sent_again(receiving: Receiving) -> None:
    receiving.edge.house.enroll("ana")
    token = receiving.sender.token(DISABLED, iss_sub("ana"))
    receiving.edge.house.store.lost = True

    lost = receiving.push(token)

    assert (lost.status_code, lost.headers["retry-after"]) == (503, "5")
    receiving.edge.house.store.lost = False
    assert receiving.push(token).status_code == 202
    assert not receiving.edge.house.sign_in("ana").success


def test_what_breaks_is_no_202_either(receiving: Receiving, monkeypatch: pytest.MonkeyPatch) -> None:
    receiving.edge.house.enroll("ana")

    def broken(*_args: object, **_kwargs: object) -> bool:
        raise RuntimeError("a bug")

    monkeypatch.setattr("application.accounts.suspend", broken)

    assert receiving.push(receiving.sender.token(DISABLED, iss_sub("ana"))).status_code == 500


def test_a_bearer_token_is_asked_for_where_one_is_agreed(tmp_path: Path) -> None:
    (tmp_path / "token").write_text("s3cret")
    receiving = Receiving(build_edge(tmp_path / "home"), credential_file=tmp_path / "token")
    token = receiving.sender.token(f"{SSF}verification")

    for header in ({}, {"authorization": "Bearer wrong"}, {"authorization": "Basic s3cret"}):
        assert receiving.err(token, **header) == (401, "authentication_failed")
    assert receiving.push(token, authorization="Bearer s3cret").status_code == 202


def test_without_a_transmitter_there_is_no_receiver(edge: Edge) -> None:
    assert edge.client.post(PATH, content=b"x", headers={"content-type": SET}).status_code == 404


def test_the_officer_sees_what_became_of_an_event(receiving: Receiving) -> None:
    subject_id = receiving.edge.house.enroll("ana").subject_id
    receiving.push(receiving.sender.token(DISABLED, iss_sub("ana")))

    headers = receiving.edge.headers("compliance_officer", "*")
    shown = receiving.client.get(f"/face-auth/audit/events?subject={subject_id}", headers=headers).json()["events"]

    entry = next(event for event in shown if event["event"] == "journal.recorded.v1")
    assert (entry["data"]["kind"], entry["data"]["facts"]["events"]) == ("signal", "account-disabled")
    caused = {event["event"] for event in shown if event["causation_id"] == entry["aggregate_id"]}
    assert caused >= {"account.suspended.v1", "enrollment.suspended.v1"}
    assert ICU in {event["data"].get("department") for event in shown}
