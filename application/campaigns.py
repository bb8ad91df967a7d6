"""Which rotation campaign is open, who of its scope is left, and how far it is."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any, Final
from uuid import UUID

from application.ports.event_store import Claim
from application.services import Services
from domain.errors import NotFoundError
from domain.rotation import COMPLETED, OPEN, Rotation

PLANNED: Final = "planned"
RUNNING: Final = "running"
WAITING: Final = "waiting_for_recapture"
"""States of an open campaign: nothing done yet; people are left; only cameras are missing."""

_OPEN_CAMPAIGN: Final = "open_rotation"
"""Kind of the claim that keeps campaigns to one at a time."""


@dataclass(frozen=True, slots=True)
class Report:
    """How far a campaign is.

    ``state`` is planned, running, waiting_for_recapture, completed or cancelled. ``left`` people of the scope are not
    at the target and not ``awaited`` by a camera. ``skipped`` counts, by reason code, whom a run could not do.
    """

    rotation_id: UUID
    state: str
    reason: str
    scope: str
    value: str
    transform: str
    model: str
    total: int
    rotated: int
    awaited: int
    left: int
    planned_at: datetime
    ended_at: datetime | None = None
    skipped: Mapping[str, int] = field(default_factory=dict)


def open_claim(services: Services, rotation_id: UUID) -> Claim:
    """Return the claim of the one open campaign."""
    return Claim(_OPEN_CAMPAIGN, services.vault.digest(_OPEN_CAMPAIGN, "deployment"), rotation_id)


def open_campaign(services: Services) -> Rotation | None:
    """Return the open campaign, strongly consistent."""
    probe = open_claim(services, UUID(int=0))
    rotation_id = services.store.claimant(probe.kind, probe.digest)
    return None if rotation_id is None else services.store.get(Rotation, rotation_id)


def left_over(services: Services, rotation: Rotation) -> list[dict[str, Any]]:
    """Return the template rows of the scope that are neither at the target nor awaited, as projected so far."""
    return [
        row
        for row in services.read_models.rows("active_template_rows", rotation.where)
        if row["enrollment_id"] not in rotation.awaited and not rotation.reached(row["transform"] or "", row["model"])
    ]


def reports(services: Services, rotation_id: UUID | None = None) -> list[Report]:
    """Return all campaigns, newest first, or the one named. Raises ``NotFoundError``."""
    services.projector.catch_up()
    rows = services.read_models.rows("rotation_rows", {} if rotation_id is None else {"rotation_id": rotation_id})
    if rotation_id is not None and not rows:
        raise NotFoundError("no such rotation campaign")
    return [_of_row(services, row) for row in sorted(rows, key=lambda row: row["position"], reverse=True)]


def report(services: Services, rotation: Rotation, skipped: Mapping[str, int]) -> Report:
    """Return how far a campaign is after a run that skipped these."""
    left = len(left_over(services, rotation)) if rotation.status == OPEN else 0
    return Report(
        rotation.id,
        _state(rotation, left - sum(skipped.values())),
        rotation.reason,
        rotation.scope,
        rotation.value,
        rotation.transform,
        rotation.model,
        rotation.total,
        len(rotation.rotated),
        0 if rotation.status == COMPLETED else len(rotation.awaited),
        left,
        rotation.created_on,
        None if rotation.status == OPEN else rotation.modified_on,
        dict(skipped),
    )


def _of_row(services: Services, row: Mapping[str, Any]) -> Report:
    rotation = services.store.get(Rotation, row["rotation_id"])
    return report(services, rotation, rotation.skipped)


def _state(rotation: Rotation, left: int) -> str:
    if rotation.status != OPEN:
        return rotation.status
    if left <= 0 and rotation.awaited:
        return WAITING
    return RUNNING if rotation.begun else PLANNED
