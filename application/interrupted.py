"""Attempts that were cut off: no attempt stays open for ever."""

from __future__ import annotations

from datetime import timedelta

from application.services import Services
from domain.attempt import Attempt


def abandon_interrupted(services: Services, *, older_than: timedelta, channel: str) -> int:
    """Close attempts that a crash or a lost database left undecided that long ago; return how many."""
    now, closed = services.clock.now(), 0
    for row in services.read_models.rows("auth_log_rows", {"state": "started"}):
        if now - row["started_at"] < older_than:
            continue
        attempt = services.store.get(Attempt, row["attempt_id"])
        if attempt.undecided:
            attempt.abandon(reason="service_interrupted", act=services.act("service", channel, cause=attempt.id))
            services.store.save(attempt)
            closed += 1
    return closed
