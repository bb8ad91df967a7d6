"""What was done to keys and backups, and what was refused or found broken: entries that stand for themselves."""

from __future__ import annotations

from typing import TYPE_CHECKING, ClassVar, Final
from uuid import NAMESPACE_URL, UUID, uuid5

from eventsourcing.domain import Aggregate, event

if TYPE_CHECKING:
    from collections.abc import Mapping
    from datetime import datetime

    from domain.act import Act

DONE: Final = "done"
REFUSED: Final = "refused"
BROKEN: Final = "broken"

_NAMESPACE: Final = uuid5(NAMESPACE_URL, "urn:faceauth:journal")


class JournalEntry(Aggregate):
    """One entry, one event. ``facts`` hold ids, counts and times; nothing personal, no key."""

    TOPIC: ClassVar[str] = "journal"

    @event("Created", topic="journal.recorded.v1")
    def __init__(
        self,
        entry_id: UUID,
        kind: str,
        outcome: str,
        code: str,
        subject_id: UUID | None,
        facts: Mapping[str, str],
        act: Act,
        timestamp: datetime,
    ) -> None:
        self.kind = kind
        self.outcome = outcome
        self.code = code
        self.changed_by = act.actor

    @staticmethod
    def create_id(entry_id: UUID) -> UUID:
        """Take the id given."""
        return entry_id

    @classmethod
    def record(
        cls,
        entry_id: UUID,
        kind: str,
        *,
        outcome: str = DONE,
        code: str = "ok",
        subject_id: UUID | None = None,
        facts: Mapping[str, str] | None = None,
        act: Act,
    ) -> JournalEntry:
        """Record what happened: ``kind`` names the operation, ``outcome`` is done, refused or broken."""
        return cls(
            entry_id=entry_id,
            kind=kind,
            outcome=outcome,
            code=code,
            subject_id=subject_id,
            facts=dict(facts or {}),
            act=act,
            timestamp=act.at,
        )


def daily_id(kind: str, place: str, day: datetime) -> UUID:
    """Return the id of an entry that is made at most once a day for one place, however often it is found."""
    return uuid5(_NAMESPACE, f"{kind}|{place}|{day:%Y-%m-%d}")
