"""Passwords: who can say whether one is right, and how the ones that are kept here are hashed."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Protocol


@dataclass(frozen=True, slots=True)
class Presented:
    """What somebody presents: in memory only, and never in a ``repr``.

    ``username`` is the one on record where there is one, else what was typed; ``password`` is prepared (RFC 8265,
    OpaqueString). ``hashed`` is the hash that the account holds, None for nobody and for who has none.
    """

    username: str = field(repr=False)
    password: str = field(repr=False)
    hashed: str | None = field(default=None, repr=False)


class PasswordVerifier(Protocol):
    """Says whether a password is right. The work is the same whether or not there is such a user."""

    @property
    def name(self) -> str:
        """Who says it: "local", "ldap" or "oidc"."""
        ...

    def verify(self, presented: Presented) -> bool:
        """Return whether that is the user's password; False for nobody.

        Raises ``UnavailableError`` where nobody can say now (directory down, misconfigured, too busy), never for
        anything that whoever signs in can bring about. Blocks for as long as a hash or a directory takes.
        """
        ...

    def check(self) -> None:
        """See whether passwords could be verified now, without one. Raises ``UnavailableError``, without an address."""
        ...


class PasswordHasher(Protocol):
    """Makes the hashes of the passwords that are kept here."""

    def hash(self, password: str) -> str:
        """Return a salted hash that tells its own parameters. Raises ``UnavailableError`` where it is too busy."""
        ...

    def outdated(self, hashed: str) -> bool:
        """Say whether a hash was made under another policy than the one in force."""
        ...


@dataclass(frozen=True, slots=True)
class Passwords:
    """How passwords are handled here: no ``verifier``, no passwords; no ``hasher``, they are kept elsewhere."""

    verifier: PasswordVerifier | None = None
    hasher: PasswordHasher | None = None
