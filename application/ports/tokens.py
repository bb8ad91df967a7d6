"""Tokens: what the rest of the hospital sees of a session, and what administrators carry."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Protocol

if TYPE_CHECKING:
    from collections.abc import Mapping
    from datetime import datetime, timedelta
    from uuid import UUID


@dataclass(frozen=True, slots=True)
class Principal:
    """Who a verified token speaks for.

    ``actor`` is opaque; ``roles`` are of ``domain.roles``; ``department`` is one department, "*", or "" where the token
    reaches none. ``subject_id`` and ``session_id`` are set for tokens of a session.
    """

    actor: str
    roles: frozenset[str]
    department: str
    token_id: str
    subject_id: UUID | None = None
    session_id: UUID | None = None


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
    ) -> tuple[str, int]:
        """Return (access token, seconds it lives). ``sub`` is pairwise: not the subject id, not the employee number."""
        ...

    def issue_staff(self, *, role: str, department: str, ttl: timedelta) -> str:
        """Return a local bearer token for an administrator, officer or operator."""
        ...

    def verify(self, token: str) -> Principal:
        """Check signature, issuer, audience and times. Raises ``TokenInvalidError``."""
        ...

    def certify(self, kind: str, claims: Mapping[str, Any]) -> str:
        """Return a signed statement (typ ``kind``; adds iss, iat, jti) that anybody can verify with ``jwks`` for years.

        ``claims`` must not name anybody: subjects by opaque id only. It has no expiry and opens nothing as a token.
        """
        ...

    def jwks(self) -> Mapping[str, Any]:
        """Return the public keys as a JSON Web Key Set (RFC 7517)."""
        ...
