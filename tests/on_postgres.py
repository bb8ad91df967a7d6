"""The history of a house of memory twins, copied into PostgreSQL as it stands, with everything that reads it there."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING, Any

from adapters.postgres.event_index import PostgresEventIndex
from adapters.postgres.read_models import PostgresReadModels
from adapters.postgres.store import PostgresEventStore
from application.projecting import Projector
from entrypoints.bootstrap import AGGREGATES, VALUES
from tests.house import STORE_KEY

if TYPE_CHECKING:
    from adapters.postgres.database import Database
    from application.services import Services
    from tests.house import House


def on_postgres(house: House, database: Database) -> Services:
    """The house's services over the same rows, at the same positions, in that database."""
    recorder: Any = house.store._recorder
    copying = b"COPY stored_events (originator_id, originator_version, topic, state) FROM STDIN"
    with database.transaction() as connection, connection.cursor() as cursor, cursor.copy(copying) as copy:
        for row in recorder._stored_events:
            copy.write_row((row.originator_id, row.originator_version, row.topic, row.state))
    store = PostgresEventStore(database, store_key=STORE_KEY, aggregates=AGGREGATES, values=VALUES)
    read_models = PostgresReadModels(database)
    return replace(
        house.services,
        store=store,
        read_models=read_models,
        event_index=PostgresEventIndex(database),
        projector=Projector(store, read_models),
    )


def damage(house: House, position: int, **columns: Any) -> None:
    """Change a stored row behind the store's back."""
    rows = house.store._recorder._stored_events  # type: ignore[attr-defined]  # the memory recorder's list
    rows[position - 1] = replace(rows[position - 1], **columns)
