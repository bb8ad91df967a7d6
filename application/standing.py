"""Which sessions stand at this moment: as true as reading the store, at the price of one small query."""

from __future__ import annotations

from collections import OrderedDict
from collections.abc import Iterable, Mapping
from threading import Lock
from typing import Final, TypeVar
from uuid import UUID

from eventsourcing.domain import Aggregate

from application.services import Services
from domain.account import Account
from domain.errors import NotFoundError, SealBrokenError
from domain.session import Session

KEPT: Final = 8192
"""Aggregates kept, a kilobyte or two each."""
Kind = TypeVar("Kind", bound=Aggregate)


class Standing:
    """Sessions and accounts as they were read last, each with the version of its stream.

    Every question asks the store for the newest versions, in one query for all sessions: what has not moved is answered
    from memory, what has is read again. So nothing here is ever older than the question, whoever changed it in whatever
    process. Safe from any thread.
    """

    def __init__(self, services: Services) -> None:
        """Begin with nothing kept."""
        self._services = services
        self._kept: OrderedDict[UUID, tuple[int, Aggregate | None]] = OrderedDict()
        self._lock = Lock()

    def in_force(self, sessions: Mapping[UUID, UUID]) -> set[UUID]:
        """Return which of those sessions (session id to subject id) are in force, their subjects' accounts too.

        A session of another subject, or one that cannot be opened, is not. Raises ``UnavailableError``.
        """
        accounts = {subject_id: Account.create_id(subject_id) for subject_id in sessions.values()}
        versions = self._services.store.versions([*sessions, *accounts.values()])
        found = self._read(Session, sessions, versions)
        owners = self._read(Account, accounts.values(), versions)
        now = self._services.clock.now()
        standing = set()
        for session_id, subject_id in sessions.items():
            session, account_id = found[session_id], accounts[subject_id]
            active = account_id not in versions or ((owner := owners[account_id]) is not None and owner.active)
            if session is not None and session.subject_id == subject_id and session.in_force(now) and active:
                standing.add(session_id)
        return standing

    def _read(self, kind: type[Kind], ids: Iterable[UUID], versions: Mapping[UUID, int]) -> dict[UUID, Kind | None]:
        return {wanted: self._one(kind, wanted, versions.get(wanted, 0)) for wanted in set(ids)}

    def _one(self, kind: type[Kind], aggregate_id: UUID, version: int) -> Kind | None:
        with self._lock:
            seen, kept = self._kept.get(aggregate_id, (0, None))
            if seen == version:
                if version:
                    self._kept.move_to_end(aggregate_id)
                return kept if isinstance(kept, kind) else None
        read = self._get(kind, aggregate_id)
        with self._lock:
            # At least as new as the version that was asked for; a newer one is read once more the next time.
            self._kept[aggregate_id] = (version, read)
            self._kept.move_to_end(aggregate_id)
            while len(self._kept) > KEPT:
                self._kept.popitem(last=False)
        return read

    def _get(self, kind: type[Kind], aggregate_id: UUID) -> Kind | None:
        try:
            return self._services.store.get(kind, aggregate_id)
        except (NotFoundError, SealBrokenError):
            return None
