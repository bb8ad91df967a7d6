"""CSV after RFC 4180 that no spreadsheet takes for a programme."""

from __future__ import annotations

import json
import re
from typing import TYPE_CHECKING, Any, Final

from adapters.exports.text import compact, encoded

if TYPE_CHECKING:
    from collections.abc import Iterable

    from application.exporting.records import Record

COLUMNS: Final = (
    "position",
    "at",
    "event",
    "aggregate",
    "aggregate_id",
    "version",
    "subject_id",
    "department",
    "outcome",
    "reason",
    "actor",
    "channel",
    "correlation_id",
    "causation_id",
    "data",
)
BOM: Final = b"\xef\xbb\xbf"
SIGNS: Final = "=+\\-@\uff1d\uff0b\uff0d\uff20"
"""What begins a formula (OWASP, "CSV Injection"), the wide forms of East Asian keyboards included; for a regex."""
_FORMULA: Final = re.compile(rf"(^|[;\t\r\n])( *)(?=[{SIGNS}\t\r\n])")
_STRING: Final = re.compile(r'"(?:[^"\\]|\\.)*"')
_BEGINNING: Final = re.compile(rf'^("(?:\s|\\[tnr])*)([{SIGNS}])')


class Csv:
    """``application.ports.export_format.ExportFormat``: fixed columns, every cell quoted, lines end in CR LF."""

    name = "csv"
    suffix = ".csv"
    media_type = "text/csv; charset=utf-8; header=present"

    def __init__(self, *, bom: bool = False) -> None:
        """``bom``: begin with a byte order mark, by which Excel knows UTF-8."""
        self._bom = BOM if bom else b""

    def head(self, part: int) -> bytes:  # noqa: ARG002 - the port
        """Return the names of the columns."""
        return self._bom + _row(COLUMNS)

    def record(self, record: Record, *, first: bool) -> bytes:  # noqa: ARG002 - the port
        """Return the row."""
        document = record.document
        cells = [neutral(_text(document[name])) for name in COLUMNS[:-1]]
        return _row([*cells, json_cell(document["data"])])

    def tail(self) -> bytes:
        """Return nothing."""
        return b""


def neutral(text: str) -> str:
    """Return a cell that begins with nothing that calculates, also where a semicolon or line end divides it.

    Programs set to Brazil divide at semicolons, inside our quotes too when they count from the wrong one.
    """
    return _FORMULA.sub(r"\1'\2", text)


def json_cell(data: Any) -> str:
    r"""Return JSON in which nothing divides a cell or begins a formula, and which still reads as the same values.

    Semicolons, and what would begin a formula at the start of a text, stand as JSON escapes (``\u003d`` is "=").
    """
    return _STRING.sub(_harmless, compact(data)).replace(";", "\\u003b")


def _harmless(string: re.Match[str]) -> str:
    return _BEGINNING.sub(lambda found: f"{found[1]}\\u{ord(found[2]):04x}", string[0])


def _text(value: Any) -> str:
    if value is None:
        return ""
    return value if isinstance(value, str) else json.dumps(value)


def _row(cells: Iterable[str]) -> bytes:
    quoted = (cell.replace('"', '""') for cell in cells)
    return encoded('"' + '","'.join(quoted) + '"\r\n')
