"""What a key backup takes from the database, and its way back in: wrapped data keys and the erasure ledger."""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from datetime import datetime
from typing import Any

from adapters.postgres.database import Database
from adapters.postgres.statements import statement
from application.ports.vault import epoch_owner


def read_key_rows(database: Database) -> dict[str, list[dict[str, Any]]]:
    """Return wrapped data keys and ledger lines as JSON values, of one moment. Raises ``UnavailableError``."""
    with database.transaction() as connection:
        connection.execute("SET TRANSACTION ISOLATION LEVEL REPEATABLE READ, READ ONLY")
        keys = connection.execute(statement("key_rows_read")).fetchall()
        ledger = connection.execute(statement("ledger_rows_read")).fetchall()
    return {
        "data_keys": [{**row, "wrapped": bytes(row["wrapped"]).hex()} for row in keys],
        "ledger": [{**row, "at": row["at"].isoformat()} for row in ledger],
    }


def put_key_rows(database: Database, rows: Mapping[str, Sequence[Mapping[str, Any]]], living: Collection[str]) -> int:
    """Bring back data keys that are missing, or wrapped by a key that is not among the ``living``; return how many.

    Never one that the ledger of the database or of the backup names: who was erased stays so.
    """
    with database.transaction() as connection:
        for line in rows["ledger"]:
            connection.execute(statement("ledger_row_put"), {**line, "at": datetime.fromisoformat(line["at"])})
        columns = {
            "owners": [row["owner"] for row in rows["data_keys"]],
            "kek_ids": [row["kek_id"] for row in rows["data_keys"]],
            "wrapped": [bytes.fromhex(row["wrapped"]) for row in rows["data_keys"]],
            "living": list(living),
        }
        connection.execute(statement("key_rows_close"))
        put = connection.execute(statement("key_rows_put"), columns).rowcount
        connection.execute(statement("key_rows_drop"), {"prefix": epoch_owner(""), "living": list(living)})
    return put
