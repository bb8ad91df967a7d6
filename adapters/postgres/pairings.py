"""Invitations to pair a device, in tables."""

from __future__ import annotations

from typing import TYPE_CHECKING

from adapters.postgres.statements import statement
from application.ports.pairings import Invitation

if TYPE_CHECKING:
    from datetime import datetime

    from adapters.postgres.database import Database


class PostgresPairings:
    """``application.ports.pairings.Pairings`` for all processes on one database."""

    def __init__(self, database: Database) -> None:
        """Use that migrated database."""
        self._database = database

    def invite(self, digest: str, invitation: Invitation, *, most: int, now: datetime) -> bool:
        """Keep an invitation. See the port."""
        values = {
            "digest": digest,
            "pairing_id": invitation.pairing_id,
            "department": invitation.department,
            "label": invitation.label,
            "invited_by": invitation.invited_by,
            "expires_at": invitation.expires_at,
            "most": most,
            "now": now,
        }
        with self._database.connection() as connection:
            return connection.execute(statement("pairing_invite"), values).rowcount == 1

    def take(self, digest: str, *, now: datetime) -> Invitation | None:
        """Return the invitation and forget it. See the port."""
        with self._database.connection() as connection:
            row = connection.execute(statement("pairing_take"), {"digest": digest}).fetchone()
        invitation = None if row is None else Invitation(**row)
        return invitation if invitation is not None and invitation.expires_at > now else None

    def guess(self, source: str, *, window: datetime) -> int:
        """Count a guess. See the port."""
        with self._database.connection() as connection:
            row = connection.execute(statement("pairing_guess"), {"source": source, "began_at": window}).fetchone()
        return int(row["guesses"]) if row is not None else 0

    def forget(self, before: datetime) -> int:
        """Forget what is over. See the port."""
        with self._database.connection() as connection:
            return sum(
                connection.execute(statement(name), {"before": before}).rowcount
                for name in ("pairing_forget_invitations", "pairing_forget_guesses")
            )
