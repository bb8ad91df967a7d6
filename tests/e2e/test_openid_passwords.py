"""Passwords that a real OpenID provider verifies, by a sign-in of ours."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace

import pytest

from adapters.identity.oidc_passwords import OidcPasswords, TokenEndpoint
from application import password
from application.outcome import Client, Outcome
from application.password import PasswordEntry
from application.ports.passwords import Passwords
from domain.errors import UnavailableError, WrongPasswordError
from tests.e2e.openid import PASSWORD, SECRET, USERNAME, OpenIdProvider, openid_provider
from tests.house import ICU, House, build_house


@pytest.fixture(scope="module")
def provider() -> Iterator[OpenIdProvider]:
    with openid_provider() as provider:
        yield provider


def verifier(provider: OpenIdProvider, secret: str = SECRET) -> OidcPasswords:
    return OidcPasswords(TokenEndpoint(f"{provider.issuers[0]}/token", "console", secret))


@pytest.fixture
def house(provider: OpenIdProvider) -> House:
    house = build_house()
    house.services = replace(house.services, passwords=Passwords(verifier=verifier(provider), hasher=None))
    return house


def enter(house: House, username: str, secret: str) -> Outcome:
    entry = PasswordEntry(department=ICU, username=username, password=secret, client=Client("192.0.2.7", "test"))
    return password.sign_in(house.services, entry)


def test_the_providers_word_opens_a_session(house: House) -> None:
    subject_id = house.enroll("ana").subject_id

    outcome = enter(house, USERNAME, PASSWORD)

    assert outcome.admission is not None
    assert outcome.admission.subject_id == subject_id
    assert house.last("session.opened.v1")["amr"] == "pwd"


def test_a_wrong_password_and_somebody_whom_we_do_not_know_get_the_same_answer(house: House) -> None:
    house.enroll("ana")

    with pytest.raises(WrongPasswordError) as wrong:
        enter(house, USERNAME, "not this")
    with pytest.raises(WrongPasswordError) as unknown:
        enter(house, "nobody", PASSWORD)
    assert str(wrong.value) == str(unknown.value)


def test_a_client_that_the_provider_does_not_know_admits_nobody(provider: OpenIdProvider, house: House) -> None:
    house.enroll("ana")
    wrong = Passwords(verifier=verifier(provider, "another secret"), hasher=None)
    house.services = replace(house.services, passwords=wrong)

    with pytest.raises((WrongPasswordError, UnavailableError)):
        enter(house, USERNAME, PASSWORD)
    assert "session.opened.v1" not in house.names()
