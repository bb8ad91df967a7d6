"""Invitations to decide on consent, in a table."""

from __future__ import annotations

from typing import TYPE_CHECKING

from adapters.postgres.statements import statement
from application.ports.consent_codes import ConsentInvitation

if TYPE_CHECKING:
    from datetime import datetime

    from adapters.postgres.database import Database


class PostgresConsentCodes:
    """``application.ports.consent_codes.ConsentCodes`` for all processes on one database."""

    def __init__(self, database: Database) -> None:
        """Use that migrated database."""
        self._database = database

    def invite(self, digest: str, invitation: ConsentInvitation, *, most: int, now: datetime) -> bool:
        """Keep an invitation. See the port."""
        values = {
            "digest": digest,
            "invitation_id": invitation.invitation_id,
            "subject_id": invitation.subject_id,
            "invited_by": invitation.invited_by,
            "expires_at": invitation.expires_at,
            "most": most,
            "now": now,
        }
        with self._database.connection() as connection:
            return connection.execute(statement("consent_invite"), values).rowcount == 1

    def take(self, digest: str, *, now: datetime) -> ConsentInvitation | None:
        """Return the invitation and forget it. See the port."""
        with self._database.connection() as connection:
            row = connection.execute(statement("consent_code_take"), {"digest": digest}).fetchone()
        invitation = None if row is None else ConsentInvitation(**row)
        return invitation if invitation is not None and invitation.expires_at > now else None

    def forget(self, before: datetime) -> int:
        """Forget what is over. See the port."""
        with self._database.connection() as connection:
            return int(connection.execute(statement("consent_codes_forget"), {"before": before}).rowcount)
