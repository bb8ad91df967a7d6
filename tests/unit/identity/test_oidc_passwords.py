"""The password grant: what is sent, what an answer means, and what a provider may not do to us."""

from __future__ import annotations

import base64
import threading
import time
from contextlib import contextmanager
from typing import TYPE_CHECKING

import pytest

from adapters.identity.oidc_passwords import MAX_ANSWER_BYTES, OidcPasswords, TokenEndpoint
from application.ports.passwords import Presented
from domain.errors import ConfigurationError, UnavailableError
from tests.token_endpoint import Provider, token_endpoint

if TYPE_CHECKING:
    from collections.abc import Iterator

ANA = Presented("ana.souza", "seis caixas & gaze=azul+100%")


@pytest.fixture
def provider() -> Iterator[Provider]:
    with token_endpoint({ANA.username: ANA.password}) as provider:
        yield provider


@contextmanager
def asking(provider: Provider, secret: str = "", timeout_s: float = 5.0) -> Iterator[OidcPasswords]:
    passwords = OidcPasswords(TokenEndpoint(provider.url, "face:auth", secret, timeout_s=timeout_s))
    try:
        yield passwords
    finally:
        passwords.close()


def test_a_password_arrives_as_it_was_typed(provider: Provider) -> None:
    with asking(provider) as passwords:
        assert passwords.verify(ANA)
        assert not passwords.verify(Presented(ANA.username, "wrong"))

    assert provider.forms[0] == {
        "grant_type": "password",
        "username": ANA.username,
        "password": ANA.password,
        "scope": "openid",
        "client_id": "face:auth",
    }
    assert provider.authorizations == [None, None]


def test_a_client_with_a_secret_says_it_in_the_header_form_encoded(provider: Provider) -> None:
    with asking(provider, "pass%word") as passwords:
        assert passwords.verify(ANA)

    encoded = base64.b64encode(b"face%3Aauth:pass%25word").decode()
    assert provider.authorizations == [f"Basic {encoded}"]
    assert "client_id" not in provider.forms[0]


@pytest.mark.parametrize("status", [400, 401, 403])
def test_an_invalid_grant_is_a_wrong_password_whatever_the_status(provider: Provider, status: int) -> None:
    provider.answer = status, {}, b'{"error": "invalid_grant", "error_description": "Account disabled"}'
    with asking(provider) as passwords:
        assert not passwords.verify(ANA)


@pytest.mark.parametrize(
    ("status", "content"),
    [
        (401, b'{"error": "invalid_client"}'),
        (400, b'{"error": "unauthorized_client"}'),
        (400, b'{"error": "unsupported_grant_type"}'),
        (500, b""),
        (503, b"<html>"),
        (500, b'{"error": "invalid_grant"}'),
        (200, b""),
        (200, b"[]"),
        (200, b'{"access_token": ""}'),
        (200, b'{"access_token": 1}'),
        (200, b'{"error": "invalid_grant"}'),
        (201, b'{"access_token": "x"}'),
        (200, b"[" * 100_000),
        (200, b'{"access_token": "' + b"x" * MAX_ANSWER_BYTES + b'"}'),
    ],
)
def test_any_other_answer_says_nothing_about_the_password(provider: Provider, status: int, content: bytes) -> None:
    provider.answer = status, {}, content
    with asking(provider) as passwords, pytest.raises(UnavailableError):
        passwords.verify(ANA)


@pytest.mark.parametrize("status", [301, 302, 307, 308])
def test_a_password_is_not_sent_where_a_redirect_points(provider: Provider, status: int) -> None:
    provider.answer = status, {"location": "/elsewhere"}, b""
    with asking(provider) as passwords, pytest.raises(UnavailableError):
        passwords.verify(ANA)
    assert provider.paths == ["/token"]


def test_a_provider_that_hangs_is_given_up_in_time(provider: Provider) -> None:
    provider.hang = threading.Event()
    begun = time.monotonic()
    with asking(provider, timeout_s=0.3) as passwords, pytest.raises(UnavailableError):
        passwords.verify(ANA)
    assert time.monotonic() - begun < 5


def test_a_provider_that_is_down_says_nothing() -> None:
    with token_endpoint({}) as provider:
        pass
    with asking(provider) as passwords, pytest.raises(UnavailableError):
        passwords.verify(ANA)


def test_an_empty_password_is_not_even_sent(provider: Provider) -> None:
    with asking(provider) as passwords:
        assert not passwords.verify(Presented(ANA.username, ""))
    assert provider.forms == []


def test_the_environments_proxy_gets_no_password(provider: Provider, monkeypatch: pytest.MonkeyPatch) -> None:
    for variable in ("http_proxy", "HTTP_PROXY", "ALL_PROXY"):
        monkeypatch.setenv(variable, "http://127.0.0.1:1")
    with asking(provider) as passwords:
        assert passwords.verify(ANA)


@pytest.mark.parametrize(
    ("url", "client"),
    [("http://idp.hospital/token", "x"), ("ftp://x", "x"), ("", "x"), ("https://idp.hospital/token", "")],
)
def test_a_configuration_that_would_tell_passwords_is_refused(url: str, client: str) -> None:
    with pytest.raises(ConfigurationError):
        OidcPasswords(TokenEndpoint(url, client))


def test_the_secret_is_in_no_repr() -> None:
    assert "s3cret" not in repr(TokenEndpoint("https://x", "x", "s3cret"))
