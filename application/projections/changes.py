"""What a projection wants done to its tables: data, so that any adapter can apply it and any test can read it."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Final
from uuid import UUID

if TYPE_CHECKING:
    from collections.abc import Mapping

    from application.ports.event_store import RecordedEvent


NAMES: Final = ("user_id_sealed", "username_sealed", "display_name_sealed")
"""The sealed personal columns of whoever has some."""


@dataclass(frozen=True, slots=True)
class Put:
    """Insert a row, or overwrite the named columns of the row with that key."""

    table: str
    key: Mapping[str, Any]
    values: Mapping[str, Any]


@dataclass(frozen=True, slots=True)
class Amend:
    """Overwrite columns of the rows equal on ``where``; none is no error."""

    table: str
    where: Mapping[str, Any]
    values: Mapping[str, Any]


@dataclass(frozen=True, slots=True)
class Remove:
    """Delete the rows equal on ``where``; none is no error."""

    table: str
    where: Mapping[str, Any]


@dataclass(frozen=True, slots=True)
class RemoveEach:
    """Delete the rows whose ``column`` has one of those values; none is no error."""

    table: str
    column: str
    values: tuple[UUID, ...]


@dataclass(frozen=True, slots=True)
class Carry:
    """Insert a row that takes some columns over from the row before it, so that each row says how things stood by then.

    The row before is, of those equal on the one column of ``stream``, the last with a lower value of ``order``, which
    is one of ``values``. ``carried`` names columns of the new row and where they come from, unless ``values`` has them;
    where there is no row before, they stay empty. It names the same columns for every row of a stream. A row with that
    key that is there already is left as it is.
    """

    table: str
    key: Mapping[str, Any]
    values: Mapping[str, Any]
    stream: str
    order: str
    carried: Mapping[str, str]


Change = Put | Amend | Remove | RemoveEach | Carry


def put(table: str, key: Mapping[str, Any], event: RecordedEvent, **values: Any) -> list[Change]:
    """Return one ``Put`` that also notes the event's position."""
    return [Put(table, key, {**values, "position": event.position})]


def amend(table: str, where: Mapping[str, Any], event: RecordedEvent, **values: Any) -> list[Change]:
    """Return one ``Amend`` that also notes the event's position."""
    return [Amend(table, where, {**values, "position": event.position})]


def actor_of(event: RecordedEvent) -> str:
    """Return who caused the event."""
    return str(event.fields["act"].actor)
