"""``faceauth lockout``: who has to wait after too many failures, and ending that."""

from __future__ import annotations

from typing import Annotated
from uuid import UUID

import typer

from application import lockout_history
from application.viewing import record_viewing
from domain.act import reason_code
from domain.policies.lockout import ADDRESS, CLAIM, CLAIM_AT_ADDRESS, CLAIM_AT_DEVICE, DEPARTMENT, DEVICE
from entrypoints.bootstrap import bootstrap
from entrypoints.cli.output import JsonOption, console, print_json
from entrypoints.http.lockouts import document, people_in
from entrypoints.settings import load_settings

group = typer.Typer(help="Bloqueios por falhas / Lockouts after failures", no_args_is_help=True)

ACTOR = "operator:cli"
SCOPES = {
    CLAIM_AT_DEVICE: "pessoa neste aparelho / person on this device",
    CLAIM_AT_ADDRESS: "pessoa neste endereço / person at this address",
    DEVICE: "aparelho / device",
    ADDRESS: "endereço / address",
    CLAIM: "pessoa / person",
    DEPARTMENT: "setor / department",
}


@group.command("list")
def list_lockouts(
    department: Annotated[str | None, typer.Option(help="Só este setor / this department only")] = None,
    as_json: JsonOption = False,
) -> None:
    """Mostra os bloqueios, o mais novo primeiro / Show the lockouts, newest first."""
    with bootstrap(load_settings(), vision=False) as app:
        found = lockout_history.listing(app.services, department=department)
        now = app.services.clock.now()
        record_viewing(app.services, people_in(found), what="lockouts", act=app.services.act(ACTOR, "cli"))
    if as_json:
        print_json({"lockouts": [document(*each) | {"waiting": each[1].waiting(now)} for each in found]})
        return
    if not found:
        console.print("Nenhum bloqueio / no lockouts")
    for counted, tally in found:
        until = "até liberar / until released" if tally.stopped else f"{tally.until:%Y-%m-%d %H:%M:%S} UTC"
        console.print(f"{counted.lockout_id}  {counted.department}  {SCOPES[counted.scope]}", soft_wrap=True)
        console.print(f"  {counted.method}   falhas / failures: {tally.total}   {until}", soft_wrap=True, markup=False)


@group.command("release")
def release(
    lockout_id: Annotated[UUID, typer.Argument(metavar="ID", help="O bloqueio / the lockout")],
    reason: Annotated[str, typer.Option(help="Por quê, um código / why, a code")],
    as_json: JsonOption = False,
) -> None:
    """Libera um bloqueio; fica no histórico / End a lockout; it stays in the history."""
    with bootstrap(load_settings(), vision=False) as app:
        act = app.services.act(ACTOR, "cli")
        counted, tally = lockout_history.release(
            app.services, lockout_id, reason=reason_code(reason), department=None, act=act
        )
    if as_json:
        print_json({"released": document(counted, tally)})
    else:
        console.print(f"Liberado / released: {lockout_id}")
