"""Selections and groups of read-model rows as SQL: names from the list of columns only, values as parameters only."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from psycopg.sql import SQL, Composable, Identifier, Placeholder

from adapters.read_model_tables import check_columns
from application.ports.selection import Binned, Daily

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from application.ports.selection import Group, Selection


def conditions(table: str, which: Selection) -> tuple[Composable, dict[str, Any]]:
    """Return the condition and its parameters. Raises ``ValueError`` for a column that is not on the list."""
    check_columns(table, *which.equal, *which.filled, *([which.time] if which.time else []))
    terms: list[Composable] = [*equals(which.equal)]
    values = {f"where_{name}": value for name, value in which.equal.items()}
    terms += [SQL("{} IS NOT NULL").format(Identifier(name)) for name in which.filled]
    if which.since is not None:
        terms.append(SQL("{} >= {}").format(Identifier(which.time), Placeholder("since")))
    if which.before is not None:
        terms.append(SQL("{} < {}").format(Identifier(which.time), Placeholder("before")))
    if which.enrolled_in is not None:
        check_columns(table, "subject_id")
        terms.append(
            SQL("subject_id IN (SELECT subject_id FROM enrollment_rows WHERE department = {})").format(
                Placeholder("enrolled_in")
            )
        )
    values |= {"since": which.since, "before": which.before, "enrolled_in": which.enrolled_in}
    return SQL(" AND ").join(terms) if terms else SQL("TRUE"), values


def equals(where: Mapping[str, Any]) -> list[Composable]:
    """Return one term per column; its parameter is called ``where_<column>``."""
    return [
        SQL("{} IS NULL").format(Identifier(name))
        if value is None
        else SQL("{} = {}").format(Identifier(name), Placeholder(f"where_{name}"))
        for name, value in where.items()
    ]


def grouped(table: str, groups: Sequence[Group]) -> tuple[list[Composable], dict[str, Any]]:
    """Return one expression per group, and their parameters."""
    check_columns(table, *(group if isinstance(group, str) else group.column for group in groups))
    terms: list[Composable] = []
    values: dict[str, Any] = {}
    for number, group in enumerate(groups):
        match group:
            case str():
                terms.append(Identifier(group))
            case Daily(column=column, zone=zone):
                values[f"zone_{number}"] = str(zone)
                terms.append(
                    SQL("({} AT TIME ZONE {})::date").format(Identifier(column), Placeholder(f"zone_{number}"))
                )
            case Binned(column=column, width=width):
                values[f"width_{number}"] = width
                terms.append(
                    SQL("floor({}::float8 / {})::int").format(Identifier(column), Placeholder(f"width_{number}"))
                )
    return terms, values
