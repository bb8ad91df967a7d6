"""What a database knows of the deployment it belongs to: which key ring, how new, and what was refused without one."""

from __future__ import annotations

import hmac
from datetime import datetime
from typing import Final

from adapters.postgres.database import Database
from adapters.postgres.statements import statement
from domain.errors import KeyRingForeignError, KeyRingOutdatedError

RING: Final = "ring"
RING_GENERATION: Final = "ring_generation"


def knows_a_ring(database: Database) -> bool:
    """Say whether a ring has been used with this database. Raises ``UnavailableError``."""
    return read(database, RING) is not None


def claim_ring(database: Database, fingerprint: str, generation: int) -> None:
    """Tie the database to that ring at first use, and remember its newest generation.

    Raises ``KeyRingForeignError`` where it is tied to another ring, ``KeyRingOutdatedError`` where it has seen a newer
    generation: an older copy lacks keys, and brings back those that were destroyed.
    """
    with database.connection() as connection:
        connection.execute(statement("deployment_claim"), {"name": RING, "value": fingerprint})
    known = read(database, RING)
    if known is None or not hmac.compare_digest(known, fingerprint):
        raise KeyRingForeignError(
            "this key ring did not seal this database: restore the ring that did, or use its own database"
        )
    note_generation(database, generation)
    if int(read(database, RING_GENERATION) or 0) > generation:
        raise KeyRingOutdatedError("this key ring is an older copy: restore the newest one")


def note_generation(database: Database, generation: int) -> None:
    """Remember a generation of the ring, unless a newer one is known: an older copy is refused from here on."""
    with database.connection() as connection:
        connection.execute(statement("deployment_raise"), {"name": RING_GENERATION, "value": str(generation)})


def read(database: Database, name: str) -> str | None:
    """Return a value. Raises ``UnavailableError``."""
    with database.connection() as connection:
        row = connection.execute(statement("deployment_read"), {"name": name}).fetchone()
    return None if row is None else str(row["value"])


def note_refusal(database: Database, code: str) -> None:
    """Remember that a ring was refused: without a ring no event can be sealed, the next good start records it."""
    with database.connection() as connection:
        connection.execute(statement("ring_refusal_note"), {"code": code})


def refusals(database: Database) -> list[tuple[datetime, str]]:
    """Return what was refused and not recorded yet, oldest first."""
    with database.connection() as connection:
        return [(row["at"], row["code"]) for row in connection.execute(statement("ring_refusals_read")).fetchall()]


def forget_refusals(database: Database, until: datetime) -> None:
    """Drop the refusals up to then: they are recorded."""
    with database.connection() as connection:
        connection.execute(statement("ring_refusals_drop"), {"until": until})


def lower_generation(database: Database, generation: int) -> None:
    """Accept an older ring from now on: the newer one is lost and the operator says so."""
    write(database, RING_GENERATION, str(generation))


def write(database: Database, name: str, value: str) -> None:
    """Keep a value, over the one of before."""
    with database.connection() as connection:
        connection.execute(statement("deployment_set"), {"name": name, "value": value})


def forget(database: Database, name: str) -> None:
    """Drop a value."""
    with database.connection() as connection:
        connection.execute(statement("deployment_forget"), {"name": name})
