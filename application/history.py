"""Read history: events as they happened, for one person, one attempt or everybody, up to any moment."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import fields, is_dataclass
from datetime import datetime
from typing import Any, Final
from uuid import UUID

from application.person import claimed_by, reveal_field
from application.ports.event_store import EventStore, RecordedEvent
from application.ports.vault import TemplateVault
from domain.errors import NotFoundError

SEALED_PERSONAL: Final = ("user_id_sealed", "username_sealed", "display_name_sealed")
WITHHELD: Final = ("sealed", "client_sealed", "refresh_digest", "ticket_digest")
"""Fields that stay closed in every listing: templates, digests of tokens that open something, and client addresses
(shown where an incident asks for them)."""


def subject_of(store: EventStore, vault: TemplateVault, who: str) -> UUID:
    """Return the subject named by id or by username. Raises ``NotFoundError``."""
    try:
        return UUID(who)
    except ValueError:
        subject_id = claimed_by(store, vault, "username", who)
    if subject_id is None:
        raise NotFoundError("nobody of that username is enrolled; use the subject id of a former one")
    return subject_id


def events(
    store: EventStore,
    *,
    subject_id: UUID | None = None,
    attempt_id: UUID | None = None,
    until: datetime | None = None,
) -> Iterator[RecordedEvent]:
    """Yield events in the order in which they were committed, those after ``until`` left out.

    With ``subject_id``: everything on an aggregate of that subject. With ``attempt_id``: the attempt, and everything it
    caused.
    """
    streams = _streams_of(store, subject_id) if subject_id is not None else None
    for event in _all(store):
        if until is not None and event.at > until:
            continue
        if streams is not None and event.aggregate_id not in streams:
            continue
        if attempt_id is not None and attempt_id not in {event.aggregate_id, _cause(event)}:
            continue
        yield event


def as_document(event: RecordedEvent, vault: TemplateVault, subject_id: UUID | None = None) -> dict[str, Any]:
    """Return an event as plain JSON values: personal fields opened for the officer, or "[erased]"."""
    owner = event.fields.get("subject_id", subject_id)
    shown: dict[str, Any] = {}
    for name, value in event.fields.items():
        if name == "act":
            continue
        if name in SEALED_PERSONAL and owner is not None:
            plain = name.removesuffix("_sealed")
            shown[plain] = reveal_field(vault, owner, plain, value)
        elif name in WITHHELD or name.endswith("_sealed"):
            shown[name] = "[sealed]"
        else:
            shown[name] = _plain(value)
    act = event.fields.get("act")
    return {
        "position": event.position,
        "at": event.at.isoformat(),
        "event": event.name,
        "aggregate": event.aggregate,
        "aggregate_id": str(event.aggregate_id),
        "version": event.version,
        "actor": act.actor if act else None,
        "channel": act.channel if act else None,
        "correlation_id": str(act.correlation_id) if act else None,
        "causation_id": str(act.causation_id) if act and act.causation_id else None,
        "data": shown,
    }


def _all(store: EventStore) -> Iterator[RecordedEvent]:
    position = 0
    while batch := store.read(position):
        yield from batch
        position = batch[-1].position


def _streams_of(store: EventStore, subject_id: UUID) -> set[UUID]:
    streams = {event.aggregate_id for event in _all(store) if event.fields.get("subject_id") == subject_id}
    if not streams:
        raise NotFoundError("there is no history of that subject")
    return streams


def _cause(event: RecordedEvent) -> UUID | None:
    act = event.fields.get("act")
    cause: UUID | None = act.causation_id if act else None
    return cause


def _plain(value: Any) -> Any:
    if isinstance(value, UUID):
        return str(value)
    if isinstance(value, datetime):
        return value.isoformat()
    if is_dataclass(value) and not isinstance(value, type):
        return {field.name: _plain(getattr(value, field.name)) for field in fields(value)}
    if isinstance(value, dict):
        return {str(key): _plain(item) for key, item in value.items()}
    if isinstance(value, (list, tuple)):
        return [_plain(item) for item in value]
    return value
