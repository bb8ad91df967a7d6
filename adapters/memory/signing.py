"""Signing keys without keys: ids and states in a list."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING
from uuid import uuid4

from application.ports.signing import ACTIVE, NEXT, RETIRED, RETIRING, SigningKeyFacts

if TYPE_CHECKING:
    from collections.abc import Sequence
    from datetime import datetime


class MemorySigningKeys:
    """``application.ports.signing.SigningKeyStore`` in a list."""

    def __init__(self, now: datetime) -> None:
        """Begin with a key that signs and the one after it."""
        self._keys = [_fresh(ACTIVE, now), _fresh(NEXT, now)]

    def status(self) -> Sequence[SigningKeyFacts]:
        """Return all keys, oldest first."""
        return list(self._keys)

    def rotate(self, now: datetime) -> str:
        """Let the next key sign from now on. See the port."""
        states = {ACTIVE: RETIRING, NEXT: ACTIVE}
        self._keys = [
            replace(key, state=states[key.state], changed_at=now) if key.state in states else key for key in self._keys
        ]
        signs = self._keys[-1].kid
        self._keys.append(_fresh(NEXT, now))
        return signs

    def retire(self, before: datetime) -> Sequence[str]:
        """Retire keys that have been retiring since before then. See the port."""
        gone = [key.kid for key in self._keys if key.state == RETIRING and key.changed_at < before]
        self._keys = [replace(key, state=RETIRED) if key.kid in gone else key for key in self._keys]
        return gone

    def refresh(self) -> bool:
        """Say that there is nothing new: nobody else has these."""
        return False


def _fresh(state: str, now: datetime) -> SigningKeyFacts:
    return SigningKeyFacts(uuid4().hex, state, now, now)
