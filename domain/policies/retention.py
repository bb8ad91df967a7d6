"""How long keys, templates, rows and registers live, and within which bounds a hospital may choose."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import timedelta
from typing import TYPE_CHECKING, Final

if TYPE_CHECKING:
    from collections.abc import Mapping

SIX_MONTHS: Final = timedelta(days=184)
"""No six months of the calendar are longer (1 July to 1 January)."""
FIVE_YEARS: Final = timedelta(days=1827)
"""No five years of the calendar are longer (two leap days)."""

PERCENT: Final = 100


@dataclass(frozen=True, slots=True)
class Bounds:
    """The shortest and the longest period that may be chosen, and the rule or reason behind each."""

    floor: timedelta
    why_floor: str
    ceiling: timedelta
    why_ceiling: str

    def check(self, name: str, period: timedelta) -> None:
        """Raise ``ValueError`` with the reason for a period outside."""
        if period < self.floor:
            raise ValueError(f"{name}: at least {self.floor.days} days: {self.why_floor}")
        if period > self.ceiling:
            raise ValueError(f"{name}: at most {self.ceiling.days} days: {self.why_ceiling}")


_NECESSITY: Final = "LGPD art. 6, III and art. 16: no longer than its purpose needs"
_ACCESS_LOGS: Final = "Marco Civil da Internet, art. 15: records of access are kept for six months"
_PROOF: Final = "LGPD art. 8, paragraph 2, and Constitution art. 7, XXIX: the controller proves consent for five years"

BOUNDS: Final[Mapping[str, Bounds]] = {
    "unused_templates": Bounds(
        timedelta(days=30), "a holiday is no reason to lose a template", timedelta(days=730), _NECESSITY
    ),
    "leavers": Bounds(timedelta(days=1), "a mistake must be seen first", timedelta(days=730), _NECESSITY),
    "attempts": Bounds(SIX_MONTHS, _ACCESS_LOGS, timedelta(days=1827), _NECESSITY),
    "sessions": Bounds(SIX_MONTHS, _ACCESS_LOGS, timedelta(days=1827), _NECESSITY),
    "consents": Bounds(FIVE_YEARS, _PROOF, timedelta(days=7305), _NECESSITY),
    "unfinished": Bounds(timedelta(hours=1), "somebody may be at it", timedelta(days=30), _NECESSITY),
    "incidents": Bounds(
        FIVE_YEARS, "Res. CD/ANPD 15/2024: the register is kept for five years", timedelta(days=36525), "-"
    ),
}
"""By the name of the field of ``RetentionPolicy``."""


@dataclass(frozen=True, slots=True)
class RetentionPolicy:
    """Longest lives. Whoever is erased is erased at once; the times here say when nothing that lingers opens any more.

    ``erasure_final``: until the key-encryption keys that wrapped a destroyed data key are destroyed (promise 5).
    ``epoch_keys``: of the months' keys that seal client addresses (Marco Civil da Internet, art. 15: six months).
    ``templates``: until a template is renewed under another transform. ``retired_transforms``: how long an older data
    backup can still be restored with templates that serve. ``key_backups``: of files with the keys, sealed to the
    escrow key; the horizon that an erasure certificate states.

    What a sweep enforces, each within ``BOUNDS``: ``unused_templates`` without a successful sign-in by face;
    ``leavers`` whose account is closed or suspended, or who have neither account nor enrolment; rows of ``attempts``
    and ``sessions`` since their end; ``consents`` of the erased since their end; ``unfinished`` enrolments.
    ``incidents``: since an incident was closed, until the key of what staff wrote in the register is destroyed.
    """

    erasure_final: timedelta = timedelta(hours=24)
    epoch_keys: timedelta = timedelta(days=183)
    templates: timedelta = timedelta(days=365)
    retired_transforms: timedelta = timedelta(days=35)
    key_backups: timedelta = timedelta(days=30)
    unused_templates: timedelta = timedelta(days=365)
    leavers: timedelta = timedelta(days=180)
    attempts: timedelta = SIX_MONTHS
    sessions: timedelta = SIX_MONTHS
    consents: timedelta = FIVE_YEARS
    unfinished: timedelta = timedelta(days=1)
    incidents: timedelta = FIVE_YEARS

    def __post_init__(self) -> None:
        """Refuse what the law or sense does not allow. Raises ``ValueError``."""
        for name, bounds in BOUNDS.items():
            bounds.check(name, getattr(self, name))


@dataclass(frozen=True, slots=True)
class SweepGuard:
    """When a sweep waits for people instead of deleting.

    ``announce``: how long a first sweep, or one of a shortened policy, stands announced before it deletes.
    ``most_jump``: how far the cutoff may move since the sweep before: a clock set ahead moves it further, and so does a
    service that was off. ``most_percent`` of a category may go in one sweep, unless it is fewer than ``least_count``.
    """

    announce: timedelta = timedelta(hours=24)
    most_jump: timedelta = timedelta(days=35)
    most_percent: float = 25.0
    least_count: int = 10

    def jumped(self, before: timedelta | None) -> bool:
        """Say whether a cutoff that moved by that much, None where there was none before, asks for an operator."""
        return before is not None and before > self.most_jump

    def too_many(self, count: int, total: int) -> bool:
        """Say whether so many of a category ask for an operator."""
        return count >= self.least_count and count * PERCENT > self.most_percent * total
