"""What retention does: one sweep per category and day, and holds that keep it off. Ids, codes, counts, times only."""

from __future__ import annotations

from typing import TYPE_CHECKING, ClassVar, Final
from uuid import NAMESPACE_URL, UUID, uuid5

from eventsourcing.domain import Aggregate, event

from domain.errors import HoldStateError, InvalidInputError, SweepStateError

if TYPE_CHECKING:
    from collections.abc import Sequence
    from datetime import date, datetime, timedelta

    from domain.act import Act

PLANNED: Final = "planned"
HALTED: Final = "halted"
RUNNING: Final = "running"
COMPLETED: Final = "completed"
CANCELLED: Final = "cancelled"
OPEN_STATES: Final = (PLANNED, HALTED, RUNNING)

CLOCK_JUMPED: Final = "clock_jumped"
TOO_MANY: Final = "too_many"

ALL: Final = "all"
DEPARTMENT: Final = "department"
SUBJECT: Final = "subject"
SCOPES: Final = (ALL, DEPARTMENT, SUBJECT)
PLACED: Final = "placed"
RELEASED: Final = "released"

BINDING: Final = frozenset({"court", "legal_duty"})
"""Reasons of holds that keep off a person's own erasure, too (LGPD art. 16, I); any other keeps off retention alone."""

_NAMESPACE: Final = uuid5(NAMESPACE_URL, "urn:faceauth:retention")


class Sweep(Aggregate):
    """Whatever of one category is older than ``cutoff``. Says before what would go, and of each thing that it went."""

    TOPIC: ClassVar[str] = "retention_sweep"

    @event("Created", topic="retention.planned.v1")
    def __init__(
        self,
        category: str,
        day: str,
        cutoff: datetime,
        period_s: float,
        count: int,
        held: int,
        total: int,
        oldest: datetime | None,
        due_at: datetime,
        act: Act,
        timestamp: datetime,
    ) -> None:
        self.category = category
        self.day = day
        self.cutoff = cutoff
        self.period_s = period_s
        self.count = count
        self.total = total
        self.due_at = due_at
        self.planned_at = timestamp
        self.status = PLANNED
        self.halted_for = ""
        self.approved = False
        self.deleted = 0
        self.changed_by = act.actor

    @staticmethod
    def create_id(category: str, day: str, period_s: float) -> UUID:
        """Return the one id that the sweep of a category on a day (ISO 8601) under a policy has."""
        return uuid5(_NAMESPACE, f"{category}:{day}:{period_s:g}")

    @classmethod
    def plan(
        cls,
        category: str,
        day: date,
        *,
        cutoff: datetime,
        period: timedelta,
        count: int,
        held: int,
        total: int,
        oldest: datetime | None,
        due_at: datetime,
        act: Act,
    ) -> Sweep:
        """Announce it: ``count`` of ``total`` would go, ``held`` more would but for holds; not before ``due_at``."""
        return cls(
            category=category,
            day=day.isoformat(),
            cutoff=cutoff,
            period_s=period.total_seconds(),
            count=count,
            held=held,
            total=total,
            oldest=oldest,
            due_at=due_at,
            act=act,
            timestamp=act.at,
        )

    @property
    def open(self) -> bool:
        """Whether it still has to come to an end."""
        return self.status in OPEN_STATES

    def may_delete(self, now: datetime) -> bool:
        """Say whether it is time, and nobody has to be asked first."""
        return self.status == RUNNING or (self.status == PLANNED and (self.approved or self.due_at <= now))

    def halt(self, reason: str, *, act: Act) -> None:
        """Stop before deleting: somebody has to look. Raises ``SweepStateError``."""
        self._check(PLANNED)
        self._halted(reason=reason, act=act, timestamp=act.at)

    def approve(self, *, act: Act) -> None:
        """Let it delete at once: an operator looked. Raises ``SweepStateError``."""
        self._check(PLANNED, HALTED)
        self._approved(act=act, timestamp=act.at)

    def delete(self, ids: Sequence[UUID], *, act: Act) -> None:
        """Record that those went, commit it together with what makes them go. Raises ``SweepStateError``."""
        self._check(PLANNED, RUNNING)
        self._deleted(
            category=self.category,
            cutoff=self.cutoff,
            ids=list(ids),
            deleted=self.deleted + len(ids),
            act=act,
            timestamp=act.at,
        )

    def complete(self, *, held: int, act: Act) -> None:
        """Record that nothing older is left but what is ``held``. Raises ``SweepStateError``."""
        self._check(PLANNED, RUNNING)
        self._completed(deleted=self.deleted, held=held, act=act, timestamp=act.at)

    def cancel(self, reason: str, *, act: Act) -> None:
        """End it without deleting more. Raises ``SweepStateError``."""
        self._check(*OPEN_STATES)
        self._cancelled(reason=reason, act=act, timestamp=act.at)

    def _check(self, *states: str) -> None:
        if self.status not in states:
            raise SweepStateError(f"the sweep is {self.status}")

    @event("Halted", topic="retention.halted.v1")
    def _halted(self, reason: str, act: Act, timestamp: datetime) -> None:
        self.status = HALTED
        self.halted_for = reason
        self.changed_by = act.actor

    @event("Approved", topic="retention.approved.v1")
    def _approved(self, act: Act, timestamp: datetime) -> None:
        self.status = PLANNED
        self.approved = True
        self.changed_by = act.actor

    @event("Deleted", topic="retention.deleted.v1")
    def _deleted(
        self, category: str, cutoff: datetime, ids: Sequence[UUID], deleted: int, act: Act, timestamp: datetime
    ) -> None:
        self.status = RUNNING
        self.deleted = deleted
        self.changed_by = act.actor

    @event("Completed", topic="retention.completed.v1")
    def _completed(self, deleted: int, held: int, act: Act, timestamp: datetime) -> None:
        self.status = COMPLETED
        self.changed_by = act.actor

    @event("Cancelled", topic="retention.cancelled.v1")
    def _cancelled(self, reason: str, act: Act, timestamp: datetime) -> None:
        self.status = CANCELLED
        self.changed_by = act.actor


class Hold(Aggregate):
    """Somebody needs the data as they are: an incident, a request, a court. Several may stand over one person."""

    TOPIC: ClassVar[str] = "retention_hold"

    @event("Created", topic="retention.hold_placed.v1")
    def __init__(self, hold_id: UUID, scope: str, value: str, reason: str, act: Act, timestamp: datetime) -> None:
        self.scope = scope
        self.value = value
        self.reason = reason
        self.status = PLACED
        self.changed_by = act.actor

    @staticmethod
    def create_id(hold_id: UUID) -> UUID:
        """Take the id given."""
        return hold_id

    @classmethod
    def place(cls, hold_id: UUID, *, scope: str, value: str, reason: str, act: Act) -> Hold:
        """Keep retention off one subject (id), one department (name) or all (""). Raises ``InvalidInputError``."""
        if scope not in SCOPES or bool(value) != (scope != ALL):
            raise InvalidInputError("a hold is over all, one department or one subject")
        return cls(hold_id=hold_id, scope=scope, value=value, reason=reason, act=act, timestamp=act.at)

    def release(self, *, reason: str, act: Act) -> None:
        """End it. Raises ``HoldStateError``."""
        if self.status != PLACED:
            raise HoldStateError("that hold was released already")
        self._released(reason=reason, act=act, timestamp=act.at)

    @event("Released", topic="retention.hold_released.v1")
    def _released(self, reason: str, act: Act, timestamp: datetime) -> None:
        self.status = RELEASED
        self.changed_by = act.actor
