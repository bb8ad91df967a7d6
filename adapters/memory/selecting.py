"""Selections, groups and orders of read-model rows in memory, as PostgreSQL has them."""

from __future__ import annotations

import math
from typing import TYPE_CHECKING, Any

from application.ports.selection import Binned, Daily

if TYPE_CHECKING:
    from collections.abc import Collection, Iterable, Mapping
    from uuid import UUID

    from application.ports.selection import Group, Selection

    Row = dict[str, Any]


def selected(row: Mapping[str, Any], which: Selection, enrolled: Collection[UUID]) -> bool:
    """Say whether a row is meant; ``enrolled`` are the subjects of ``which.enrolled_in``."""
    if any(row[name] != value for name, value in which.equal.items()) or any(
        row[name] is None for name in which.filled
    ):
        return False
    if which.enrolled_in is not None and row["subject_id"] not in enrolled:
        return False
    if which.since is None and which.before is None:
        return True
    moment = row[which.time]
    if moment is None:
        return False
    return (which.since is None or which.since <= moment) and (which.before is None or moment < which.before)


def group_of(row: Mapping[str, Any], group: Group) -> Any:
    """Return the value of a group, None where the row has none."""
    value = row[group if isinstance(group, str) else group.column]
    if value is None or isinstance(group, str):
        return value
    match group:
        case Daily(zone=zone):
            return value.astimezone(zone).date()
        case Binned(width=width):
            return math.floor(value / width)


def sorted_by(rows: Iterable[Row], by: str, *, key: str, oldest: bool) -> list[Row]:
    """Return the rows by that time, those without it last, equal ones in the order of ``key``."""
    in_order = sorted(rows, key=lambda row: row[key])
    timed = sorted((row for row in in_order if row[by] is not None), key=lambda row: row[by], reverse=not oldest)
    return timed + [row for row in in_order if row[by] is None]
