"""The last evaluation of every kind that was made on this machine, kept for the officer's documents."""

from __future__ import annotations

import json
from collections.abc import Mapping
from datetime import UTC, datetime
from pathlib import Path
from typing import Any, Final

from application.evaluation.journal import FOLDER, PRIVATE_FOLDER
from domain.errors import InvalidInputError
from entrypoints.settings import Settings

KINDS: Final = ("verification", "identification", "pad", "session")
LEFT_OUT: Final = frozenset({"sessions", "coefficients", "steps_ms"})
"""Names of clips may name people; paths and timings are nobody's business."""


def keep(settings: Settings, kind: str, document: Mapping[str, Any], *, at: datetime | None = None) -> None:
    """Keep the summary of an evaluation in place of the one before. Raises ``InvalidInputError``."""
    kept = {name: value for name, value in document.items() if name not in LEFT_OUT}
    kept["measured_at"] = (at or datetime.now(UTC)).isoformat(timespec="seconds")
    path = _path(settings, kind)
    beside = path.with_name(f".{path.name}.new")
    try:
        path.parent.mkdir(mode=PRIVATE_FOLDER, parents=True, exist_ok=True)
        beside.write_text(json.dumps(kept, ensure_ascii=False, indent=1) + "\n", "utf-8")
        beside.replace(path)
    except OSError as error:
        raise InvalidInputError(f"{path} cannot be written: {error.strerror}") from None


def last(settings: Settings) -> dict[str, dict[str, Any]]:
    """Return the last evaluations by kind; one that cannot be read is as if it had not been made."""
    found = {}
    for kind in KINDS:
        try:
            document = json.loads(_path(settings, kind).read_text("utf-8"))
        except (OSError, ValueError):
            continue
        if isinstance(document, dict) and isinstance(document.get("measured_at"), str):
            found[kind] = document
    return found


def _path(settings: Settings, kind: str) -> Path:
    return settings.home / FOLDER / f"last-{kind}.json"
