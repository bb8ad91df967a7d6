"""Key-encryption keys from a variable of the environment: the operator makes them and takes them away."""

from __future__ import annotations

import base64
import binascii
import re
from dataclasses import dataclass, field
from threading import Lock
from typing import TYPE_CHECKING, ClassVar, Final

from adapters.crypto.aead import open_sealed, seal
from adapters.crypto.kek_provider import ENVIRONMENT
from domain.errors import ConfigurationError, KeyRingError, KeysReadOnlyError

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping

VARIABLE: Final = "FACEAUTH_KEKS"
KEY_BYTES: Final = 32
"""AES-256."""
ID: Final = re.compile(r"[A-Za-z0-9][A-Za-z0-9._-]{0,62}")


class EnvironmentKeks:
    """``KekProvider`` over the keys of FACEAUTH_KEKS: comma- or blank-separated ``id=base64``, the newest last.

    What the variable names is there, and what it does not name is gone: nothing here can destroy a key that the
    operator still provides, so such a key never counts as destroyed. Keys lie in buffers that are zeroed by ``close``;
    the variable itself stays where the operating system put it, for as long as the process lives.
    """

    name: ClassVar[str] = ENVIRONMENT

    def __init__(self, variable: str, known: Iterable[str]) -> None:
        """Take the variable's value and the ids that the ring knows. Raises ``ConfigurationError``, see ``parsed``."""
        self._lock = Lock()
        self._keys = parsed(variable)
        self._newest = next(reversed(self._keys))
        self._known = {*known}

    def next_id(self) -> str | None:
        """Return the last id of the variable. Raises ``KeysReadOnlyError`` where the ring knows it already."""
        if self._newest in self._known:
            raise KeysReadOnlyError(
                f"{VARIABLE} names no new key: add id=key (32 random bytes in base64) at its end, restart every "
                "process of the service with it, then run 'faceauth keys rotate' again"
            )
        return self._newest

    def create(self, kek_id: str) -> Mapping[str, str]:
        """Take the variable's key of that id into use; there is nothing to remember. See the port."""
        if not self.holds(kek_id):
            raise KeysReadOnlyError(f"keys are made by whoever sets {VARIABLE}, and it names none of this id")
        self._known.add(kek_id)
        return {}

    def holds(self, kek_id: str) -> bool:
        """Say whether the variable names that key."""
        return kek_id in self._keys

    def wrap(self, kek_id: str, plaintext: bytes, context: bytes) -> bytes:
        """Wrap. See the port."""
        return seal(self._held(kek_id), plaintext, context)

    def unwrap(self, kek_id: str, wrapped: bytes, context: bytes) -> bytes:
        """Unwrap. See the port."""
        return open_sealed(self._held(kek_id), wrapped, context)

    def destroy(self, kek_id: str) -> None:
        """Raise ``KeysReadOnlyError`` while the variable names that key; once it does not, the key is gone."""
        if self.holds(kek_id):
            raise KeysReadOnlyError(
                f"take {kek_id} out of {VARIABLE}, restart every process of the service, then run "
                "'faceauth keys rotate' again: until then this key is not destroyed"
            )

    def close(self) -> None:
        """Zero every key."""
        with self._lock:
            for key in self._keys.values():
                key[:] = bytes(len(key))
            self._keys = {}

    def _held(self, kek_id: str) -> bytes:
        with self._lock:
            key = self._keys.get(kek_id)
            if key is None:
                raise KeyRingError(f"{VARIABLE} does not name a key that is needed ({kek_id:.63}): put it back")
            return bytes(key)


@dataclass(frozen=True, slots=True)
class KeksOfVariable:
    """Makes ``EnvironmentKeks`` from the value of FACEAUTH_KEKS."""

    variable: str = field(repr=False)

    @property
    def name(self) -> str:
        """Which provider."""
        return ENVIRONMENT

    def __call__(self, remembered: Mapping[str, Mapping[str, str]]) -> EnvironmentKeks:
        """Make one for a ring with those keys. Raises ``ConfigurationError``."""
        return EnvironmentKeks(self.variable, remembered)


def parsed(variable: str) -> dict[str, bytearray]:
    """Return the keys by id, in the order of the variable.

    Raises ``ConfigurationError`` for anything but ``id=base64`` of 32 bytes, for an id or a key that comes twice and
    for none at all, naming the place of the entry and nothing of what it holds.
    """
    keys: dict[str, bytearray] = {}
    for place, entry in enumerate(filter(None, re.split(r"[\s,]+", variable)), start=1):
        kek_id, _, text = entry.partition("=")
        key = _key(text)
        if not ID.fullmatch(kek_id) or key is None:
            raise ConfigurationError(
                f"{VARIABLE}: entry {place} is not id=key, an id of up to 63 letters, digits, '.', '_' and '-' and 32 "
                "bytes in base64"
            )
        if kek_id in keys:
            raise ConfigurationError(f"{VARIABLE}: entry {place} has the id of an entry before it")
        if key in keys.values():
            raise ConfigurationError(
                f"{VARIABLE}: entry {place} has the key of an entry before it: taking one away would destroy nothing"
            )
        keys[kek_id] = key
    if not keys:
        raise ConfigurationError(f"{VARIABLE} names no key: set it to id=key, a key being 32 random bytes in base64")
    return keys


def _key(text: str) -> bytearray | None:
    try:
        key = bytearray(base64.b64decode(text, validate=True))
    except (binascii.Error, ValueError):
        return None
    return key if len(key) == KEY_BYTES else None
