"""What FACEAUTH_PASSWORDS and its companions say."""

from __future__ import annotations

from contextlib import ExitStack
from typing import TYPE_CHECKING, Any

import pytest
from pydantic import ValidationError

from domain.errors import ConfigurationError
from entrypoints.passwords import open_passwords, password_policy, secret_of
from entrypoints.settings import Settings

if TYPE_CHECKING:
    from pathlib import Path

    from application.ports.passwords import Passwords


def opened(tmp_path: Path, **settings: Any) -> Passwords:
    with ExitStack() as stack:
        return open_passwords(Settings(home=tmp_path, **settings), stack)


def secret(tmp_path: Path, text: str = "s3cret\n", mode: int = 0o600) -> Path:
    path = tmp_path / "secret"
    path.touch(mode=mode)
    path.chmod(mode)
    path.write_text(text)
    return path


LDAP = {"passwords": "ldap", "ldap_urls": ("ldaps://one", "ldaps://two"), "ldap_base": "dc=hospital"}
OIDC = {"passwords": "oidc", "password_oidc_token_url": "https://idp/token", "password_oidc_client_id": "faceauth"}


@pytest.mark.parametrize(
    ("settings", "name", "kept_here"),
    [({}, "local", True), (LDAP, "ldap", False), (OIDC, "oidc", False)],
    ids=["local", "ldap", "oidc"],
)
def test_passwords_are_verified_where_the_settings_say(
    tmp_path: Path, settings: dict[str, Any], name: str, kept_here: bool
) -> None:
    passwords = opened(tmp_path, **settings)

    assert passwords.verifier is not None
    assert (passwords.verifier.name, passwords.hasher is not None) == (name, kept_here)


def test_there_may_be_no_passwords_at_all(tmp_path: Path) -> None:
    assert opened(tmp_path, passwords="none").verifier is None


@pytest.mark.parametrize(
    "settings",
    [
        {"passwords": "ldap"},
        LDAP | {"ldap_urls": ("ldap://one",)},
        LDAP | {"ldap_bind_dn": "cn=x"},
        {"passwords": "oidc"},
        OIDC | {"password_oidc_token_url": "http://idp/token"},
        {"passwords": "none", "mfa_departments": ("icu",)},
    ],
)
def test_what_cannot_work_stops_the_service_before_it_serves(tmp_path: Path, settings: dict[str, Any]) -> None:
    with pytest.raises(ConfigurationError):
        opened(tmp_path, **settings)


@pytest.mark.parametrize("changed", [{"argon2_memory_kib": 1024}, {"argon2_passes": 1}, {"passwords": "plain"}])
def test_hashes_are_never_cheaper_than_rfc_9106_recommends(tmp_path: Path, changed: dict[str, Any]) -> None:
    with pytest.raises(ValidationError):
        Settings(home=tmp_path, **changed)


def test_departments_come_as_a_list_or_a_star(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("FACEAUTH_MFA_DEPARTMENTS", "icu, laboratory")
    assert password_policy(Settings(home=tmp_path)).mfa_departments == {"icu", "laboratory"}
    monkeypatch.setenv("FACEAUTH_MFA_DEPARTMENTS", "*")
    assert password_policy(Settings(home=tmp_path)).needs_face("anywhere")
    monkeypatch.setenv("FACEAUTH_MFA_DEPARTMENTS", "../icu")
    with pytest.raises(ConfigurationError):
        password_policy(Settings(home=tmp_path))


def test_a_secret_is_a_file_that_nobody_else_reads(tmp_path: Path) -> None:
    assert secret_of(secret(tmp_path), "X") == "s3cret"
    for path in (secret(tmp_path, mode=0o644), tmp_path / "absent"):
        with pytest.raises(ConfigurationError) as error:
            secret_of(path, "FACEAUTH_X")
        assert "s3cret" not in str(error.value)
    with pytest.raises(ConfigurationError):
        secret_of(secret(tmp_path, text="\n"), "X")


def test_the_secrets_reach_their_verifier_and_no_repr(tmp_path: Path) -> None:
    path = secret(tmp_path)
    for settings in (
        LDAP | {"ldap_bind_dn": "cn=x", "ldap_bind_password_file": path},
        OIDC | {"password_oidc_client_password_file": path},
    ):
        passwords = opened(tmp_path, **settings)
        assert "s3cret" not in repr(passwords) + repr(vars(passwords.verifier)) + repr(
            Settings(home=tmp_path, **settings)
        )
