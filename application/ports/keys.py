"""Keys as their keeper sees them: generations, states, and what still hangs on each. Never the keys themselves."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Final, Protocol

if TYPE_CHECKING:
    from collections.abc import Sequence
    from datetime import datetime

ACTIVE: Final = "active"
RETIRING: Final = "retiring"
RETIRED: Final = "retired"
DESTROYED: Final = "destroyed"


@dataclass(frozen=True, slots=True)
class KeyFacts:
    """One key-encryption key or template transform.

    ``state``: active (new values), retiring (values still hang on it), retired (none do), destroyed. ``holds`` counts
    the data keys that it wraps; it is 0 for transforms, whose templates are counted by the read models.
    """

    key_id: str
    state: str
    created_at: datetime
    destroyed_at: datetime | None
    holds: int


@dataclass(frozen=True, slots=True)
class RingStatus:
    """The whole ring: ``generation`` grows with every change, ``provider`` is file, environment or pkcs11."""

    provider: str
    generation: int
    keks: Sequence[KeyFacts]
    transforms: Sequence[KeyFacts]


@dataclass(frozen=True, slots=True)
class DestroyedKey:
    """A line of the erasure ledger: a data key that is gone.

    ``wrapped_under`` names every key-encryption key that may ever have wrapped it and was alive when it was destroyed.
    ``final_at`` is set once all of those are destroyed too: then no copy of the wrapped key opens, wherever it lingers.
    """

    owner: str
    at: datetime
    wrapped_under: tuple[str, ...]
    final_at: datetime | None


class KeyKeeper(Protocol):
    """Changes of the key ring and of what hangs on it. Safe from several threads and processes.

    A change is complete, on disk and known to the store, or did not happen; other processes notice by themselves.
    Callers keep two changes of one kind apart with ``EventStore.mutex``.
    """

    def status(self) -> RingStatus:
        """Return the ring as it is now. Raises ``KeyRingError``, ``UnavailableError``."""
        ...

    def add_kek(self) -> str:
        """Make a new active key-encryption key, the former one retiring; return its id.

        Raises ``KeysReadOnlyError`` where the provider wants the operator's hand for that.
        """
        ...

    def rewrap(self, limit: int = 500) -> int:
        """Wrap up to that many data keys of other generations anew under the active key; return how many.

        0 means: none is left. A key that is destroyed meanwhile stays destroyed. Raises ``SealBrokenError`` naming no
        owner, once for each that does not open: the others are done all the same, and it is skipped by later calls of
        this process.
        """
        ...

    def broken(self) -> list[str]:
        """Return the owners of living data keys that ``rewrap`` of this process found not to open, in order."""
        ...

    def destroy_kek(self, kek_id: str) -> None:
        """Destroy a key-encryption key. Idempotent.

        Raises ``NotFoundError``, ``KeyActiveError`` for the active one, ``KeyInUseError`` while a living data key is
        wrapped by it, ``KeysReadOnlyError`` where the operator has to take it away.
        """
        ...

    def add_transform(self) -> str:
        """Make a new active transform, the former one retiring; return its id."""
        ...

    def retire_transform(self, transform: str) -> None:
        """Mark that no active template uses it any more. Idempotent. Raises ``KeyActiveError``, ``NotFoundError``."""
        ...

    def destroy_transform(self, transform: str) -> None:
        """Destroy a transform's key. Idempotent. Raises ``KeyActiveError``, ``KeyInUseError`` (not retired yet)."""
        ...

    def destroyed_data_keys(self) -> list[DestroyedKey]:
        """Return the erasure ledger, oldest first: one line per owner."""
        ...

    def settle(self) -> list[str]:
        """Mark as final the destroyed data keys whose every key-encryption key is destroyed; return those owners."""
        ...
