"""``faceauth audit``: the history, for the compliance officer."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Annotated, Any
from uuid import UUID

import typer

from adapters.memory.read_models import MemoryReadModels
from application import history
from application.ports.event_store import RecordedEvent
from application.projections.rows import PROJECTIONS
from domain.errors import InvalidInputError
from entrypoints.bootstrap import bootstrap
from entrypoints.cli import audit_export
from entrypoints.cli.output import JsonOption, console, print_json
from entrypoints.settings import load_settings

group = typer.Typer(help="Auditoria / Audit", no_args_is_help=True)
audit_export.register(group)

OWN_IDS = ("originator_topic", "enrollment_id", "attempt_id", "session_id")
VIEWS = {projection.name: projection for projection in PROJECTIONS if projection.name != "active_templates"}


@group.callback()
def _group() -> None:
    """Keep ``audit`` a group although it has one command."""


@group.command("replay")
def replay(
    subject: Annotated[str | None, typer.Option(help="UUID ou usuário / subject id or username")] = None,
    attempt: Annotated[str | None, typer.Option(help="UUID da tentativa / attempt id")] = None,
    until: Annotated[str | None, typer.Option(help="Até este instante / until (RFC 3339)")] = None,
    view: Annotated[str | None, typer.Option(help=f"Reconstrói / rebuild: {', '.join(VIEWS)}")] = None,
    as_json: JsonOption = False,
) -> None:
    """Conta a história, evento por evento / Tell the history, event by event."""
    moment, attempt_id = _moment(until), _uuid(attempt)
    if view is not None and view not in VIEWS:
        raise InvalidInputError(f"views are {', '.join(VIEWS)}")
    with bootstrap(load_settings(), vision=False) as app:
        store, vault = app.services.store, app.services.vault
        subject_id = history.subject_of(store, vault, subject) if subject else None
        found = list(history.events(store, subject_id=subject_id, attempt_id=attempt_id, until=moment))
        if view is not None:
            _print_rows(rows_as_of(found, view), as_json=as_json)
            return
        shown = [history.as_document(event, vault, subject_id) for event in found]
    if as_json:
        print_json({"events": shown})
        return
    print_events(shown)


def print_events(documents: list[dict[str, Any]]) -> None:
    """Print documents of ``history.as_document``, one line each."""
    for document in documents:
        console.print(
            f"{document['position']:>7}  {document['at'][:19]}Z  {document['event']:34} "
            f"{document['aggregate_id'][:8]}  {document['actor'] or '?':14.14}  {_brief(document['data'])}",
            soft_wrap=True,
            markup=False,
        )
    console.print(f"{len(documents)} eventos / events")


def rows_as_of(events: list[RecordedEvent], view: str) -> list[dict[str, Any]]:
    """Return a read model as it was after those events: the same projection, over memory."""
    projection, models = VIEWS[view], MemoryReadModels()
    changes = [change for event in events for change in projection.changes(event)]
    models.apply(view, changes, expected=0, position=events[-1].position if events else 0)
    return [row for table in projection.tables for row in models.rows(table)]


def _print_rows(rows: list[dict[str, Any]], *, as_json: bool) -> None:
    if as_json:
        print_json({"rows": rows})
        return
    for row in rows:
        shown = {key: value for key, value in row.items() if value is not None and not key.endswith("_sealed")}
        console.print("  ".join(f"{key}={value}" for key, value in shown.items()), soft_wrap=True, markup=False)
    console.print(f"{len(rows)} linhas / rows")


def _brief(data: dict[str, Any]) -> str:
    """Return the fields on one line; sealed ones, empty ones and the aggregate's own id are left out."""
    parts = []
    for key, value in data.items():
        if isinstance(value, dict):
            parts.append(_brief(value))
        elif value not in (None, "", "[sealed]") and key not in OWN_IDS:
            parts.append(f"{key}={value}")
    return " ".join(parts)


def _moment(text: str | None) -> datetime | None:
    if text is None:
        return None
    try:
        moment = datetime.fromisoformat(text)
    except ValueError as error:
        raise InvalidInputError("--until takes a time such as 2026-11-22T18:00:00+00:00") from error
    return moment if moment.tzinfo else moment.replace(tzinfo=UTC)


def _uuid(text: str | None) -> UUID | None:
    try:
        return UUID(text) if text else None
    except ValueError as error:
        raise InvalidInputError("--attempt takes an attempt id (UUID)") from error
