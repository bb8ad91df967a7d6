"""Retention as JSON values, for the command line and the API."""

from __future__ import annotations

from typing import Any
from uuid import UUID

from application import holds
from application.retention import Survey
from application.services import Services
from application.viewing import record_viewing
from domain.act import Act
from domain.retention import SUBJECT


def survey_document(found: Survey) -> dict[str, Any]:
    """Return what a sweep would take."""
    return {
        "category": found.category,
        "cutoff": found.cutoff.isoformat(),
        "count": found.count,
        "held": found.held,
        "total": found.total,
        "oldest": found.oldest.isoformat() if found.oldest else None,
    }


def shown_holds(services: Services, *, act: Act, ended: bool = False) -> list[dict[str, Any]]:
    """Return the holds, once it is on record that the people whom they are over were looked at."""
    rows = holds.listing(services, ended=ended)
    subjects = {UUID(row["value"]) for row in rows if row["scope"] == SUBJECT}
    record_viewing(services, sorted(subjects), what="retention_holds", act=act)
    return [_hold(row) for row in rows]


def _hold(row: dict[str, Any]) -> dict[str, Any]:
    """Return a hold; its subject by id."""
    times = {name: row[name].isoformat() if row[name] else None for name in ("placed_at", "released_at")}
    names = ("scope", "value", "status", "reason", "placed_by", "released_by", "release_reason")
    return {"hold_id": str(row["hold_id"])} | {name: row[name] for name in names} | times
