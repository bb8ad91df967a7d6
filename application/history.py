"""Read history: events as they happened, for one person, one attempt or everybody, up to any moment."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import fields, is_dataclass, replace
from datetime import datetime
from typing import Any, Final
from uuid import UUID

from application.person import claimed_by, reveal_field
from application.ports.event_index import IndexedEvent, Wanted
from application.ports.event_store import EventStore, RecordedEvent
from application.ports.vault import TemplateVault
from application.services import Services
from domain.errors import NotFoundError

SEALED_PERSONAL: Final = ("user_id_sealed", "username_sealed", "display_name_sealed")
WITHHELD: Final = ("sealed", "client_sealed", "refresh_digest", "ticket_digest")
"""Fields that stay closed in every listing: templates, digests of tokens that open something, and client addresses
(shown where an incident asks for them)."""

NO_HISTORY: Final = "there is no history of that subject"
PAGE: Final = 1000
"""Events in memory at a time."""


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
    source: EventStore | Services,
    *,
    subject_id: UUID | None = None,
    attempt_id: UUID | None = None,
    until: datetime | None = None,
    department: str | None = None,
    actor: str | None = None,
    outcome: str | None = None,
    event: str | None = None,
    since: datetime | None = None,
    after: int = 0,
    before: int | None = None,
    limit: int | None = None,
    newest_first: bool = False,
) -> Iterator[RecordedEvent]:
    """Yield events in the order in which they were committed, or the newest first; never more than a page in memory.

    The filters are those of ``Wanted`` (``application.ports.event_index``). Given the services, only what is wanted is
    opened; given a bare store, every event is, and of the filters there are ``subject_id``, ``attempt_id`` and
    ``until``. Raises ``NotFoundError`` for a subject without any history.
    """
    wanted = Wanted(subject_id, attempt_id, department, actor, outcome, event, since, until, after, before)
    if isinstance(source, Services):
        return _found(source, wanted, limit, newest_first=newest_first)
    if (wanted, limit, newest_first) != (Wanted(subject_id, attempt_id, until=until), None, False):
        raise ValueError("a bare store is read from its beginning to its end: give the services")
    return _scanned(source, subject_id, attempt_id, until)


def lines(
    services: Services, wanted: Wanted, limit: int | None = None, *, newest_first: bool = False, size: int = PAGE
) -> Iterator[list[IndexedEvent]]:
    """Yield pages of the index, ``size`` lines each; opens nothing: positions, times, names, who and about whom.

    Raises ``UnavailableError``, and ``NotFoundError`` for a subject without any history.
    """
    services.projector.catch_up()
    left = limit
    while left is None or left > 0:
        most = size if left is None else min(size, left)
        page = services.event_index.find(wanted, limit=most, newest_first=newest_first)
        if page:
            yield page
        if len(page) < most:
            break
        left = None if left is None else left - len(page)
        last = page[-1].position
        wanted = replace(wanted, before=last) if newest_first else replace(wanted, after=last)
    if wanted.subject_id is not None and not services.event_index.find(Wanted(wanted.subject_id), limit=1):
        raise NotFoundError(NO_HISTORY)


def as_document(
    event: RecordedEvent, vault: TemplateVault, subject_id: UUID | None = None, *, names: bool = True
) -> dict[str, Any]:
    """Return an event as plain JSON values: personal fields opened for the officer, or "[erased]".

    Without ``names`` they stay closed, for listings that are about nobody in particular.

    A row that cannot be read is shown raw: "topic" as it is stored, how many "bytes" it holds, and whether the topic is
    "known", so that the row is damaged, or else that of another version.
    """
    owner = event.fields.get("subject_id", subject_id)
    shown: dict[str, Any] = {}
    for name, value in event.fields.items():
        if name == "act":
            continue
        if names and name in SEALED_PERSONAL and owner is not None:
            plain = name.removesuffix("_sealed")
            shown[plain] = reveal_field(vault, owner, plain, value)
        elif name in WITHHELD or name.endswith("_sealed"):
            shown[name] = "[sealed]"
        else:
            shown[name] = _plain(value)
    act = event.fields.get("act")
    raw = {"topic": event.topic, "bytes": event.size, "known": bool(event.aggregate)} if event.topic else {}
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
        **raw,
    }


def opened_people(event: RecordedEvent) -> set[UUID]:
    """Return whose personal fields ``as_document`` opens: to show those is to show that person's data."""
    owner = event.fields.get("subject_id")
    return {owner} if owner is not None and any(name in event.fields for name in SEALED_PERSONAL) else set()


def _found(services: Services, wanted: Wanted, limit: int | None, *, newest_first: bool) -> Iterator[RecordedEvent]:
    for page in lines(services, wanted, limit, newest_first=newest_first):
        opened = services.store.at([line.position for line in page])
        yield from reversed(opened) if newest_first else opened


def _scanned(
    store: EventStore, subject_id: UUID | None, attempt_id: UUID | None, until: datetime | None
) -> Iterator[RecordedEvent]:
    streams = _streams_of(store, subject_id) if subject_id is not None else None
    for event in _all(store):
        if until is not None and event.at > until:
            continue
        if streams is not None and not _about(event, subject_id, streams):
            continue
        if attempt_id is not None and attempt_id not in {event.aggregate_id, _cause(event)}:
            continue
        yield event


def _about(event: RecordedEvent, subject_id: UUID | None, streams: set[UUID]) -> bool:
    return event.aggregate_id in streams and event.fields.get("subject_id") in {None, subject_id}


def _all(store: EventStore) -> Iterator[RecordedEvent]:
    position = 0
    while batch := store.read(position):
        yield from batch
        position = batch[-1].position


def _streams_of(store: EventStore, subject_id: UUID) -> set[UUID]:
    streams = {event.aggregate_id for event in _all(store) if event.fields.get("subject_id") == subject_id}
    if not streams:
        raise NotFoundError(NO_HISTORY)
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
