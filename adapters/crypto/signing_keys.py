"""The key pairs that sign tokens, in one file of the state directory that every process of the service reads."""

from __future__ import annotations

import json
import time
from contextlib import suppress
from dataclasses import replace
from threading import RLock
from typing import TYPE_CHECKING, Any, Final, Self

from adapters.crypto.entropy import SystemClock
from adapters.crypto.key_files import (
    create_once,
    damaged,
    folder_lock,
    read_document,
    replace_content,
    system_refusals,
)
from adapters.crypto.signing_file import (
    FAULTS,
    FORMAT,
    FORMER_FORMAT,
    SigningKey,
    fresh_key,
    read_keys,
    written,
)
from application.ports.signing import ACTIVE, NEXT, RETIRED, RETIRING, SigningKeyFacts
from domain.errors import KeyRingError

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence
    from datetime import datetime
    from pathlib import Path

    from cryptography.hazmat.primitives.asymmetric import ec

LOOK_EVERY_S: Final = 1.0
"""How long a process may go on signing with a key that another process has just replaced."""


class SigningKeys:
    """Key pairs read from a signing file: one signs, all of them verify. Safe from any thread and several processes.

    A rotation by another process is noticed by the file's inode, time and size: before the key set is published, when
    a token names a key that is not known, and otherwise at most once in ``LOOK_EVERY_S``. A file that cannot be used
    changes nothing here; ``refresh``, which the supervisor calls, says so.
    """

    def __init__(self, path: Path) -> None:
        """Use ``open``."""
        self._path = path
        self._lock = RLock()
        self._seen: tuple[int, ...] = ()
        self._looked = 0.0
        self._keys: dict[str, SigningKey] = {}
        self._active: SigningKey
        self._load()

    @classmethod
    def open(cls, path: Path) -> Self:
        """Load the keys; make a first pair, and the next one, where there is no file. An existing one is only read.

        Raises ``KeyRingError`` when the file is damaged or within reach of other users of the machine.
        """
        with system_refusals(path), folder_lock(path.parent):
            create_once(path, _fresh)
        return cls(path)

    def active(self) -> SigningKey:
        """Return the key pair that signs."""
        if time.monotonic() - self._looked > LOOK_EVERY_S:
            self._look()
        return self._active

    def public(self, kid: object) -> ec.EllipticCurvePublicKey | None:
        """Return the public key of that id, None when there is none."""
        if not isinstance(kid, str):
            return None
        if kid not in self._keys:
            self._look()
        key = self._keys.get(kid)
        return None if key is None else key.public

    def jwks(self) -> dict[str, Any]:
        """Return all public keys, the coming and the former ones too, as a JSON Web Key Set (RFC 7517)."""
        # A key must be in the set before a token that another process signed with it can arrive anywhere.
        self._look()
        return {"keys": [key.jwk() for key in self._keys.values()]}

    def status(self) -> Sequence[SigningKeyFacts]:
        """Return all keys, oldest first. See the port."""
        self.refresh()
        return [SigningKeyFacts(key.kid, key.state, key.created_at, key.changed_at) for key in self._keys.values()]

    def rotate(self, now: datetime) -> str:
        """Let the next key sign from now on. See the port.

        A file of the former format has no next key: there the new one is published at the moment at which it signs.
        """

        def step(keys: list[SigningKey]) -> list[SigningKey]:
            coming = [key for key in keys if key.state == NEXT] or [fresh_key(NEXT, now)]
            changed = [_moved(key, now) for key in keys if key.state != NEXT]
            return [*changed, replace(coming[0], state=ACTIVE, changed_at=now), fresh_key(NEXT, now)]

        self._change(step)
        return self._active.kid

    def retire(self, before: datetime) -> Sequence[str]:
        """Destroy the private halves of keys that have been retiring since before then. See the port."""
        gone: list[str] = []

        def step(keys: list[SigningKey]) -> list[SigningKey]:
            gone.extend(key.kid for key in keys if key.state == RETIRING and key.changed_at < before)
            if not gone:
                return keys
            now = SystemClock().now()
            return [replace(key, state=RETIRED, half=None, changed_at=now) if key.kid in gone else key for key in keys]

        self._change(step)
        return gone

    def refresh(self) -> bool:
        """Take in what another process changed. See the port."""
        with self._lock:
            self._looked = time.monotonic()
            if self._stamp() == self._seen:
                return False
            self._load()
            return True

    def _look(self) -> None:
        with suppress(KeyRingError):
            self.refresh()

    def _change(self, step: Callable[[list[SigningKey]], list[SigningKey]]) -> None:
        """Take the newest file through ``step`` and keep what comes out, on disk first."""
        with self._lock, system_refusals(self._path), folder_lock(self._path.parent):
            self.refresh()
            before = list(self._keys.values())
            changed = step(before)
            if changed is not before:
                replace_content(self._path, _dump(changed))
                self._take(changed, self._stamp())

    def _load(self) -> None:
        stamp = self._stamp()
        document = read_document(self._path, FORMAT, FORMER_FORMAT)
        try:
            keys = read_keys(document)
        except FAULTS:
            raise damaged(self._path) from None
        self._take(keys, stamp)

    def _take(self, keys: list[SigningKey], stamp: tuple[int, ...]) -> None:
        # Readers take no lock: each of these is replaced whole, the keys that verify before the one that signs.
        self._keys = {key.kid: key for key in keys}
        self._active = next(key for key in keys if key.state == ACTIVE)
        self._seen = stamp

    def _stamp(self) -> tuple[int, ...]:
        with system_refusals(self._path):
            status = self._path.stat()
        return status.st_ino, status.st_mtime_ns, status.st_size


def _moved(key: SigningKey, now: datetime) -> SigningKey:
    return replace(key, state=RETIRING, changed_at=now) if key.state == ACTIVE else key


def _dump(keys: Sequence[SigningKey]) -> bytes:
    return json.dumps({"format": FORMAT, **written(keys)}, indent=2).encode()


def _fresh() -> bytes:
    now = SystemClock().now()
    return _dump([fresh_key(ACTIVE, now), fresh_key(NEXT, now)])
