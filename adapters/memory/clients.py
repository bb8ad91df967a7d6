"""The registry of clients in a dict."""

from __future__ import annotations

from dataclasses import replace
from threading import Lock
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Collection, Mapping, Sequence
    from datetime import datetime

    from application.ports.clients import Client


class MemoryClients:
    """``application.ports.clients.Clients`` for one process."""

    def __init__(self) -> None:
        """Start empty."""
        self._clients: dict[str, Client] = {}
        self._lock = Lock()

    def add(self, client: Client) -> bool:
        """Take a client in; False where its id was ever taken."""
        with self._lock:
            return self._clients.setdefault(client.client_id, client) is client

    def find(self, client_ids: Collection[str]) -> Mapping[str, Client]:
        """Return those clients by id."""
        return {name: self._clients[name] for name in client_ids if name in self._clients}

    def audiences(self) -> frozenset[str]:
        """Return the audiences of all clients."""
        return frozenset(audience for client in self._clients.values() for audience in client.audiences)

    def all(self) -> Sequence[Client]:
        """Return every client, by id."""
        return [client for _, client in sorted(self._clients.items())]

    def revoke(self, client_id: str, at: datetime) -> bool:
        """Let it take nothing any more. See the port."""
        with self._lock:
            client = self._clients.get(client_id)
            if client is None or not client.standing:
                return False
            self._clients[client_id] = replace(client, revoked_at=at)
            return True
