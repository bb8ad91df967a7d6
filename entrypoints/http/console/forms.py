"""What a form brought, parsed: each fault belongs to its field, and what was typed is there again."""

from __future__ import annotations

from collections.abc import Collection
from dataclasses import dataclass, field
from datetime import datetime
from typing import Final
from uuid import UUID

from entrypoints.http.console.page import Look
from entrypoints.http.console.times import ZONE

MAX_FIELD_CHARACTERS: Final = 200
YES: Final = "yes"
EARLIEST_YEAR: Final = 2000
LATEST_YEAR: Final = 2200


@dataclass(slots=True)
class Form:
    """Values by field as they came, and faults by field as keys of strings."""

    look: Look
    values: dict[str, str] = field(default_factory=dict, repr=False)
    errors: dict[str, str] = field(default_factory=dict)

    def text(self, name: str, *, most: int = MAX_FIELD_CHARACTERS, needed: str | None = None) -> str:
        """Return what was typed. ``needed``: the fault of leaving it empty."""
        value = str(self.look.form.get(name, "")).strip()
        self.values[name] = value[:most]
        if len(value) > most:
            self.errors[name] = "error_text_too_long"
        elif needed is not None and not value:
            self.errors[name] = needed
        return value[:most]

    def choice(self, name: str, allowed: Collection[str], *, needed: bool = True) -> str:
        """Return one of ``allowed``; "" for none."""
        value = self.text(name)
        if value not in allowed and (value or needed):
            self.errors[name] = "error_choice"
            return ""
        return value

    def checked(self, name: str) -> bool:
        """Whether a box was ticked."""
        return self.text(name) == YES

    def uuid(self, name: str) -> UUID | None:
        """Return an id."""
        value = self.text(name)
        try:
            return UUID(value) if value else None
        except ValueError:
            self.errors[name] = "error_id"
            return None

    def moment(self, name: str) -> datetime | None:
        """Return a date and time of the hospital's zone, or with an offset of its own."""
        value = self.text(name)
        try:
            moment = datetime.fromisoformat(value) if value else None
        except ValueError:
            self.errors[name] = "error_moment"
            return None
        if moment is not None and not EARLIEST_YEAR <= moment.year <= LATEST_YEAR:
            self.errors[name] = "error_moment"
            return None
        return moment if moment is None or moment.tzinfo else moment.replace(tzinfo=ZONE)

    def forget(self, *names: str) -> None:
        """Do not show those again: an answer about somebody unknown says nothing of who was named."""
        for name in names:
            self.values.pop(name, None)
