"""Passwords against a real directory: Debian's slapd."""

from __future__ import annotations

import socket
import statistics
import threading
import time
from contextlib import contextmanager
from dataclasses import replace
from typing import TYPE_CHECKING, Any

import pytest

from adapters.identity.ldap_passwords import Directory, LdapPasswords
from application.ports.passwords import Presented
from domain.errors import ConfigurationError, UnavailableError
from tests.slapd import BASE, PEOPLE, SERVICE, Slapd, slapd

if TYPE_CHECKING:
    from collections.abc import Iterator

pytestmark = pytest.mark.ldap


@pytest.fixture(scope="module")
def directory(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Slapd]:
    with slapd(tmp_path_factory.mktemp("slapd")) as running:
        yield running


def searching(directory: Slapd, *urls: str, **more: Any) -> LdapPasswords:
    return LdapPasswords(Directory(urls=urls or (directory.url,), **(directory.search | more)))


def closed_port() -> str:
    with socket.socket() as one:
        one.bind(("127.0.0.1", 0))
        return f"ldap://127.0.0.1:{one.getsockname()[1]}"


@contextmanager
def silent_server() -> Iterator[str]:
    """A server that takes connections and says nothing."""
    with socket.create_server(("127.0.0.1", 0)) as server:
        yield f"ldap://127.0.0.1:{server.getsockname()[1]}"


def test_everybody_gets_in_with_their_own_password_whatever_is_in_the_name(directory: Slapd) -> None:
    passwords = searching(directory)

    for name, password in PEOPLE.items():
        assert passwords.verify(Presented(name, password))
        assert not passwords.verify(Presented(name, password + " "))
    names = list(PEOPLE)
    assert not passwords.verify(Presented(names[0], PEOPLE[names[1]]))


@pytest.mark.parametrize("url", ["tls_url", "start_tls"])
def test_the_same_over_tls(directory: Slapd, url: str) -> None:
    secured = (
        searching(directory, directory.tls_url, ca_file=directory.certificate)
        if url == "tls_url"
        else searching(directory, f"ldap://localhost:{directory.port}", start_tls=True, ca_file=directory.certificate)
    )

    assert secured.verify(Presented("ana.souza", PEOPLE["ana.souza"]))
    assert not secured.verify(Presented("ana.souza", "wrong"))


def test_a_directory_whose_certificate_nobody_signed_hears_no_password(directory: Slapd) -> None:
    for more in ({}, {"ca_file": None, "start_tls": True}):
        url = f"ldap://localhost:{directory.port}" if more else directory.tls_url
        with pytest.raises(UnavailableError):
            searching(directory, url, **more).verify(Presented("ana.souza", PEOPLE["ana.souza"]))


@pytest.mark.parametrize(
    "username",
    [
        "*",
        "ana*",
        "ana.souza)(uid=*",
        "*)(uid=*))(|(uid=*",
        "\\2a",
        "ana.souza\\00",
        "ana.souza,ou=people",
        "ana\0",
        "é" * 90,
    ],
)
def test_metacharacters_name_nobody_else(directory: Slapd, username: str) -> None:
    assert not searching(directory).verify(Presented(username, PEOPLE["ana.souza"]))


@pytest.mark.parametrize("username", [*PEOPLE, "without", "nobody", ""])
def test_an_empty_password_is_refused_and_not_a_bind_as_nobody(directory: Slapd, username: str) -> None:
    assert not searching(directory).verify(Presented(username, ""))


@pytest.mark.parametrize("username", ["nobody", "without"])
def test_nobody_and_somebody_without_a_password_do_not_get_in(directory: Slapd, username: str) -> None:
    assert not searching(directory).verify(Presented(username, "anything"))


def test_a_name_that_two_entries_have_lets_neither_in(directory: Slapd) -> None:
    assert not searching(directory).verify(Presented("twin", "twin password"))


def test_an_entry_is_found_by_a_dn_template_too(directory: Slapd) -> None:
    passwords = LdapPasswords(Directory(urls=(directory.url,), user_dn=f"uid={{username}},ou=people,{BASE}"))

    assert passwords.verify(Presented("eva", "eva's"))
    for username in ("eva,ou=people", "eva+cn=eva", "nobody", '"eva"', "#eva", "eva\\"):
        assert not passwords.verify(Presented(username, "eva's"))


def test_the_next_directory_is_asked_where_one_is_down(directory: Slapd) -> None:
    passwords = searching(directory, closed_port(), directory.url)

    assert passwords.verify(Presented("ana.souza", PEOPLE["ana.souza"]))
    assert not passwords.verify(Presented("ana.souza", "wrong"))


def test_where_all_are_down_nobody_can_say() -> None:
    passwords = LdapPasswords(Directory(urls=(closed_port(), closed_port()), base=BASE))

    with pytest.raises(UnavailableError):
        passwords.verify(Presented("ana.souza", "x"))


def test_a_directory_that_says_nothing_is_given_up_in_time() -> None:
    with silent_server() as url:
        passwords = LdapPasswords(Directory(urls=(url,), base=BASE, timeout_s=0.5))
        begun = time.monotonic()
        with pytest.raises(UnavailableError):
            passwords.verify(Presented("ana.souza", "x"))
        assert time.monotonic() - begun < 5


def test_a_mistake_in_the_services_own_bind_is_not_the_persons_fault(directory: Slapd) -> None:
    for more in ({"bind_password": "wrong"}, {"base": f"ou=nowhere,{BASE}"}):
        with pytest.raises(UnavailableError):
            searching(directory, **more).verify(Presented("ana.souza", PEOPLE["ana.souza"]))


def test_a_directory_that_comes_back_serves_again(tmp_path: Any) -> None:
    with slapd(tmp_path) as own:
        passwords, presented = searching(own), Presented("ana.souza", PEOPLE["ana.souza"])
        assert passwords.verify(presented)
        own.stop()
        with pytest.raises(UnavailableError):
            passwords.verify(presented)
        own.start()
        assert passwords.verify(presented)


def test_many_at_once_are_told_apart(directory: Slapd) -> None:
    passwords, wrong = searching(directory), []

    def ask(number: int) -> None:
        name = list(PEOPLE)[number % len(PEOPLE)]
        right = number % 2 == 0
        if passwords.verify(Presented(name, PEOPLE[name] if right else "wrong")) != right:
            wrong.append(number)

    threads = [threading.Thread(target=ask, args=(number,)) for number in range(24)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert wrong == []


def test_nobody_takes_as_long_as_somebody(directory: Slapd) -> None:
    """Medians of interleaved calls: two connections each, a search and a bind."""
    passwords = searching(directory)
    took: dict[str, list[float]] = {"ana.souza": [], "nobody.here": []}
    for _ in range(40):
        for name, times in took.items():
            begun = time.perf_counter()
            assert not passwords.verify(Presented(name, "wrong password"))
            times.append(time.perf_counter() - begun)

    ratio = statistics.median(took["nobody.here"]) / statistics.median(took["ana.souza"])
    assert 0.6 < ratio < 1.67


CONFIGURED = Directory(urls=("ldaps://directory.hospital",), base=BASE)


@pytest.mark.parametrize(
    ("changed", "named"),
    [
        ({"urls": ()}, "FACEAUTH_LDAP_URLS"),
        ({"urls": ("ldap://directory.hospital",)}, "START_TLS"),
        ({"urls": ("http://directory.hospital",)}, "FACEAUTH_LDAP_URLS"),
        ({"base": ""}, "FACEAUTH_LDAP_BASE"),
        ({"search_filter": "(uid=ana)"}, "FACEAUTH_LDAP_FILTER"),
        ({"bind_dn": SERVICE}, "BIND_PASSWORD"),
    ],
)
def test_a_configuration_that_cannot_work_or_would_tell_passwords_is_refused(
    changed: dict[str, Any], named: str
) -> None:
    LdapPasswords(CONFIGURED)

    with pytest.raises(ConfigurationError, match=named):
        LdapPasswords(replace(CONFIGURED, **changed))


def test_secrets_are_in_no_repr() -> None:
    told = repr(replace(CONFIGURED, bind_dn=SERVICE, bind_password="secret")) + repr(Presented("ana", "pw", "hash"))

    assert "secret" not in told
    assert "pw" not in told
    assert "ana" not in told
