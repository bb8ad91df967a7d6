"""ArcSight Common Event Format, version 0 ("Implementing ArcSight CEF", revision 25): one event, one line."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Final

from adapters.exports.text import compact, encoded
from application.exporting.outcomes import Outcome

if TYPE_CHECKING:
    from application.exporting.records import Record

SEVERITY: Final = {Outcome.SUCCESS: 1, Outcome.REFUSED: 5, Outcome.SERIOUS: 8, Outcome.UNREADABLE: 10}
MOST_DATA: Final = 4000
"""Characters that a custom string of CEF may have; what is cut off says so, and stands in JSON Lines in full."""
CUT: Final = "...[cut]"
_CONTROL: Final = re.compile(r"[\x00-\x1f\x7f\x85\u2028\u2029]")


class Cef:
    """``application.ports.export_format.ExportFormat``, and what a SIEM is sent."""

    name = "cef"
    suffix = ".cef"
    media_type = "text/plain; charset=utf-8"

    def __init__(self, version: str) -> None:
        """``version`` is that of this software."""
        self._prefix = f"CEF:0|faceauth|faceauth|{header(version)}"

    def head(self, part: int) -> bytes:  # noqa: ARG002 - the port
        """Return nothing: every line stands for itself."""
        return b""

    def record(self, record: Record, *, first: bool) -> bytes:  # noqa: ARG002 - the port
        """Return the line."""
        return encoded(self.line(record)) + b"\n"

    def tail(self) -> bytes:
        """Return nothing."""
        return b""

    def line(self, record: Record) -> str:
        """Return an event without a line end: who, what, of whom, how it ended, and the event's data as JSON."""
        document = record.document
        name = header(record.event.name)
        fields = {
            "externalId": str(record.event.position),
            "rt": "" if record.damaged else str(int(record.event.at.timestamp() * 1000)),
            "cat": document["aggregate"],
            "act": record.event.name,
            "outcome": record.outcome.value,
            "reason": record.reason,
            "suid": document["actor"],
            "duid": document["subject_id"],
            "app": document["channel"],
            "cs1Label": "department",
            "cs1": record.department,
            "cs2Label": "correlation_id",
            "cs2": document["correlation_id"],
            "cs3Label": "aggregate_id",
            "cs3": document["aggregate_id"],
            "cs4Label": "data",
            "cs4": _cut(compact(document["data"])) if document["data"] else "",
            "cn1Label": "version",
            "cn1": str(record.event.version),
        }
        told = " ".join(f"{key}={value(text)}" for key, text in fields.items() if text and fields.get(_labelled(key)))
        return f"{self._prefix}|{name}|{name}|{SEVERITY[record.outcome]}|{told}"


def header(text: str) -> str:
    r"""Return a field of the header: ``\`` and ``|`` escaped, no line ends."""
    return _CONTROL.sub(" ", text).replace("\\", "\\\\").replace("|", "\\|")


def value(text: str) -> str:
    r"""Return a value of the extension: ``\`` and ``=`` escaped, line ends as ``\n`` and ``\r``, no other control."""
    text = text.replace("\\", "\\\\").replace("=", "\\=").replace("\r", "\\r").replace("\n", "\\n")
    return _CONTROL.sub(" ", text)


def _labelled(key: str) -> str:
    return key.removesuffix("Label")


def _cut(text: str) -> str:
    return text if len(text) <= MOST_DATA else text[: MOST_DATA - len(CUT)] + CUT
