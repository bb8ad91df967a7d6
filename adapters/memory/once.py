"""What may pass once, in a dict."""

from __future__ import annotations

from threading import Lock
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from datetime import datetime


class MemoryOnce:
    """``application.ports.once.Once`` for one process."""

    def __init__(self) -> None:
        """Start empty."""
        self._seen: dict[tuple[str, str], datetime] = {}
        self._lock = Lock()

    def first(self, scope: str, value: str, *, forget_at: datetime) -> bool:
        """Say whether this is the first time. See the port."""
        with self._lock:
            if (scope, value) in self._seen:
                return False
            self._seen[scope, value] = forget_at
            return True

    def forget(self, before: datetime) -> int:
        """Forget what was kept until an earlier time; return how much."""
        with self._lock:
            old = [key for key, until in self._seen.items() if until < before]
            for key in old:
                del self._seen[key]
            return len(old)
