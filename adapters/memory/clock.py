"""A clock that stands still until told, and ids that count."""

from __future__ import annotations

import itertools
from datetime import UTC, datetime, timedelta
from uuid import UUID

EPOCH = datetime(2030, 1, 1, 8, 0, tzinfo=UTC)


class FixedClock:
    """``application.ports.clock.Clock`` that tests set."""

    def __init__(self, now: datetime = EPOCH) -> None:
        """Start at an aware time."""
        self._now = now
        self._monotonic = 0.0

    def now(self) -> datetime:
        """Return the time it was set to."""
        return self._now

    def monotonic(self) -> float:
        """Return the seconds advanced so far; setting the time does not move it."""
        return self._monotonic

    def advance(self, by: timedelta) -> None:
        """Let time pass: both the time of day and the monotonic seconds."""
        if by < timedelta(0):
            raise ValueError("time does not run backwards: use set()")
        self._now += by
        self._monotonic += by.total_seconds()

    def set(self, now: datetime) -> None:
        """Set the time of day, as an operator would: it may jump back."""
        self._now = now


class SequentialIds:
    """``application.ports.clock.Ids`` that are the same in every run; version 4 in form only."""

    def __init__(self) -> None:
        """Start counting at 1."""
        self._numbers = itertools.count(1)

    def new(self) -> UUID:
        """Return the next id."""
        return UUID(int=next(self._numbers), version=4)

    def nonce(self) -> str:
        """Return the next nonce, 22 characters like a real one."""
        return f"nonce-{next(self._numbers):016d}"
