"""What may pass once: token ids, proofs, events of others."""

from __future__ import annotations

from typing import TYPE_CHECKING, Protocol

if TYPE_CHECKING:
    from datetime import datetime


class Once(Protocol):
    """Remembers, across processes and restarts, until it does not matter any more."""

    def first(self, scope: str, value: str, *, forget_at: datetime) -> bool:
        """Say whether this is the first time that ``value`` comes by in ``scope``; of two at once, one is first.

        Only a digest is kept, until ``forget_at``: let that be no earlier than ``value`` would be refused anyway.
        Raises ``UnavailableError``.
        """
        ...

    def forget(self, before: datetime) -> int:
        """Forget what was kept until an earlier time; return how much. Raises ``UnavailableError``."""
        ...
