"""Passwords in a dict: a directory that tests fill, and hashes that cost nothing."""

from __future__ import annotations

import hashlib
from typing import TYPE_CHECKING, Final

from domain.errors import UnavailableError

if TYPE_CHECKING:
    from application.ports.passwords import Presented

FORMAT: Final = "memory"


class MemoryPasswords:
    """``PasswordVerifier`` and ``PasswordHasher`` of ``application.ports.passwords``, by plain digests.

    ``presented`` remembers every call; ``down`` makes it a directory that cannot be reached.
    """

    def __init__(self, policy: str = "1") -> None:
        """Hash under that policy."""
        self.policy = policy
        self.down = False
        self.presented: list[Presented] = []

    @property
    def name(self) -> str:
        """Local: the account's hash decides."""
        return "local"

    def verify(self, presented: Presented) -> bool:
        """Compare. See the port."""
        self.presented.append(presented)
        if self.down:
            raise UnavailableError("passwords cannot be verified now")
        if presented.hashed is None:
            return False
        policy = presented.hashed.split("$")[1]
        return presented.hashed == _digest(policy, presented.password)

    def check(self) -> None:
        """Raise where it is down. See the port."""
        if self.down:
            raise UnavailableError("passwords cannot be verified now")

    def hash(self, password: str) -> str:
        """Return a digest that names its policy."""
        return _digest(self.policy, password)

    def outdated(self, hashed: str) -> bool:
        """Say whether it names another one."""
        return hashed.split("$")[1] != self.policy


class MemoryDirectory:
    """``PasswordVerifier`` in a dict: passwords by username."""

    def __init__(self, people: dict[str, str]) -> None:
        """Take (username, password)."""
        self._people = people
        self.down = False
        self.presented: list[Presented] = []

    @property
    def name(self) -> str:
        """A directory."""
        return "ldap"

    def verify(self, presented: Presented) -> bool:
        """Look up. See the port."""
        self.presented.append(presented)
        if self.down:
            raise UnavailableError("the directory cannot be reached")
        return self._people.get(presented.username) == presented.password

    def check(self) -> None:
        """Raise where it is down. See the port."""
        if self.down:
            raise UnavailableError("passwords cannot be verified now")


def _digest(policy: str, password: str) -> str:
    return f"{FORMAT}${policy}${hashlib.sha256(password.encode()).hexdigest()}"
