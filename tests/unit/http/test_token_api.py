"""Tokens over HTTP, as clients and resource servers of the hospital use them."""

from __future__ import annotations

from datetime import timedelta
from typing import TYPE_CHECKING, Any
from uuid import uuid4

import pytest

from application.ports.clients import PUBLIC
from application.sessions import refresh_token_for
from tests.house import ICU
from tests.unit.http.oauth_client import (
    INTROSPECT,
    ISSUER,
    REFRESH,
    REVOKE,
    basic,
    bearer,
    client,
    form,
    tokens,
)

if TYPE_CHECKING:
    from tests.unit.http.edge import Edge


@pytest.fixture
def signed_in(edge: Edge) -> dict[str, Any]:
    edge.enroll("ana")
    return tokens(edge)


def ask(edge: Edge, token: str, headers: dict[str, str]) -> Any:
    response = form(edge, INTROSPECT, headers, token=token)
    assert response.status_code == 200
    return response.json()


def test_a_form_and_a_json_body_refresh_alike(edge: Edge, signed_in: dict[str, Any]) -> None:
    first = form(edge, REFRESH, grant_type="refresh_token", refresh_token=signed_in["refresh_token"])
    second = edge.client.post(REFRESH, json={"refresh_token": first.json()["refresh_token"]})

    for response in (first, second):
        assert response.status_code == 200
        assert set(response.json()) == {"access_token", "token_type", "expires_in", "refresh_token"}
        assert (response.json()["token_type"], response.json()["expires_in"]) == ("Bearer", 300)
        assert response.headers["cache-control"] == "no-store"
    assert edge.client.get("/face-auth/me/sessions", headers=bearer(second.json()["access_token"])).status_code == 200


def test_a_replay_ends_the_session_and_says_so(edge: Edge, signed_in: dict[str, Any]) -> None:
    done = form(edge, REFRESH, refresh_token=signed_in["refresh_token"]).json()
    replay = form(edge, REFRESH, refresh_token=signed_in["refresh_token"])

    assert (replay.status_code, replay.json()["error"], replay.json()["code"]) == (
        400,
        "invalid_grant",
        "refresh_reused",
    )
    assert form(edge, REFRESH, refresh_token=done["refresh_token"]).json()["error"] == "invalid_grant"
    assert edge.client.get("/face-auth/me/sessions", headers=bearer(done["access_token"])).status_code == 401


def test_a_guess_changes_nothing(edge: Edge, signed_in: dict[str, Any]) -> None:
    guess, _ = refresh_token_for(uuid4())
    response = form(edge, REFRESH, refresh_token=guess)

    assert (response.status_code, response.json()["code"]) == (400, "invalid_grant")
    assert form(edge, REFRESH, refresh_token=signed_in["refresh_token"]).status_code == 200


@pytest.mark.parametrize(
    ("request_", "error"),
    [
        ({"data": {}}, "invalid_request"),
        ({"data": {"refresh_token": ""}}, "invalid_request"),
        ({"data": {"refresh_token": "x", "grant_type": "password"}}, "unsupported_grant_type"),
        ({"content": "refresh_token=a&refresh_token=b", "headers": "form"}, "invalid_request"),
        ({"content": b"refresh_token=\xff", "headers": "form"}, "invalid_request"),
        ({"content": b"\xff\xfe", "headers": "form"}, "invalid_request"),
        ({"content": "&".join(f"a{n}=1" for n in range(100)), "headers": "form"}, "invalid_request"),
        ({"content": '{"refresh_token": 1}', "headers": "json"}, "invalid_request"),
        ({"content": '{"refresh_token": {"a": "b"}}', "headers": "json"}, "invalid_request"),
        ({"content": '{"refresh_token": "a", "refresh_token": "b"}', "headers": "json"}, "invalid_request"),
        ({"content": '[["refresh_token", "a"]]', "headers": "json"}, "invalid_request"),
        ({"content": "[" * 10_000, "headers": "json"}, "invalid_request"),
        ({"content": '{"refresh_token": "\\ud800"}', "headers": "json"}, "invalid_grant"),
        ({"content": '{"refresh_token": "x", "client_id": "\\ud800"}', "headers": "json"}, "invalid_client"),
        ({"content": "refresh_token=x", "headers": "text"}, "invalid_request"),
        ({"data": {"refresh_token": "x", "client_id": "nobody"}}, "invalid_client"),
        ({"data": {"refresh_token": "x", "client_id": "' OR 1=1 --"}}, "invalid_client"),
        ({"data": {"refresh_token": "x", "client_id": "faceauth-app", "client_secret": "guess"}}, "invalid_client"),
        ({"data": {"refresh_token": "x", "resource": "payroll"}}, "invalid_target"),
    ],
)
def test_a_request_that_makes_no_sense_is_told_so_in_the_words_of_oauth(
    edge: Edge, request_: dict[str, Any], error: str
) -> None:
    kinds = {"form": "application/x-www-form-urlencoded", "json": "application/json", "text": "text/plain"}
    if "headers" in request_:
        request_ = request_ | {"headers": {"content-type": kinds[request_["headers"]]}}
    response = edge.client.post(REFRESH, **request_)

    assert (response.status_code, response.json()["error"]) == (401 if error == "invalid_client" else 400, error)
    assert edge.house.names() == []


def test_a_body_beyond_its_limit_is_refused(edge: Edge) -> None:
    assert form(edge, REFRESH, refresh_token="x" * 20_000).status_code == 413


def test_a_store_that_is_lost_refuses_and_the_token_is_not_spent(edge: Edge, signed_in: dict[str, Any]) -> None:
    edge.house.store.lost = True
    assert form(edge, REFRESH, refresh_token=signed_in["refresh_token"]).status_code == 503
    edge.house.store.lost = False

    assert form(edge, REFRESH, refresh_token=signed_in["refresh_token"]).status_code == 200


def test_another_audience_of_the_client_may_be_named(edge: Edge, signed_in: dict[str, Any]) -> None:
    response = form(edge, REFRESH, refresh_token=signed_in["refresh_token"], resource="ehr")
    token = response.json()["access_token"]

    assert ask(edge, token, client(edge, "ehr-server", "ehr"))["aud"] == "ehr"
    assert edge.client.get("/face-auth/me/sessions", headers=bearer(token)).status_code == 401


def test_a_confidential_client_shows_its_secret_in_one_way(edge: Edge, signed_in: dict[str, Any]) -> None:
    header = client(edge)
    secret: Any = {"client_id": "ehr-server", "client_secret": "wrong"}
    token = signed_in["refresh_token"]

    assert form(edge, REFRESH, header, refresh_token=token).json()["error"] == "invalid_grant"
    assert form(edge, REFRESH, header, refresh_token=token, **secret).json()["error"] == "invalid_request"
    assert form(edge, REFRESH, refresh_token=token, **secret).json()["error"] == "invalid_client"
    assert form(edge, REFRESH, refresh_token=token, client_id="ehr-server").json()["error"] == "invalid_client"
    assert form(edge, REFRESH, refresh_token=token, client_id="faceauth-app").status_code == 200


def test_a_token_in_force_is_introspected_with_the_subject_of_its_audience(
    edge: Edge, signed_in: dict[str, Any]
) -> None:
    document = ask(edge, signed_in["access_token"], client(edge))

    assert document.pop("sub") != edge.house.last("session.opened.v1")["subject_id"]
    assert document.pop("exp") == int((edge.house.clock.now() + timedelta(minutes=5)).timestamp())
    assert document.pop("auth_time")
    assert document == {
        "active": True,
        "token_type": "Bearer",
        "aud": "medical-record",
        "client_id": "faceauth-app",
        "acr": "urn:faceauth:acr:face-passive",
        "amr": ["face"],
        "department": ICU,
        "sid": signed_in["session_id"],
    }


def test_of_other_tokens_nobody_learns_anything(edge: Edge, signed_in: dict[str, Any]) -> None:
    good, lab = client(edge), client(edge, "lab", "laboratory")

    for token, headers in (
        (signed_in["access_token"], lab),
        (signed_in["refresh_token"], good),
        (edge.token("operator", "*"), good),
        ("garbage", good),
        ("é" * 100, good),
    ):
        assert ask(edge, token, headers) == {"active": False}


def test_an_operator_may_ask_about_every_audience(edge: Edge, signed_in: dict[str, Any]) -> None:
    client(edge, "lab", "laboratory")
    other = form(edge, REFRESH, refresh_token=signed_in["refresh_token"], resource="ehr").json()["access_token"]

    for token in (signed_in["access_token"], other):
        assert ask(edge, token, edge.headers("operator", "*"))["active"]


def test_a_token_is_inactive_the_moment_its_session_ends_in_whatever_way(edge: Edge) -> None:
    edge.enroll("ana")
    header = client(edge)
    for end in (
        lambda t: form(edge, REVOKE, token=t["access_token"]),
        lambda t: form(edge, REVOKE, token=t["refresh_token"]),
        lambda t: edge.client.post("/face-auth/logout", headers=bearer(t["access_token"])),
        lambda t: edge.client.delete("/face-auth/me/sessions", headers=bearer(t["access_token"])),
        lambda t: edge.client.delete(f"/face-auth/sessions/{t['session_id']}", headers=edge.headers()),
        lambda _: edge.post("/face-auth/sessions/revoke", {"department": ICU}),
        lambda _: edge.house.clock.advance(timedelta(minutes=5)),
        lambda _: edge.post("/face-auth/consent/withdraw", {"username": "ana.souza"}),
    ):
        found = tokens(edge)
        assert ask(edge, found["access_token"], header)["active"]
        end(found)
        assert ask(edge, found["access_token"], header) == {"active": False}, "an ended session was told to stand"


def test_an_idle_session_is_inactive_though_its_token_lives(edge: Edge, signed_in: dict[str, Any]) -> None:
    token = signed_in["refresh_token"]
    edge.house.clock.advance(timedelta(minutes=29))
    done = form(edge, REFRESH, refresh_token=token).json()
    edge.house.clock.advance(timedelta(hours=7, minutes=29))

    assert ask(edge, done["access_token"], client(edge)) == {"active": False}


def test_who_asks_must_be_a_client_with_its_secret_or_an_operator(edge: Edge, signed_in: dict[str, Any]) -> None:
    header = client(edge)
    client(edge, "app", kind=PUBLIC)
    token = signed_in["access_token"]
    for headers in (
        basic("ehr-server", "wrong"),
        basic("ehr-server", ""),
        basic("nobody", "x"),
        basic("app", ""),
        basic("faceauth-app", ""),
        {"authorization": "Basic !!!"},
        {"authorization": "Basic " + "x" * 1000},
    ):
        response = form(edge, INTROSPECT, headers, token=token)
        assert (response.status_code, response.json()["error"]) == (401, "invalid_client")
        assert response.headers["www-authenticate"].startswith("Basic")
    for headers, status in ((edge.headers("department_admin", "*"), 403), (bearer(token), 403), ({}, 401)):
        assert form(edge, INTROSPECT, headers, token=token).status_code == status
    assert ask(edge, token, header)["active"]


def test_a_revoked_client_asks_nothing_more(edge: Edge, signed_in: dict[str, Any]) -> None:
    header = client(edge)
    assert ask(edge, signed_in["access_token"], header)["active"]
    edge.house.services.clients.revoke("ehr-server", edge.house.clock.now())

    assert form(edge, INTROSPECT, header, token=signed_in["access_token"]).status_code == 401


def test_introspection_fails_closed_when_the_store_is_lost(edge: Edge, signed_in: dict[str, Any]) -> None:
    header = client(edge)
    ask(edge, signed_in["access_token"], header)
    edge.house.store.lost = True

    assert form(edge, INTROSPECT, header, token=signed_in["access_token"]).status_code == 503


def test_revoking_what_is_unknown_is_no_error_and_changes_nothing(edge: Edge) -> None:
    guess, _ = refresh_token_for(uuid4())
    before = edge.house.store.position()
    for token in ("garbage", guess, edge.token("operator", "*")):
        assert form(edge, REVOKE, token=token, token_type_hint="access_token").status_code == 200

    assert edge.house.store.position() == before
    assert form(edge, REVOKE).json()["error"] == "invalid_request"


def test_a_client_cannot_revoke_what_is_anothers(edge: Edge, signed_in: dict[str, Any]) -> None:
    header = client(edge)
    for token in (signed_in["access_token"], signed_in["refresh_token"]):
        assert form(edge, REVOKE, header, token=token).status_code == 200

    assert ask(edge, signed_in["access_token"], header)["active"]


def test_a_spent_refresh_token_ends_its_session_when_it_is_revoked(edge: Edge, signed_in: dict[str, Any]) -> None:
    done = form(edge, REFRESH, refresh_token=signed_in["refresh_token"]).json()
    form(edge, REVOKE, token=signed_in["refresh_token"])

    assert form(edge, REFRESH, refresh_token=done["refresh_token"]).json()["code"] == "invalid_grant"
    assert edge.house.last("session.revoked.v1")["reason"] == "client_revoked"


def test_the_discovery_document_names_what_is_there_and_nothing_else(edge: Edge) -> None:
    document = edge.client.get("/.well-known/oauth-authorization-server").json()

    assert edge.client.get("/.well-known/openid-configuration").json() == document
    assert document["issuer"] == ISSUER
    assert document["grant_types_supported"] == ["refresh_token"]
    assert document["response_types_supported"] == []
    assert "authorization_endpoint" not in document
    for name in ("token_endpoint", "revocation_endpoint", "introspection_endpoint", "jwks_uri"):
        path = document[name].removeprefix(ISSUER)
        response = edge.client.get(path) if name == "jwks_uri" else edge.client.post(path)
        assert response.status_code in {200, 400, 401}, path
