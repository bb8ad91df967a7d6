"""That somebody looked at a person's data (LGPD art. 19: who viewed it): an entry that the person can see."""

from __future__ import annotations

from typing import TYPE_CHECKING, ClassVar
from uuid import UUID

from eventsourcing.domain import Aggregate, event

if TYPE_CHECKING:
    from datetime import datetime

    from domain.act import Act


class Viewing(Aggregate):
    """One look, one event. ``what`` names the view ("timeline", "statement"), never its content."""

    TOPIC: ClassVar[str] = "viewing"

    @event("Created", topic="viewing.recorded.v1")
    def __init__(self, viewing_id: UUID, subject_id: UUID, what: str, act: Act, timestamp: datetime) -> None:
        self.subject_id = subject_id
        self.what = what
        self.changed_by = act.actor

    @staticmethod
    def create_id(viewing_id: UUID) -> UUID:
        """Take the id given."""
        return viewing_id

    @classmethod
    def record(cls, viewing_id: UUID, subject_id: UUID, *, what: str, act: Act) -> Viewing:
        """Record that ``act.actor`` was shown that."""
        return cls(viewing_id=viewing_id, subject_id=subject_id, what=what, act=act, timestamp=act.at)
