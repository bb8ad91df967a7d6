"""Clients: registering them, knowing them again, and what they may ask for."""

from __future__ import annotations

import hashlib
import hmac
import re
import secrets
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final

from application.client_registry import NAME
from application.journal import record
from application.ports.clients import CONFIDENTIAL, PUBLIC, Client
from application.services import Services
from domain.act import Act
from domain.errors import AudienceInvalidError, ClientTakenError, ClientUnknownError, InvalidInputError, NotFoundError

SECRET_BYTES: Final = 32
MAX_AUDIENCES: Final = 16
AUDIENCE: Final = re.compile(r"[\x21-\x7e]{1,255}")
"""Printable ASCII without spaces: a name such as medical-record, or a URI (RFC 8707, section 2)."""


@dataclass(frozen=True, slots=True)
class Credentials:
    """What a client shows of itself: an id, and a secret where it has one."""

    client_id: str
    secret: str | None = None

    def __repr__(self) -> str:
        """Return a text without the secret."""
        return f"Credentials(client_id={self.client_id!r})"


def add_client(
    services: Services, client_id: str, *, kind: str, audiences: Sequence[str], bound_only: bool = False, act: Act
) -> str | None:
    """Register a client; return the secret of a confidential one, which is told this once.

    Raises ``InvalidInputError``, and ``ClientTakenError`` for an id that was ever taken.
    """
    if not NAME.fullmatch(client_id):
        raise InvalidInputError("a client id takes 1 to 64 letters, digits, dots, dashes or underscores")
    if kind not in {PUBLIC, CONFIDENTIAL}:
        raise InvalidInputError(f"a client is {PUBLIC} or {CONFIDENTIAL}")
    audiences = tuple(dict.fromkeys(audiences))
    if not 0 < len(audiences) <= MAX_AUDIENCES or not all(AUDIENCE.fullmatch(audience) for audience in audiences):
        raise InvalidInputError(f"name 1 to {MAX_AUDIENCES} audiences, in printable ASCII without spaces")
    secret = secrets.token_urlsafe(SECRET_BYTES) if kind == CONFIDENTIAL else None
    digest = "" if secret is None else secret_digest(secret)
    client = Client(client_id, kind, audiences, act.at, secret_digest=digest, bound_only=bound_only)
    if not services.clients.add(client):
        raise ClientTakenError("there is, or was, a client of that id")
    record(services, "client.added", act=act, facts={"client_id": client_id, "kind": kind})
    return secret


def revoke_client(services: Services, client_id: str, *, act: Act) -> None:
    """Let a client take nothing any more; its sessions go on until they end. Raises ``NotFoundError``."""
    if not services.clients.revoke(client_id, act.at):
        raise NotFoundError("there is no such client to revoke")
    record(services, "client.revoked", act=act, facts={"client_id": client_id})


def secret_digest(secret: str) -> str:
    """Return the digest (hex) of a client's secret. The secret has 256 random bits: a slow hash would add nothing."""
    return hashlib.sha256(secret.encode("utf-8", "surrogatepass")).hexdigest()


def authenticated(services: Services, shown: Credentials) -> Client:
    """Return the client that those credentials are of. Raises ``ClientUnknownError``, always the same one."""
    return proven(services.clients.find({shown.client_id}).get(shown.client_id), shown)


def proven(client: Client | None, shown: Credentials) -> Client:
    """Return the client if it stands and the secret is its own, compared in constant time.

    A public client shows no secret. Raises ``ClientUnknownError``.
    """
    given = "" if shown.secret is None else secret_digest(shown.secret)
    kept = "" if client is None else client.secret_digest
    if not hmac.compare_digest(given, kept) or client is None or not client.standing:
        raise ClientUnknownError("no such client, or not its secret")
    return client


def taker(services: Services, client_id: str | None) -> Client:
    """Return the client that a session's first tokens go to: a public one by its id, the built-in one unless named.

    Raises ``ClientUnknownError``, also for a client whose tokens must be bound: nobody proves a key while signing in.
    """
    if client_id is None:
        return services.clients.builtin
    client = authenticated(services, Credentials(client_id))
    if client.bound_only:
        raise ClientUnknownError("the tokens of this client are bound to a key")
    return client


def audience_for(client: Client, wanted: str | None) -> str:
    """Return the audience of a token: the client's first unless another of its own is named.

    Raises ``AudienceInvalidError``.
    """
    if wanted is None:
        return client.audiences[0]
    if wanted not in client.audiences:
        raise AudienceInvalidError("that is no audience of this client")
    return wanted
