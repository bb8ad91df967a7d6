"""Credentials where they do not belong: of others, of elsewhere, of people who are out by now."""

from __future__ import annotations

from datetime import timedelta
from typing import TYPE_CHECKING, Any
from uuid import UUID

import pytest

from application import account_passwords, accounts, consent, erase
from application.clients import add_client, revoke_client
from application.ports.clients import PUBLIC
from application.ports.tokens import Principal
from application.services import Policies
from domain.policies.passwords import PasswordPolicy
from domain.roles import COMPLIANCE_OFFICER, DEPARTMENT_ADMIN, OPERATOR, PROVISIONER
from domain.session import Session
from tests.house import ICU, LAB, person
from tests.unit.application.erasing import damage
from tests.unit.http.edge import Edge, build_edge, frames_of, rest
from tests.unit.http.oauth_client import INTROSPECT, REFRESH, REVOKE, bearer, client, form, tokens

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

SECRET, OTHER = "seis caixas de gaze azul", "nove frascos de soro frio"
PASSWORD, OWN = "/face-auth/password", "/face-auth/me/sessions"


def subject_of(edge: Edge) -> UUID:
    found = edge.house.store.claimant("username", edge.house.vault.digest("username", "ana.souza"))
    assert found is not None
    return found


def idp_token(edge: Edge, *roles: str, department: str = ICU) -> str:
    """A token of the hospital's provider, as the memory twin has it."""
    principal = Principal("idp:1", frozenset(roles), department, "jti")
    provider: Any = edge.house.services.identity
    token: str = provider.issue(principal, timedelta(minutes=5))
    return token


def entered(edge: Edge, **changed: Any) -> dict[str, Any]:
    body = {"department": ICU, "username": "ana.souza", "password": SECRET} | changed
    found: dict[str, Any] = edge.client.post(PASSWORD, json=body).json()
    return found


def with_account(edge: Edge) -> UUID:
    account = accounts.open_account(edge.house.services, person("ana"), department=ICU, act=edge.house.act())
    account_passwords.set_password(
        edge.house.services, account.subject_id, SECRET, temporary=False, act=edge.house.act()
    )
    return account.subject_id


def act_and(change: Callable[..., Any], **more: Any) -> Callable[[Edge], object]:
    return lambda edge: change(edge.house.services, subject_of(edge), **more, act=edge.house.act())


ENDS: dict[str, Callable[[Edge], object]] = {
    "withdrawal": act_and(consent.withdraw, reason="mine"),
    "suspension": act_and(accounts.suspend, reason="leave"),
    "move": lambda edge: accounts.move(edge.house.services, subject_of(edge), LAB, act=edge.house.act()),
    "erasure": act_and(erase.erase),
    "signal": act_and(accounts.end_sessions, reason="signal"),
}


@pytest.mark.parametrize("end", ENDS)
def test_after_the_end_no_token_of_the_session_opens_anything(edge: Edge, end: str) -> None:
    edge.enroll("ana")
    found, resource = tokens(edge), client(edge)
    assert edge.client.get(OWN, headers=bearer(found["access_token"])).status_code == 200
    ENDS[end](edge)

    assert form(edge, REFRESH, refresh_token=found["refresh_token"]).json()["error"] == "invalid_grant"
    assert edge.client.get(OWN, headers=bearer(found["access_token"])).status_code == 401
    assert form(edge, INTROSPECT, resource, token=found["access_token"]).json() == {"active": False}


def test_an_account_that_is_out_opens_nothing_before_its_sessions_are_ended(edge: Edge) -> None:
    edge.enroll("ana")
    found, services = tokens(edge), edge.house.services
    accounts.suspend(services, subject_of(edge), reason="leave", act=edge.house.act())
    accounts.reinstate(services, subject_of(edge), reason="back", act=edge.house.act())
    found = tokens(edge)
    account = accounts.standing_account(services, subject_of(edge))
    assert account is not None
    account.suspend(reason="cut_off", act=edge.house.act())
    services.store.save(account)

    assert edge.house.store.get(Session, _id(found)).status == "open"
    answer = edge.client.get(OWN, headers=bearer(found["access_token"]))
    assert (answer.status_code, answer.json()["code"]) == (401, "invalid_token")


def _id(found: dict[str, Any]) -> UUID:
    return UUID(found["session_id"])


def test_a_session_that_was_tampered_with_is_none(edge: Edge) -> None:
    edge.enroll("ana")
    found = tokens(edge)
    damage(edge.house, edge.house.store.get(Session, _id(found)))

    answer = edge.client.get(OWN, headers=bearer(found["access_token"]))
    assert (answer.status_code, answer.json()["code"]) == (401, "invalid_token")


def test_tokens_for_the_medical_record_are_not_for_us_unless_it_is_the_built_in_one(edge: Edge) -> None:
    edge.enroll("ana")
    add_client(edge.house.services, "ehr-app", kind=PUBLIC, audiences=["ehr"], act=edge.house.act())
    elsewhere = form(edge, REFRESH, refresh_token=tokens(edge)["refresh_token"], resource="ehr").json()

    for method, path in (("GET", OWN), ("DELETE", OWN), ("POST", "/face-auth/logout")):
        answer = edge.client.request(method, path, headers=bearer(elsewhere["access_token"]))
        assert (answer.status_code, answer.json()["code"]) == (401, "invalid_token")


@pytest.mark.parametrize("make", [lambda e: e.token(OPERATOR, "*"), lambda e: idp_token(e, OPERATOR, department="*")])
def test_what_is_no_sessions_token_is_never_active_and_is_not_revoked(edge: Edge, make: Callable[[Edge], str]) -> None:
    token, resource = make(edge), client(edge)

    assert form(edge, INTROSPECT, resource, token=token).json() == {"active": False}
    assert form(edge, INTROSPECT, bearer(edge.token(OPERATOR, "*")), token=token).json() == {"active": False}
    assert form(edge, REVOKE, token=token).status_code == 200
    assert form(edge, REFRESH, refresh_token=token).json()["error"] == "invalid_grant"


@pytest.mark.parametrize("roles", [(OPERATOR,), (OPERATOR, DEPARTMENT_ADMIN, COMPLIANCE_OFFICER, PROVISIONER)])
def test_an_operator_whom_nobody_placed_asks_about_no_token(edge: Edge, roles: tuple[str, ...]) -> None:
    edge.enroll("ana")
    token = tokens(edge)["access_token"]

    answer = form(edge, INTROSPECT, bearer(idp_token(edge, *roles, department="")), token=token)
    assert (answer.status_code, answer.json()["code"]) == (403, "department_forbidden")


def test_several_roles_do_not_add_up_to_another_departments(edge: Edge) -> None:
    edge.enroll("ana")
    edge.enroll("bia", department=LAB)
    everything = idp_token(edge, OPERATOR, DEPARTMENT_ADMIN, COMPLIANCE_OFFICER, PROVISIONER, department=LAB)

    for path, body in (
        ("/face-auth/subjects/erase", {"username": "ana.souza"}),
        ("/face-auth/consent/withdraw", {"username": "ana.souza"}),
        (f"/face-auth/subjects/{subject_of(edge)}/erase", {}),
    ):
        assert edge.post(path, body, token=everything).status_code in {403, 404}
    answer = edge.client.put(
        f"/face-auth/accounts/{subject_of(edge)}/password", json={"password": SECRET}, headers=bearer(everything)
    )
    assert answer.status_code == 404
    listed = edge.client.get("/face-auth/sessions?status=all", headers=bearer(everything)).json()
    assert {row["department"] for row in listed["sessions"]} <= {LAB}


@pytest.mark.parametrize("department", ["*", "", " ", "icu/../laboratory"])
def test_no_password_is_for_a_department_that_is_none(edge: Edge, department: str) -> None:
    with_account(edge)

    assert entered(edge, department=department)["code"] in {"department_unknown", "invalid_input"}
    assert "session.opened.v1" not in edge.house.names()


def test_whoever_was_renamed_signs_in_by_the_new_name_alone_and_goes_on(edge: Edge) -> None:
    subject_id = with_account(edge)
    before = entered(edge)
    accounts.rename(edge.house.services, subject_id, username="ana.lima", act=edge.house.act())

    assert entered(edge)["code"] == "wrong_password"
    assert entered(edge, username="ana.lima")["success"] is True
    assert form(edge, REFRESH, refresh_token=before["tokens"]["refresh_token"]).status_code == 200


def test_whoever_was_moved_signs_in_at_the_new_place_alone(edge: Edge) -> None:
    subject_id = with_account(edge)
    before = entered(edge)
    accounts.move(edge.house.services, subject_id, LAB, act=edge.house.act())

    assert entered(edge)["code"] == "wrong_password"
    assert entered(edge, department=LAB)["success"] is True
    refused = form(edge, REFRESH, refresh_token=before["tokens"]["refresh_token"])
    assert refused.json()["error"] == "invalid_grant"


def test_somebody_without_a_face_refreshes_and_stays_without_one(edge: Edge) -> None:
    with_account(edge)
    before = entered(edge)

    done = form(edge, REFRESH, refresh_token=before["tokens"]["refresh_token"]).json()
    said = form(edge, INTROSPECT, client(edge), token=done["access_token"]).json()
    assert (said["active"], said["amr"], said["acr"]) == (True, ["pwd"], "urn:faceauth:acr:password")


def test_a_revoked_client_neither_refreshes_nor_asks_nor_is_signed_in_for(edge: Edge) -> None:
    with_account(edge)
    add_client(edge.house.services, "ehr-app", kind=PUBLIC, audiences=["ehr"], act=edge.house.act())
    resource = client(edge, "ehr-server", "ehr")
    found = entered(edge, client_id="ehr-app")
    assert form(edge, INTROSPECT, resource, token=found["tokens"]["access_token"]).json()["client_id"] == "ehr-app"
    for name in ("ehr-app", "ehr-server"):
        revoke_client(edge.house.services, name, act=edge.house.act())

    refreshed = form(edge, REFRESH, refresh_token=found["tokens"]["refresh_token"], client_id="ehr-app")
    assert (refreshed.status_code, refreshed.json()["error"]) == (401, "invalid_client")
    assert form(edge, INTROSPECT, resource, token=found["tokens"]["access_token"]).status_code == 401
    assert entered(edge, client_id="ehr-app")["code"] == "invalid_client"


def test_a_registered_client_gets_its_own_tokens_for_face_and_password(tmp_path: Path) -> None:
    edge = build_edge(tmp_path, policies=Policies(passwords=PasswordPolicy(mfa_departments=frozenset({ICU}))))
    with edge.client:
        edge.enroll("ana")
        account_passwords.set_password(
            edge.house.services, subject_of(edge), SECRET, temporary=False, act=edge.house.act()
        )
        add_client(edge.house.services, "ehr-app", kind=PUBLIC, audiences=["ehr"], act=edge.house.act())
        with edge.client.websocket_connect(
            f"/face-auth/{ICU}?client_id=ehr-app", subprotocols=["faceauth.v1"]
        ) as socket:
            for payload in frames_of("ana"):
                socket.send_bytes(payload)
            ticket = next(said["ticket"] for said in rest(socket) if "ticket" in said)

        body = {"department": ICU, "password": SECRET, "ticket": ticket}
        assert edge.client.post(PASSWORD, json=body | {"client_id": "faceauth-app"}).json()["code"] == "invalid_ticket"
        found = edge.client.post(PASSWORD, json=body).json()["tokens"]
        said = form(edge, INTROSPECT, client(edge, "ehr-server", "ehr"), token=found["access_token"]).json()
        assert (said["client_id"], said["aud"], said["amr"]) == ("ehr-app", "ehr", ["face", "pwd", "mfa"])
        assert form(edge, REFRESH, refresh_token=found["refresh_token"]).json()["error"] == "invalid_grant"
        assert form(edge, REFRESH, refresh_token=found["refresh_token"], client_id="ehr-app").status_code == 200


def test_passwords_behind_a_proxy_are_counted_by_whom_they_come_from(tmp_path: Path) -> None:
    edge = build_edge(tmp_path, trusted_proxies="192.0.2.1")
    with edge.client:
        with_account(edge)
        proxied = type(edge.client)(edge.client.app, client=("192.0.2.1", 50000), raise_server_exceptions=False)

        def typed(address: str, password: str) -> str:
            body = {"department": ICU, "username": "ana.souza", "password": password}
            answer = proxied.post(PASSWORD, json=body, headers={"x-forwarded-for": address})
            code: str = answer.json()["code"]
            return code

        assert typed("198.51.100.9", SECRET) == "ok"
        for _ in range(6):
            typed("203.0.113.66", "not the password at all")
        assert typed("203.0.113.66", SECRET) == "locked_out"
        assert typed("198.51.100.9", SECRET) == "ok"
