"""``faceauth audit``: the history, for the compliance officer."""

from __future__ import annotations

import sys
from collections.abc import Callable, Iterable, Iterator
from datetime import datetime
from typing import Annotated, Any, Final
from uuid import UUID

import typer

from application import history
from application.as_of import VIEWS, cut_at, rows_at, shown, view_named
from application.explain import explain, people_of
from application.ports.event_index import Cut, Wanted
from application.services import Services
from application.timeline import timeline as timeline_of
from application.viewing import record_viewing
from domain.act import Act
from domain.errors import InvalidInputError
from entrypoints.bootstrap import bootstrap
from entrypoints.cli import audit_diff, audit_export
from entrypoints.cli.audit_text import print_events, print_explanation, print_rows, print_timeline
from entrypoints.cli.moments import moment_of
from entrypoints.cli.output import JsonOption, errors, print_json, progress_bar
from entrypoints.cli.streaming import Stream
from entrypoints.settings import load_settings

group = typer.Typer(help="Auditoria / Audit", no_args_is_help=True)
group.command("diff")(audit_diff.diff)
audit_export.register(group)

ACTOR: Final = "operator:cli"
VIEW_NAMES: Final = ", ".join(VIEWS)

__all__ = ["group", "print_events"]


@group.command("replay")
def replay(
    subject: Annotated[str | None, typer.Option(help="UUID ou usuário / subject id or username")] = None,
    attempt: Annotated[str | None, typer.Option(help="UUID da tentativa / attempt id")] = None,
    as_of: Annotated[
        str | None, typer.Option("--as-of", "--until", help="Como era neste instante / as it was then (RFC 3339)")
    ] = None,
    view: Annotated[str | None, typer.Option(help=f"Reconstrói / rebuild: {VIEW_NAMES}")] = None,
    department: Annotated[str | None, typer.Option(help="Setor / department")] = None,
    outcome: Annotated[str | None, typer.Option(help="Resultado ou código / outcome or code")] = None,
    since: Annotated[str | None, typer.Option(help="A partir de / since (RFC 3339)")] = None,
    actor: Annotated[str | None, typer.Option(help="Quem fez / actor")] = None,
    event: Annotated[str | None, typer.Option(help="Evento ou agregado / event or aggregate")] = None,
    as_json: JsonOption = False,
) -> None:
    """Conta a história, ou refaz uma visão, como era num instante / Tell history, or rebuild a view, as of a moment."""
    moment, begin = moment_of(as_of) if as_of else None, moment_of(since) if since else None
    attempt_id = _uuid(attempt)
    projection = None if view is None else view_named(view)
    with bootstrap(load_settings(), vision=False) as app:
        services, act = app.services, app.services.act(ACTOR, "cli")
        subject_id = history.subject_of(services.store, services.vault, subject) if subject else None
        cut = None if moment is None else cut_at(services, moment)
        end = services.store.position() if cut is None else cut.position
        head = _told(cut, moment, services.clock.now())
        if projection is not None:
            if subject_id is not None:
                record_viewing(services, [subject_id], what=f"view {projection.name}"[:50], act=act)
            with progress_bar(projection.name) as (bar, task):
                rows = rows_at(services, projection, end, lambda done, of: bar.update(task, total=of, completed=done))
                wanted_rows = (shown(row) for row in rows if subject_id in {None, row.get("subject_id")})
                _print_rows(wanted_rows, head, as_json=as_json)
            return
        wanted = Wanted(subject_id, attempt_id, department, actor, outcome, event, begin, before=end + 1)
        with progress_bar("eventos / events") as (bar, task):
            documents = _documents(services, wanted, act, lambda done: bar.update(task, total=end, completed=done))
            _print_events(documents, head, as_json=as_json)


@group.command("explain")
def explain_attempt(attempt: str, as_json: JsonOption = False) -> None:
    """Explica em palavras por que uma tentativa terminou assim / Say in plain words why an attempt ended so."""
    attempt_id = _uuid(attempt)
    if attempt_id is None:
        raise InvalidInputError("name an attempt by its id (UUID)")
    with bootstrap(load_settings(), vision=False) as app:
        people = people_of(app.services, attempt_id)
        record_viewing(app.services, people, what="attempt", act=app.services.act(ACTOR, "cli"))
        document = explain(app.services, attempt_id)
    if as_json:
        print_json(document)
    else:
        print_explanation(document)


@group.command("timeline")
def timeline(
    subject: str,
    department: Annotated[str | None, typer.Option(help="Só o que este setor vê / what it may see")] = None,
    as_json: JsonOption = False,
) -> None:
    """Tudo sobre uma pessoa, dia a dia / Everything about one person, day by day."""
    with bootstrap(load_settings(), vision=False) as app:
        services = app.services
        subject_id = history.subject_of(services.store, services.vault, subject)
        document = timeline_of(services, subject_id, department=department)
        record_viewing(services, [subject_id], what="timeline", act=services.act(ACTOR, "cli"))
    if as_json:
        print_json(document)
    else:
        print_timeline(document)


def _documents(
    services: Services, wanted: Wanted, act: Act, progress: Callable[[int], None]
) -> Iterator[dict[str, Any]]:
    """Yield documents; before those of a page, write down whose personal fields they show."""
    told: set[UUID] = set()
    for page in history.lines(services, wanted):
        events = services.store.at([line.position for line in page])
        people = {person for event in events for person in history.opened_people(event)}
        people |= {wanted.subject_id} if wanted.subject_id else set()
        if wanted.attempt_id is not None:
            people |= {line.subject_id for line in page if line.subject_id is not None}
        record_viewing(services, sorted(people - told), what="events", act=act)
        told |= people
        for event in events:
            yield history.as_document(event, services.vault, wanted.subject_id)
        progress(page[-1].position)


def _told(cut: Cut | None, moment: datetime | None, now: datetime) -> dict[str, Any] | None:
    """Say where the history as of a moment ends, and what is odd about that moment."""
    if cut is None or moment is None:
        return None
    notes = []
    if moment > now:
        notes.append("esse instante ainda não chegou: como é agora / that moment has not come yet: as it is now")
    if cut.position == 0:
        first = f": {cut.first.isoformat()}" if cut.first else ""
        notes.append(f"antes do primeiro evento, não havia nada / before the first event there was nothing{first}")
    if cut.later or cut.earlier:
        notes.append(
            f"um relógio saltou: {cut.later} eventos até ali têm horário posterior, {cut.earlier} depois dali têm"
            " horário anterior; vale a ordem de gravação /"
            f" a clock jumped: {cut.later} events up to there are recorded later,"
            f" {cut.earlier} after it earlier; the order of commit counts"
        )
    for note in notes:
        errors.print(note, markup=False, soft_wrap=True)
    return {
        "moment": moment.isoformat(),
        "position": cut.position,
        "recorded_later": cut.later,
        "recorded_earlier": cut.earlier,
        "notes": notes,
    }


def _print_events(documents: Iterable[dict[str, Any]], head: dict[str, Any] | None, *, as_json: bool) -> None:
    if not as_json:
        print_events(documents)
        return
    with Stream(sys.stdout, "events", {"as_of": head} if head else {}) as stream:
        for document in documents:
            stream.write(document)


def _print_rows(rows: Iterable[dict[str, Any]], head: dict[str, Any] | None, *, as_json: bool) -> None:
    if not as_json:
        print_rows(rows)
        return
    with Stream(sys.stdout, "rows", {"as_of": head} if head else {}) as stream:
        for row in rows:
            stream.write(row)


def _uuid(text: str | None) -> UUID | None:
    try:
        return UUID(text) if text else None
    except ValueError as error:
        raise InvalidInputError("an attempt is named by its id (UUID)") from error
