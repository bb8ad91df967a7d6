"""All clients there are: the built-in one of the settings, and those that an operator registered."""

from __future__ import annotations

import re
from collections.abc import Collection, Mapping, Sequence
from datetime import datetime
from typing import Final

from application.ports.clients import Client, Clients

NAME: Final = re.compile(r"[A-Za-z0-9][A-Za-z0-9._\-]{0,63}")
"""What an id can be: nothing else is looked for."""


class Registry:
    """The registered clients with the built-in one among them, which can be neither taken nor revoked."""

    def __init__(self, clients: Clients, builtin: Client) -> None:
        """Put ``builtin`` in front of ``clients``."""
        self._clients = clients
        self.builtin = builtin

    def find(self, client_ids: Collection[str]) -> Mapping[str, Client]:
        """Return those clients by id, revoked ones too."""
        own = self.builtin.client_id
        others = {name for name in client_ids if name != own and NAME.fullmatch(name)}
        found = dict(self._clients.find(others)) if others else {}
        return found | {own: self.builtin} if own in client_ids else found

    def audiences(self) -> frozenset[str]:
        """Return every audience that a token may be for."""
        return self._clients.audiences() | frozenset(self.builtin.audiences)

    def all(self) -> Sequence[Client]:
        """Return every client, the built-in one first."""
        return [self.builtin, *self._clients.all()]

    def add(self, client: Client) -> bool:
        """Take a client in; False where its id was ever taken."""
        return client.client_id != self.builtin.client_id and self._clients.add(client)

    def revoke(self, client_id: str, at: datetime) -> bool:
        """Let a registered client take nothing any more; False where there is none to revoke."""
        return client_id != self.builtin.client_id and self._clients.revoke(client_id, at)
