"""Two roles: an owner who makes and restores the tables, and the service, which may append to history only."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

import psycopg
from psycopg import sql
from psycopg.conninfo import conninfo_to_dict, make_conninfo

from adapters.postgres.database import Database
from adapters.postgres.migrate import LOCK_NAME
from adapters.postgres.statements import statement
from domain.errors import ConfigurationError

if TYPE_CHECKING:
    from typing import LiteralString

    from psycopg import Connection
    from psycopg.rows import DictRow

SERVICE_ROLE: Final = "faceauth_service"
"""What the service is called in the embedded PostgreSQL; elsewhere DATABASE_URL names it."""

_EVERYTHING: Final = "SELECT, INSERT, UPDATE, DELETE, TRUNCATE"
_APPEND: Final = "SELECT, INSERT"
_READ: Final = "SELECT"


def as_service(owner_dsn: str) -> str:
    """Return the connection string of the embedded server's service role; ``let_serve`` makes it."""
    return make_conninfo(owner_dsn, user=SERVICE_ROLE)


def let_serve(owner_dsn: str, service_dsn: str, *, create: bool) -> None:
    """Give the service's role what it needs of a migrated database, and no more; quick where it has that already.

    ``create`` makes the role. Append-only is what carries the trigger ``refuse_change_of_history``. Raises
    ``ConfigurationError`` where both are one role, where the service's is not there, or where it could change history
    in spite of the grants: as a superuser, or as a member of the owner.
    """
    role = str(conninfo_to_dict(service_dsn).get("user") or "")
    owner = Database(owner_dsn)
    try:
        with owner.mutex(LOCK_NAME), owner.connection() as connection:
            if create and connection.execute(statement("role_exists"), {"role": role}).fetchone() is None:
                connection.execute(sql.SQL("CREATE ROLE {} LOGIN").format(sql.Identifier(role)))
            _grant(connection, role)
    except psycopg.errors.UndefinedObject:
        raise ConfigurationError("DATABASE_URL names a role that is not there: CREATE ROLE ... LOGIN it") from None
    except psycopg.errors.InsufficientPrivilege:
        raise ConfigurationError("FACEAUTH_OWNER_DATABASE_URL must own the tables in schema public") from None
    finally:
        owner.close()
    service = Database(service_dsn)
    try:
        if changes_history(service):
            raise ConfigurationError(
                "the role of DATABASE_URL could change history: it must be neither FACEAUTH_OWNER_DATABASE_URL's, "
                "nor a superuser, nor a member of the owner or of a role that may write, nor have CREATEROLE"
            )
    finally:
        service.close()


def changes_history(database: Database) -> bool:
    """Say whether the role of that connection could change or remove events. Raises ``UnavailableError``."""
    with database.connection() as connection:
        row = connection.execute(statement("role_standing")).fetchone()
    return row is None or row["changes_history"] is not False


def _grant(connection: Connection[DictRow], role: str) -> None:
    row = connection.execute(statement("role_lacks"), {"role": role}).fetchone()
    if row is not None and not row["lacking"]:
        return
    with connection.transaction():
        name = sql.Identifier(role)
        connection.execute(sql.SQL("GRANT USAGE ON SCHEMA public TO {}").format(name))
        connection.execute(sql.SQL("GRANT USAGE, SELECT ON ALL SEQUENCES IN SCHEMA public TO {}").format(name))
        connection.execute(sql.SQL("GRANT EXECUTE ON FUNCTION lock_stored_events() TO {}").format(name))
        for table in connection.execute(statement("role_tables")).fetchall():
            rights: LiteralString = _READ if table["read_only"] else _APPEND if table["append_only"] else _EVERYTHING
            on = sql.Identifier("public", table["name"])
            connection.execute(sql.SQL("REVOKE ALL ON {} FROM {}").format(on, name))
            connection.execute(sql.SQL("GRANT " + rights + " ON {} TO {}").format(on, name))
