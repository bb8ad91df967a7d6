"""``faceauth account suspend|reinstate|rename|move``: what the hospital decides about somebody's account."""

from __future__ import annotations

from collections.abc import Callable
from typing import Annotated
from uuid import UUID

import typer

from application import accounts
from application.history import subject_of
from application.services import Services
from domain.act import Act, reason_code
from domain.errors import InvalidInputError
from entrypoints.bootstrap import bootstrap
from entrypoints.cli.output import JsonOption, console, print_json
from entrypoints.settings import load_settings

ACTOR = "operator:cli"

Who = Annotated[str, typer.Argument(help="Usuário ou id do titular / username or subject id")]
ReasonOption = Annotated[str, typer.Option(help="Motivo, sem dados pessoais / reason, nothing personal")]


def suspend(who: Who, reason: ReasonOption = "administrator", as_json: JsonOption = False) -> None:
    """Suspende: ninguém entra, sessões encerradas / Suspend: nobody is let in, sessions end."""

    def change(services: Services, subject_id: UUID, act: Act) -> bool:
        return accounts.suspend(services, subject_id, reason=reason_code(reason), act=act)

    _change(who, change, "Suspensa / suspended", as_json=as_json)


def reinstate(who: Who, reason: ReasonOption = "administrator", as_json: JsonOption = False) -> None:
    """Reativa uma conta suspensa / Let a suspended person in again."""

    def change(services: Services, subject_id: UUID, act: Act) -> bool:
        return accounts.reinstate(services, subject_id, reason=reason_code(reason), act=act)

    _change(who, change, "Reativada / reinstated", as_json=as_json)


def rename(
    who: Who,
    username: Annotated[str | None, typer.Option(help="Novo usuário / new username")] = None,
    user_id: Annotated[str | None, typer.Option(help="Nova matrícula / new employee number")] = None,
    display_name: Annotated[str | None, typer.Option(help="Novo nome exibido / new name to show")] = None,
    as_json: JsonOption = False,
) -> None:
    """Muda os nomes / Change the names."""
    if username is None and user_id is None and display_name is None:
        raise InvalidInputError("say what to change: --username, --user-id or --display-name")

    def change(services: Services, subject_id: UUID, act: Act) -> bool:
        return accounts.rename(
            services, subject_id, user_id=user_id, username=username, display_name=display_name, act=act
        )

    _change(who, change, "Renomeada / renamed", as_json=as_json)


def move(
    who: Who, department: Annotated[str, typer.Option(help="Setor / department")], as_json: JsonOption = False
) -> None:
    """Muda de setor; sessões encerradas / Move to another department; sessions end."""

    def change(services: Services, subject_id: UUID, act: Act) -> bool:
        return accounts.move(services, subject_id, department, act=act)

    _change(who, change, "Movida / moved", as_json=as_json)


def register(accounts_group: typer.Typer) -> None:
    """Add these commands to a group."""
    for command in (suspend, reinstate, rename, move):
        accounts_group.command(command.__name__)(command)


def _change(who: str, change: Callable[[Services, UUID, Act], bool], done: str, *, as_json: bool) -> None:
    with bootstrap(load_settings(), vision=False) as app:
        subject_id = subject_of(app.services.store, app.services.vault, who)
        changed = change(app.services, subject_id, app.services.act(ACTOR, "cli"))
    if as_json:
        print_json({"success": True, "subject_id": str(subject_id), "changed": changed})
    else:
        console.print(f"{done if changed else 'Nada a mudar / nothing to change'}: {subject_id}", soft_wrap=True)
