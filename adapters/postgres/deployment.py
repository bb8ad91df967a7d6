"""Which key ring belongs to this database."""

from __future__ import annotations

import hmac
from typing import Final

from adapters.postgres.database import Database
from adapters.postgres.statements import statement
from domain.errors import KeyRingError

RING: Final = "ring"


def knows_a_ring(database: Database) -> bool:
    """Say whether a ring has been used with this database. Raises ``UnavailableError``."""
    with database.connection() as connection:
        return connection.execute(statement("deployment_read"), {"name": RING}).fetchone() is not None


def claim_ring(database: Database, fingerprint: str) -> None:
    """Tie the database to that ring at first use. Raises ``KeyRingError`` where it is tied to another one."""
    with database.connection() as connection:
        connection.execute(statement("deployment_claim"), {"name": RING, "value": fingerprint})
        row = connection.execute(statement("deployment_read"), {"name": RING}).fetchone()
    if row is None or not hmac.compare_digest(row["value"], fingerprint):
        raise KeyRingError(
            "this key ring did not seal this database: restore the ring that did, or use its own database"
        )
