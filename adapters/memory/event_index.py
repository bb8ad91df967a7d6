"""The index of history in memory, over the read models in memory."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from application.ports.event_index import Cut, IndexedEvent, Wanted
from application.projections.event_index import TABLE
from domain.consent import Consent

if TYPE_CHECKING:
    from datetime import datetime

    from adapters.memory.read_models import MemoryReadModels

COLUMNS = IndexedEvent._fields
Row = dict[str, Any]


class MemoryEventIndex:
    """``application.ports.event_index.EventIndex`` over rows in memory."""

    def __init__(self, read_models: MemoryReadModels) -> None:
        """Look into those read models."""
        self._read_models = read_models

    def find(self, wanted: Wanted, *, limit: int, newest_first: bool = False) -> list[IndexedEvent]:
        """Return up to ``limit`` lines. See the port."""
        rows = self._read_models.rows(TABLE)
        streams = {row["stream_id"] for row in rows if row["subject_id"] == wanted.subject_id}
        there = {
            row["subject_id"] for row in rows if wanted.department in {row["department"], row["department_before"]}
        }
        found = [row for row in rows if _fits(row, wanted) and _reached(row, wanted, streams, there)]
        if newest_first:
            found.reverse()
        return [IndexedEvent(**{name: row[name] for name in COLUMNS}) for row in found[:limit]]

    def cut(self, moment: datetime) -> Cut:
        """Return where the history as of that moment ends. See the port."""
        rows = [row for row in self._read_models.rows(TABLE) if row["at"] is not None]
        score = best = position = 0
        for row in rows:
            score += 1 if row["at"] <= moment else -1
            if score > best:
                best, position = score, row["position"]
        times = [row["at"] for row in rows]
        return Cut(
            position,
            sum(row["position"] <= position and row["at"] > moment for row in rows),
            sum(row["position"] > position and row["at"] <= moment for row in rows),
            min(times, default=None),
            max(times, default=None),
        )


def _fits(row: Row, wanted: Wanted) -> bool:
    label = row["topic"] or row["name"]
    return (
        row["position"] > wanted.after
        and (wanted.before is None or row["position"] < wanted.before)
        and (wanted.attempt_id is None or wanted.attempt_id in {row["stream_id"], row["cause_id"]})
        and (wanted.actor is None or row["actor"] == wanted.actor)
        and (wanted.outcome is None or wanted.outcome in {row["outcome"], row["code"]})
        and (wanted.event is None or label == wanted.event or label.startswith(f"{wanted.event}."))
        and (wanted.since is None or row["at"] is None or row["at"] >= wanted.since)
        and (wanted.until is None or row["at"] is None or row["at"] <= wanted.until)
    )


def _reached(row: Row, wanted: Wanted, streams: set[Any], there: set[Any]) -> bool:
    if wanted.subject_id is not None and (
        row["stream_id"] not in streams or row["subject_id"] not in {None, wanted.subject_id}
    ):
        return False
    return (
        wanted.department is None
        or wanted.department in {row["department"], row["department_before"]}
        or (row["aggregate"] == Consent.TOPIC and row["subject_id"] is not None and row["subject_id"] in there)
    )
