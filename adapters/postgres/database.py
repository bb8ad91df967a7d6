"""Connections: one small pool per process, and the one place where database errors become ours."""

from __future__ import annotations

from contextlib import contextmanager, suppress
from typing import TYPE_CHECKING, Any, Final

import eventsourcing.persistence as library
import psycopg
from eventsourcing.postgres import ConnectionPool
from psycopg import Connection
from psycopg.conninfo import conninfo_to_dict, make_conninfo
from psycopg.rows import DictRow, dict_row

from domain.errors import ConcurrencyError, ConfigurationError, InProgressError, UnavailableError

if TYPE_CHECKING:
    from collections.abc import Iterator

POOL_SIZE: Final = 8
ACQUIRE_SECONDS: Final = 2.0
"""Longest wait for a connection; with the lock timeout it bounds what a caller waits for a lost database."""
LOCK_SECONDS: Final = 2
RECONNECT_SECONDS: Final = 1.0
"""Give up reconnecting in the background after this long; the next caller tries at once, without old back-off."""
MUTEX_SECONDS: Final = 30
"""Longest wait for a named lock."""
_LIVENESS: Final = {
    "connect_timeout": "2",
    "tcp_user_timeout": "3000",
    "keepalives_idle": "5",
    "keepalives_interval": "1",
}


@contextmanager
def translated() -> Iterator[None]:
    """Turn driver and library errors into the project's.

    A conflict becomes ``ConcurrencyError``, anything about reaching the database or waiting too long for it
    ``UnavailableError``. Wrong SQL stays what it is: a bug.
    """
    try:
        yield
    except (psycopg.IntegrityError, library.IntegrityError):
        # Its text quotes column values.
        raise ConcurrencyError("somebody else changed the same thing first") from None
    except (
        psycopg.OperationalError,
        psycopg.InterfaceError,
        psycopg.InternalError,
        library.OperationalError,
        library.InterfaceError,
        library.InternalError,
    ) as error:
        raise UnavailableError("the database cannot be reached or does not answer in time") from error


class Database:
    """One PostgreSQL database, through a pool of at most eight checked connections.

    Connections are opened on first use and replaced by themselves after the server was away. Safe from any thread.
    """

    def __init__(self, dsn: str) -> None:
        """Take any libpq connection string or URL. Raises ``ConfigurationError`` when it is none."""
        try:
            self._dsn = make_conninfo(dsn, **{k: v for k, v in _LIVENESS.items() if k not in conninfo_to_dict(dsn)})
        except psycopg.ProgrammingError:
            # Its text may quote the password.
            raise ConfigurationError("DATABASE_URL is not a PostgreSQL connection string or URL") from None
        self.pool: ConnectionPool[Connection[DictRow]] = ConnectionPool(
            self._dsn,
            connection_class=Connection[DictRow],
            kwargs={"autocommit": True, "row_factory": dict_row},
            min_size=1,
            max_size=POOL_SIZE,
            num_workers=2,
            open=False,
            configure=_configure,
            check=ConnectionPool.check_connection,
            timeout=ACQUIRE_SECONDS,
            reconnect_timeout=RECONNECT_SECONDS,
            name="faceauth",
        )

    @contextmanager
    def connection(self) -> Iterator[Connection[DictRow]]:
        """Lend a connection in autocommit mode. Raises ``UnavailableError``, ``ConcurrencyError``."""
        with translated():
            self.pool.open()
            with self.pool.connection() as lent:
                yield lent

    @contextmanager
    def transaction(self) -> Iterator[Connection[DictRow]]:
        """Lend a connection inside a transaction that commits at the end. Raises as ``connection``."""
        with self.connection() as lent, lent.transaction():
            yield lent

    @contextmanager
    def dedicated(self) -> Iterator[Connection[DictRow]]:
        """Open a connection outside the pool, for what holds one for long. Raises as ``connection``."""
        with translated(), psycopg.connect(self._dsn, autocommit=True, row_factory=dict_row) as own:
            _configure(own)
            yield own

    @contextmanager
    def mutex(self, name: str, *, wait: bool = True) -> Iterator[None]:
        """Hold a named advisory lock alone. See ``lock``."""
        with self.lock(name, wait=wait):
            yield

    @contextmanager
    def lock(self, name: str, *, wait: bool = True, shared: bool = False) -> Iterator[Connection[DictRow]]:
        """Hold a named advisory lock, alone or ``shared``, as long as the connection that is lent lives.

        The server lets go of it if this process dies. Raises ``InProgressError`` at once where it is taken and ``wait``
        is False, else ``UnavailableError``.
        """
        suffix = "_shared" if shared else ""
        with self.dedicated() as own:
            own.execute(f"SET lock_timeout = '{MUTEX_SECONDS}s'".encode())
            if wait:
                own.execute(f"SELECT pg_advisory_lock{suffix}(hashtextextended(%s, 0))".encode(), (name,))
            else:
                query = f"SELECT pg_try_advisory_lock{suffix}(hashtextextended(%s, 0)) AS held"
                row = own.execute(query.encode(), (name,)).fetchone()
                if row is None or not row["held"]:
                    raise InProgressError("another process is doing this, or something that excludes it, right now")
            try:
                yield own
            finally:
                # By the end of its connection alone it would be free a moment later, and the next in turn be refused.
                with suppress(psycopg.Error):
                    own.execute(f"SELECT pg_advisory_unlock{suffix}(hashtextextended(%s, 0))".encode(), (name,))

    def close(self) -> None:
        """Close every connection. The object cannot be used afterwards. Idempotent."""
        self.pool.close()


def _configure(connection: Connection[Any]) -> None:
    connection.execute("SET search_path = public")
    connection.execute("SET TIME ZONE 'UTC'")
    connection.execute("SET idle_in_transaction_session_timeout = '30s'")
    connection.execute(f"SET lock_timeout = '{LOCK_SECONDS}s'".encode())
