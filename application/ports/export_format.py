"""A form in which the history leaves the house."""

from __future__ import annotations

from typing import TYPE_CHECKING, Protocol

if TYPE_CHECKING:
    from application.exporting.records import Record


class ExportFormat(Protocol):
    """Records to bytes. The same records give the same bytes; nothing is remembered from one call to the next."""

    @property
    def name(self) -> str:
        """What people call it: "csv", "jsonl", "fhir", "cef"."""
        ...

    @property
    def suffix(self) -> str:
        """How its files end, with the dot."""
        ...

    @property
    def media_type(self) -> str:
        """Its media type."""
        ...

    def head(self, part: int) -> bytes:
        """Return what stands before the records of a file; ``part`` counts the files from 1."""
        ...

    def record(self, record: Record, *, first: bool) -> bytes:
        """Return one record; ``first`` of its file."""
        ...

    def tail(self) -> bytes:
        """Return what stands behind the records of a file."""
        ...
