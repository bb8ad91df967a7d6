"""``faceauth device``: pair and revoke the hospital's own devices."""

from __future__ import annotations

from typing import Annotated
from uuid import UUID

import typer

from application import devices
from application.departments import check_department
from domain.act import reason_code
from entrypoints.bootstrap import bootstrap
from entrypoints.cli.output import JsonOption, console, print_json
from entrypoints.http.pairing import document
from entrypoints.settings import load_settings

group = typer.Typer(help="Aparelhos pareados / Paired devices", no_args_is_help=True)

ACTOR = "operator:cli"


@group.command("code")
def code(
    department: Annotated[str, typer.Option(help="Setor / department")],
    label: Annotated[
        str, typer.Option(help="Nome do aparelho, nunca de uma pessoa / what to call it, no person's name")
    ],
    as_json: JsonOption = False,
) -> None:
    """Cria um código de pareamento, válido por 10 minutos / Make a pairing code, good for 10 minutes."""
    with bootstrap(load_settings(), vision=False) as app:
        act = app.services.act(ACTOR, "cli")
        invited = devices.invite(app.services, department=check_department(department), label=label, act=act)
    if as_json:
        print_json({"code": invited.shown, "expires_at": invited.expires_at.isoformat()})
    else:
        console.print(f"{invited.shown}  até / until {invited.expires_at:%H:%M:%S} UTC", soft_wrap=True)


@group.command("list")
def list_devices(
    department: Annotated[str, typer.Option(help="Setor ou * / department or *")] = "*", as_json: JsonOption = False
) -> None:
    """Lista os aparelhos / List the devices."""
    with bootstrap(load_settings(), vision=False) as app:
        rows = [document(row) for row in devices.known(app.services, department=department)]
    if as_json:
        print_json({"devices": rows})
        return
    for row in rows:
        console.print(f"{row['device_id']}  {row['status']:8} {row['department']}  ", end="", soft_wrap=True)
        console.print(row["label"], markup=False)


@group.command("revoke")
def revoke(
    device_id: UUID,
    reason: Annotated[str, typer.Option(help="Motivo: lost, stolen, retired / reason")],
    as_json: JsonOption = False,
) -> None:
    """Revoga um aparelho e encerra as suas sessões / Revoke a device and end its sessions."""
    with bootstrap(load_settings(), vision=False) as app:
        act = app.services.act(ACTOR, "cli")
        ended = devices.revoke(app.services, device_id, department="*", reason=reason_code(reason), act=act)
    if as_json:
        print_json({"device_id": str(device_id), "sessions_revoked": ended})
    else:
        console.print(f"Revogado / revoked: {device_id}, {ended} sessões / sessions", soft_wrap=True)
