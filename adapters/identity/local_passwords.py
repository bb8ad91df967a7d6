"""Passwords that are kept here, as Argon2id hashes (RFC 9106)."""

from __future__ import annotations

import secrets
import threading
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from typing import TYPE_CHECKING, Final

from argon2 import PasswordHasher as Argon2
from argon2 import Type
from argon2.exceptions import InvalidHashError, VerificationError, VerifyMismatchError

from domain.errors import UnavailableError

if TYPE_CHECKING:
    from collections.abc import Iterator

    from application.ports.passwords import Presented

WAIT_S: Final = 10.0
"""How long a hash waits for its turn before the service is called too busy."""
SALT_BYTES: Final = 16
HASH_BYTES: Final = 32
"""128 bits of salt and 256 of tag (RFC 9106, section 4)."""


@dataclass(frozen=True, slots=True)
class Argon2Policy:
    """Cost of a hash: passes, KiB of memory, lanes. The default is RFC 9106's second recommended option (section 4).

    ``at_once`` bounds the hashes computed at a time, and so the memory: ``at_once`` * ``memory_kib``.
    """

    passes: int = 3
    memory_kib: int = 64 * 1024
    lanes: int = 4
    at_once: int = 2


class LocalPasswords:
    """``PasswordVerifier`` and ``PasswordHasher`` of ``application.ports.passwords``."""

    def __init__(self, policy: Argon2Policy | None = None, *, wait_s: float = WAIT_S) -> None:
        """Hash under that policy."""
        policy = policy or Argon2Policy()
        self._argon2 = Argon2(
            time_cost=policy.passes,
            memory_cost=policy.memory_kib,
            parallelism=policy.lanes,
            hash_len=HASH_BYTES,
            salt_len=SALT_BYTES,
            type=Type.ID,
        )
        self._turns = threading.BoundedSemaphore(policy.at_once)
        self._wait_s = wait_s
        self._lock = threading.Lock()
        self._stand_in = ""

    @property
    def name(self) -> str:
        """Kept here."""
        return "local"

    def verify(self, presented: Presented) -> bool:
        """Compute one hash and compare it, for nobody as for somebody. See the port."""
        nobodys = self._nobodys()
        with self._turn():
            try:
                self._argon2.verify(nobodys if presented.hashed is None else presented.hashed, presented.password)
            except VerifyMismatchError:
                return False
            except InvalidHashError:
                # Sealed by us and still no hash of ours: no password is right, and it takes as long as one.
                self._compare(nobodys, presented.password)
                return False
            except VerificationError:
                raise UnavailableError("a password hash could not be computed") from None
        return presented.hashed is not None

    def check(self) -> None:
        """Nothing to reach. See the port."""

    def hash(self, password: str) -> str:
        """Return an encoded Argon2id hash. See the port."""
        with self._turn():
            return self._argon2.hash(password)

    def outdated(self, hashed: str) -> bool:
        """Say whether a hash has other parameters than the policy's."""
        return self._argon2.check_needs_rehash(hashed)

    def _nobodys(self) -> str:
        """Return the hash that stands in for whoever has none; made at the first password, whoever's that is."""
        with self._lock:
            self._stand_in = self._stand_in or self.hash(secrets.token_urlsafe())
            return self._stand_in

    def _compare(self, hashed: str, password: str) -> None:
        with suppress(VerificationError):
            self._argon2.verify(hashed, password)

    @contextmanager
    def _turn(self) -> Iterator[None]:
        if not self._turns.acquire(timeout=self._wait_s):
            raise UnavailableError("too many passwords are being verified at once")
        try:
            yield
        finally:
            self._turns.release()
