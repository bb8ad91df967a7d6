"""``faceauth backup``: the history and, apart from it, the keys; made, proven, put back."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated, Any

import typer

from domain.errors import InvalidInputError
from entrypoints import backups
from entrypoints.bootstrap import bootstrap
from entrypoints.cli.output import JsonOption, console, print_json, progress_bar
from entrypoints.settings import load_settings

group = typer.Typer(help="Backups", no_args_is_help=True)

ACTOR = "operator:cli"

OutOption = Annotated[Path | None, typer.Option("--out", help="Arquivo novo / new file")]
FileArgument = Annotated[Path, typer.Argument(help="Arquivo de backup / backup file")]


@group.command("create")
def create(out: OutOption = None, as_json: JsonOption = False) -> None:
    """Copia a história cifrada, sem chaves / Back up the sealed history, without any key."""
    with bootstrap(load_settings(), vision=False) as app, progress_bar("Conferindo / reading back") as (bar, task):
        backup = backups.create(
            app,
            out,
            act=app.services.act(ACTOR, "cli"),
            progress=lambda done, of: bar.update(task, total=of, completed=done),
        )
    _show(backup, "Backup pronto e conferido / backup made and proven", as_json=as_json)


@group.command("verify")
def verify(file: FileArgument, as_json: JsonOption = False) -> None:
    """Abre cada evento de um backup / Open every event of a backup."""
    with bootstrap(load_settings(), vision=False) as app, progress_bar("Conferindo / verifying") as (bar, task):
        backup = backups.verify(app, file, progress=lambda done, of: bar.update(task, total=of, completed=done))
    _show(backup, "Backup íntegro / backup is whole", as_json=as_json)


@group.command("restore")
def restore(
    file: FileArgument,
    yes: Annotated[bool, typer.Option("--yes", help="Sem perguntar / without asking")] = False,
    as_json: JsonOption = False,
) -> None:
    """Põe um backup no lugar da história; apagados continuam apagados / Restore: the erased stay erased."""
    if not yes and (as_json or not typer.confirm("Substituir a história por este backup / replace the history by it?")):
        raise InvalidInputError("nothing was restored: confirm, or say --yes")
    with bootstrap(load_settings(), vision=False) as app, progress_bar("Restaurando / restoring") as (bar, task):
        repeated, safety = backups.restore(
            app,
            file,
            act=app.services.act(ACTOR, "cli"),
            progress=lambda done, of: bar.update(task, total=of, completed=done),
        )
    document: dict[str, Any] = {
        "restored": str(file),
        "former_history": str(safety),
        "erased_again": [str(subject_id) for subject_id in repeated.erased],
        "enrollments_ended_again": repeated.enrollments,
        "consents_ended_again": repeated.consents,
        "sessions_revoked": repeated.sessions,
    }
    if as_json:
        print_json(document)
        return
    console.print(f"Restaurado / restored: {file}", markup=False, soft_wrap=True)
    console.print(f"História anterior / former history: {safety}", markup=False, soft_wrap=True)
    console.print(
        f"Apagados de novo / erased again: {len(repeated.erased)}   "
        f"cadastros encerrados de novo / enrolments ended again: {repeated.enrollments}   "
        f"sessões revogadas / sessions revoked: {repeated.sessions}",
        soft_wrap=True,
    )


def _show(backup: backups.Backup, text: str, *, as_json: bool) -> None:
    if as_json:
        print_json(backup.as_document())
        return
    console.print(f"{text}: {backup.path}", markup=False, soft_wrap=True)
    console.print(f"{backup.events} eventos / events, {backup.created_at:%Y-%m-%d %H:%M} UTC, #{backup.position}")
