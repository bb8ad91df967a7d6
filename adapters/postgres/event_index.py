"""The index of history in PostgreSQL."""

from __future__ import annotations

from dataclasses import asdict
from typing import TYPE_CHECKING, Final

from psycopg.rows import tuple_row
from psycopg.sql import SQL, Composed, Identifier

from adapters.postgres.statements import statement
from application.ports.event_index import Cut, IndexedEvent, Wanted
from application.projections.event_index import TABLE
from domain.consent import Consent

if TYPE_CHECKING:
    from datetime import datetime
    from typing import LiteralString

    from adapters.postgres.database import Database

TERMS: Final[dict[str, LiteralString]] = {
    # All of it by stream: asking for the person's own rows beside those of their streams would read both twice. And an
    # array, not a join: the planner would rather read the whole index than look up a few thousand streams.
    "subject_id": """(stream_id = ANY(ARRAY(
        SELECT DISTINCT own.stream_id FROM event_index_rows own WHERE own.subject_id = %(subject_id)s))
        AND (subject_id = %(subject_id)s OR subject_id IS NULL))""",
    "attempt_id": "(stream_id = %(attempt_id)s OR cause_id = %(attempt_id)s)",
    "department": """(department = %(department)s OR department_before = %(department)s
        OR (aggregate = %(consent)s AND EXISTS (
            SELECT 1 FROM event_index_rows there WHERE there.subject_id = event_index_rows.subject_id
            AND (there.department = %(department)s OR there.department_before = %(department)s))))""",
    "actor": "actor = %(actor)s",
    "outcome": "(outcome = %(outcome)s OR code = %(outcome)s)",
    "event": """(coalesce(topic, name) = %(event)s::text
        OR starts_with(coalesce(topic, name), %(event)s::text || '.'))""",
    "since": "(at IS NULL OR at >= %(since)s)",
    "until": "(at IS NULL OR at <= %(until)s)",
    "after": "position > %(after)s",
    "before": "position < %(before)s",
}
"""What each part of ``Wanted`` means in SQL."""
COLUMNS: Final = SQL(", ").join(map(Identifier, IndexedEvent._fields))


class PostgresEventIndex:
    """``application.ports.event_index.EventIndex`` on PostgreSQL."""

    def __init__(self, database: Database) -> None:
        """Use that database."""
        self._database = database

    def find(self, wanted: Wanted, *, limit: int, newest_first: bool = False) -> list[IndexedEvent]:
        """Return up to ``limit`` lines. See the port."""
        values = asdict(wanted) | {"limit": limit, "consent": Consent.TOPIC}
        # Tuples: with ten thousand lines of somebody's history, a dictionary for each is most of the time.
        with self._database.connection() as connection, connection.cursor(binary=True, row_factory=tuple_row) as cursor:
            rows = cursor.execute(_query(wanted, newest_first=newest_first), values).fetchall()
        return [IndexedEvent._make(row) for row in rows]

    def cut(self, moment: datetime) -> Cut:
        """Return where the history as of that moment ends. See the port."""
        with self._database.connection() as connection:
            row = connection.execute(statement("event_index_cut"), {"moment": moment}).fetchone()
        if row is None:
            raise LookupError("an aggregate query has one row")
        return Cut(**row)


def _query(wanted: Wanted, *, newest_first: bool) -> Composed:
    terms = [SQL(term) for name, term in TERMS.items() if getattr(wanted, name) is not None]
    return SQL("SELECT {} FROM {} WHERE {} ORDER BY position {} LIMIT %(limit)s").format(
        COLUMNS, Identifier(TABLE), SQL(" AND ").join(terms), SQL("DESC" if newest_first else "ASC")
    )
