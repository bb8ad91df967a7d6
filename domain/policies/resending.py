"""When to send again what did not arrive, and when to stop trying."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime, timedelta


@dataclass(frozen=True, slots=True)
class ResendPolicy:
    """Exponential back-off with jitter: the first wait, the longest, and how long something may go on failing.

    ``longest_asked`` bounds what a receiver may ask for with Retry-After (RFC 9110, section 10.2.3). ``faults_to_rest``
    faults in a row, with nothing taken between them, are a receiver that is down, not an event that it cannot take.
    """

    first: timedelta = timedelta(seconds=1)
    longest: timedelta = timedelta(minutes=5)
    longest_asked: timedelta = timedelta(hours=1)
    give_up_after: timedelta = timedelta(hours=72)
    faults_to_rest: int = 3

    def wait(self, faults: int, jitter: float, asked: timedelta | None = None) -> timedelta:
        """Return the wait after that many faults in a row (1 or more).

        ``jitter`` in 0..1 spreads it over the upper half, so that what failed together does not come back together;
        ``asked`` is what the receiver asked for, at least.
        """
        doublings = min(max(faults, 1) - 1, 32)
        full = min(self.longest, self.first * float(1 << doublings))
        return max(full * (0.5 + 0.5 * jitter), min(asked or timedelta(0), self.longest_asked))

    def given_up(self, failing_since: datetime, now: datetime) -> bool:
        """Whether it has failed for so long that a person has to look at it."""
        return now - failing_since >= self.give_up_after
