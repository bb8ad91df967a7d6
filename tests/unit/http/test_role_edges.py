"""Beside the table: the WebSocket, where no token counts, and introspection, which checks its own."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pytest

from domain.roles import EVERYWHERE, OPERATOR, STAFF_ROLES, SUBJECT
from tests.house import ICU, LAB
from tests.unit.http.edge import SUBPROTOCOL, frames_of, rest
from tests.unit.http.oauth_client import INTROSPECT, form
from tests.unit.http.role_world import HERE, NOBODY, PLACES, REVOKED, THERE, World, bearer, world_in

if TYPE_CHECKING:
    from collections.abc import Iterator

CALLERS = [
    *((role, place) for role in sorted(STAFF_ROLES) for place in PLACES),
    *((role, place) for role in (SUBJECT, REVOKED) for place in (HERE, THERE)),
    (NOBODY, HERE),
]
FRESH = ("attempt_id", "session_id", "nonce", "expires_at", "access_token", "refresh_token", "session_expires_at")


@pytest.fixture(scope="module")
def world(tmp_path_factory: pytest.TempPathFactory) -> Iterator[World]:
    world = world_in(tmp_path_factory.mktemp("edges"))
    with world.edge.client:
        yield world


def heard(
    world: World, face: str, department: str, headers: dict[str, str], query: str = "", *protocols: str
) -> list[dict[str, Any]]:
    """All that the socket says to whoever shows that face; what is new each time is left out."""
    path = f"/face-auth/{department}{query}"
    with world.edge.client.websocket_connect(path, subprotocols=[SUBPROTOCOL, *protocols], headers=headers) as socket:
        said = [socket.receive_json()] if department in {ICU, LAB} else []
        if said:
            for payload in frames_of(face):
                socket.send_bytes(payload)
        return [without_fresh(message) for message in [*said, *rest(socket)] if message.get("type") != "guidance"]


def without_fresh(said: Any) -> Any:
    if isinstance(said, dict):
        return {name: without_fresh(value) for name, value in said.items() if name not in FRESH}
    return said


@pytest.mark.parametrize(("face", "department"), [("ana", ICU), ("ana", LAB), ("stranger", ICU), ("ana", "nowhere")])
@pytest.mark.parametrize(("who", "place"), [each for each in CALLERS if each != (NOBODY, HERE)])
def test_the_socket_says_the_same_whatever_token_is_shown(
    world: World, who: str, place: str, face: str, department: str
) -> None:
    bare = heard(world, face, department, {})
    headers = world.headers(who, place)

    assert heard(world, face, department, headers) == bare
    assert any(message.get("success") for message in bare) is ((face, department) == ("ana", ICU))


@pytest.mark.parametrize("authorization", ["Bearer idp.forged", "Bearer", "Basic eDp5", "DPoP x", "\x00"])
def test_nor_does_one_that_is_none(world: World, authorization: str) -> None:
    assert heard(world, "ana", ICU, {"authorization": authorization}) == heard(world, "ana", ICU, {})


def test_nor_one_in_the_address_or_among_the_subprotocols(world: World) -> None:
    token = world.edge.token("department_admin", EVERYWHERE)
    bare = heard(world, "ana", LAB, {})

    assert heard(world, "ana", LAB, {}, f"?access_token={token}&department={ICU}") == bare
    assert heard(world, "ana", LAB, {}, "", f"bearer.{token}") == bare


def test_who_signs_in_by_face_with_an_operators_token_is_the_face_and_no_operator(world: World) -> None:
    edge = world.edge
    with edge.client.websocket_connect(
        f"/face-auth/{ICU}", subprotocols=[SUBPROTOCOL], headers=edge.headers(OPERATOR, EVERYWHERE)
    ) as socket:
        for payload in frames_of("ana"):
            socket.send_bytes(payload)
        (result,) = [message for message in rest(socket) if message.get("type") == "result"]

    principal = edge.house.services.tokens.verify(result["tokens"]["access_token"])

    assert (principal.roles, principal.department) == (frozenset({SUBJECT}), ICU)
    assert str(principal.subject_id) == world.target.subject_id


# Introspection is for clients with a secret, and for operators: of the department that the token is of.
@pytest.mark.parametrize(("who", "place"), CALLERS)
def test_of_the_tokens_only_an_operators_introspects_and_only_within_the_walls(
    world: World, who: str, place: str
) -> None:
    token = world.session_of("ana", ICU, SUBJECT)["authorization"].removeprefix("Bearer ")
    headers = world.headers(who, place)

    answer = form(world.edge, INTROSPECT, headers, token=token)

    refusal = 401 if who in {NOBODY, REVOKED} else 403
    assert answer.status_code == (200 if who == OPERATOR else refusal)
    if who == OPERATOR:
        assert answer.json()["active"] is (place != THERE)
        assert place != THERE or answer.json() == form(world.edge, INTROSPECT, headers, token="garbage").json()


@pytest.mark.parametrize("by", ["hospital", "nobody"])
def test_an_operator_of_no_department_introspects_nothing(world: World, by: str) -> None:
    token = world.session_of("ana", ICU, SUBJECT)["authorization"].removeprefix("Bearer ")
    headers = world.hospital(frozenset({OPERATOR}), "") if by == "hospital" else bearer("idp.forged")

    answer = form(world.edge, INTROSPECT, headers, token=token)

    assert answer.status_code == (403 if by == "hospital" else 401)


def test_the_hospitals_operator_is_behind_the_same_walls(world: World) -> None:
    token = world.session_of("ana", ICU, SUBJECT)["authorization"].removeprefix("Bearer ")

    active = [
        form(world.edge, INTROSPECT, world.hospital(frozenset({OPERATOR}), place), token=token).json()["active"]
        for place in (ICU, LAB, EVERYWHERE)
    ]

    assert active == [True, False, True]
