"""Open and end sessions: the one way in which anybody gets one, whatever they proved and how."""

from __future__ import annotations

import hashlib
import secrets
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Final
from uuid import UUID

from application.services import Services
from domain.act import Act
from domain.errors import SealBrokenError
from domain.session import OPEN, Session

REFRESH_PREFIX: Final = "fr1"
REFRESH_BYTES: Final = 32
SESSIONS_PER_COMMIT: Final = 100


@dataclass(frozen=True, slots=True)
class Opened:
    """A session that is not saved yet, and the tokens for it: save first, hand out then."""

    session: Session
    access_token: str
    expires_in: int
    refresh_token: str
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
) -> Opened:
    """Return a session for somebody who proved who they are, with its first tokens; the caller saves it.

    ``amr`` holds values of RFC 8176. Raises what the token issuer raises.
    """
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
        act=act,
    )
    token, expires_in = services.tokens.issue_access(
        subject_id=subject_id,
        session_id=session_id,
        department=department,
        amr=amr,
        acr=acr,
        authenticated_at=act.at,
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
    found = services.read_models.rows("session_rows", {**where, "status": OPEN})
    rows = [row for row in found if row["session_id"] != keep]
    revoked: list[int] = []
    for start in range(0, len(rows), SESSIONS_PER_COMMIT):
        sessions = [_session(services, row["session_id"]) for row in rows[start : start + SESSIONS_PER_COMMIT]]
        standing = [session for session in sessions if session is not None and session.status == OPEN]
        for session in standing:
            session.revoke(reason=reason, act=act)
        revoked += positions_of(services.store.save(*standing), len(standing))
    return revoked


def positions_of(last: int, events: int) -> range:
    """Return the positions of what one save appended: writers take turns, so they follow each other."""
    return range(last - events + 1, last + 1)


def _session(services: Services, session_id: UUID) -> Session | None:
    """Return a session; None where it was tampered with: it admits nobody, and must not keep the others open."""
    try:
        return services.store.get(Session, session_id)
    except SealBrokenError:
        return None
