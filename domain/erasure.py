"""The erasure of one person: asked for, executed at once, final later, repeated after a restore."""

from __future__ import annotations

from typing import TYPE_CHECKING, ClassVar, Final
from uuid import NAMESPACE_URL, UUID, uuid5

from eventsourcing.domain import Aggregate, event

from domain.errors import AlreadyErasedError

if TYPE_CHECKING:
    from collections.abc import Sequence
    from datetime import datetime

    from domain.act import Act

REQUESTED: Final = "requested"
EXECUTED: Final = "executed"
FINAL: Final = "final"

_NAMESPACE: Final = uuid5(NAMESPACE_URL, "urn:faceauth:erasure")


class Erasure(Aggregate):
    """One per subject, for good. Holds ids, counts and times; the person is nowhere in it."""

    TOPIC: ClassVar[str] = "erasure"

    @event("Created", topic="erasure.requested.v1")
    def __init__(self, subject_id: UUID, reason: str, department: str, act: Act, timestamp: datetime) -> None:
        self.subject_id = subject_id
        self.reason = reason
        self.department = department
        self.status = REQUESTED
        self.requested_at = timestamp
        self.executed_at: datetime | None = None
        self.final_at: datetime | None = None
        self.enrollments: Sequence[UUID] = ()
        self.consents = 0
        self.sessions = 0
        self.wrapped_under: Sequence[str] = ()
        self.positions: Sequence[int] = ()
        self.changed_by = act.actor

    @staticmethod
    def create_id(subject_id: UUID) -> UUID:
        """Return the one id that a subject's erasure has."""
        return uuid5(_NAMESPACE, str(subject_id))

    @classmethod
    def request(cls, subject_id: UUID, *, reason: str, department: str, act: Act) -> Erasure:
        """Ask for it; from here on it is carried through, whatever is cut off. ``department`` is the last one."""
        return cls(subject_id=subject_id, reason=reason, department=department, act=act, timestamp=act.at)

    @property
    def executed(self) -> bool:
        """Whether nothing serves or reads the person any more."""
        return self.status != REQUESTED

    def check_pending(self) -> None:
        """Raise ``AlreadyErasedError`` unless it still has to be executed."""
        if self.executed:
            raise AlreadyErasedError("this person was erased before; 'faceauth subject certificate' shows the proof")

    def execute(
        self,
        *,
        enrollments: Sequence[UUID],
        consents: int,
        sessions: int,
        wrapped_under: Sequence[str],
        positions: Sequence[int],
        act: Act,
    ) -> None:
        """Record what ended: enrolments, how many consents and sessions, and the positions of the events that say so.

        ``wrapped_under`` names the key-encryption keys that must go before it is final.
        """
        self.check_pending()
        self._executed(
            enrollments=list(enrollments),
            consents=consents,
            sessions=sessions,
            wrapped_under=list(wrapped_under),
            positions=list(positions),
            act=act,
            timestamp=act.at,
        )

    def finalise(self, *, act: Act) -> None:
        """Record that no copy of the data key opens any more. Idempotent."""
        if self.status == EXECUTED:
            self._finalised(act=act, timestamp=act.at)

    def repeat(self, *, reason: str, act: Act) -> None:
        """Record that the person had come back, by a restored backup, and was erased again."""
        self._repeated(reason=reason, act=act, timestamp=act.at)

    @event("Executed", topic="erasure.executed.v1")
    def _executed(
        self,
        enrollments: Sequence[UUID],
        consents: int,
        sessions: int,
        wrapped_under: Sequence[str],
        positions: Sequence[int],
        act: Act,
        timestamp: datetime,
    ) -> None:
        self.enrollments = enrollments
        self.consents = consents
        self.sessions = sessions
        self.wrapped_under = wrapped_under
        self.positions = positions
        self.executed_at = timestamp
        self.status = EXECUTED
        self.changed_by = act.actor

    @event("Finalised", topic="erasure.finalised.v1")
    def _finalised(self, act: Act, timestamp: datetime) -> None:
        self.final_at = timestamp
        self.status = FINAL
        self.changed_by = act.actor

    @event("Repeated", topic="erasure.repeated.v1")
    def _repeated(self, reason: str, act: Act, timestamp: datetime) -> None:
        self.changed_by = act.actor
