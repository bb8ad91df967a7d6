"""Where key-encryption keys live: the port inside this room that the ring wraps data keys through."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final, Protocol

if TYPE_CHECKING:
    from collections.abc import Mapping

FILE: Final = "file"
ENVIRONMENT: Final = "environment"
PKCS11: Final = "pkcs11"
PROVIDERS: Final = frozenset({FILE, ENVIRONMENT, PKCS11})


class KekProvider(Protocol):
    """Holds 256-bit AES keys by id and wraps with them (AES-256-GCM). Safe from several threads."""

    @property
    def name(self) -> str:
        """Return file, environment or pkcs11: what the ring file and ``faceauth keys status`` say."""
        ...

    def next_id(self) -> str | None:
        """Return the id that the next key must have, None where any will do. Raises ``KeysReadOnlyError``."""
        ...

    def create(self, kek_id: str) -> Mapping[str, str]:
        """Make a key; return what the ring file must remember of it: {"key": base64} for file, {} for the others.

        Raises ``KeysReadOnlyError`` where the operator provides keys, ``KeyRingError`` where the device is silent.
        """
        ...

    def holds(self, kek_id: str) -> bool:
        """Say whether that key is there. Raises ``KeyRingError``."""
        ...

    def wrap(self, kek_id: str, plaintext: bytes, context: bytes) -> bytes:
        """Return nonce (12 random bytes), ciphertext and tag (16), ``context`` as associated data.

        Raises ``KeyRingError`` where the key is not there.
        """
        ...

    def unwrap(self, kek_id: str, wrapped: bytes, context: bytes) -> bytes:
        """Open what ``wrap`` returned. Raises ``SealBrokenError`` for anything else, ``KeyRingError`` with no key."""
        ...

    def close(self) -> None:
        """Let go of keys in memory; the object is not used afterwards. Idempotent."""
        ...

    def destroy(self, kek_id: str) -> None:
        """Destroy that key for good, as far as this provider can. Idempotent. Raises ``KeysReadOnlyError``."""
        ...


class ProviderFactory(Protocol):
    """Makes a provider from what it asked to be remembered, by id of every key that is not destroyed."""

    @property
    def name(self) -> str:
        """Return the ``name`` of what it makes."""
        ...

    def __call__(self, remembered: Mapping[str, Mapping[str, str]], /) -> KekProvider:
        """Make one. Raises ``ConfigurationError``, ``KeyRingError``, and ``ValueError`` for what it never returned."""
        ...
