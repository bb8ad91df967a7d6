"""How often somebody may fail before they have to wait, and for how long: pure arithmetic over tallies.

The numbers are those of NIST SP 800-63B: 5 failures in a row, or 10 where presentation attacks are detected and a live
person was there, then 30 seconds, doubling with each further failure; an end at 50 (100) (SP 800-63B-4 section 3.2.3,
in its former edition 5.2.3); the longest wait of an hour is the upper end of the example in section 5.2.2 of the former
edition ("30 seconds up to an hour").

What is counted, for each way in (face, password) on its own, so that failures of one never close the other:

========================  =================================  ========  ==============================================
scope                     counts the failures of             multiple  reset by a success of
========================  =================================  ========  ==============================================
``claim_at_device``       one claimed name on one device     1         that person on that device
``claim_at_address``      one claimed name from one address  1         that person from that address
``device``                a device that proved itself        1         anybody on that device
``address``               an address in one department       4         anybody from that address in that department
``claim``                 one claimed name from everywhere   10        that person; delays, never stops
``department``            a whole department                 20        nobody: begins anew each window; never stops
========================  =================================  ========  ==============================================

Where a paired device proved itself, the device stands in for the address, which it shares with strangers. An address
counts fourfold because a ward behind one NAT shares it. ``claim`` and ``department`` catch an attack that is spread
over many addresses; they only delay, and they (and ``address``) do not delay somebody who comes from where they have
succeeded lately: else anybody could keep a colleague, or a ward, from signing in by failing in their name. (OWASP,
Blocking Brute Force Attacks, calls this device cookies; here it is the pair of person and place.)

A try that is under way holds a slot, a lease: tries and failures together never pass the limit, however many processes
ask at once. A lease that nobody gives back, because its process died, ends by itself.
"""

from __future__ import annotations

from dataclasses import dataclass, field, replace
from datetime import datetime, timedelta
from typing import TYPE_CHECKING, Final

if TYPE_CHECKING:
    from collections.abc import Mapping
    from uuid import UUID

CLAIM_AT_DEVICE: Final = "claim_at_device"
CLAIM_AT_ADDRESS: Final = "claim_at_address"
DEVICE: Final = "device"
ADDRESS: Final = "address"
CLAIM: Final = "claim"
DEPARTMENT: Final = "department"
RATE: Final = "rate"
"""Attempts from an address that opened no session, for whatever reason: a rate, not a count of failures."""

BETWEEN_TRIES: Final = timedelta(seconds=1)
"""What to wait where others are trying right now in every slot there is."""
MOST_DOUBLINGS: Final = 40
"""Beyond this a wait is longer than any that can be set; the numbers stay small."""
MINUTE: Final = timedelta(minutes=1)


@dataclass(frozen=True, slots=True)
class Tally:
    """What is known of one place, name or department.

    ``failures`` were without, ``live_failures`` with a live person before the camera; ``waits`` counts the waits that
    were imposed in a row, the last of them ``until``; ``stopped``: only an administrator ends it. ``refused`` counts
    who was turned away since the last failure. ``episode`` is the id of the ``Lockout`` in the history while there is
    one. ``leases`` maps the tries under way to when they are taken for lost.
    """

    failures: int = 0
    live_failures: int = 0
    waits: int = 0
    until: datetime | None = None
    stopped: bool = False
    since: datetime | None = None
    failed_at: datetime | None = None
    succeeded_at: datetime | None = None
    refused: int = 0
    episode: UUID | None = None
    leases: Mapping[str, datetime] = field(default_factory=dict)

    @property
    def total(self) -> int:
        """Failures of both kinds."""
        return self.failures + self.live_failures

    def waiting(self, now: datetime) -> bool:
        """Say whether nobody may try now."""
        return self.stopped or (self.until is not None and now < self.until)

    def under_way(self, now: datetime) -> int:
        """How many tries are under way."""
        return sum(until > now for until in self.leases.values())

    def familiar(self, now: datetime, within: timedelta) -> bool:
        """Say whether somebody has succeeded here lately."""
        return self.succeeded_at is not None and now - self.succeeded_at < within

    def with_lease(self, token: str, until: datetime, now: datetime) -> Tally:
        """Note a try under way, and forget those that are lost."""
        kept = {other: end for other, end in self.leases.items() if end > now}
        return replace(self, leases=kept | {token: until})

    def without_lease(self, token: str) -> Tally:
        """Note that a try is over."""
        return replace(self, leases={other: end for other, end in self.leases.items() if other != token})

    def released(self) -> Tally:
        """Begin anew, as an administrator may ask."""
        return Tally(succeeded_at=self.succeeded_at, leases=self.leases)


@dataclass(frozen=True, slots=True)
class Rule:
    """The limits of one scope. With ``stop`` None it only delays; with ``window`` it begins anew by itself.

    Failures with and without a live person fill the same measure, each in its own proportion: with 5 and 10, three
    without and four with are one whole.
    """

    failures: int
    live_failures: int
    stop: int | None
    live_stop: int | None
    first_wait: timedelta
    longest_wait: timedelta
    window: timedelta | None = None

    def current(self, tally: Tally, now: datetime) -> Tally:
        """Return the tally as it counts now: without a window that is over, unless it still has to be waited for."""
        over = self.window is not None and tally.since is not None and now - tally.since >= self.window
        return tally.released() if over and not tally.waiting(now) else tally

    def room(self, tally: Tally, now: datetime) -> int:
        """Return how many may try at once now: none while waiting, one after a wait, else what is left of the limit."""
        tally = self.current(tally, now)
        if tally.waiting(now):
            return 0
        if tally.waits:
            left = 1
        else:
            missing = self.failures * self.live_failures - self._filled(tally, self.failures, self.live_failures)
            left = max(1, -(-missing // self.live_failures))
        return max(0, left - tally.under_way(now))

    def fail(self, tally: Tally, now: datetime, *, live: bool) -> Tally:
        """Count a failure, and impose the wait or the end that follows from it.

        A failure that arrives while others wait already is counted but does not lengthen their wait.
        """
        tally = self.current(tally, now)
        counted = replace(
            tally,
            failures=tally.failures + (not live),
            live_failures=tally.live_failures + live,
            since=tally.since or now,
            failed_at=now,
        )
        if self._full(counted, self.stop, self.live_stop):
            return replace(counted, stopped=True, until=None, refused=0 if not tally.stopped else tally.refused)
        if tally.waiting(now) or not self._full(counted, self.failures, self.live_failures):
            return counted
        return replace(counted, waits=tally.waits + 1, until=now + self.wait(tally.waits + 1), refused=0)

    def succeed(self, tally: Tally, now: datetime) -> Tally:
        """Begin anew, and remember that somebody succeeded. What is stopped stays stopped until it is released."""
        return replace(tally if tally.stopped else tally.released(), succeeded_at=now)

    def wait(self, number: int) -> timedelta:
        """Return the length of the wait with that number, from 1: doubling, as long as ``longest_wait`` at most."""
        doublings = min(number - 1, MOST_DOUBLINGS)
        seconds = min(self.first_wait.total_seconds() * 2**doublings, self.longest_wait.total_seconds())
        return timedelta(seconds=seconds)

    @staticmethod
    def _filled(tally: Tally, failures: int, live_failures: int) -> int:
        return tally.failures * live_failures + tally.live_failures * failures

    def _full(self, tally: Tally, failures: int | None, live_failures: int | None) -> bool:
        if failures is None or live_failures is None:
            return False
        return self._filled(tally, failures, live_failures) >= failures * live_failures


@dataclass(frozen=True, slots=True)
class LockoutPolicy:
    """Every number of it. ``lease`` is the longest that a try may be under way: argon2 and a match take a second."""

    failures: int = 5
    live_failures: int = 10
    stop: int = 50
    live_stop: int = 100
    first_wait: timedelta = timedelta(seconds=30)
    longest_wait: timedelta = timedelta(hours=1)
    address_multiple: int = 4
    claim_multiple: int = 10
    department_multiple: int = 20
    department_window: timedelta = timedelta(minutes=10)
    department_longest_wait: timedelta = timedelta(minutes=5)
    familiar: timedelta = timedelta(days=30)
    forget: timedelta = timedelta(days=30)
    lease: timedelta = timedelta(seconds=60)
    attempts_per_minute: int = 5
    rows: int = 100_000

    def __post_init__(self) -> None:
        """Refuse limits that contradict each other."""
        if not (1 <= self.failures <= self.live_failures and self.failures < self.stop <= self.live_stop):
            raise ValueError("lockout: 1 <= failures <= live failures, and failures < stop <= live stop")
        if not timedelta(0) < self.first_wait <= min(self.longest_wait, self.department_longest_wait):
            raise ValueError("lockout: the first wait is positive and no longer than the longest")

    @property
    def attempts_from_address(self) -> int:
        """How many attempts from one address may come to nothing within a minute: a ward shares it."""
        return self.attempts_per_minute * self.address_multiple

    def rule(self, scope: str) -> Rule:
        """Return the limits of a scope. Raises ``KeyError``."""
        multiple = {
            CLAIM_AT_DEVICE: 1,
            CLAIM_AT_ADDRESS: 1,
            DEVICE: 1,
            ADDRESS: self.address_multiple,
            CLAIM: self.claim_multiple,
            DEPARTMENT: self.department_multiple,
        }[scope]
        stops, windowed = scope not in {CLAIM, DEPARTMENT}, scope == DEPARTMENT
        return Rule(
            self.failures * multiple,
            self.live_failures * multiple,
            self.stop * multiple if stops else None,
            self.live_stop * multiple if stops else None,
            self.first_wait,
            self.department_longest_wait if windowed else self.longest_wait,
            self.department_window if windowed else None,
        )

    def expires_at(self, tally: Tally, now: datetime) -> datetime | None:
        """Return when a tally may be forgotten: None where only an administrator ends it."""
        if tally.stopped:
            return None
        ends = [*tally.leases.values(), now]
        if tally.total or tally.until is not None:
            ends.append((tally.until or now) + self.forget)
        if tally.succeeded_at is not None:
            ends.append(tally.succeeded_at + self.familiar)
        return max(ends)
