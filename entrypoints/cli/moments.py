"""Moments as people type them."""

from __future__ import annotations

from datetime import UTC, datetime

from domain.errors import InvalidInputError
from entrypoints.cli.output import errors


def moment_of(text: str) -> datetime:
    """Return a moment; one without an offset is UTC, and that is said. Raises ``InvalidInputError``."""
    try:
        moment = datetime.fromisoformat(text)
    except ValueError as error:
        raise InvalidInputError("a moment is written as 2026-11-22T18:00:00+00:00 (RFC 3339)") from error
    if moment.tzinfo is None:
        errors.print(f"{text}: sem fuso, tomado como UTC / no offset, taken as UTC", markup=False)
        return moment.replace(tzinfo=UTC)
    return moment
