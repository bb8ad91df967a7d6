"""Checkpoints, proofs and the last verdict over HTTP."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from application import checkpoints
from application.verification import verify
from domain.roles import COMPLIANCE_OFFICER, EVERYWHERE
from tests.unit.http.edge import Edge, build_edge

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from httpx import Response


@pytest.fixture
def edge(tmp_path: Path) -> Iterator[Edge]:
    edge = build_edge(tmp_path)
    with edge.client:
        yield edge


def asked(edge: Edge, path: str) -> Response:
    token = edge.token(COMPLIANCE_OFFICER, EVERYWHERE)
    answer: Response = edge.client.get(f"/face-auth/audit/{path}", headers={"authorization": f"Bearer {token}"})
    return answer


def test_anybody_reads_the_key_that_signs_proofs(edge: Edge) -> None:
    answer = edge.client.get("/face-auth/audit/key").json()
    assert answer == {
        "thumbprint": edge.house.services.notary.key_id,
        "jwk": dict(edge.house.services.notary.public_jwk),
    }


def test_an_officer_reads_checkpoints_proofs_and_the_last_verdict(edge: Edge) -> None:
    assert asked(edge, "checkpoints").json() == {"checkpoints": [], "truncated": False}
    assert asked(edge, "checkpoints/latest").status_code == 404
    assert asked(edge, "verification").json() == {"verification": None}
    assert asked(edge, "proof?position=2").status_code == 404

    edge.enroll("ana")
    house = edge.house
    first = checkpoints.make(house.services, at=house.clock.now())
    second = checkpoints.make(house.services, at=house.clock.now())
    verify(house.services, act=house.act())

    assert asked(edge, "checkpoints").json()["checkpoints"] == [first, second]
    assert asked(edge, "checkpoints?after=1").json()["checkpoints"] == [second]
    assert asked(edge, "checkpoints/latest").json() == second
    assert asked(edge, "proof?position=2").json()["checkpoint"] == second
    assert asked(edge, "verification").json()["verification"]["verdict"] == "sound"


@pytest.mark.parametrize("position", ["", "-1", "x", "1.0", "²", "9" * 30, "9223372036854775808"])
def test_a_position_that_is_none_is_refused(edge: Edge, position: str) -> None:
    answer = asked(edge, f"proof?position={position}")
    assert (answer.status_code, answer.json()["code"]) == (422, "invalid_input")


def test_an_event_that_was_changed_is_not_proven(edge: Edge) -> None:
    edge.enroll("ana")
    checkpoints.make(edge.house.services, at=edge.house.clock.now())
    object.__setattr__(edge.house.store._listenable._stored_events[2], "state", b"changed")
    answer = asked(edge, "proof?position=3")
    assert (answer.status_code, answer.json()["code"]) == (409, "log_broken")
