"""What nobody ended: attempts that were cut off, and sessions whose time is over."""

from __future__ import annotations

import contextlib
from datetime import timedelta

from application.services import Services
from domain.attempt import AWAITING_FACTOR, Attempt
from domain.errors import SealBrokenError
from domain.session import OPEN, Session


def abandon_interrupted(services: Services, *, older_than: timedelta, channel: str) -> int:
    """Close attempts that a crash or a lost database left undecided that long ago; return how many."""
    now, closed = services.clock.now(), 0
    for row in services.read_models.rows("auth_log_rows", {"state": "started"}):
        if now - row["started_at"] < older_than:
            continue
        with contextlib.suppress(SealBrokenError):  # a damaged attempt must not keep the others open
            attempt = services.store.get(Attempt, row["attempt_id"])
            if attempt.undecided:
                attempt.abandon(reason="service_interrupted", act=services.act("service", channel, cause=attempt.id))
                services.store.save(attempt)
                closed += 1
    return closed + _abandon_awaiting(services, channel)


def _abandon_awaiting(services: Services, channel: str) -> int:
    """Close attempts whose face was accepted and whose password never came in time; return how many."""
    closed = 0
    for row in services.read_models.rows("auth_log_rows", {"state": AWAITING_FACTOR}):
        with contextlib.suppress(SealBrokenError):
            attempt = services.store.get(Attempt, row["attempt_id"])
            if attempt.status == AWAITING_FACTOR and not attempt.awaits_factor(services.clock.now()):
                attempt.abandon(reason="second_factor_missing", act=services.act("service", channel, cause=attempt.id))
                services.store.save(attempt)
                closed += 1
    return closed


def expire_sessions(services: Services, *, channel: str) -> int:
    """Record the end of sessions whose time is over; return how many."""
    now, ended = services.clock.now(), 0
    for row in services.read_models.rows("session_rows", {"status": OPEN}):
        if min(row["expires_at"], row["idle_expires_at"] or row["expires_at"]) > now:
            continue
        with contextlib.suppress(SealBrokenError):
            session = services.store.get(Session, row["session_id"])
            if session.status == OPEN and session.ends_at <= now:
                session.expire(act=services.act("service", channel, cause=session.attempt_id))
                services.store.save(session)
                ended += 1
    return ended
