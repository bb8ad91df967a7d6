"""Wrapped data keys in PostgreSQL, and the ledger of those that are gone."""

from __future__ import annotations

from typing import TYPE_CHECKING

from adapters.postgres.statements import statement
from application.ports.keys import DestroyedKey
from application.ports.vault import WrappedKey
from domain.errors import KekNotActiveError, KeyDestroyedError

if TYPE_CHECKING:
    from collections.abc import Sequence

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
            if connection.execute(statement("data_key_insert"), values).rowcount == 1:
                return True
            if connection.execute(statement("data_key_get"), {"owner": owner}).fetchone() is None:
                raise KekNotActiveError("the key that wraps data keys was replaced meanwhile")
        return False

    def get(self, owner: str) -> tuple[str, bytes] | None:
        """Return (kek_id, wrapped). See the port."""
        with self._database.connection() as connection:
            row = connection.execute(statement("data_key_get"), {"owner": owner}).fetchone()
        if row is None:
            return None
        if row["destroyed"]:
            raise KeyDestroyedError("the data key was destroyed")
        return row["kek_id"], bytes(row["wrapped"])

    def owners(self, prefix: str) -> list[str]:
        """Return the owners of living keys. See the port."""
        with self._database.connection() as connection:
            rows = connection.execute(statement("data_key_owners"), {"prefix": prefix}).fetchall()
        return [row["owner"] for row in rows]

    def destroy(self, owner: str, wrapped_under: Sequence[str]) -> None:
        """Overwrite that key, with a line in the ledger. See the port."""
        line = {"owner": owner, "kind": "destroyed", "wrapped_under": list(wrapped_under)}
        with self._database.transaction() as connection:
            # Held until this commits: no other key-encryption key comes to wrap, so the line names all that ever did.
            active = connection.execute(statement("active_kek_hold")).fetchone()
            destroyed = connection.execute(statement("data_key_destroy"), {"owner": owner}).rowcount
            if destroyed and active is not None and active["value"] not in wrapped_under:
                raise KekNotActiveError("the key that wraps data keys was replaced meanwhile")
            connection.execute(statement("ledger_append"), line)

    def active(self) -> str | None:
        """Return the id of the key-encryption key in charge. See the port."""
        with self._database.connection() as connection:
            row = connection.execute(statement("deployment_read"), {"name": "active_kek"}).fetchone()
        return None if row is None else str(row["value"])

    def activate(self, kek_id: str) -> None:
        """Put that key-encryption key in charge. See the port."""
        with self._database.connection() as connection:
            connection.execute(statement("active_kek_write"), {"kek_id": kek_id})

    def outdated(self, kek_id: str, limit: int, after: str = "") -> list[WrappedKey]:
        """Return living keys that another key-encryption key wraps. See the port."""
        values = {"kek_id": kek_id, "limit": limit, "after": after}
        with self._database.connection() as connection:
            rows = connection.execute(statement("data_key_outdated"), values).fetchall()
        return [WrappedKey(row["owner"], row["kek_id"], bytes(row["wrapped"])) for row in rows]

    def replace(self, rewrapped: Sequence[tuple[WrappedKey, WrappedKey]]) -> int:
        """Put new for old where the old one still stands. See the port."""
        values = {
            "owners": [new.owner for _, new in rewrapped],
            "old_wrapped": [old.wrapped for old, _ in rewrapped],
            "kek_ids": [new.kek_id for _, new in rewrapped],
            "wrapped": [new.wrapped for _, new in rewrapped],
        }
        with self._database.connection() as connection:
            return connection.execute(statement("data_key_replace"), values).rowcount

    def holds(self) -> dict[str, int]:
        """Count living keys by key-encryption key. See the port."""
        with self._database.connection() as connection:
            rows = connection.execute(statement("data_key_holds")).fetchall()
        return {row["kek_id"]: row["holds"] for row in rows}

    def ledger(self) -> list[DestroyedKey]:
        """Return the erasure ledger. See the port."""
        with self._database.connection() as connection:
            rows = connection.execute(statement("ledger_read")).fetchall()
        return [DestroyedKey(row["owner"], row["at"], tuple(row["wrapped_under"]), row["final_at"]) for row in rows]

    def settle(self, owners: Sequence[str]) -> None:
        """Append to the ledger that these are final. See the port."""
        with self._database.transaction() as connection:
            for owner in owners:
                line = {"owner": owner, "kind": "final", "wrapped_under": []}
                connection.execute(statement("ledger_append"), line)
