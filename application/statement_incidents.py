"""The security incidents that reached one person, as a statement tells them (LGPD art. 48): facts, no free text."""

from __future__ import annotations

from typing import Any
from uuid import UUID

from application import incidents
from application.affected import among
from application.incident_drafts import CATEGORY_NAMES, CAUSE_NAMES, KIND_NAMES, RISK_NAMES
from application.services import Services
from application.words.rights import pair
from domain.incident import Incident


def affecting(services: Services, subject_id: UUID) -> list[dict[str, Any]]:
    """Return the incidents whose assessment reaches that person, as JSON values, the latest first.

    One that was not assessed yet reaches nobody so far. What staff wrote of an incident may be about others, and is
    not in it. Raises ``UnavailableError``.
    """
    known = [(one, one.affected, one.assessed_at) for one in incidents.listing(services)]
    assessed = [(one, found, at) for one, found, at in known if found is not None and at is not None]
    reached = among(services, subject_id, [(found, at) for _, found, at in assessed])
    return [_document(one) for (one, _, _), hit in zip(assessed, reached, strict=True) if hit]


def _document(incident: Incident) -> dict[str, Any]:
    return {
        "incident_id": str(incident.id),
        "known_at": incident.known_at.isoformat(),
        "status": incident.status,
        "kind": pair(KIND_NAMES[incident.kind]),
        "cause": pair(CAUSE_NAMES[incident.cause]),
        "categories": [pair(CATEGORY_NAMES[category]) for category in incident.categories],
        "risk": pair(RISK_NAMES[incident.risk]),
        "authority_told_at": incident.authority_at.isoformat() if incident.authority_at else None,
        "people_told_at": incident.subjects_at.isoformat() if incident.subjects_at else None,
        "people_told_by": list(incident.subjects_means),
    }
