"""Versioned SQL, applied once, in order."""

from __future__ import annotations

import hashlib
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final

import psycopg

from adapters.postgres.database import Database
from domain.errors import ConfigurationError

if TYPE_CHECKING:
    from collections.abc import Mapping

    from psycopg import Connection

MIGRATIONS_FOLDER: Final = Path(__file__).parent / "migrations"
LOCK_NAME: Final = "faceauth.migrations"
_LEDGER: Final = """
CREATE TABLE IF NOT EXISTS schema_migrations (
    version int PRIMARY KEY, sha256 text NOT NULL, applied_at timestamptz NOT NULL DEFAULT now()
)
"""


@dataclass(frozen=True, slots=True)
class Migration:
    """One file ``NNNN_what_it_does.sql``; ``sha256`` (hex) is of its bytes."""

    version: int
    sha256: str
    sql: bytes = field(repr=False)


def migrate(dsn: str, folder: Path = MIGRATIONS_FOLDER) -> int:
    """Bring the database to this code's schema; return how many migrations that took. Safe from several processes.

    Raises ``ConfigurationError`` for a database that is newer than this code, whose applied migrations are not these,
    or where this role may not create tables; ``UnavailableError`` when it cannot be reached.
    """
    known = load(folder)
    database = Database(dsn)
    try:
        with database.mutex(LOCK_NAME), database.connection() as connection:
            return _bring_up(connection, known)
    except psycopg.errors.InsufficientPrivilege:
        raise ConfigurationError("the database role may not create tables in schema public: grant it CREATE") from None
    finally:
        database.close()


def load(folder: Path) -> list[Migration]:
    """Read the migrations of a folder, ordered. Raises ``ValueError`` for a gap or a repeated number."""
    found = [_read(file) for file in sorted(folder.glob("[0-9]*.sql"))]
    if [m.version for m in found] != list(range(1, len(found) + 1)):
        raise ValueError("migrations are numbered 1, 2, 3 ... without a gap")
    return found


def _read(file: Path) -> Migration:
    sql = file.read_bytes()
    return Migration(int(file.name.partition("_")[0]), hashlib.sha256(sql).hexdigest(), sql)


def _bring_up(connection: Connection[Any], known: list[Migration]) -> int:
    there = connection.execute("SELECT to_regclass('public.schema_migrations') AS ledger").fetchone()
    if there is None or there["ledger"] is None:
        connection.execute(_LEDGER)
    rows = connection.execute("SELECT version, sha256 FROM schema_migrations").fetchall()
    applied = {row["version"]: row["sha256"] for row in rows}
    _check(applied, known)
    pending = [m for m in known if m.version not in applied]
    for migration in pending:
        with connection.transaction():
            connection.execute(migration.sql)
            connection.execute(
                "INSERT INTO schema_migrations (version, sha256) VALUES (%s, %s)", (migration.version, migration.sha256)
            )
    return len(pending)


def _check(applied: Mapping[int, str], known: list[Migration]) -> None:
    newest = max(applied, default=0)
    if newest > len(known):
        raise ConfigurationError(
            f"the database is at schema {newest}, this faceauth knows {len(known)}: "
            "install the newer version, or point DATABASE_URL at another database"
        )
    for migration in known:
        if applied.get(migration.version, migration.sha256) != migration.sha256:
            raise ConfigurationError(
                f"migration {migration.version} was changed after it was applied to this database: "
                "restore the file of the released version"
            )
