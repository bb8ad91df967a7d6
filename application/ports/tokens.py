"""Tokens: what the rest of the hospital sees of a session, and what administrators carry."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Protocol

if TYPE_CHECKING:
    from collections.abc import Collection, Mapping
    from datetime import datetime, timedelta
    from uuid import UUID


@dataclass(frozen=True, slots=True)
class Principal:
    """Who a verified token speaks for.

    ``actor`` is opaque; ``roles`` are of ``domain.roles``; ``department`` is one department, "*", or "" where the token
    reaches none. ``subject_id`` and ``session_id`` are set for tokens of a session. ``bound_to`` is the thumbprint of
    the key whose possession must be proven with the token (RFC 9449), "" for a plain bearer token.
    """

    actor: str
    roles: frozenset[str]
    department: str
    token_id: str
    subject_id: UUID | None = None
    session_id: UUID | None = None
    bound_to: str = ""


@dataclass(frozen=True, slots=True)
class AccessFacts:
    """What a good access token says: its claims as they are for its audience, and what only we read out of it.

    Holds no more than its signature, audience and times vouch for: whether the session stands is for the store to say.
    """

    subject_id: UUID
    session_id: UUID
    client_id: str
    audience: str
    bound_to: str
    claims: Mapping[str, Any]


class TokenIssuer(Protocol):
    """ES256 JSON Web Tokens (RFC 7519, RFC 9068)."""

    def issue_access(
        self,
        *,
        subject_id: UUID,
        session_id: UUID,
        department: str,
        amr: tuple[str, ...],
        acr: str,
        authenticated_at: datetime,
        client_id: str | None = None,
        audience: str | None = None,
        bound_to: str = "",
    ) -> tuple[str, int]:
        """Return (access token, seconds it lives). ``sub`` is pairwise: not the subject id, not the employee number.

        ``client_id`` and ``audience`` are the built-in client's unless named: whether that client may is for the caller
        to see to. ``bound_to`` is the thumbprint of the client's key (claim ``cnf.jkt``, RFC 9449, section 6).
        """
        ...

    def issue_staff(self, *, role: str, department: str, ttl: timedelta, officer: str = "") -> str:
        """Return a local bearer token for an administrator, officer or operator.

        ``officer`` is an opaque code (lower-case letters and digits) for who carries it: the history then says
        "officer:<code>" whichever token it was, and "token:<id>" without it.
        """
        ...

    def verify(self, token: str) -> Principal:
        """Check signature, issuer, audience and times. Raises ``TokenInvalidError``.

        Takes staff tokens, and access tokens for the built-in audience: those for another one open nothing here.
        """
        ...

    def read_access(self, token: str, audiences: Collection[str]) -> AccessFacts:
        """Return what an access token for one of those audiences says. Raises ``TokenInvalidError`` as ``verify``."""
        ...

    def certify(self, kind: str, claims: Mapping[str, Any]) -> str:
        """Return a signed statement (typ ``kind``; adds iss, iat, jti) that anybody can verify with ``jwks`` for years.

        ``claims`` must not name anybody: subjects by opaque id only. It has no expiry and opens nothing as a token.
        """
        ...

    def jwks(self) -> Mapping[str, Any]:
        """Return the public keys as a JSON Web Key Set (RFC 7517)."""
        ...
