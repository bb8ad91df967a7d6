"""Wrapped data keys in PostgreSQL."""

from __future__ import annotations

from typing import TYPE_CHECKING

from adapters.postgres.statements import statement
from domain.errors import KeyDestroyedError

if TYPE_CHECKING:
    from adapters.postgres.database import Database


class PostgresDataKeyStore:
    """``application.ports.vault.DataKeyStore`` on PostgreSQL.

    A destroyed key leaves the table at once; its wrapped form lingers in dead tuples, WAL and backups until the key
    generation that wrapped it is destroyed too (promise 5).
    """

    def __init__(self, database: Database) -> None:
        """Use that database."""
        self._database = database

    def insert(self, owner: str, kek_id: str, wrapped: bytes) -> bool:
        """Keep a wrapped key. See the port."""
        with self._database.connection() as connection:
            values = {"owner": owner, "kek_id": kek_id, "wrapped": wrapped}
            return connection.execute(statement("data_key_insert"), values).rowcount == 1

    def get(self, owner: str) -> tuple[str, bytes] | None:
        """Return (kek_id, wrapped). See the port."""
        with self._database.connection() as connection:
            row = connection.execute(statement("data_key_get"), {"owner": owner}).fetchone()
        if row is None:
            return None
        if row["destroyed"]:
            raise KeyDestroyedError("the data key was destroyed")
        return row["kek_id"], bytes(row["wrapped"])

    def destroy(self, owner: str) -> None:
        """Overwrite that key and remember that it is destroyed. See the port."""
        with self._database.connection() as connection:
            connection.execute(statement("data_key_destroy"), {"owner": owner})
