"""``faceauth account``: who may sign in without a face, and with which password."""

from __future__ import annotations

import sys
from typing import Annotated, Any, Final
from uuid import UUID

import typer

from application import account_passwords, accounts
from application.departments import check_department
from application.history import subject_of
from application.person import Person, reveal_field
from application.services import Services
from application.viewing import record_viewing
from domain.errors import InvalidInputError
from domain.policies.passwords import LONGEST_INPUT
from entrypoints.bootstrap import bootstrap
from entrypoints.cli import account_changes
from entrypoints.cli.output import JsonOption, console, errors, print_json
from entrypoints.settings import load_settings

group = typer.Typer(help="Contas e senhas / Accounts and passwords", no_args_is_help=True)
account_changes.register(group)

ACTOR: Final = "operator:cli"

UsernameOption = Annotated[str, typer.Option("--username", help="Usuário / username")]
DepartmentOption = Annotated[str, typer.Option("--department", help="Setor / department")]


@group.command("add")
def add(
    username: UsernameOption,
    display_name: Annotated[str, typer.Option(help="Nome que se mostra / name to show")],
    department: DepartmentOption,
    user_id: Annotated[str | None, typer.Option(help="Matrícula / employee number (default: username)")] = None,
    as_json: JsonOption = False,
) -> None:
    """Abre a conta de uma pessoa, com ou sem rosto cadastrado / Open somebody's account, enrolled or not.

    De quem já tem cadastro valem os nomes do cadastro / who is enrolled keeps the enrolment's names.
    """
    with bootstrap(load_settings(), vision=False) as app:
        app.services.departments.add(check_department(department))
        account = accounts.open_account(
            app.services,
            Person(user_id or username, username, display_name),
            department=department,
            act=app.services.act(ACTOR, "cli"),
        )
    if as_json:
        print_json({"success": True, "subject_id": str(account.subject_id), "department": account.department})
    else:
        console.print(f"Conta aberta / account open: {account.subject_id}", soft_wrap=True)
        console.print("Falta a senha / it has no password yet: faceauth account password")


@group.command("list")
def list_accounts(
    department: Annotated[str | None, typer.Option(help="Só este setor / this department only")] = None,
    as_json: JsonOption = False,
) -> None:
    """Lista as contas / List the accounts."""
    with bootstrap(load_settings(), vision=False) as app:
        app.services.projector.catch_up()
        where = {} if department is None else {"department": department}
        rows = app.services.read_models.rows("account_rows", where)
        shown_of = [row["subject_id"] for row in rows if row["username_sealed"] is not None]
        record_viewing(app.services, shown_of, what="account", act=app.services.act(ACTOR, "cli"))
        shown = [_shown(app.services, row) for row in rows]
    if as_json:
        print_json({"accounts": shown})
        return
    for one in shown:
        secret = "senha / password" if one["has_password"] else "sem senha / no password"
        line = f"{one['subject_id']}  {one['status']:9}  {one['department']}  {one['username']}  {secret}"
        console.print(line, soft_wrap=True, markup=False)


@group.command("password")
def password(
    username: Annotated[str, typer.Option(help="Usuário ou id do titular / username or subject id")],
    generate: Annotated[bool, typer.Option("--generate", help="Inventa uma / make one up")] = False,
    temporary: Annotated[bool, typer.Option(help="Trocada no primeiro uso / to be replaced at its first use")] = True,
    as_json: JsonOption = False,
) -> None:
    """Define uma senha e encerra as sessões / Set a password and end the sessions.

    A senha vem da entrada padrão, nunca da linha de comando / it is read from standard input, never from an argument.
    """
    chosen = None if generate else read_password()
    with bootstrap(load_settings(), vision=False) as app:
        made_up = account_passwords.set_password(
            app.services,
            subject_of(app.services.store, app.services.vault, username),
            chosen,
            temporary=temporary,
            act=app.services.act(ACTOR, "cli"),
        )
    if as_json:
        print_json({"success": True} | ({} if made_up is None else {"password": made_up}))
        return
    console.print("Senha definida / password set")
    if made_up is not None:
        console.print(made_up, soft_wrap=True, markup=False)


def read_password() -> str:
    """Return a password typed twice without an echo, or the first line of standard input where that is no terminal.

    Raises ``InvalidInputError``.
    """
    if sys.stdin.isatty():
        typed: str = typer.prompt("Senha / password", hide_input=True, confirmation_prompt="De novo / again", err=True)
        return typed
    errors.print("Lendo a senha da entrada padrão / reading the password from standard input")
    line = sys.stdin.readline(LONGEST_INPUT + 2)
    text = line.removesuffix("\n").removesuffix("\r")
    if not text or len(text) > LONGEST_INPUT:
        raise InvalidInputError("give the password as the first line of standard input")
    return text


def _shown(services: Services, row: dict[str, Any]) -> dict[str, Any]:
    subject_id: UUID = row["subject_id"]
    names = {
        name: None
        if row[f"{name}_sealed"] is None
        else reveal_field(services.vault, subject_id, name, row[f"{name}_sealed"])
        for name in ("username", "display_name")
    }
    facts = {name: row[name] for name in ("department", "status", "has_password", "created_at")}
    return {"subject_id": str(subject_id), **names, **facts}
