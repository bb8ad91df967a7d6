"""Who serves from a database, and who must have it alone."""

from __future__ import annotations

from contextlib import ExitStack, contextmanager
from typing import TYPE_CHECKING, Final

import psycopg

from domain.errors import InProgressError

if TYPE_CHECKING:
    from collections.abc import Iterator

    from psycopg import Connection
    from psycopg.rows import DictRow

    from adapters.postgres.database import Database

SERVING: Final = "serving"


class Presence:
    """A shared lock that says: a server works on this database."""

    def __init__(self, database: Database) -> None:
        """Take it. Raises ``InProgressError`` while somebody restores a backup, ``UnavailableError``."""
        self._database = database
        self._held = ExitStack()
        self._connection = self._take()

    def renew(self) -> None:
        """Take it again where the connection that held it is gone. Raises as the constructor."""
        try:
            self._connection.execute("SELECT 1")
        except psycopg.Error:
            self._held.close()
            self._connection = self._take()

    def close(self) -> None:
        """Let go of it. Idempotent."""
        self._held.close()

    def _take(self) -> Connection[DictRow]:
        return self._held.enter_context(self._database.lock(SERVING, wait=False, shared=True))


@contextmanager
def alone(database: Database) -> Iterator[None]:
    """Keep servers out. Raises ``InProgressError`` where one is at work, or another restore."""
    with ExitStack() as held:
        try:
            held.enter_context(database.lock(SERVING, wait=False))
        except InProgressError:
            raise InProgressError("faceauth serve is running, or another restore: stop it first") from None
        yield
