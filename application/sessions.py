"""Open and end sessions: the one way in which anybody gets one, whatever they proved and how."""

from __future__ import annotations

import hashlib
import secrets
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from typing import Final
from uuid import UUID

from application.ports.clients import Client
from application.services import Services
from domain.act import Act
from domain.errors import ConcurrencyError, NotFoundError, SealBrokenError
from domain.session import OPEN, Session

REFRESH_PREFIX: Final = "fr1"
REFRESH_BYTES: Final = 32
SESSIONS_PER_COMMIT: Final = 100
TRIES: Final = 5
"""How often a revocation is begun anew because somebody refreshed meanwhile."""


@dataclass(frozen=True, slots=True)
class Opened:
    """A session that is not saved yet, and the tokens for it: save first, hand out then."""

    session: Session
    access_token: str = field(repr=False)
    expires_in: int
    refresh_token: str = field(repr=False)
    token_type: str = "Bearer"  # noqa: S105 - a type's name

    @property
    def expires_at(self) -> datetime:
        """The absolute end of the session."""
        return self.session.expires_at


def new_session(
    services: Services,
    *,
    session_id: UUID,
    subject_id: UUID,
    attempt_id: UUID,
    department: str,
    amr: tuple[str, ...],
    acr: str,
    act: Act,
    device_id: UUID | None = None,
    client: Client | None = None,
) -> Opened:
    """Return a session for somebody who proved who they are, with its first tokens; the caller saves it.

    ``amr`` holds values of RFC 8176; ``client`` is the built-in one unless named. Raises what the token issuer raises.
    """
    client = client or services.clients.builtin
    policies = services.policies
    refresh_token, digest = refresh_token_for(session_id)
    session = Session.open(
        session_id,
        subject_id=subject_id,
        attempt_id=attempt_id,
        department=department,
        amr=" ".join(amr),
        acr=acr,
        expires_at=act.at + policies.session_lifetime,
        idle_expires_at=act.at + policies.session_idle,
        refresh_digest=digest,
        device_id=device_id,
        client_id=client.client_id,
        act=act,
    )
    token, expires_in = services.tokens.issue_access(
        subject_id=subject_id,
        session_id=session_id,
        department=department,
        amr=amr,
        acr=acr,
        authenticated_at=act.at,
        client_id=client.client_id,
        audience=client.audiences[0],
    )
    return Opened(session, token, expires_in, refresh_token)


def refresh_token_for(session_id: UUID) -> tuple[str, str]:
    """Return (a new refresh token of that session, its digest): opaque to whoever holds it, hashed at rest."""
    secret = secrets.token_urlsafe(REFRESH_BYTES)
    token = f"{REFRESH_PREFIX}.{session_id.hex}.{secret}"
    return token, refresh_digest(token)


def refresh_digest(token: str) -> str:
    """Return the digest (hex) under which a refresh token is kept: it has 256 random bits, so a plain hash does."""
    return hashlib.sha256(token.encode()).hexdigest()


def revoke_sessions(
    services: Services, where: Mapping[str, object], *, reason: str, act: Act, keep: UUID | None = None
) -> list[int]:
    """Revoke every open session equal on those columns of ``session_rows``, but ``keep``; return the events' positions.

    In commits of bounded size. Catch the read models up first where the newest sessions matter.
    """
    rows = services.read_models.rows("session_rows", {**where, "status": OPEN})
    found = [row["session_id"] for row in rows if row["session_id"] != keep]
    revoked: list[int] = []
    for start in range(0, len(found), SESSIONS_PER_COMMIT):
        revoked += _revoke(services, found[start : start + SESSIONS_PER_COMMIT], reason, act)
    return revoked


def revoke_session(services: Services, session_id: UUID, *, reason: str, act: Act) -> bool:
    """Revoke one session; say whether it was open, and there to be read, until now."""
    return bool(_revoke(services, [session_id], reason, act))


def _revoke(services: Services, session_ids: Sequence[UUID], reason: str, act: Act) -> Sequence[int]:
    """Revoke sessions in one commit, whatever is refreshed meanwhile. Raises ``ConcurrencyError`` if it never ends."""
    for attempt in range(TRIES):
        sessions = [find_session(services, session_id) for session_id in session_ids]
        standing = [session for session in sessions if session is not None and session.status == OPEN]
        for session in standing:
            session.revoke(reason=reason, act=act)
        try:
            return positions_of(services.store.save(*standing), len(standing))
        except ConcurrencyError:
            if attempt == TRIES - 1:
                raise
    return []


def positions_of(last: int, events: int) -> range:
    """Return the positions of what one save appended: writers take turns, so they follow each other."""
    return range(last - events + 1, last + 1)


def find_session(services: Services, session_id: UUID) -> Session | None:
    """Return a session, strongly consistent; None where there is none.

    One that was tampered with counts as none: it admits nobody, and must not keep the others open.
    """
    try:
        return services.store.get(Session, session_id)
    except (NotFoundError, SealBrokenError):
        return None
