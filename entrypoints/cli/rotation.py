"""``faceauth rotation``: campaigns that renew templates, or ask for new captures where a model changed."""

from __future__ import annotations

from dataclasses import asdict
from typing import Annotated, Any
from uuid import UUID

import typer

from application import rotate
from application.campaigns import Report
from domain.errors import InvalidInputError
from domain.rotation import ALL, DEPARTMENT, MODEL_UPGRADE, SUBJECT
from entrypoints.bootstrap import bootstrap
from entrypoints.cli.models import ensure_models
from entrypoints.cli.output import JsonOption, console, print_json, progress_bar
from entrypoints.settings import load_settings

group = typer.Typer(help="Campanhas de rotação / Rotation campaigns", no_args_is_help=True)

ACTOR = "operator:cli"
STATES = {
    "planned": "Planejada / planned",
    "running": "Em andamento / running",
    "waiting_for_recapture": "Aguardando novas capturas / waiting for recapture",
    "completed": "Concluída / completed",
    "cancelled": "Cancelada / cancelled",
}
NOTHING = "Nenhuma campanha aberta / no campaign is open"


@group.command("plan")
def plan(
    reason: Annotated[str, typer.Option(help="schedule | key_compromise | model_upgrade | transform_renewal | policy")],
    department: Annotated[str | None, typer.Option(help="Só este setor / this department only")] = None,
    subject: Annotated[str | None, typer.Option(help="Só esta pessoa (id) / this subject only (id)")] = None,
    as_json: JsonOption = False,
) -> None:
    """Planeja uma campanha; 'rotation run' a executa / Plan a campaign; 'rotation run' runs it."""
    if department is not None and subject is not None:
        raise InvalidInputError("a campaign is over one department or one subject, not both")
    scope = DEPARTMENT if department is not None else SUBJECT if subject is not None else ALL
    settings = load_settings()
    if reason == MODEL_UPGRADE:  # the one reason that needs to know which model serves
        ensure_models(settings)
    with bootstrap(settings, vision=reason == MODEL_UPGRADE) as app:
        rotation = rotate.plan(
            app.services,
            reason=reason,
            scope=scope,
            value=department or subject or "",
            act=app.services.act(ACTOR, "cli"),
        )
        (report,) = rotate.status(app.services, rotation.id)
    _show([report], as_json=as_json, document=_document(report))


@group.command("run")
def run(
    rotation_id: Annotated[UUID | None, typer.Argument(metavar="[ID]", help="A campanha / the campaign")] = None,
    as_json: JsonOption = False,
) -> None:
    """Executa a campanha aberta; pode ser interrompida e repetida / Run the open campaign; safe to stop and repeat."""
    with bootstrap(load_settings(), vision=False) as app, progress_bar("Rotação / rotation") as (bar, task):
        report = rotate.run(
            app.services,
            rotation_id,
            act=app.services.act(ACTOR, "cli"),
            progress=lambda done, total: bar.update(task, total=total, completed=done),
        )
    if report is None:
        print_json({"state": "nothing_to_do"}) if as_json else console.print(NOTHING)
    else:
        _show([report], as_json=as_json, document=_document(report))


@group.command("status")
def status(
    rotation_id: Annotated[UUID | None, typer.Argument(metavar="[ID]", help="A campanha / the campaign")] = None,
    as_json: JsonOption = False,
) -> None:
    """Mostra as campanhas, a mais nova primeiro / Show the campaigns, newest first."""
    with bootstrap(load_settings(), vision=False) as app:
        reports = rotate.status(app.services, rotation_id)
    documents = [_document(report) for report in reports]
    _show(reports, as_json=as_json, document={"rotations": documents} if rotation_id is None else documents[0])


@group.command("cancel")
def cancel(
    rotation_id: Annotated[UUID, typer.Argument(metavar="ID", help="A campanha / the campaign")],
    reason: Annotated[str, typer.Option(help="Por quê / why")],
    as_json: JsonOption = False,
) -> None:
    """Cancela; quem já foi feito fica como está / Cancel; whoever was done stays as they are."""
    with bootstrap(load_settings(), vision=False) as app:
        report = rotate.cancel(app.services, rotation_id, reason=reason, act=app.services.act(ACTOR, "cli"))
    _show([report], as_json=as_json, document=_document(report))


def _document(report: Report) -> dict[str, Any]:
    ended = report.ended_at.isoformat() if report.ended_at else None
    return asdict(report) | {"planned_at": report.planned_at.isoformat(), "ended_at": ended}


def _show(reports: list[Report], *, as_json: bool, document: Any) -> None:
    if as_json:
        print_json(document)
        return
    if not reports:
        console.print("Nenhuma campanha / no campaigns")
    for report in reports:
        scope = report.scope if not report.value else f"{report.scope} {report.value}"
        console.print(f"{STATES[report.state]}: {report.rotation_id}", soft_wrap=True)
        console.print(
            f"  {report.reason}, {scope}, {report.planned_at:%Y-%m-%d %H:%M} UTC", soft_wrap=True, markup=False
        )
        console.print(
            f"  trocados / rotated: {report.rotated}   aguardando câmera / awaiting a camera: {report.awaited}"
            f"   faltam / left: {report.left}   de / of: {report.total}",
            soft_wrap=True,
        )
        for code, count in sorted(report.skipped.items()):
            console.print(f"  pulados / skipped ({code}): {count}", soft_wrap=True)
