"""A token that is bound to a key is no use to whoever steals it (RFC 9449)."""

from __future__ import annotations

from datetime import timedelta
from typing import TYPE_CHECKING, Any

import pytest
from joserfc.jwk import ECKey

from tests.unit.http.oauth_client import INTROSPECT, REFRESH, bearer, client, form, prove, tokens

if TYPE_CHECKING:
    from httpx import Response

    from tests.unit.http.edge import Edge

MINE = "/face-auth/me/sessions"
KEY, OTHER = ECKey.generate_key("P-256"), ECKey.generate_key("P-256")


@pytest.fixture
def bound(edge: Edge) -> dict[str, Any]:
    """The tokens of a session that its client bound to a key by its first refresh."""
    edge.enroll("ana")
    proof = prove(edge, KEY, "POST", REFRESH)
    found: dict[str, Any] = form(edge, REFRESH, {"dpop": proof}, refresh_token=tokens(edge)["refresh_token"]).json()
    return found


def use(edge: Edge, token: str, proof: str, scheme: str = "DPoP") -> Response:
    response: Response = edge.client.get(MINE, headers={"authorization": f"{scheme} {token}", "dpop": proof})
    return response


def test_a_bound_token_opens_with_the_proof_of_its_key(edge: Edge, bound: dict[str, Any]) -> None:
    token = bound["access_token"]

    assert bound["token_type"] == "DPoP"
    assert use(edge, token, prove(edge, KEY, "GET", MINE, token)).status_code == 200


def test_introspection_tells_the_key_of_a_bound_token(edge: Edge, bound: dict[str, Any]) -> None:
    document = form(edge, INTROSPECT, client(edge), token=bound["access_token"]).json()

    assert (document["token_type"], document["cnf"]) == ("DPoP", {"jkt": KEY.thumbprint()})


def test_without_its_proof_a_bound_token_opens_nothing(edge: Edge, bound: dict[str, Any]) -> None:
    token = bound["access_token"]
    answers = [
        edge.client.get(MINE, headers=bearer(token)),
        edge.client.get(MINE, headers={"authorization": f"DPoP {token}"}),
        use(edge, token, prove(edge, KEY, "GET", MINE, token), "Bearer"),
        use(edge, token, prove(edge, OTHER, "GET", MINE, token)),
        use(edge, token, prove(edge, KEY, "GET", MINE)),
        use(edge, token, prove(edge, KEY, "GET", MINE, "another")),
        use(edge, token, prove(edge, KEY, "POST", MINE, token)),
        use(edge, token, prove(edge, KEY, "GET", "/face-auth/logout", token)),
        use(edge, token, prove(edge, KEY, "GET", MINE, token, htu="https://evil.test" + MINE)),
        use(edge, token, "garbage"),
    ]

    assert {answer.status_code for answer in answers} == {401}


def test_two_proofs_are_no_proof(edge: Edge, bound: dict[str, Any]) -> None:
    token = bound["access_token"]
    headers = [("authorization", f"DPoP {token}")]
    headers += [("dpop", prove(edge, KEY, "GET", MINE, token)) for _ in range(2)]

    assert edge.client.get(MINE, headers=headers).status_code == 401


def test_a_proof_passes_once(edge: Edge, bound: dict[str, Any]) -> None:
    proof = prove(edge, KEY, "GET", MINE, bound["access_token"])

    assert use(edge, bound["access_token"], proof).status_code == 200
    assert use(edge, bound["access_token"], proof).status_code == 401


@pytest.mark.parametrize(
    ("age", "good"),
    [
        (timedelta(minutes=5), False),
        (timedelta(seconds=60), False),
        (timedelta(seconds=59), True),
        (timedelta(seconds=-30), True),
        (timedelta(seconds=-31), False),
        (timedelta(minutes=-5), False),
    ],
)
def test_a_proof_is_of_this_minute(edge: Edge, bound: dict[str, Any], age: timedelta, good: bool) -> None:
    made = int((edge.house.clock.now() - age).timestamp())
    proof = prove(edge, KEY, "GET", MINE, bound["access_token"], iat=made)

    assert use(edge, bound["access_token"], proof).status_code == (200 if good else 401)


def test_a_bearer_token_does_not_go_with_a_proof(edge: Edge) -> None:
    edge.enroll("ana")
    token = tokens(edge)["access_token"]

    assert use(edge, token, prove(edge, KEY, "GET", MINE, token)).status_code == 401
    staff = edge.token("compliance_officer", "*")
    answer = edge.client.get("/face-auth/audit/events", headers={"authorization": f"DPoP {staff}"})
    assert answer.status_code == 401


def test_a_bound_session_is_refreshed_with_its_key_only(edge: Edge, bound: dict[str, Any]) -> None:
    token = bound["refresh_token"]
    for headers in (
        {},
        {"dpop": prove(edge, OTHER, "POST", REFRESH)},
        {"dpop": "garbage"},
        {"dpop": prove(edge, KEY, "POST", INTROSPECT)},
    ):
        response = form(edge, REFRESH, headers, refresh_token=token)
        assert (response.status_code, response.json()["error"]) == (400, "invalid_dpop_proof")

    assert form(edge, REFRESH, {"dpop": prove(edge, KEY, "POST", REFRESH)}, refresh_token=token).status_code == 200


def test_a_used_proof_refreshes_nothing(edge: Edge, bound: dict[str, Any]) -> None:
    proof = prove(edge, KEY, "POST", REFRESH)
    done = form(edge, REFRESH, {"dpop": proof}, refresh_token=bound["refresh_token"]).json()

    assert form(edge, REFRESH, {"dpop": proof}, refresh_token=done["refresh_token"]).json()["error"] == (
        "invalid_dpop_proof"
    )
