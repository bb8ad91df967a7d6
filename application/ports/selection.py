"""What is asked of a read model beyond equal columns: periods, groups, pages. Values; an adapter makes SQL."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime, tzinfo
from typing import Any


@dataclass(frozen=True, slots=True)
class Selection:
    """Which rows: all conditions together.

    ``equal`` as in ``rows`` (None: empty), ``filled`` columns are not empty, ``since`` <= ``time`` < ``before`` where
    given, and ``enrolled_in`` keeps rows whose ``subject_id`` is or was enrolled in that department.
    """

    equal: Mapping[str, Any] = field(default_factory=dict)
    filled: Sequence[str] = ()
    time: str = ""
    since: datetime | None = None
    before: datetime | None = None
    enrolled_in: str | None = None

    def __post_init__(self) -> None:
        """Raise ``ValueError`` for a period of no column."""
        if not self.time and (self.since is not None or self.before is not None):
            raise ValueError("a period needs its column")


@dataclass(frozen=True, slots=True)
class Daily:
    """Group by the calendar day of a time in a zone; the group is a ``date``."""

    column: str
    zone: tzinfo


@dataclass(frozen=True, slots=True)
class Binned:
    """Group a number into bins of equal ``width``; the group is the bin's number, ``floor(value / width)``."""

    column: str
    width: float


Group = str | Daily | Binned
"""A column as it is, or one of the two."""
