"""Fixed SQL, kept in .sql files and called by name."""

from __future__ import annotations

import re
from functools import cache
from pathlib import Path
from typing import Final

SQL_FOLDER: Final = Path(__file__).parent / "sql"
_HEADING: Final = re.compile(r"^-- name: (\w+)\n", re.MULTILINE)


@cache
def statement(name: str) -> bytes:
    """Return the statement headed ``-- name: NAME`` in one of the .sql files. Raises ``KeyError``."""
    return _all()[name]


@cache
def _all() -> dict[str, bytes]:
    found: dict[str, bytes] = {}
    for file in sorted(SQL_FOLDER.glob("*.sql")):
        _, *parts = _HEADING.split(file.read_text(encoding="utf-8"))
        for name, text in zip(parts[::2], parts[1::2], strict=True):
            if name in found:
                raise ValueError(f"two statements are called {name}")
            found[name] = text.strip().encode()
    return found
