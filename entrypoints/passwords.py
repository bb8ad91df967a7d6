"""Who verifies passwords, as the settings say."""

from __future__ import annotations

from contextlib import ExitStack
from pathlib import Path
from typing import Final

from adapters.identity.local_passwords import Argon2Policy, LocalPasswords
from application.departments import check_department
from application.ports.passwords import Passwords, PasswordVerifier
from domain.errors import ConfigurationError, InvalidInputError
from domain.policies.passwords import PasswordPolicy
from domain.roles import EVERYWHERE
from entrypoints.settings import Settings

READABLE_BY_OTHERS: Final = 0o077
LONGEST_SECRET_BYTES: Final = 4096
OIDC_SECRET_VARIABLE: Final = "FACEAUTH_PASSWORD_OIDC_CLIENT_PASSWORD_FILE"  # noqa: S105 - a variable's name


def open_passwords(settings: Settings, stack: ExitStack) -> Passwords:
    """Return the verifier of FACEAUTH_PASSWORDS. Raises ``ConfigurationError``; connects to nothing."""
    if settings.passwords == "none":
        if settings.mfa_departments:
            raise ConfigurationError("FACEAUTH_MFA_DEPARTMENTS asks for passwords, but FACEAUTH_PASSWORDS=none")
        return Passwords()
    if settings.passwords == "ldap":
        return Passwords(verifier=_directory(settings))
    if settings.passwords == "oidc":
        return Passwords(verifier=_provider(settings, stack))
    local = LocalPasswords(
        Argon2Policy(
            passes=settings.argon2_passes,
            memory_kib=settings.argon2_memory_kib,
            lanes=settings.argon2_lanes,
            at_once=settings.argon2_at_once,
        )
    )
    return Passwords(verifier=local, hasher=local)


def password_policy(settings: Settings) -> PasswordPolicy:
    """Return the policy, with the departments where a password comes after a face. Raises ``ConfigurationError``."""
    for name in settings.mfa_departments:
        try:
            _ = name == EVERYWHERE or check_department(name)
        except InvalidInputError as error:
            raise ConfigurationError("FACEAUTH_MFA_DEPARTMENTS: names of departments, or *") from error
    return PasswordPolicy(mfa_departments=frozenset(settings.mfa_departments))


def secret_of(path: Path | None, variable: str) -> str:
    """Return the secret in a file, without its last line's end; "" for no file.

    Raises ``ConfigurationError`` for a file that others may read, that is empty or cannot be read.
    """
    if path is None:
        return ""
    try:
        if path.stat().st_mode & READABLE_BY_OTHERS:
            raise ConfigurationError(f"{variable}: others may read that file: chmod 600")
        with path.open("rb") as file:
            secret = file.read(LONGEST_SECRET_BYTES).decode().rstrip("\r\n")
    except (OSError, UnicodeDecodeError):
        raise ConfigurationError(f"{variable}: the file cannot be read") from None
    if not secret:
        raise ConfigurationError(f"{variable}: the file is empty")
    return secret


def _directory(settings: Settings) -> PasswordVerifier:
    from adapters.identity.ldap_passwords import Directory, LdapPasswords  # noqa: PLC0415 - 0.1 s to import

    directory = Directory(
        urls=settings.ldap_urls,
        user_dn=settings.ldap_user_dn,
        base=settings.ldap_base,
        search_filter=settings.ldap_filter,
        bind_dn=settings.ldap_bind_dn,
        bind_password=secret_of(settings.ldap_bind_password_file, "FACEAUTH_LDAP_BIND_PASSWORD_FILE"),
        start_tls=settings.ldap_start_tls,
        ca_file=settings.ldap_ca_file,
        timeout_s=settings.directory_timeout_seconds,
    )
    return LdapPasswords(directory)


def _provider(settings: Settings, stack: ExitStack) -> PasswordVerifier:
    from adapters.identity.oidc_passwords import OidcPasswords, TokenEndpoint  # noqa: PLC0415 - 0.1 s to import

    endpoint = TokenEndpoint(
        url=settings.password_oidc_token_url,
        client_id=settings.password_oidc_client_id,
        client_secret=secret_of(
            settings.password_oidc_client_password_file, "FACEAUTH_PASSWORD_OIDC_CLIENT_PASSWORD_FILE"
        ),
        scope=settings.password_oidc_scope,
        ca_file=settings.password_oidc_ca_file,
        timeout_s=settings.directory_timeout_seconds,
    )
    provider = OidcPasswords(endpoint)
    stack.callback(provider.close)
    return provider
