"""Holds: retention keeps its hands off whatever an incident, a request or a court still needs."""

from __future__ import annotations

from collections.abc import Collection
from contextlib import suppress
from dataclasses import dataclass
from itertools import count
from typing import Any, Final
from uuid import UUID, uuid5

from application.services import Services
from domain.act import Act, reason_code
from domain.errors import InvalidInputError, NotFoundError, SealBrokenError
from domain.retention import ALL, BINDING, DEPARTMENT, PLACED, SUBJECT, Hold

MUTEX: Final = "retention:holds"
"""Held while a hold is placed and while a batch goes: whatever was placed before keeps what comes after."""


@dataclass(frozen=True, slots=True)
class Standing:
    """The holds that stand at a moment."""

    everything: bool
    departments: frozenset[str]
    subjects: frozenset[UUID]

    def keep(self, subject_id: UUID | None, department: str | None) -> bool:
        """Say whether something of that subject and department stays. Of an unknown department (None): any hold counts.

        Where nobody knows whose it is, only the holds over departments and over all of it speak.
        """
        if self.everything or (subject_id is not None and subject_id in self.subjects):
            return True
        return bool(self.departments) if department is None else department in self.departments


def place(services: Services, *, scope: str, value: str, reason: str, act: Act, hold_id: UUID | None = None) -> UUID:
    """Place a hold over one subject (its id), one department or all (""); return its id.

    Once this returns, no sweep takes anything of it. ``hold_id`` makes it idempotent: an incident's hold, a request's.
    Raises ``InvalidInputError``, ``NotFoundError`` (no such department), ``UnavailableError``.
    """
    if scope == SUBJECT:
        value = str(_uuid(value))
    elif scope == DEPARTMENT and not services.departments.exists(value):
        raise NotFoundError("no such department")
    with services.store.mutex(MUTEX):
        if hold_id is not None and services.store.versions([hold_id]):
            return hold_id
        hold = Hold.place(hold_id or services.ids.new(), scope=scope, value=value, reason=reason_code(reason), act=act)
        services.store.save(hold)
    return hold.id


def release(services: Services, hold_id: UUID, *, reason: str, act: Act) -> None:
    """End a hold; others over the same person go on. Raises ``NotFoundError``, ``HoldStateError``."""
    with services.store.mutex(MUTEX):
        hold = services.store.get(Hold, hold_id)
        hold.release(reason=reason_code(reason), act=act)
        services.store.save(hold)


def exactly(
    services: Services, origin: UUID, wanted: Collection[tuple[str, str]], *, reason: str, act: Act
) -> list[Hold]:
    """Return what to save beside a request or an incident, so that for it just these (scope, value) are held.

    Unsaved: to be committed with the change that asks for it, under ``MUTEX``, after which no sweep takes anything of
    it. Each holds for its origin alone; holds that somebody else placed are left as they are.
    """
    services.projector.catch_up()
    rows = services.read_models.rows
    mine = [row for row in rows("hold_rows", {"status": PLACED}) if row["hold_id"].bytes[:6] == _mark(origin)]
    changed: list[Hold] = []
    for row in mine:
        if (row["scope"], row["value"]) not in wanted:
            with suppress(SealBrokenError):  # tampered with: it stays, and the request is answered all the same
                hold = services.store.get(Hold, row["hold_id"])
                hold.release(reason=reason, act=act)
                changed.append(hold)
    for scope, value in sorted(set(wanted) - {(row["scope"], row["value"]) for row in mine}):
        before = {row["hold_id"] for row in rows("hold_rows", {"scope": scope, "value": value})}
        hold_id = next(found for time in count() if (found := _id_of(origin, scope, value, time)) not in before)
        changed.append(Hold.place(hold_id, scope=scope, value=value, reason=reason, act=act))
    return changed


def binding(services: Services, subject_id: UUID, department: str | None) -> bool:
    """Say whether a court or a duty in law keeps that person's data, so that they are blocked instead of erased."""
    services.projector.catch_up()
    rows = [row for row in services.read_models.rows("hold_rows", {"status": PLACED}) if row["reason"] in BINDING]
    return _standing(rows).keep(subject_id, department)


def _mark(origin: UUID) -> bytes:
    """Return how the ids of all holds for that request or incident begin."""
    return uuid5(origin, "hold").bytes[:6]


def _id_of(origin: UUID, scope: str, value: str, time: int) -> UUID:
    return UUID(bytes=_mark(origin) + uuid5(origin, f"hold:{scope}:{value}:{time}").bytes[6:])


def standing(services: Services) -> Standing:
    """Return the holds that stand now, by the history and not by a view that may lag."""
    services.projector.catch_up()
    return _standing(services.read_models.rows("hold_rows", {"status": PLACED}))


def _standing(rows: Collection[dict[str, Any]]) -> Standing:
    return Standing(
        everything=any(row["scope"] == ALL for row in rows),
        departments=frozenset(row["value"] for row in rows if row["scope"] == DEPARTMENT),
        subjects=frozenset(UUID(row["value"]) for row in rows if row["scope"] == SUBJECT),
    )


def listing(services: Services, *, ended: bool = False) -> list[dict[str, Any]]:
    """Return the holds as rows, the newest first: those that stand, with ``ended`` the others too."""
    services.projector.catch_up()
    rows = services.read_models.rows("hold_rows", None if ended else {"status": PLACED})
    return sorted(rows, key=lambda row: (row["placed_at"], row["position"]), reverse=True)


def _uuid(value: str) -> UUID:
    try:
        return UUID(value)
    except ValueError:
        raise InvalidInputError("a hold over a subject names its id") from None
