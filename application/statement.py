"""Everything that is held about one person, as plain JSON values (LGPD art. 19 II): what a statement hands over.

Two kinds of things are never in it: the template and everything sealed with it, and numbers that would help somebody to
pass for that person (scores, thresholds, margins, sizes of galleries). Where they matter, words say what happened.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any, Final
from uuid import UUID

from application import statement_parts as parts
from application.services import Services
from application.signed_documents import PORTABILITY, STATEMENT, signed
from application.statement_incidents import affecting
from application.words.rights import CRITERIA, KINDS, UNLINKED, named, pair

FORMAT: Final = "faceauth-statement/1"
PORTABLE_FORMAT: Final = "faceauth-portability/1"
SIMPLIFIED_FORMAT: Final = "faceauth-my-data/1"
PORTABLE: Final = ("person", "purposes", "consents", "enrollments", "attempts", "sessions", "devices", "requests")
SIMPLIFIED: Final = ("person", "purposes", "retention")


@dataclass(frozen=True, slots=True)
class Surroundings:
    """What the settings alone know: the identity provider's address."""

    identity_provider: str | None = None


def full(services: Services, subject_id: UUID, around: Surroundings | None = None) -> dict[str, Any]:
    """Return the full statement (not signed). Raises ``NotFoundError`` for somebody about whom nothing is held.

    Up to date: whatever happened before the call is in it.
    """
    around = around or Surroundings()
    held = parts.held(services, subject_id)
    return {
        "type": FORMAT,
        "made_at": services.clock.now().isoformat(),
        "subject_id": str(subject_id),
        "held": True,
        "person": parts.person(services, held),
        "origin": parts.origin(held),
        "purposes": parts.purposes(held),
        "consents": parts.consents(services, held),
        "enrollments": parts.enrollments(held),
        "templates": parts.templates(held),
        "criteria": [pair(words) for words in CRITERIA],
        "attempts": parts.attempts(services, held),
        "attempts_note": pair(UNLINKED),
        "sessions": parts.sessions(held),
        "devices": parts.devices(services, held),
        "lockouts": parts.lockouts(held),
        "retention": parts.retention(services),
        "recipients": parts.recipients(services, subject_id, around.identity_provider),
        "viewings": viewings(services, subject_id),
        "changes": parts.changes(services, held),
        "requests": requests(services, subject_id),
        "keys": parts.keys(services, subject_id),
        "incidents": affecting(services, subject_id),
    }


def simplified(services: Services, subject_id: UUID) -> dict[str, Any]:
    """Return confirmation and simplified access at once (art. 18 I and II, 19 I). Raises ``NotFoundError``."""
    held = parts.held(services, subject_id)
    whole = {"person": parts.person(services, held), "purposes": parts.purposes(held)}
    return {
        "type": SIMPLIFIED_FORMAT,
        "subject_id": str(subject_id),
        "held": True,
        **whole,
        "retention": parts.retention(services),
        "counts": {
            "enrollments": len(held.enrollments),
            "templates": len(held.templates),
            "attempts": len(held.attempts),
            "sessions": len(held.sessions),
        },
        "rights": {kind: pair(words) for kind, words in KINDS.items()},
    }


def portable(services: Services, subject_id: UUID) -> dict[str, Any]:
    """Return the person's data in a structured form for another controller (art. 18 V). Raises ``NotFoundError``.

    What the hospital concluded or keeps to defend itself (lockouts, viewings, criteria, keys) is not in it; the
    template neither: it opens with this house's keys alone, and no other system could use it.
    """
    whole = full(services, subject_id)
    kept = {name: whole[name] for name in PORTABLE}
    return {"type": PORTABLE_FORMAT, "made_at": whole["made_at"], "subject_id": str(subject_id), **kept}


def viewings(services: Services, subject_id: UUID) -> list[dict[str, Any]]:
    """Return who looked at that person's data, what and when, the newest first."""
    services.projector.catch_up()
    rows = services.read_models.rows("viewing_rows", {"subject_id": subject_id})
    newest = sorted(rows, key=lambda row: row["position"], reverse=True)
    return [
        {
            "at": row["viewed_at"].isoformat(),
            "what": row["what"],
            "by": row["viewed_by"],
            "who": parts.who(row["viewed_by"], subject_id),
            "channel": row["channel"],
        }
        for row in newest
    ]


def requests(services: Services, subject_id: UUID) -> list[dict[str, Any]]:
    """Return the person's requests and what came of them, the newest first; the answers' own words in the request."""
    services.projector.catch_up()
    rows = services.read_models.rows("request_rows", {"subject_id": subject_id})
    newest = sorted(rows, key=lambda row: row["received_at"], reverse=True)
    return [
        {
            "request_id": str(row["request_id"]),
            "kind": row["kind"],
            "name": named(KINDS, row["kind"]),
            "status": row["status"],
            "received_at": row["received_at"].isoformat(),
            "due_at": row["due_at"].isoformat(),
            "closed_at": row["closed_at"].isoformat() if row["closed_at"] else None,
            "outcome": row["outcome"],
            "legal_basis": row["legal_basis"],
        }
        for row in newest
    ]


def signed_statement(services: Services, document: Mapping[str, Any]) -> dict[str, Any]:
    """Return a statement in its signed envelope."""
    return signed(services.notary, STATEMENT, document)


def signed_portability(services: Services, document: Mapping[str, Any]) -> dict[str, Any]:
    """Return portable data in their signed envelope."""
    return signed(services.notary, PORTABILITY, document)


def erased(subject_id: UUID, erasure: Mapping[str, Any], at: datetime) -> dict[str, Any]:
    """Return the honest statement about somebody who was erased: nothing is held, and here is the proof."""
    return {
        "type": FORMAT,
        "made_at": at.isoformat(),
        "subject_id": str(subject_id),
        "held": False,
        "said": pair(("nenhum dado pessoal é mantido", "no personal data held")),
        "erased_at": erasure["erased_at"],
        "final": erasure["final"],
        "certificate": erasure["certificate"],
    }


def check_known(services: Services, subject_id: UUID) -> None:
    """Raise ``NotFoundError`` unless something is held about that subject."""
    parts.held(services, subject_id)
