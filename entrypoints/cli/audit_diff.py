"""``faceauth audit diff``: what changed in the views between two moments."""

from __future__ import annotations

import sys
from collections.abc import Callable, Iterator
from datetime import datetime
from typing import Annotated, Any, Final
from uuid import UUID

import typer
from rich.progress import Progress, TaskID

from application import history
from application.as_of import VIEWS, Difference, about, cut_at, differences, shown, view_named
from application.projections.rows import Projection
from application.services import Services
from application.viewing import record_viewing
from domain.errors import InvalidInputError
from entrypoints.bootstrap import bootstrap
from entrypoints.cli.moments import moment_of
from entrypoints.cli.output import JsonOption, console, progress_bar
from entrypoints.cli.streaming import Stream
from entrypoints.settings import load_settings

MARKS: Final = {"added": "+", "removed": "-", "changed": "~"}


def diff(
    first: Annotated[str, typer.Argument(help="Instante / moment (RFC 3339)")],
    second: Annotated[str, typer.Argument(help="Instante / moment (RFC 3339)")],
    view: Annotated[str | None, typer.Option(help=f"Só esta visão / one of: {', '.join(VIEWS)}")] = None,
    subject: Annotated[str | None, typer.Option(help="UUID ou usuário / subject id or username")] = None,
    as_json: JsonOption = False,
) -> None:
    """Mostra o que mudou entre dois instantes / Show what changed between two moments."""
    moments = moment_of(first), moment_of(second)
    if moments[0] > moments[1]:
        raise InvalidInputError("the first moment comes after the second one: turn them round")
    views = list(VIEWS.values()) if view is None else [view_named(view)]
    with bootstrap(load_settings(), vision=False) as app:
        services = app.services
        subject_id = history.subject_of(services.store, services.vault, subject) if subject else None
        if subject_id is not None:
            record_viewing(services, [subject_id], what="diff", act=services.act("operator:cli", "cli"))
        cuts = [cut_at(services, moment) for moment in moments]
        start, end = sorted(cut.position for cut in cuts)
        head = {"from": _told(moments[0], start), "to": _told(moments[1], end)}
        found = (
            each for each in _found(services, views, start, end) if subject_id is None or _is_about(subject_id, each)
        )
        if as_json:
            with Stream(sys.stdout, "differences", head) as stream:
                for each in found:
                    stream.write(document(each))
            return
        count = 0
        for count, each in enumerate(found, start=1):  # noqa: B007 - told at the end
            sys.stdout.write(_line(each))
        console.print(f"{count} diferenças / differences")


def document(difference: Difference) -> dict[str, Any]:
    """Return a difference as JSON values; what is sealed stays closed."""
    return {
        "view": difference.view,
        "table": difference.table,
        "key": str(difference.key),
        "change": difference.kind,
        "before": None if difference.before is None else shown(difference.before),
        "after": None if difference.after is None else shown(difference.after),
    }


def _found(services: Services, views: list[Projection], start: int, end: int) -> Iterator[Difference]:
    for each in views:
        with progress_bar(each.name) as (bar, task):
            yield from differences(services, each, start, end, _shown_on(bar, task))


def _shown_on(bar: Progress, task: TaskID) -> Callable[[int, int], None]:
    return lambda done, of: bar.update(task, total=of, completed=done)


def _is_about(subject_id: UUID, difference: Difference) -> bool:
    return about(subject_id, difference.before) or about(subject_id, difference.after)


def _told(moment: datetime, position: int) -> dict[str, Any]:
    return {"moment": moment.isoformat(), "position": position}


def _line(difference: Difference) -> str:
    before, after = shown(difference.before or {}), shown(difference.after or {})
    if difference.kind == "changed":
        told = [f"{name}: {before[name]} → {after[name]}" for name in after if before[name] != after[name]]
    else:
        told = [f"{name}={value}" for name, value in (after or before).items() if value not in (None, "", "[sealed]")]
    return f"{MARKS[difference.kind]} {difference.table} {difference.key}  {'  '.join(told)}\n"
