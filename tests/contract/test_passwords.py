"""What every verifier of passwords has to go by."""

from __future__ import annotations

from contextlib import ExitStack
from typing import TYPE_CHECKING

import pytest

from adapters.identity.ldap_passwords import Directory, LdapPasswords
from adapters.identity.local_passwords import Argon2Policy, LocalPasswords
from adapters.identity.oidc_passwords import OidcPasswords, TokenEndpoint
from adapters.memory.passwords import MemoryDirectory, MemoryPasswords
from application.ports.passwords import PasswordHasher, PasswordVerifier, Presented
from tests.slapd import PEOPLE, slapd
from tests.token_endpoint import token_endpoint

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

CHEAP = Argon2Policy(passes=1, memory_kib=64, lanes=1)
"""For tests of what a hash means; what it costs is tested elsewhere."""


class Kept:
    """A verifier, and what it is asked about whom it knows."""

    def __init__(self, verifier: PasswordVerifier, hasher: PasswordHasher | None = None) -> None:
        self.verifier = verifier
        self.hashes = {} if hasher is None else {name: hasher.hash(text) for name, text in PEOPLE.items()}

    def right(self, name: str, password: str) -> bool:
        return self.verifier.verify(Presented(name, password, self.hashes.get(name)))


@pytest.fixture(
    scope="module",
    params=["memory", "local", "memory-directory", "oidc", pytest.param("ldap", marks=pytest.mark.ldap)],
)
def kept(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Kept]:
    folder: Path = tmp_path_factory.mktemp("passwords")
    with ExitStack() as stack:
        match request.param:
            case "memory":
                passwords = MemoryPasswords()
                yield Kept(passwords, passwords)
            case "local":
                local = LocalPasswords(CHEAP)
                yield Kept(local, local)
            case "memory-directory":
                yield Kept(MemoryDirectory(dict(PEOPLE)))
            case "oidc":
                provider = stack.enter_context(token_endpoint(dict(PEOPLE)))
                oidc = OidcPasswords(TokenEndpoint(provider.url, "faceauth"))
                stack.callback(oidc.close)
                yield Kept(oidc)
            case _:
                directory = stack.enter_context(slapd(folder))
                yield Kept(LdapPasswords(Directory(urls=(directory.url,), **directory.search)))


@pytest.mark.parametrize("name", PEOPLE)
def test_the_right_password_is_right_and_no_other(kept: Kept, name: str) -> None:
    password = PEOPLE[name]

    assert kept.right(name, password)
    for wrong in (password + " ", password[:-1], password.upper(), password * 2, "\0" + password, "*", ""):
        assert not kept.right(name, wrong)


def test_nobody_has_no_password(kept: Kept) -> None:
    for name in ("nobody", "", "*", "' OR 1=1 --", "a" * 5000):
        for password in (*PEOPLE.values(), "", "x" * 5000):
            assert not kept.right(name, password)


def test_it_can_be_checked_without_a_password(kept: Kept) -> None:
    kept.verifier.check()


def test_it_says_who_it_is(kept: Kept) -> None:
    assert kept.verifier.name in {"local", "ldap", "oidc"}


@pytest.fixture(params=[MemoryPasswords, lambda: LocalPasswords(CHEAP)], ids=["memory", "local"])
def hasher(request: pytest.FixtureRequest) -> PasswordHasher:
    made: PasswordHasher = request.param()
    return made


def test_a_hash_of_its_own_policy_is_not_outdated(hasher: PasswordHasher) -> None:
    assert not hasher.outdated(hasher.hash("seis caixas de gaze azul"))


@pytest.mark.parametrize(
    ("former", "current"),
    [
        (MemoryPasswords("1"), MemoryPasswords("2")),
        (LocalPasswords(CHEAP), LocalPasswords(Argon2Policy(passes=2, memory_kib=64, lanes=1))),
        (LocalPasswords(CHEAP), LocalPasswords(Argon2Policy(passes=1, memory_kib=128, lanes=1))),
    ],
    ids=["memory", "passes", "memory_kib"],
)
def test_a_hash_of_another_policy_is_outdated_and_still_verifies(
    former: MemoryPasswords | LocalPasswords, current: MemoryPasswords | LocalPasswords
) -> None:
    hashed = former.hash("seis caixas de gaze azul")

    assert current.outdated(hashed)
    assert current.verify(Presented("ana", "seis caixas de gaze azul", hashed))
    assert not current.verify(Presented("ana", "another", hashed))
