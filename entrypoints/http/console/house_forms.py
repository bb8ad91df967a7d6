"""What a form of a page says, parsed like filters: each fault belongs to its field, and what was typed is kept."""

from __future__ import annotations

import unicodedata
from collections.abc import Collection, Iterable
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Final

from application.incidents import MAX_TEXT
from domain.errors import ConcurrencyError as Conflict
from domain.errors import DomainRuleError, FaceauthError, InProgressError, InvalidInputError, NotFoundError
from entrypoints.http.console.filters import Filters

MAX_TEXT_FORM_BYTES: Final = 192 * 1024
"""Four texts of an incident, each letter up to nine bytes of a form."""
MAX_COUNT_DIGITS: Final = 9
WHOLE: Final = "whole"
"""Field of what is wrong with the form as a whole."""
REFUSALS: Final = (DomainRuleError, InvalidInputError, NotFoundError, Conflict)
"""What a use case says no with, to somebody who can do something else."""
CONFLICT: Final = 409


@dataclass(slots=True)
class Form(Filters):
    """Values of a POST form."""

    def required(self, name: str, value: object) -> None:
        """Ask for a value where there is none and nothing is wrong with it yet."""
        if value in (None, "", []) and name not in self.errors:
            self.errors[name] = "error_missing"

    def words(self, name: str, *, empty: bool = False) -> str:
        """Return what somebody wrote: up to 5,000 characters that can be printed."""
        text = unicodedata.normalize("NFC", self._text(name))
        odd = any(unicodedata.category(c).startswith("C") and c not in "\n\t" for c in text)
        if odd or len(text) > MAX_TEXT or not (text or empty):
            self.errors[name] = "error_words"
        return text

    def text(self, name: str) -> str:
        """Return one line."""
        return self._text(name)

    def many(self, name: str, allowed: Iterable[str]) -> list[str]:
        """Return which boxes are ticked; each is a field of its own, ``name_value``."""
        found = [each for each in allowed if self._text(f"{name}_{each}")]
        self.required(name, found)
        return found

    def tick(self, name: str) -> bool:
        """Say whether a box is ticked."""
        return bool(self._text(name))

    def count(self, name: str, *, needed: bool = False) -> int | None:
        """Return a number of people."""
        value = self._text(name)
        if value and not (value.isascii() and value.isdecimal() and len(value) <= MAX_COUNT_DIGITS):
            self.errors[name] = "error_count"
            return None
        if needed:
            self.required(name, value)
        return int(value) if value else None

    def past(self, name: str, *, after: datetime | None = None) -> datetime:
        """Return a moment that has been, in UTC, not before ``after``: now where nothing is said."""
        now = self.look.services.clock.now()
        said = self.moment(name)
        if said is None:
            return now
        at = said.astimezone(UTC)
        if at > now:
            self.errors[name] = "error_future"
        if after is not None and at < after:
            if after - at >= timedelta(seconds=1):  # the field knows seconds only
                self.errors[name] = "error_before_known"
            return after
        return at

    def between(self, first: str, last: str) -> tuple[datetime | None, datetime | None]:
        """Return two moments in UTC, either of which may be open."""
        since, until = (None if at is None else at.astimezone(UTC) for at in (self.moment(first), self.moment(last)))
        if since is not None and until is not None and since > until:
            self.errors[last] = "error_period"
        return since, until

    def refused(self, error: FaceauthError, fields: Collection[type[FaceauthError]] = (), name: str = WHOLE) -> int:
        """Note what a use case refused, at ``name`` for errors among ``fields``; return the status to answer with."""
        if isinstance(error, tuple(fields)):
            self.errors[name] = "error_value"
            return 422
        self.errors[WHOLE] = f"fault_{error.code}" if error.code in KNOWN else "fault_422"
        return 422 if isinstance(error, (InvalidInputError, NotFoundError)) else CONFLICT

    def _text(self, name: str) -> str:
        value = str(self.look.form.get(name, "")).replace("\r\n", "\n").strip()
        self.values[name] = value
        return value


KNOWN: Final = frozenset({"incident_state", "sweep_state", "hold_state", "conflict", InProgressError.code})
"""Codes of refusals that there are words for: ``fault_`` and the code."""
