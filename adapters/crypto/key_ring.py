"""The keys that everything else hangs on, in one file of the state directory."""

from __future__ import annotations

import base64
import binascii
import hmac
import secrets
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any, Self

from adapters.crypto.entropy import SystemClock
from adapters.crypto.key_files import damaged, open_document
from domain.errors import KeyRingError

if TYPE_CHECKING:
    from collections.abc import Mapping
    from pathlib import Path

KEY_BYTES = 32
"""AES-256 and HMAC-SHA256 keys alike."""

FORMAT = "faceauth-key-ring/1"
STATES = frozenset({"active"})
"""States a key-encryption key of this format can be in; an unknown one is refused, so that no version misreads it."""


@dataclass(frozen=True, slots=True)
class KeyEncryptionKey:
    """A key that wraps data keys: 32 bytes under an id that is stored beside what it wrapped."""

    kek_id: str
    state: str
    key: bytes = field(repr=False)


@dataclass(frozen=True, slots=True, eq=False)
class FileKeyRing:
    """Keys read from a ring file. No key appears in its ``repr`` nor in any error.

    ``store_key`` seals whole event states, ``digest_key`` keys the look-up digests of unique personal values and
    ``pairwise_key`` makes the subjects of tokens: 32 bytes each. Whoever holds this file and the database can read
    everything; losing it loses everything.
    """

    path: Path
    store_key: bytes = field(repr=False)
    digest_key: bytes = field(repr=False)
    pairwise_key: bytes = field(repr=False)
    keks: Mapping[str, KeyEncryptionKey] = field(repr=False)

    @classmethod
    def open(cls, path: Path, *, create: bool = True) -> Self:
        """Load the ring; make a new one first where there is none and ``create`` allows it.

        An existing file is never written to. Two processes may open a new ring at once: both get the same keys. Pass
        ``create=False`` where data sealed under a ring exists already. Raises ``KeyRingError`` when the file is
        missing (``create`` False), damaged, or within reach of other users of the machine.
        """
        document = open_document(path, kind=FORMAT, fresh=_fresh, create=create)
        try:
            keks = [
                KeyEncryptionKey(kek_id=_text(entry["id"]), state=_text(entry["state"]), key=_key(entry["key"]))
                for entry in document["keks"]
            ]
            ring = cls(
                path=path,
                store_key=_key(document["store_key"]),
                digest_key=_key(document["digest_key"]),
                pairwise_key=_key(document["pairwise_key"]),
                keks={kek.kek_id: kek for kek in keks},
            )
        except (KeyError, TypeError, ValueError):
            raise damaged(path) from None
        one_active = sum(kek.state == "active" for kek in keks) == 1
        if not one_active or len(ring.keks) != len(keks) or any(kek.state not in STATES for kek in keks):
            raise damaged(path)
        return ring

    @property
    def fingerprint(self) -> str:
        """Hex HMAC-SHA256 that names this ring without saying anything about its keys."""
        return hmac.digest(self.store_key, b"faceauth key ring", "sha256").hex()

    def active_kek(self) -> tuple[str, bytes]:
        """Return (id, 32 bytes) of the key that wraps new data keys."""
        active = next(kek for kek in self.keks.values() if kek.state == "active")
        return active.kek_id, active.key

    def kek(self, kek_id: str) -> bytes:
        """Return a key-encryption key (32 bytes). Raises ``KeyRingError`` when this ring does not hold it."""
        if kek_id not in self.keks:
            raise KeyRingError(f"{self.path} does not hold the key that wrapped this data: restore the ring's backup")
        return self.keks[kek_id].key


def _fresh() -> dict[str, Any]:
    kek = {
        "id": f"kek-{secrets.token_hex(8)}",
        "key": _new_key(),
        "state": "active",
        "created_at": SystemClock().now().isoformat(),
    }
    return {"keks": [kek], "store_key": _new_key(), "digest_key": _new_key(), "pairwise_key": _new_key()}


def _new_key() -> str:
    return base64.b64encode(secrets.token_bytes(KEY_BYTES)).decode()


def _key(value: object) -> bytes:
    try:
        key = base64.b64decode(_text(value), validate=True)
    except binascii.Error:
        key = b""
    if len(key) != KEY_BYTES:
        raise ValueError("not a key")
    return key


def _text(value: object) -> str:
    if not isinstance(value, str) or not value:
        raise ValueError("not a text")
    return value
