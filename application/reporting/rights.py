"""Requests of data subjects in numbers: by state, by kind, and whether they were answered in their fifteen days."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any, Final

from application.services import Services
from domain.request import ANSWERED, REFUSED, REVIEW, state_of

PENDING: Final = "pending"


@dataclass(frozen=True, slots=True)
class Requests:
    """Counts. ``in_time`` and ``late`` are of closed ones, ``overdue`` of the others; ``next_due`` is the nearest end.

    ``reviews`` are of automated refusals (LGPD art. 20), by what came of them.
    """

    by_state: dict[str, int]
    by_kind: dict[str, int]
    in_time: int
    late: int
    overdue: int
    next_due: datetime | None
    reviews: dict[str, int]


def requests(services: Services) -> Requests:
    """Count all there are, as of now. Raises ``UnavailableError``."""
    services.projector.catch_up()
    return counted(services.read_models.rows("request_rows"), services.clock.now())


def requests_between(services: Services, since: datetime, until: datetime) -> tuple[Requests, Requests]:
    """Return those received in [since, until), and those closed in it. Raises ``UnavailableError``."""
    services.projector.catch_up()
    rows, now = services.read_models.rows("request_rows"), services.clock.now()
    received = [row for row in rows if since <= row["received_at"] < until]
    closed = [row for row in rows if row["closed_at"] is not None and since <= row["closed_at"] < until]
    return counted(received, now), counted(closed, now)


def counted(rows: Iterable[Mapping[str, Any]], now: datetime) -> Requests:
    """Count rows of requests."""
    kept = list(rows)
    states = [state_of(row["status"], row["due_at"], [row["warned"]] if row["warned"] else [], now) for row in kept]
    closed = [row for row in kept if row["status"] in {ANSWERED, REFUSED}]
    waiting = [row["due_at"] for row in kept if row["status"] not in {ANSWERED, REFUSED}]
    in_time = sum(row["closed_at"] <= row["due_at"] for row in closed)
    return Requests(
        by_state=_sorted(states),
        by_kind=_sorted(row["kind"] for row in kept),
        in_time=in_time,
        late=len(closed) - in_time,
        overdue=states.count("overdue"),
        next_due=min(waiting, default=None),
        reviews=_sorted(row["outcome"] or PENDING for row in kept if row["kind"] == REVIEW),
    )


def _sorted(values: Iterable[str]) -> dict[str, int]:
    return dict(sorted(Counter(values).items()))
