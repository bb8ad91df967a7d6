"""The registry of clients in a table."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from adapters.postgres.statements import statement
from application.ports.clients import Client

if TYPE_CHECKING:
    from collections.abc import Collection, Mapping, Sequence
    from datetime import datetime

    from adapters.postgres.database import Database


class PostgresClients:
    """``application.ports.clients.Clients`` for all processes on one database."""

    def __init__(self, database: Database) -> None:
        """Use that migrated database."""
        self._database = database

    def add(self, client: Client) -> bool:
        """Take a client in; False where its id was ever taken."""
        values = {
            "client_id": client.client_id,
            "kind": client.kind,
            "audiences": list(client.audiences),
            "secret_digest": client.secret_digest,
            "bound_only": client.bound_only,
            "created_at": client.created_at,
        }
        with self._database.connection() as connection:
            return connection.execute(statement("client_add"), values).fetchone() is not None

    def find(self, client_ids: Collection[str]) -> Mapping[str, Client]:
        """Return those clients by id."""
        # PostgreSQL's text holds no zero byte: such an id cannot be registered either.
        wanted = [name for name in client_ids if "\0" not in name]
        with self._database.connection() as connection:
            rows = connection.execute(statement("clients_find"), {"ids": wanted}).fetchall()
        return {row["client_id"]: _client(row) for row in rows}

    def audiences(self) -> frozenset[str]:
        """Return the audiences of all clients."""
        with self._database.connection() as connection:
            return frozenset(row["audience"] for row in connection.execute(statement("client_audiences")).fetchall())

    def all(self) -> Sequence[Client]:
        """Return every client, by id."""
        with self._database.connection() as connection:
            return [_client(row) for row in connection.execute(statement("clients_all")).fetchall()]

    def revoke(self, client_id: str, at: datetime) -> bool:
        """Let it take nothing any more. See the port."""
        with self._database.connection() as connection:
            return connection.execute(statement("client_revoke"), {"client_id": client_id, "at": at}).rowcount == 1


def _client(row: Mapping[str, Any]) -> Client:
    return Client(
        client_id=row["client_id"],
        kind=row["kind"],
        audiences=tuple(row["audiences"]),
        created_at=row["created_at"],
        secret_digest=row["secret_digest"],
        bound_only=row["bound_only"],
        revoked_at=row["revoked_at"],
    )
