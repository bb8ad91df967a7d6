"""Failures counted in a dict."""

from __future__ import annotations

from contextlib import contextmanager
from datetime import UTC, datetime
from threading import Lock
from typing import TYPE_CHECKING, Final

from domain.policies.lockout import Tally

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Sequence
    from uuid import UUID

    from application.ports.lockouts import Counted

_NEVER: Final = datetime.min.replace(tzinfo=UTC)


class MemoryLockouts:
    """``application.ports.lockouts.Lockouts`` for one process."""

    def __init__(self) -> None:
        """Start empty."""
        self._rows: dict[UUID, tuple[Counted, Tally, datetime | None]] = {}
        self._lock = Lock()

    def __len__(self) -> int:
        """How many there are."""
        return len(self._rows)

    def peek(self, lockout_ids: Sequence[UUID]) -> dict[UUID, Tally]:
        """Return those that there are. See the port."""
        with self._lock:
            return {each: self._rows[each][1] for each in lockout_ids if each in self._rows}

    @contextmanager
    def held(
        self, counted: Sequence[Counted], expires_at: Callable[[Tally], datetime | None]
    ) -> Iterator[dict[UUID, Tally]]:
        """Lend tallies to nobody else meanwhile. See the port."""
        with self._lock:
            before = {
                each.lockout_id: self._rows[each.lockout_id][1] if each.lockout_id in self._rows else Tally()
                for each in counted
            }
            lent = dict(before)
            yield lent
            for each in counted:
                tally = lent[each.lockout_id]
                if tally != before[each.lockout_id]:
                    standing = before[each.lockout_id].episode is not None
                    kept = self._rows[each.lockout_id][0] if standing else each
                    self._rows[each.lockout_id] = (kept, tally, expires_at(tally))

    def find(self, lockout_id: UUID) -> tuple[Counted, Tally] | None:
        """Return one with its tally."""
        with self._lock:
            row = self._rows.get(lockout_id)
            return None if row is None else row[:2]

    def locked(self, *, department: str | None, limit: int) -> list[tuple[Counted, Tally]]:
        """Return those with an episode. See the port."""
        with self._lock:
            found = [
                (counted, tally)
                for counted, tally, _ in self._rows.values()
                if tally.episode is not None and department in {None, counted.department}
            ]
        return sorted(found, key=lambda row: row[1].failed_at or _NEVER, reverse=True)[:limit]

    def forget_subject(self, subject_id: UUID) -> list[UUID]:
        """Forget whatever names that subject. See the port."""
        with self._lock:
            gone = [each for each, row in self._rows.items() if row[0].subject_id == subject_id]
            episodes = [self._rows.pop(each)[1].episode for each in gone]
        return [episode for episode in episodes if episode is not None]

    def forget(self, before: datetime, *, keep: int) -> int:
        """Forget what expired, and the least of what is too much. See the port."""
        with self._lock:
            gone = [each for each, row in self._rows.items() if row[2] is not None and row[2] < before]
            for each in gone:
                del self._rows[each]
            mortal = [(each, row[1]) for each, row in self._rows.items() if not row[1].stopped]
            excess = len(self._rows) - keep
            mortal.sort(
                key=lambda row: (
                    row[1].episode is not None,
                    row[1].succeeded_at is not None,
                    row[1].total,
                    row[1].failed_at or _NEVER,
                )
            )
            least = [each for each, _ in mortal[: max(0, excess)]]
            for each in least:
                del self._rows[each]
            return len(gone) + len(least)
