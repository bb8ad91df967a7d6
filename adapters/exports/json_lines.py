"""JSON Lines: one event, one line, nothing left out."""

from __future__ import annotations

from typing import TYPE_CHECKING

from adapters.exports.text import compact, encoded

if TYPE_CHECKING:
    from application.exporting.records import Record


class JsonLines:
    """``application.ports.export_format.ExportFormat``: the record's document as it is."""

    name = "jsonl"
    suffix = ".jsonl"
    media_type = "application/x-ndjson"

    def head(self, part: int) -> bytes:  # noqa: ARG002 - the port
        """Return nothing: every line stands for itself."""
        return b""

    def record(self, record: Record, *, first: bool) -> bytes:  # noqa: ARG002 - the port
        """Return the line."""
        return encoded(compact(record.document)) + b"\n"

    def tail(self) -> bytes:
        """Return nothing."""
        return b""
