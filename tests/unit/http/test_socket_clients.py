"""A registered client signs people in for its own tokens, by naming itself when it connects."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pytest

from application.ports.clients import PUBLIC
from tests.house import ICU
from tests.unit.http.edge import SUBPROTOCOL, frames_of, rest
from tests.unit.http.oauth_client import REFRESH, client, form

if TYPE_CHECKING:
    from tests.unit.http.edge import Edge


def sign_in_as(edge: Edge, client_id: str) -> list[dict[str, Any]]:
    path = f"/face-auth/{ICU}?client_id={client_id}"
    with edge.client.websocket_connect(path, subprotocols=[SUBPROTOCOL]) as socket:
        for frame in frames_of("ana"):
            socket.send_bytes(frame)
        return rest(socket)


def test_the_tokens_are_that_clients_and_for_its_first_audience(edge: Edge) -> None:
    edge.enroll("ana")
    client(edge, "ward-app", "pharmacy", "ehr", kind=PUBLIC)
    (result,) = [m for m in sign_in_as(edge, "ward-app") if m.get("type") == "result"]
    found = result["tokens"]

    facts = edge.house.services.tokens.read_access(found["access_token"], ["pharmacy"])
    assert facts.client_id == "ward-app"
    assert edge.house.last("session.opened.v1")["client_id"] == "ward-app"
    assert form(edge, REFRESH, refresh_token=found["refresh_token"]).json()["error"] == "invalid_grant"
    fields = {"refresh_token": found["refresh_token"], "client_id": "ward-app"}
    assert edge.client.post(REFRESH, json=fields).status_code == 200


@pytest.mark.parametrize("client_id", ["nobody", "server", "strict", "gone", "%27%20OR%201", "", "%00"])
def test_who_may_not_take_tokens_so_signs_nobody_in(edge: Edge, client_id: str) -> None:
    edge.enroll("ana")
    client(edge, "server")
    client(edge, "strict", kind=PUBLIC, bound_only=True)
    client(edge, "gone", kind=PUBLIC)
    edge.house.services.clients.revoke("gone", edge.house.clock.now())
    before = edge.house.names()

    assert sign_in_as(edge, client_id)[-1] == {"close": 4401, "reason": "invalid_client"}
    assert edge.house.names() == before
