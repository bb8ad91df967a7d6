"""Tokens of the hospital's own provider at our front door."""

from __future__ import annotations

import threading
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from datetime import timedelta
from typing import TYPE_CHECKING, Any

import httpx
import pytest

from adapters.identity.oidc import OidcProvider, Trust
from adapters.identity.public_keys import CachedKeys
from domain.errors import ConfigurationError, TokenInvalidError, UnavailableError
from entrypoints.examination import _identity_provider
from entrypoints.identity import open_identity
from entrypoints.settings import Settings
from tests.house import ICU
from tests.unit.http.edge import Edge, build_edge, frames_of, serving, wait_until
from tests.unit.identity.provider import AUDIENCE, GRANTS, Realm, realm_on, served

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from application.ports.identity import IdentityProvider

EVENTS = "/face-auth/audit/events"


def edge_believing(home: Path, provider: IdentityProvider, realm: Realm) -> Edge:
    """An edge that takes tokens of that provider, and lives by the realm's clock."""
    edge = build_edge(home)
    edge.app.services = edge.house.services = replace(edge.house.services, identity=provider, clock=realm.clock)
    return edge


@pytest.fixture
def realm() -> Iterator[Realm]:
    with served() as site:
        yield realm_on(site)


@pytest.fixture
def believing(tmp_path: Path, realm: Realm) -> Iterator[Edge]:
    edge = edge_believing(tmp_path, realm.verifier, realm)
    with edge.client:
        yield edge


def events(edge: Edge, token: str) -> tuple[int, str]:
    answer = edge.client.get(EVENTS, headers={"authorization": f"Bearer {token}"})
    return answer.status_code, answer.json().get("code", "")


def test_both_issuers_tokens_are_taken_each_by_its_own_verifier(believing: Edge, realm: Realm) -> None:
    assert events(believing, realm.token()) == (200, "")
    assert events(believing, believing.token("compliance_officer", ICU)) == (200, "")


@pytest.mark.parametrize("issuer", ["https://unknown.test", "", None, "https://localhost:8443"])
def test_a_token_of_an_issuer_that_nobody_configured_opens_nothing(
    believing: Edge, realm: Realm, issuer: str | None
) -> None:
    assert events(believing, realm.token(iss=issuer)) == (401, "invalid_token")
    assert realm.site.asked == []


def test_who_did_it_goes_into_the_history_without_a_name(believing: Edge, realm: Realm) -> None:
    token = realm.token(realm_access={"roles": ["chefe"]}, email="chefe@hospital.test")
    believing.enroll("ana")
    answer = believing.post("/face-auth/subjects/erase", {"username": "ana.souza"}, token=token)

    assert answer.status_code == 200
    actor = believing.house.last("erasure.requested.v1")["act"].actor
    assert actor == realm.verifier.verify(token).actor
    assert "hospital.test" not in actor


def test_without_the_providers_keys_nobody_is_believed_and_the_service_says_later(
    believing: Edge, realm: Realm
) -> None:
    realm.site.pages = {}

    assert events(believing, realm.token()) == (503, "unavailable")
    assert events(believing, believing.token("compliance_officer", ICU)) == (200, "")


def test_faces_are_let_in_while_the_provider_hangs_and_forged_tokens_pour_in(tmp_path: Path, realm: Realm) -> None:
    released = threading.Event()

    def hang() -> list[Any]:
        released.wait(30)
        raise UnavailableError("down")

    keys = CachedKeys(hang, clock=realm.clock, on_fault=realm.faults.append)
    trust = Trust(issuer=realm.site.url, audience=AUDIENCE, grants=GRANTS)
    provider = OidcProvider(trust, keys=keys, clock=realm.clock, digest=lambda _, value: value)
    edge = edge_believing(tmp_path, provider, realm)
    with edge.client:
        edge.enroll("ana")
    with serving(edge) as door, ThreadPoolExecutor(20) as pool:
        bearer = {"authorization": f"Bearer {realm.token()}"}
        url = f"http://127.0.0.1:{door.port}{EVENTS}"
        flood = [pool.submit(httpx.get, url, headers=bearer, timeout=30) for _ in range(20)]
        wait_until(lambda: sum(answer.done() for answer in flood) >= 18)
        with door.connect() as socket:
            for frame in frames_of("ana"):
                socket.send(frame)
            said = "".join(str(message) for message in socket)
        assert '"success": true' in said
        assert not all(answer.done() for answer in flood)
        released.set()
        assert {answer.result().status_code for answer in flood} == {503}


def configured(**changed: Any) -> Settings:
    values = {"idp_issuer": "https://idp.hospital.test", "idp_audience": AUDIENCE} | changed
    return Settings(**values)


def opened(settings: Settings, realm: Realm, *, eager: bool = False) -> IdentityProvider:
    return open_identity(
        settings, clock=realm.clock, digest=lambda _, value: value, on_fault=realm.faults.append, eager=eager
    )


def test_the_settings_make_the_provider(realm: Realm) -> None:
    settings = configured(
        idp_issuer=realm.site.url,
        idp_roles_claim="realm_access.roles",
        idp_role_map="auditor=compliance_officer",
        idp_department_map="icu=UTI",
        idp_token_types=("JWT",),
    )
    provider = opened(settings, realm)

    principal = provider.verify(realm.token(header={"typ": "JWT"}))
    assert (principal.roles, principal.department) == (frozenset({"compliance_officer"}), "UTI")
    with pytest.raises(TokenInvalidError):
        provider.verify(realm.token())


def test_a_server_asks_for_the_keys_before_anybody_needs_them(realm: Realm) -> None:
    opened(configured(idp_issuer=realm.site.url), realm, eager=True)

    wait_until(lambda: len(realm.site.asked) == 2)


def test_a_provider_that_is_down_keeps_no_server_from_starting(realm: Realm) -> None:
    opened(configured(idp_issuer="http://127.0.0.1:9"), realm, eager=True)

    wait_until(lambda: realm.faults)


def test_the_doctor_counts_the_keys_and_says_when_the_provider_is_down(realm: Realm) -> None:
    def found(**changed: Any) -> tuple[str, str]:
        (finding,) = _identity_provider(configured(**changed))
        return finding.state, finding.detail

    assert found(idp_issuer=realm.site.url) == ("ok", "1 keys that verify its tokens")
    assert found(idp_issuer="http://127.0.0.1:9") == ("warning", "the issuer cannot be reached: refused")
    assert found(idp_issuer=None) == ("ok", "none: only local tokens count")


def test_without_settings_there_is_no_provider(realm: Realm) -> None:
    assert not opened(Settings(), realm).issued(realm.token())


@pytest.mark.parametrize(
    "changed",
    [
        {"idp_audience": None},
        {"idp_issuer": None},
        {"idp_issuer": "http://idp.hospital.test"},
        {"idp_issuer": "https://localhost:8443"},
        {"idp_role_map": "a=subject"},
        {"idp_department_map": "a=../x"},
        {"idp_token_types": ()},
        {"idp_ca_file": "/nowhere/ca.pem"},
    ],
    ids=str,
)
def test_settings_that_would_let_too_much_in_start_nothing(realm: Realm, changed: dict[str, Any]) -> None:
    with pytest.raises(ConfigurationError):
        opened(configured(**changed), realm)


@pytest.mark.parametrize("seconds", [-1, 300, 3600])
def test_five_minutes_between_clocks_cannot_be_configured(seconds: float) -> None:
    with pytest.raises(ValueError, match="idp_clock_skew_seconds"):
        configured(idp_clock_skew_seconds=seconds)


def test_time_goes_by_at_the_door_too(believing: Edge, realm: Realm) -> None:
    token = realm.token()
    realm.clock.advance(timedelta(seconds=361))

    assert events(believing, token) == (401, "invalid_token")
