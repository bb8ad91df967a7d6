"""The parts of a statement: each from rows and a few short streams, so that thousands of attempts cost one query."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass
from datetime import datetime
from typing import Any, Final
from urllib.parse import urlsplit
from uuid import UUID

from application.origin import client_binding
from application.person import ERASED, MAX_LENGTHS, reveal_field
from application.ports.event_store import RecordedEvent
from application.ports.vault import subject_owner
from application.retention_table import lines as policies
from application.services import Services
from application.words.person import for_person, of_code
from application.words.rights import pair
from domain.account import Account
from domain.consent import PAPER, PURPOSES, Consent
from domain.errors import KeyDestroyedError, NotFoundError, SealBrokenError

ADDRESSES: Final = 20
"""Newest sign-ins whose client address is opened: each costs a read of the data key, on purpose (vault.py)."""

Row = dict[str, Any]
_KINDS_OF_ACTOR: Final = {
    "token": ("equipe do hospital", "hospital staff"),
    "idp": ("equipe do hospital", "hospital staff"),
    "operator": ("operador do sistema", "operator of the system"),
    "service": ("o próprio serviço", "the service itself"),
    "transmitter": ("provedor de identidade do hospital", "the hospital's identity provider"),
    "anonymous": ("diante da câmera", "in front of the camera"),
}


@dataclass(frozen=True, slots=True)
class Held:
    """All rows about one person, by table; times in them are aware UTC."""

    subject_id: UUID
    account: Row | None
    enrollments: Sequence[Row]
    consents: Sequence[Row]
    templates: Sequence[Row]
    attempts: Sequence[Row]
    sessions: Sequence[Row]
    lockouts: Sequence[Row]


def held(services: Services, subject_id: UUID) -> Held:
    """Read everything. Raises ``NotFoundError`` for somebody unknown or erased."""
    services.projector.catch_up()
    found = {
        table: services.read_models.rows(table, {"subject_id": subject_id})
        for table in (
            *("account_rows", "enrollment_rows", "consent_rows", "template_history_rows"),
            *("auth_log_rows", "session_rows", "lockout_rows"),
        )
    }
    if not services.vault.has_key(subject_owner(subject_id)) or not (found["account_rows"] or found["enrollment_rows"]):
        raise NotFoundError("no such subject")
    newest = next(reversed(found["account_rows"]), None)
    return Held(
        subject_id,
        newest,
        _oldest_first(found["enrollment_rows"]),
        found["consent_rows"],
        _oldest_first(found["template_history_rows"]),
        sorted(found["auth_log_rows"], key=lambda row: row["started_at"], reverse=True),
        sorted(found["session_rows"], key=lambda row: row["opened_at"], reverse=True),
        sorted(found["lockout_rows"], key=lambda row: row["imposed_at"], reverse=True),
    )


def who(actor: str, subject_id: UUID) -> dict[str, str]:
    """Return an actor in words; which person of the staff it was, the hospital knows by the id beside it."""
    if actor == f"subject:{subject_id}":
        return pair(("você", "you"))
    return pair(_KINDS_OF_ACTOR.get(actor.partition(":")[0], ("equipe do hospital", "hospital staff")))


def person(services: Services, data: Held) -> dict[str, Any]:
    """Return the names and the department on record; what was tampered with says "[damaged]"."""
    kept = data.account if data.account is not None else data.enrollments[-1]
    names = {
        name: ERASED
        if kept[f"{name}_sealed"] is None
        else reveal_field(services.vault, data.subject_id, name, kept[f"{name}_sealed"])
        for name in MAX_LENGTHS
    }
    return {**names, "department": kept["department"], "status": kept["status"]}


def origin(data: Held) -> list[dict[str, Any]]:
    """Return where the data come from: who brought them in, and when."""
    rows = ([data.account] if data.account else []) + list(data.enrollments)
    return [
        {
            "what": "enrollment" if "enrollment_id" in row else "account",
            "at": _text(row["created_at"]),
            "by": (actor := row.get("enrolled_by") or row.get("created_by") or ""),
            "who": who(actor, data.subject_id),
            "source": pair(
                ("imagens da própria pessoa, apagadas na hora", "pictures of the person, erased at once")
                if "enrollment_id" in row
                else ("cadastro de pessoal do hospital", "the hospital's register of staff")
            ),
        }
        for row in rows
    ]


def purposes(data: Held) -> list[dict[str, Any]]:
    """Return each purpose with its legal basis, the notice that was shown, and whether it stands."""
    names = ("purpose", "status", "legal_basis", "notice_version", "notice_sha256")
    return [
        {
            **{name: row[name] for name in names},
            "channel": row["channel"],
            "since": _text(row["granted_at"]),
            "ended_at": _text(row["withdrawn_at"]),
        }
        for row in data.consents
    ]


def consents(services: Services, data: Held) -> list[dict[str, Any]]:
    """Return everything that happened to the consents, with the channel; on paper is marked so."""
    return [
        {
            "purpose": purpose,
            **_told(event, data.subject_id),
            "legal_basis": event.fields.get("legal_basis"),
            "notice_version": event.fields.get("notice_version"),
            "notice_sha256": event.fields.get("notice_sha256"),
            "reason": event.fields.get("reason"),
            "collected": event.fields.get("collected") or None,
            "paper": event.fields.get("collected") == PAPER,
            "form_sha256": event.fields.get("form_sha256") or None,
        }
        for purpose in PURPOSES
        for event in services.store.stream(Consent.create_id(data.subject_id, purpose))
    ]


def enrollments(data: Held) -> list[dict[str, Any]]:
    """Return the enrolments; of the pictures only how many there were."""
    names = ("department", "status", "captures_accepted", "captures_rejected", "ended_reason")
    return [
        {
            "enrollment_id": str(row["enrollment_id"]),
            "created_at": _text(row["created_at"]),
            **{name: row[name] for name in names},
            "stricter_personal_threshold": row["threshold_override"] is not None,
        }
        for row in data.enrollments
    ]


def templates(data: Held) -> list[dict[str, Any]]:
    """Return the templates by id, never what is in them."""
    return [
        {
            **{name: _id(row[name]) for name in ("template_id", "enrollment_id", "replaces")},
            **{name: row[name] for name in ("model", "status", "reason")},
            "created_at": _text(row["created_at"]),
            "retired_at": _text(row["retired_at"]),
        }
        for row in data.templates
    ]


def attempts(services: Services, data: Held) -> dict[str, Any]:
    """Return every attempt that is linked to the person, the newest first, and how many ended how."""
    counted = Counter(row["state"] or "" for row in data.attempts)
    opened = [row for row in data.attempts if row["client_sealed"]][:ADDRESSES]
    clients = {row["attempt_id"]: _client(services, data.subject_id, row) for row in opened}
    return {
        "by_outcome": dict(sorted(counted.items())),
        "list": [_attempt(row, clients.get(row["attempt_id"])) for row in data.attempts],
    }


def sessions(data: Held) -> list[dict[str, Any]]:
    """Return the sessions, the newest first."""
    names = ("department", "status", "amr", "acr", "client_id", "ended_reason")
    times = ("opened_at", "expires_at", "ended_at")
    return [
        {
            **{name: _id(row[name]) for name in ("session_id", "attempt_id", "device_id")},
            **{name: row[name] for name in names},
            **{name: _text(row[name]) for name in times},
        }
        for row in data.sessions
    ]


def devices(services: Services, data: Held) -> list[dict[str, Any]]:
    """Return the paired devices that the person's sessions were opened on."""
    used = sorted({row["device_id"] for row in data.sessions if row["device_id"] is not None})
    rows = [row for device_id in used for row in services.read_models.rows("device_rows", {"device_id": device_id})]
    return [
        {
            "device_id": str(row["device_id"]),
            "department": row["department"],
            "status": row["status"],
            "paired_at": _text(row["paired_at"]),
            "revoked_at": _text(row["revoked_at"]),
        }
        for row in rows
    ]


def lockouts(data: Held) -> list[dict[str, Any]]:
    """Return when somebody had to wait in the person's name, and how that ended."""
    names = ("method", "department", "failures", "status", "ended_reason")
    times = ("imposed_at", "until", "ended_at")
    return [
        {**{name: row[name] for name in names}, **{name: _text(row[name]) for name in times}} for row in data.lockouts
    ]


def retention(services: Services) -> list[dict[str, Any]]:
    """Return how long each category is kept, on what basis and what happens then: the policies in force."""
    return [
        {
            "category": line["category"],
            "what": {"pt-BR": line["what"], "en": line["what_en"]},
            "basis": {"pt-BR": line["basis"], "en": line["basis_en"]},
            "period": {"pt-BR": line["period"], "en": line["period_en"]},
            "period_days": line["period_days"],
            "at_end": {"pt-BR": line["at_end"], "en": line["at_end_en"]},
        }
        for line in policies(services)
    ]


def recipients(services: Services, subject_id: UUID, identity_provider: str | None) -> list[dict[str, Any]]:
    """Return who can receive something about the person: clients, receivers, webhooks, the identity provider.

    Of an endpoint only the host is told. ``excluded``: that stream was told to say nothing about this person.
    """
    found: list[dict[str, Any]] = [
        {"kind": "client", "name": client.client_id, "audiences": list(client.audiences), "standing": client.standing}
        for client in services.clients.all()
    ]
    for stream in services.signals.streams.all():
        pairwise = services.signals.pairwise.subject(subject_id, stream.audience)
        found.append(
            {
                "kind": "webhook" if stream.method.endswith("webhook") else "signal_receiver",
                "name": stream.owner,
                "host": urlsplit(stream.endpoint_url).hostname if stream.endpoint_url else None,
                "events": list(stream.events),
                "status": stream.status,
                "excluded": pairwise in services.signals.streams.excluded(stream.stream_id, {pairwise}),
            }
        )
    if identity_provider:
        found.append({"kind": "identity_provider", "name": identity_provider})
    return found


def changes(services: Services, data: Held) -> list[dict[str, Any]]:
    """Return what others did to the person's account and enrolments; an event that cannot be read says "damaged"."""
    streams = [Account.create_id(data.subject_id), *(row["enrollment_id"] for row in data.enrollments)]
    found = [event for stream in streams for event in services.store.stream(stream)]
    own = f"subject:{data.subject_id}"
    return [
        _told(event, data.subject_id) | {"reason": event.fields.get("reason")}
        for event in sorted(found, key=lambda event: event.position)
        if _actor(event) != own and not event.name.startswith("enrollment.capture_")
    ]


def keys(services: Services, subject_id: UUID) -> dict[str, Any]:
    """Return whether the person's data key lives, and the line of the ledger where it was destroyed."""
    owner = subject_owner(subject_id)
    gone = [line for line in services.keys.destroyed_data_keys() if line.owner == owner]
    return {
        "data_key": "living" if services.vault.has_key(owner) else "destroyed",
        "destroyed": [{"at": line.at.isoformat(), "final_at": _text(line.final_at)} for line in gone],
    }


def _attempt(row: Mapping[str, Any], client: str | None) -> dict[str, Any]:
    why = of_code("ok") if row["success"] else for_person(row["code"], row["reason"])
    return {
        "attempt_id": str(row["attempt_id"]),
        "at": _text(row["started_at"]),
        "ended_at": _text(row["ended_at"]),
        "department": row["department"],
        "way": row["mode"],
        "outcome": row["state"],
        "code": row["code"],
        "why": pair(why),
        "next_step": row["next_step"],
        "device_id": _id(row["device_id"]),
        "from": client,
    }


def _client(services: Services, subject_id: UUID, row: Mapping[str, Any]) -> str | None:
    """Return address and agent of a sign-in; one that lies under the month's key, or was damaged, is not told."""
    with suppress(KeyDestroyedError, SealBrokenError):
        binding = client_binding(row["attempt_id"], subject_owner(subject_id))
        return services.vault.unseal(binding, row["client_sealed"]).decode().replace("\n", " ")
    return None


def _told(event: RecordedEvent, subject_id: UUID) -> dict[str, Any]:
    actor, act = _actor(event), event.fields.get("act")
    return {
        "at": event.at.isoformat(),
        "event": event.name,
        "by": actor,
        "who": who(actor, subject_id),
        "channel": act.channel if act else None,
    }


def _actor(event: RecordedEvent) -> str:
    act = event.fields.get("act")
    return str(act.actor) if act else ""


def _oldest_first(rows: Sequence[Row]) -> list[Row]:
    return sorted(rows, key=lambda row: (row["created_at"], row["position"]))


def _text(moment: datetime | None) -> str | None:
    return moment.isoformat() if moment is not None else None


def _id(value: UUID | None) -> str | None:
    return str(value) if value is not None else None
