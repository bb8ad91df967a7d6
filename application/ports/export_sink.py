"""Where a stream of the history goes, and how far it has got."""

from __future__ import annotations

from typing import TYPE_CHECKING, Protocol

if TYPE_CHECKING:
    from collections.abc import Sequence

    from application.exporting.records import Record


class ExportSink(Protocol):
    """A collector. After ``UnavailableError`` it connects anew with the next ``send``."""

    def send(self, records: Sequence[Record]) -> None:
        """Hand over records in order. Raises ``UnavailableError``; how many arrived is unknown then."""
        ...

    def settle(self) -> None:
        """Return when, as far as can be known, all that was sent has arrived. Raises ``UnavailableError``."""
        ...

    def close(self) -> None:
        """Let go. Idempotent."""
        ...


class Checkpoint(Protocol):
    """The position up to which a collector has the history."""

    def read(self) -> int:
        """Return it, 0 where nothing was sent yet. Raises ``ExportError`` for one that cannot be read."""
        ...

    def write(self, position: int) -> None:
        """Keep it, on disk before this returns. Raises ``ExportError``."""
        ...
