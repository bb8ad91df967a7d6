"""Refresh a session: a spent token for new ones, and the end of the session where a token comes twice."""

from __future__ import annotations

import hmac
import re
from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Final
from uuid import UUID

from eventsourcing.domain import Aggregate

from application import consent as consents
from application import notice as notices
from application.clients import audience_for
from application.confirm import active_account
from application.ports.clients import Client
from application.services import Services
from application.sessions import REFRESH_BYTES, REFRESH_PREFIX, find_session, refresh_digest, refresh_token_for
from domain.act import Act
from domain.device import Device
from domain.enrollment import Enrollment
from domain.errors import (
    AccountInactiveError,
    ConcurrencyError,
    ConsentMissingError,
    DeviceStateError,
    EnrollmentInactiveError,
    GrantInvalidError,
    NotFoundError,
    ProofInvalidError,
    RefreshReusedError,
    SealBrokenError,
    SessionStateError,
)
from domain.session import OPEN, Session

TRIES: Final = 5
REUSED: Final = "refresh_reused"
"""Why a session was revoked whose refresh token came a second time."""
FACE: Final = "face"
_FORM: Final = re.compile(rf"{REFRESH_PREFIX}\.([0-9a-f]{{32}})\.[A-Za-z0-9_-]{{{-(-REFRESH_BYTES * 4 // 3)}}}")

_NO_MORE: Final = (
    AccountInactiveError,
    ConsentMissingError,
    DeviceStateError,
    EnrollmentInactiveError,
    NotFoundError,
    SealBrokenError,
)
"""What stands behind a session does not stand any more."""


@dataclass(frozen=True, slots=True)
class Refreshed:
    """New tokens of a session that goes on. ``token_type`` is Bearer, or DPoP where they are bound to a key."""

    access_token: str = field(repr=False)
    refresh_token: str = field(repr=False)
    expires_in: int
    token_type: str
    audience: str


def refresh(
    services: Services, token: str, *, client: Client, audience: str | None = None, key: str = "", act: Act
) -> Refreshed:
    """Spend a refresh token of that client for new tokens.

    ``audience`` names another audience of the client than its first; ``key`` is the thumbprint of the key that the
    request proved possession of: it binds the session from now on. ``act`` needs no actor: it becomes the subject.

    Raises ``RefreshReusedError`` for a token that was spent (its session is revoked: of two who hold it one must not),
    ``GrantInvalidError`` for any other that is not good now, ``ProofInvalidError`` where a key must be proven,
    ``AudienceInvalidError`` for an audience that is not the client's, and ``UnavailableError``.
    """
    audience = audience_for(client, audience)
    session_id = session_of(token)
    for attempt in range(TRIES):
        try:
            return _refreshed(services, session_id, refresh_digest(token), client, audience, key, act)
        except ConcurrencyError:
            # Somebody refreshed, revoked or changed what stands behind the session: look at it again.
            if attempt == TRIES - 1:
                raise
    raise GrantInvalidError("the refresh token is not valid")


def session_of(token: str) -> UUID:
    """Return the session that a refresh token names. Raises ``GrantInvalidError`` for what has not its form."""
    form = _FORM.fullmatch(token)
    if form is None:
        raise GrantInvalidError("the refresh token is not valid")
    return UUID(form[1])


def knows(session: Session, digest: str) -> bool:
    """Say whether that is the digest of a refresh token of this session, the one that is good or one that was."""
    return any(hmac.compare_digest(digest, known) for known in (session.refresh_digest, *session.spent) if known)


def client_of(services: Services, session: Session) -> str:
    """Return the id of the client that a session's tokens went to."""
    return session.client_id or services.clients.builtin.client_id


def _refreshed(
    services: Services, session_id: UUID, digest: str, client: Client, audience: str, key: str, act: Act
) -> Refreshed:
    session = find_session(services, session_id)
    if session is None or not knows(session, digest) or client_of(services, session) != client.client_id:
        raise GrantInvalidError("the refresh token is not valid")
    act = Act(f"subject:{session.subject_id}", act.channel, act.at, act.correlation_id, session.id)
    if not hmac.compare_digest(digest, session.refresh_digest):
        if session.status == OPEN:
            session.revoke(reason=REUSED, act=act)
            services.store.save(session)
        raise RefreshReusedError("the refresh token was used before")
    if (session.bound_to and session.bound_to != key) or (client.bound_only and not key):
        raise ProofInvalidError("the proof of the key is needed")
    behind = standing_behind(services, session)
    new_token, new_digest = refresh_token_for(session.id)
    try:
        session.refresh(
            refresh_digest=new_digest,
            idle_expires_at=act.at + services.policies.session_idle,
            bound_to=key,
            act=act,
        )
    except SessionStateError:
        raise GrantInvalidError("the session is over") from None
    access, expires_in = services.tokens.issue_access(
        subject_id=session.subject_id,
        session_id=session.id,
        department=session.department,
        amr=tuple(session.amr.split()),
        acr=session.acr,
        authenticated_at=session.authenticated_at,
        client_id=client.client_id,
        audience=audience,
        bound_to=key,
    )
    services.store.save(session, unchanged=behind)
    return Refreshed(access, new_token, expires_in, "DPoP" if key else "Bearer", audience)


def standing_behind(services: Services, session: Session) -> Sequence[Aggregate]:
    """Return what must stand, and stay as it is, for the session to go on. Raises ``GrantInvalidError``.

    The account, if there is one; for a session by face, and for somebody without an account, the enrolment; for a
    session by face both consents; the device, if it has one.
    """
    subject_id = session.subject_id
    try:
        account = active_account(services, subject_id)
        behind: list[Aggregate] = [] if account is None else [account]
        by_face = FACE in session.amr.split()
        if by_face or account is None:
            behind.append(_enrollment(services, session))
        elif account.department != session.department:
            raise AccountInactiveError("the account is of another department by now")
        if by_face:
            behind.append(notices.standing(services))
            behind += consents.required_both(services, subject_id)
        if session.device_id is not None:
            device = services.store.get(Device, session.device_id)
            device.check_paired()
            behind.append(device)
    except _NO_MORE:
        raise GrantInvalidError("the session cannot go on") from None
    return behind


def _enrollment(services: Services, session: Session) -> Enrollment:
    enrollment = consents.live_enrollment(services, session.subject_id)
    if enrollment is None or enrollment.department != session.department:
        raise EnrollmentInactiveError("the enrolment is another one by now")
    enrollment.check_active()
    return enrollment
