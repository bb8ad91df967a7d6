"""``faceauth backup``: the history and, apart from it, the keys; made, proven, put back."""

from __future__ import annotations

from contextlib import ExitStack, closing
from pathlib import Path
from typing import Annotated, Any

import typer

from adapters.crypto.entropy import SystemClock
from adapters.crypto.escrow import new_pair
from adapters.crypto.sealed_file import write_private
from adapters.postgres.database import Database
from adapters.postgres.deployment import note_refusal
from application.erase import repeat_after_restore
from application.journal import record
from domain.errors import (
    BackupDamagedError,
    BackupForeignError,
    ConfigurationError,
    InvalidInputError,
    KeyRingOutdatedError,
)
from entrypoints import backups, key_backups
from entrypoints.bootstrap import bootstrap
from entrypoints.cli.output import JsonOption, console, print_json, progress_bar
from entrypoints.opening import open_database, prepare_home
from entrypoints.settings import load_settings

group = typer.Typer(help="Backups", no_args_is_help=True)

ACTOR = "operator:cli"

OutOption = Annotated[Path | None, typer.Option("--out", help="Arquivo novo / new file")]
PassphraseOption = Annotated[
    Path | None, typer.Option("--passphrase-file", help="Arquivo com a senha da chave privada / its passphrase")
]
FileArgument = Annotated[Path, typer.Argument(help="Arquivo de backup / backup file")]


@group.command("create")
def create(
    out: OutOption = None,
    keys: Annotated[bool, typer.Option("--keys", help="As chaves, não a história / the keys instead")] = False,
    as_json: JsonOption = False,
) -> None:
    """Copia a história cifrada, sem chaves; ou só as chaves / Back up the sealed history; or the keys alone."""
    if keys:
        _create_key_backup(out, as_json=as_json)
        return
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
        backup = backups.verify(
            app,
            file,
            act=app.services.act(ACTOR, "cli"),
            progress=lambda done, of: bar.update(task, total=of, completed=done),
        )
    _show(backup, "Backup íntegro / backup is whole", as_json=as_json)


@group.command("restore")
def restore(
    file: FileArgument,
    yes: Annotated[bool, typer.Option("--yes", help="Sem perguntar / without asking")] = False,
    without_safety_copy: Annotated[
        bool,
        typer.Option("--without-safety-copy", help="Não guarda a história atual / do not keep the present one"),
    ] = False,
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
            safety_copy=not without_safety_copy,
            progress=lambda done, of: bar.update(task, total=of, completed=done),
        )
    document: dict[str, Any] = {
        "restored": str(file),
        "former_history": str(safety) if safety else None,
        "erased_again": [str(subject_id) for subject_id in repeated.erased],
        "enrollments_ended_again": repeated.enrollments,
        "consents_ended_again": repeated.consents,
        "sessions_revoked": repeated.sessions,
    }
    if as_json:
        print_json(document)
        return
    console.print(f"Restaurado / restored: {file}", markup=False, soft_wrap=True)
    kept = safety or "não guardada / not kept"
    console.print(f"História anterior / former history: {kept}", markup=False, soft_wrap=True)
    console.print(
        f"Apagados de novo / erased again: {len(repeated.erased)}   "
        f"cadastros encerrados de novo / enrolments ended again: {repeated.enrollments}   "
        f"sessões revogadas / sessions revoked: {repeated.sessions}",
        soft_wrap=True,
    )


@group.command("escrow")
def escrow(
    out: Annotated[Path, typer.Option("--out", help="Chave privada nova / new private key (PEM)")],
    passphrase_file: PassphraseOption = None,
    as_json: JsonOption = False,
) -> None:
    """Cria o par de chaves de custódia; leve a privada embora / Make the escrow pair; take the private half away."""
    private, public = new_pair(_passphrase(passphrase_file))
    public_file = out.with_name(f"{out.name}.pub")
    write_private(out, lambda file: file.write(private))
    try:
        write_private(public_file, lambda file: file.write(public))
    except ConfigurationError:
        out.unlink()  # half a pair is of no use, and would keep its name from the next one
        raise
    if as_json:
        print_json({"private": str(out), "public": str(public_file)})
        return
    console.print(f"Privada (guarde em outro lugar) / private (keep it elsewhere): {out}", markup=False, soft_wrap=True)
    console.print(f"Pública / public: FACEAUTH_ESCROW_KEY={public_file}", markup=False, soft_wrap=True)


@group.command("restore-keys")
def restore_keys(
    file: FileArgument,
    escrow_key: Annotated[Path, typer.Option("--escrow-key", help="Chave privada / private key (PEM)")],
    passphrase_file: PassphraseOption = None,
    accept_older: Annotated[
        bool, typer.Option("--accept-older", help="Mesmo mais velhas que o banco / even if older than the database")
    ] = False,
    as_json: JsonOption = False,
) -> None:
    """Devolve as chaves a uma máquina que as perdeu / Give a machine its lost keys back."""
    settings = load_settings()
    with ExitStack() as stack:
        prepare_home(settings.home)
        database = stack.enter_context(closing(Database(open_database(settings, stack).dsn)))
        try:
            backup = key_backups.restore(
                settings,
                database,
                file,
                escrow_key=escrow_key,
                passphrase=_passphrase(passphrase_file),
                now=SystemClock().now(),
                accept_older=accept_older,
            )
        except (BackupDamagedError, BackupForeignError, KeyRingOutdatedError) as error:
            note_refusal(database, error.code)  # without a ring nothing can be recorded: the next good start does it
            raise
        with bootstrap(settings, vision=False) as app:
            act = app.services.act(ACTOR, "cli")
            record(app.services, "key_backup.restored", act=act, facts={"generation": str(backup.generation)})
            erased = repeat_after_restore(app.services, act=act)
    if as_json:
        print_json(backup.as_document() | {"erased_again": [str(subject_id) for subject_id in erased]})
    else:
        console.print(f"Chaves restauradas / keys restored: {file}", markup=False, soft_wrap=True)


def _create_key_backup(out: Path | None, *, as_json: bool) -> None:
    with bootstrap(load_settings(), vision=False) as app:
        backup = key_backups.create(app, out, act=app.services.act(ACTOR, "cli"))
    if as_json:
        print_json(backup.as_document())
        return
    console.print(f"Chaves copiadas / keys backed up: {backup.path}", markup=False, soft_wrap=True)
    console.print(f"Apague até / delete by: {backup.keep_until:%Y-%m-%d}")


def _passphrase(file: Path | None) -> bytes | None:
    if file is None:
        return None
    try:
        return file.read_bytes().strip() or None
    except OSError as error:
        raise ConfigurationError(f"{file} cannot be read: {error.strerror}") from None


def _show(backup: backups.Backup, text: str, *, as_json: bool) -> None:
    if as_json:
        print_json(backup.as_document())
        return
    console.print(f"{text}: {backup.path}", markup=False, soft_wrap=True)
    console.print(f"{backup.events} eventos / events, {backup.created_at:%Y-%m-%d %H:%M} UTC, #{backup.position}")
