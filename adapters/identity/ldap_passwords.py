"""Passwords that an LDAP directory verifies: search the entry, then bind as it (RFC 4513, section 5.1.3)."""

from __future__ import annotations

import logging
import math
import secrets
import ssl
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any, Final
from urllib.parse import urlsplit

from ldap3 import AUTO_BIND_NONE, NONE, SIMPLE, SUBTREE, SYNC, Connection, Server, Tls
from ldap3.core.exceptions import LDAPException

from domain.errors import ConfigurationError, UnavailableError

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from application.ports.passwords import Presented

SUCCESS: Final = 0
INVALID_CREDENTIALS: Final = 49
REFUSED: Final = frozenset({19, 32, 34, 48, INVALID_CREDENTIALS, 53})
"""Result codes (RFC 4511, appendix A) by which a directory refuses that entry or password: constraintViolation,
noSuchObject, invalidDNSyntax, inappropriateAuthentication, invalidCredentials, unwillingToPerform. Any other says
that it cannot tell now."""
LOOPBACK: Final = frozenset({"127.0.0.1", "::1", "localhost"})
USERNAME: Final = "{username}"
NO_ATTRIBUTES: Final = "1.1"
"""RFC 4511, section 4.5.1.8."""
MATCHES_WANTED: Final = 2
"""One entry is the person; a second one says that the filter does not tell people apart."""

log = logging.getLogger(__name__)


@dataclass(frozen=True, slots=True)
class Directory:
    """Where the directory is, and how an entry is found.

    ``urls`` are tried in that order. Either ``user_dn`` ("uid={username},ou=people,dc=...") or ``base`` and
    ``search_filter`` ("(uid={username})"), searched as ``bind_dn`` (anonymously where that is ""). ``timeout_s`` bounds
    connecting and every answer.
    """

    urls: tuple[str, ...]
    user_dn: str = ""
    base: str = ""
    search_filter: str = "(uid={username})"
    bind_dn: str = ""
    bind_password: str = field(default="", repr=False)
    start_tls: bool = False
    ca_file: Path | None = None
    timeout_s: float = 5.0


class VerifiedTls(Tls):  # type: ignore[misc]  # ldap3 has no types
    """TLS whose names the standard library checks: ldap3's own check needs what Python 3.12 no longer has."""

    def __init__(self, ca_file: Path | None) -> None:
        """Trust the certificates in that file, or the system's. Raises ``ConfigurationError``."""
        super().__init__(validate=ssl.CERT_REQUIRED)
        try:
            self._context = ssl.create_default_context(cafile=None if ca_file is None else str(ca_file))
        except (OSError, ssl.SSLError):
            raise ConfigurationError("FACEAUTH_LDAP_CA_FILE: there are no certificates in that file") from None

    def wrap_socket(self, connection: Connection, do_handshake: bool = False) -> None:  # noqa: ARG002 - it always does
        """Put TLS around the connection's socket, for that very host. Raises ``ssl.SSLError``, ``OSError``."""
        connection.socket = self._context.wrap_socket(connection.socket, server_hostname=connection.server.host)


class LdapPasswords:
    """``application.ports.passwords.PasswordVerifier`` by LDAP bind. One short-lived connection per password."""

    def __init__(self, directory: Directory) -> None:
        """Check the configuration; nothing is connected. Raises ``ConfigurationError``."""
        _check(directory)
        self._directory = directory
        self._tls = VerifiedTls(directory.ca_file)

    @property
    def name(self) -> str:
        """A directory."""
        return "ldap"

    def verify(self, presented: Presented) -> bool:
        """Ask the first server that answers: two round trips, for nobody as for somebody. See the port."""
        if not presented.password or "\0" in presented.password or not presented.username:
            # A bind without a password succeeds as nobody (RFC 4513, section 5.1.2): it must never be tried.
            return False
        for place, url in enumerate(self._directory.urls):
            try:
                return self._ask(self._server(url), presented)
            except (LDAPException, OSError, UnavailableError) as error:
                # The text may name entries of the directory.
                log.warning("directory %d of %d failed: %s", place + 1, len(self._directory.urls), type(error).__name__)
        raise UnavailableError("no directory can be reached")

    def check(self) -> None:
        """Connect to every server, as the account that searches where there is one. See the port."""
        failed = []
        for place, url in enumerate(self._directory.urls):
            try:
                self._greet(url)
            except (LDAPException, OSError, UnavailableError) as error:
                why = str(error) if isinstance(error, UnavailableError) else type(error).__name__
                failed.append(f"server {place + 1}: {why}")
        if failed:
            raise UnavailableError(f"{len(failed)} of {len(self._directory.urls)} servers fail: {'; '.join(failed)}")

    def _greet(self, url: str) -> None:
        name, password = self._directory.bind_dn, self._directory.bind_password
        with self._connected(self._server(url)) as connection:
            if name and not self._binds(connection, name, password):
                raise UnavailableError("the directory refuses the account that searches")

    def _server(self, url: str) -> Server:
        """Return a server that knows nothing yet: ldap3's would go on taking one for down that is up again."""
        return Server(url, get_info=NONE, connect_timeout=self._directory.timeout_s, tls=self._tls)

    def _ask(self, server: Server, presented: Presented) -> bool:
        dn = self._user_dn(presented.username) if self._directory.user_dn else self._found(server, presented.username)
        with self._connected(server) as connection:
            right = self._binds(connection, dn or self._nobodys_dn(), presented.password)
        return right and dn is not None

    def _found(self, server: Server, username: str) -> str | None:
        """Return the DN of the one entry with that name. Raises ``UnavailableError``, ``LDAPException``."""
        directory = self._directory
        with self._connected(server) as connection:
            if directory.bind_dn and not self._binds(connection, directory.bind_dn, directory.bind_password):
                raise UnavailableError("the directory refuses the service's own bind")
            connection.search(
                directory.base,
                directory.search_filter.replace(USERNAME, filter_escaped(username)),
                search_scope=SUBTREE,
                attributes=[NO_ATTRIBUTES],
                size_limit=MATCHES_WANTED,
                time_limit=max(1, int(directory.timeout_s)),
            )
            found = [entry["dn"] for entry in connection.response or [] if entry["type"] == "searchResEntry"]
            result = connection.result["result"]
        if len(found) > 1:
            log.warning("the LDAP filter matches several entries: nobody signs in by it")
            return None
        # Without an entry: noSuchObject would be the base itself, a mistake in the settings.
        if result != SUCCESS:
            raise UnavailableError(f"the directory answers the search with result {result}")
        return found[0] if found else None

    def _user_dn(self, username: str) -> str:
        return self._directory.user_dn.replace(USERNAME, dn_escaped(username))

    def _nobodys_dn(self) -> str:
        """Return a DN that does not exist: who is not found takes a bind as well."""
        return f"cn={secrets.token_hex(16)},{self._directory.base}"

    @staticmethod
    def _binds(connection: Connection, dn: str, password: str) -> bool:
        connection.user, connection.password, connection.authentication = dn, password, SIMPLE
        connection.bind()
        result: int = connection.result["result"]
        if result != SUCCESS and result not in REFUSED:
            raise UnavailableError(f"the directory answers the bind with result {result}")
        return result == SUCCESS

    @contextmanager
    def _connected(self, server: Server) -> Iterator[Connection]:
        connection = Connection(
            server,
            auto_bind=AUTO_BIND_NONE,
            client_strategy=SYNC,
            read_only=True,
            auto_referrals=False,
            check_names=False,
            raise_exceptions=False,
            receive_timeout=max(1, math.ceil(self._directory.timeout_s)),  # whole seconds, or ldap3 fails
        )
        try:
            connection.open(read_server_info=False)
            if self._directory.start_tls and not connection.start_tls(read_server_info=False):
                raise UnavailableError("the directory does not do StartTLS")
            yield connection
        finally:
            connection.password, raw = None, connection.socket
            with suppress(LDAPException, OSError):
                connection.unbind()
            if raw is not None:
                raw.close()  # ldap3 leaves one open whose TLS failed


def filter_escaped(value: str) -> str:
    r"""Return an assertion value that means itself in a filter: all but ASCII letters and digits as \xx (RFC 4515)."""
    return _escaped(value)


def dn_escaped(value: str) -> str:
    r"""Return an attribute value that means itself in a DN: all but ASCII letters and digits as \xx (RFC 4514)."""
    return _escaped(value)


def _escaped(value: str) -> str:
    return "".join(
        chr(octet) if chr(octet).isascii() and chr(octet).isalnum() else f"\\{octet:02x}" for octet in value.encode()
    )


def _check(directory: Directory) -> None:
    if not directory.urls:
        raise ConfigurationError("FACEAUTH_LDAP_URLS: name at least one directory, ldaps://host")
    for url in directory.urls:
        _check_url(url, directory)
    if not directory.user_dn and not directory.base:
        raise ConfigurationError("FACEAUTH_LDAP_BASE or FACEAUTH_LDAP_USER_DN: say where people are found")
    pattern = directory.user_dn or directory.search_filter
    if pattern.count(USERNAME) != 1:
        raise ConfigurationError("FACEAUTH_LDAP_USER_DN and FACEAUTH_LDAP_FILTER name {username} once")
    if bool(directory.bind_dn) != bool(directory.bind_password):
        raise ConfigurationError("FACEAUTH_LDAP_BIND_DN and FACEAUTH_LDAP_BIND_PASSWORD_FILE go together")


def _check_url(url: str, directory: Directory) -> None:
    parts: Any = urlsplit(url)
    if parts.scheme not in {"ldap", "ldaps", "ldapi"} or (parts.scheme != "ldapi" and not parts.hostname):
        raise ConfigurationError("FACEAUTH_LDAP_URLS: ldaps://host, ldap://host or ldapi://socket")
    safe = parts.scheme in {"ldaps", "ldapi"} or parts.hostname in LOOPBACK or directory.start_tls
    if not safe:
        raise ConfigurationError("FACEAUTH_LDAP_URLS: passwords travel by ldaps://, or set FACEAUTH_LDAP_START_TLS")
