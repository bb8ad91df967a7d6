"""What keeps the service running: doctor, projections, database, departments, tokens."""

from __future__ import annotations

import re
from datetime import timedelta
from typing import Annotated

import typer

from application.departments import check_department
from domain.errors import InvalidInputError
from domain.roles import (
    COMPLIANCE_OFFICER,
    DEPARTMENT_ADMIN,
    ENCARREGADO,
    EVERYWHERE,
    OPERATOR,
    PROVISIONER,
    SIGNAL_RECEIVER,
)
from entrypoints import examination
from entrypoints.bootstrap import bootstrap
from entrypoints.cli import views
from entrypoints.cli.output import JsonOption, console, print_json, progress_bar
from entrypoints.settings import load_settings

projections = typer.Typer(help="Projeções / Projections", no_args_is_help=True)
database = typer.Typer(help="Banco de dados / Database", no_args_is_help=True)
departments = typer.Typer(help="Setores / Departments", no_args_is_help=True)
projections.command("verify")(views.verify)
tokens = typer.Typer(help="Tokens locais / Local tokens", no_args_is_help=True)

ROLE_MEANINGS = {
    DEPARTMENT_ADMIN: "cadastra e apaga pessoas / enrols and erases people",
    COMPLIANCE_OFFICER: "lê e confere o histórico / reads and checks the history",
    ENCARREGADO: "encarregado de dados (LGPD art. 41) / data protection officer",
    OPERATOR: "cuida do serviço / keeps the service running",
    PROVISIONER: "máquina: provisiona pessoas (SCIM) / machine: provisions people",
    SIGNAL_RECEIVER: "máquina: recebe eventos de segurança / machine: receives security events",
}
"""Every role of ``STAFF_ROLES``, in the order of the help."""
UNITS = {"s": 1, "m": 60, "h": 3600, "d": 86400}
MAX_TOKEN_TTL = timedelta(days=365)
ROLE_HELP = " | ".join(f"{role}: {meaning}" for role, meaning in ROLE_MEANINGS.items())
MARKS = {"ok": "[green]ok[/]", "warning": "[yellow]atenção / warning[/]", "fault": "[red]falha / fault[/]"}


def doctor(as_json: JsonOption = False) -> None:
    """Confere tudo e diz como consertar / Check everything and say how to fix it."""
    findings = examination.examine(load_settings())
    healthy = all(finding.state != "fault" for finding in findings)
    if as_json:
        print_json({"healthy": healthy, "checks": [finding.document() for finding in findings]})
    else:
        for finding in findings:
            console.print(f"{MARKS[finding.state]}  {finding.name}: {finding.detail}", soft_wrap=True)
            if finding.remedy:
                console.print(f"      → {finding.remedy}", soft_wrap=True, markup=False)
    if not healthy:
        raise typer.Exit(1)


@projections.command("list")
def list_projections(as_json: JsonOption = False) -> None:
    """Mostra cada projeção e o seu atraso / Show every projection and how far it is."""
    with bootstrap(load_settings(), vision=False) as app:
        lag = app.services.projector.lag()
    rows = [
        {"name": name, "position": position, "newest": newest, "events_behind": newest - position}
        for name, (position, newest) in lag.items()
    ]
    if as_json:
        print_json({"projections": rows})
        return
    for row in rows:
        console.print(f"{row['name']:24} {row['position']:>8} / {row['newest']}")


@projections.command("rebuild")
def rebuild(name: str, as_json: JsonOption = False) -> None:
    """Refaz uma projeção a partir dos eventos / Make a projection anew from all events."""
    with bootstrap(load_settings(), vision=False) as app, progress_bar(name) as (bar, task):
        seen = app.services.projector.rebuild(
            name, progress=lambda done, newest: bar.update(task, total=newest, completed=done)
        )
    if as_json:
        print_json({"name": name, "events": seen})
    else:
        console.print(f"{name}: {seen} eventos / events")


@database.command("url")
def url(
    owner: Annotated[bool, typer.Option("--owner", help="Do dono das tabelas / of the tables' owner")] = False,
    as_json: JsonOption = False,
) -> None:
    """Mostra o DSN em uso / Print the DSN in use; an embedded server answers while a faceauth process runs."""
    with bootstrap(load_settings(), vision=False) as app:
        dsn = app.opened.owner_dsn if owner else app.opened.dsn
        if as_json:
            print_json({"dsn": dsn, "embedded": app.postgres is not None})
        else:
            console.print(dsn, soft_wrap=True, markup=False)


@database.callback()
def _database() -> None:
    """Keep ``db`` a group although it has one command."""


@departments.command("add")
def add_department(name: str, as_json: JsonOption = False) -> None:
    """Cria um setor / Add a department."""
    with bootstrap(load_settings(), vision=False) as app:
        app.services.departments.add(check_department(name))
    if as_json:
        print_json({"department": name})
    else:
        console.print(f"Setor pronto / department ready: {name}")


@departments.command("list")
def list_departments(as_json: JsonOption = False) -> None:
    """Lista os setores / List the departments."""
    with bootstrap(load_settings(), vision=False) as app:
        names = app.services.departments.names()
    if as_json:
        print_json({"departments": names})
    else:
        console.print("\n".join(names))


@tokens.command("issue")
def issue(
    role: Annotated[str, typer.Option(help=ROLE_HELP)],
    department: Annotated[str, typer.Option(help="Setor ou * / department or *")] = "*",
    ttl: Annotated[str, typer.Option(help="Validade: 30m, 1h, 7d / lifetime")] = "1h",
    as_json: JsonOption = False,
) -> None:
    """Emite um token local / Issue a local bearer token; its department is added where it is new."""
    if role not in ROLE_MEANINGS:
        raise InvalidInputError(f"papel desconhecido / unknown role; use: {', '.join(ROLE_MEANINGS)}")
    if department != EVERYWHERE:
        check_department(department)
    lifetime = parse_ttl(ttl)
    with bootstrap(load_settings(), vision=False) as app:
        token = app.services.tokens.issue_staff(role=role, department=department, ttl=lifetime)
        if department != EVERYWHERE:
            app.services.departments.add(department)
    if as_json:
        print_json({"token": token, "role": role, "department": department, "expires_in": lifetime.total_seconds()})
    else:
        console.print(token, soft_wrap=True, markup=False)


@tokens.callback()
def _tokens() -> None:
    """Keep ``token`` a group although it has one command."""


def parse_ttl(text: str) -> timedelta:
    """Return a lifetime such as 30m, 1h or 7d, at most a year. Raises ``InvalidInputError``."""
    match = re.fullmatch(r"(\d{1,6})([smhd])", text.strip())
    lifetime = timedelta(seconds=int(match[1]) * UNITS[match[2]]) if match else timedelta(0)
    if not timedelta(0) < lifetime <= MAX_TOKEN_TTL:
        raise InvalidInputError("a lifetime is a number and a unit, such as 30m, 1h or 7d, at most a year")
    return lifetime
