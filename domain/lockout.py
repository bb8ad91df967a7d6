"""A lockout as history: imposed, extended, ended. What counts is the tally; this is what the officer reads."""

from __future__ import annotations

from typing import TYPE_CHECKING, ClassVar, Final
from uuid import UUID

from eventsourcing.domain import Aggregate, event

from domain.errors import LockoutStateError

if TYPE_CHECKING:
    from datetime import datetime

    from domain.act import Act

STANDING: Final = "standing"
RELEASED: Final = "released"
LIFTED: Final = "lifted"


class Lockout(Aggregate):
    """One from the first wait until an administrator, or a success, ends it.

    ``lockout_id`` is the keyed digest of what is locked, ``scope`` and ``method`` say what that is; ``subject_id`` is
    who was claimed, where somebody was. ``until`` is None where only an administrator ends it. No address, no name.
    """

    TOPIC: ClassVar[str] = "lockout"

    @event("Created", topic="lockout.imposed.v1")
    def __init__(
        self,
        episode: UUID,
        lockout_id: UUID,
        method: str,
        scope: str,
        department: str,
        place: str,
        subject_id: UUID | None,
        device_id: UUID | None,
        failures: int,
        until: datetime | None,
        act: Act,
        timestamp: datetime,
    ) -> None:
        self.lockout_id = lockout_id
        self.method = method
        self.scope = scope
        self.department = department
        self.subject_id = subject_id
        self.failures = failures
        self.until = until
        self.status = STANDING
        self.changed_by = act.actor

    @staticmethod
    def create_id(episode: UUID) -> UUID:
        """Take the id that the tally remembers."""
        return episode

    def extend(self, *, failures: int, until: datetime | None, refused: int, act: Act) -> None:
        """Note a further failure and its wait; ``refused`` were turned away since the one before."""
        self._check()
        self._extended(failures=failures, until=until, refused=refused, act=act, timestamp=act.at)

    def release(self, *, reason: str, act: Act) -> None:
        """End it, as an administrator decided."""
        self._check()
        self._released(reason=reason, act=act, timestamp=act.at)

    def lift(self, *, act: Act) -> None:
        """End it after a success."""
        self._check()
        self._lifted(act=act, timestamp=act.at)

    def _check(self) -> None:
        if self.status != STANDING:
            raise LockoutStateError(f"the lockout is {self.status}")

    @event("Extended", topic="lockout.extended.v1")
    def _extended(self, failures: int, until: datetime | None, refused: int, act: Act, timestamp: datetime) -> None:
        self.failures = failures
        self.until = until
        self.changed_by = act.actor

    @event("Released", topic="lockout.released.v1")
    def _released(self, reason: str, act: Act, timestamp: datetime) -> None:
        self.status = RELEASED
        self.changed_by = act.actor

    @event("Lifted", topic="lockout.lifted.v1")
    def _lifted(self, act: Act, timestamp: datetime) -> None:
        self.status = LIFTED
        self.changed_by = act.actor
