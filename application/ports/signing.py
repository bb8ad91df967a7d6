"""The keys that sign tokens: which there are, and changing the one in charge."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Final, Protocol

if TYPE_CHECKING:
    from collections.abc import Sequence
    from datetime import datetime

NEXT: Final = "next"
"""Published, so that verifiers know it before it signs."""
ACTIVE: Final = "active"
"""The one that signs."""
RETIRING: Final = "retiring"
"""Signs no more; its private half lasts a little longer, for processes that have not noticed yet."""
RETIRED: Final = "retired"
"""Its private half is destroyed. What it signed verifies for as long as the file is kept."""


@dataclass(frozen=True, slots=True)
class SigningKeyFacts:
    """What may be known of a signing key: its id (RFC 7638), state, and when it was made and last changed state."""

    kid: str
    state: str
    created_at: datetime
    changed_at: datetime


class SigningKeyStore(Protocol):
    """Key pairs for tokens, in one file that several processes share."""

    def status(self) -> Sequence[SigningKeyFacts]:
        """Return all keys, oldest first."""
        ...

    def rotate(self, now: datetime) -> str:
        """Let the next key sign from now on and publish another one after it; return the id of the key that signs.

        Every public half stays published. Raises ``KeyRingError``.
        """
        ...

    def retire(self, before: datetime) -> Sequence[str]:
        """Destroy the private halves of keys that have been retiring since before then; return their ids.

        Raises ``KeyRingError``.
        """
        ...

    def refresh(self) -> bool:
        """Take in what another process changed; say whether there was anything.

        Raises ``KeyRingError``, and keeps what it has, where the file cannot be used.
        """
        ...
