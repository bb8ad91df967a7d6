"""``faceauth session``: who is signed in, and ending it."""

from __future__ import annotations

from typing import Annotated
from uuid import UUID

import typer

from application.session_control import Which, end_session, end_sessions, list_sessions
from application.viewing import record_viewing
from domain.act import reason_code
from domain.errors import InvalidInputError
from entrypoints.bootstrap import bootstrap
from entrypoints.cli.output import JsonOption, console, print_json
from entrypoints.settings import load_settings

group = typer.Typer(help="Sessões / Sessions", no_args_is_help=True)

ACTOR = "operator:cli"
SubjectOption = Annotated[UUID | None, typer.Option(help="Id do titular / subject id")]
DepartmentOption = Annotated[str | None, typer.Option(help="Setor / department")]
DeviceOption = Annotated[UUID | None, typer.Option(help="Id do aparelho / device id")]


@group.command("list")
def listed(
    subject: SubjectOption = None,
    department: DepartmentOption = None,
    device: DeviceOption = None,
    status: Annotated[str, typer.Option(help="open | revoked | expired | all")] = "open",
    as_json: JsonOption = False,
) -> None:
    """Lista sessões, as mais novas primeiro / List sessions, the newest first."""
    which = Which(subject_id=subject, department=department, device_id=device)
    with bootstrap(load_settings(), vision=False) as app:
        document = list_sessions(app.services, which, status=status)
        if subject is not None and document["sessions"]:
            record_viewing(app.services, [subject], what="sessions", act=app.services.act(ACTOR, "cli"))
    if as_json:
        print_json(document)
        return
    for row in document["sessions"]:
        told = f"{row['session_id']}  {row['subject_id']}  {row['department']:20} {row['status']:8} {row['opened_at']}"
        console.print(told, soft_wrap=True, markup=False)
    if document["truncated"]:
        console.print("… há mais / there are more")


@group.command("revoke")
def revoke(
    session: Annotated[UUID | None, typer.Option(help="Id da sessão / session id")] = None,
    subject: SubjectOption = None,
    department: DepartmentOption = None,
    device: DeviceOption = None,
    reason: Annotated[str, typer.Option(help="Motivo, um código / reason, a code")] = "operator",
    as_json: JsonOption = False,
) -> None:
    """Encerra sessões abertas / End open sessions: one by id, or those of a subject, department or device."""
    which = Which(subject_id=subject, department=department, device_id=device)
    if (session is None) != which.named:
        raise InvalidInputError("name one session, or whose sessions: --session, or --subject, --department, --device")
    with bootstrap(load_settings(), vision=False) as app:
        services, code = app.services, reason_code(reason)
        act = services.act(ACTOR, "cli")
        if session is None:
            ended = end_sessions(services, which, reason=code, act=act)
        else:
            ended = int(end_session(services, session, which=which, reason=code, act=act))
    if as_json:
        print_json({"revoked": ended})
    else:
        console.print(f"Sessões encerradas / sessions ended: {ended}")
