"""Consents by state, those that are about to end, and the end of those whose period is over."""

from __future__ import annotations

from contextlib import suppress
from datetime import datetime
from typing import Any, Final
from uuid import UUID

from application.services import Services
from application.sessions import revoke_sessions
from domain.act import Act
from domain.consent import EXPIRED, GRANTED, OBJECTED, WITHDRAWN, Consent
from domain.errors import ConcurrencyError, InvalidInputError, SealBrokenError
from domain.roles import EVERYWHERE

TABLE: Final = "consent_rows"
STATES: Final = (GRANTED, WITHDRAWN, OBJECTED, EXPIRED)
MOST_LISTED: Final = 200


def expire_due(services: Services, *, act: Act) -> int:
    """Record the end of every consent whose period is over, and end the sessions on it; return how many.

    Nobody was let in on one since its period was over: every check reads the date. The template stays, and serves
    again once the person has given consent anew; how long it may lie unused is for retention to say.
    """
    services.projector.catch_up()
    due = [row for row in services.read_models.rows(TABLE, {"status": GRANTED}) if _over(row, act.at)]
    ended = 0
    for row in due:
        # Renewed or withdrawn meanwhile, or damaged: nobody is let in on it, and the next round looks again.
        with suppress(ConcurrencyError, SealBrokenError):
            consent = services.store.get(Consent, row["consent_id"])
            if consent.in_force and consent.over(act.at):
                # The sessions first: once the end is recorded, no later round would come back for them.
                revoke_sessions(services, {"subject_id": consent.subject_id}, reason="consent_expired", act=act)
                consent.expire(act=act)
                services.store.save(consent)
                ended += 1
    return ended


def listing(
    services: Services,
    *,
    department: str = EVERYWHERE,
    state: str | None = None,
    channel: str | None = None,
    expiring_before: datetime | None = None,
) -> list[dict[str, Any]]:
    """Return the rows of consents of a department's people ("*": of all), the first to end first.

    A consent whose period is over is listed as expired, recorded or not. Raises ``InvalidInputError``.
    """
    if state is not None and state not in STATES:
        raise InvalidInputError(f"a state is one of {', '.join(STATES)}")
    services.projector.catch_up()
    now, within = services.clock.now(), None if department == EVERYWHERE else subjects_of(services, department)
    rows = services.read_models.rows(TABLE, {} if channel is None else {"channel": channel})
    rows = [row | {"status": EXPIRED} if row["status"] == GRANTED and _over(row, now) else row for row in rows]
    found = [
        row
        for row in rows
        if (within is None or row["subject_id"] in within)
        and (state is None or row["status"] == state)
        and (expiring_before is None or _ends_before(row, expiring_before))
    ]
    return sorted(found, key=lambda row: (row["expires_at"] is None, row["expires_at"] or now, row["position"]))


def subjects_of(services: Services, department: str) -> set[UUID]:
    """Return whoever belongs to a department: by the account; without one by the newest enrolment."""
    accounts = {row["subject_id"]: row["department"] for row in services.read_models.rows("account_rows")}
    enrolled = sorted(
        services.read_models.rows("enrollment_rows"), key=lambda row: (row["created_at"], row["position"])
    )
    places = {row["subject_id"]: row["department"] for row in enrolled} | accounts
    return {subject_id for subject_id, place in places.items() if place == department}


def _over(row: dict[str, Any], at: datetime) -> bool:
    return row["expires_at"] is not None and row["expires_at"] <= at


def _ends_before(row: dict[str, Any], limit: datetime) -> bool:
    return row["status"] == GRANTED and row["expires_at"] is not None and row["expires_at"] < limit
