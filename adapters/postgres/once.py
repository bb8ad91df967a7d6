"""What may pass once, in a table."""

from __future__ import annotations

import hashlib
from typing import TYPE_CHECKING

from adapters.postgres.statements import statement

if TYPE_CHECKING:
    from datetime import datetime

    from adapters.postgres.database import Database


class PostgresOnce:
    """``application.ports.once.Once`` for all processes on one database."""

    def __init__(self, database: Database) -> None:
        """Use that migrated database."""
        self._database = database

    def first(self, scope: str, value: str, *, forget_at: datetime) -> bool:
        """Say whether this is the first time. See the port."""
        digest = hashlib.sha256(value.encode()).hexdigest()
        with self._database.connection() as connection:
            row = connection.execute(
                statement("once_first"), {"scope": scope, "digest": digest, "forget_at": forget_at}
            ).fetchone()
        return row is not None

    def forget(self, before: datetime) -> int:
        """Forget what was kept until an earlier time; return how much."""
        with self._database.connection() as connection:
            return connection.execute(statement("once_forget"), {"before": before}).rowcount
