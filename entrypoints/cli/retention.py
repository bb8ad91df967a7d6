"""``faceauth retention``: how long things are kept, what goes, and what must stay."""

from __future__ import annotations

from typing import Annotated, Any, Final
from uuid import UUID

import typer

from application import holds
from application import retention as keeping
from application.history import subject_of
from application.services import Services
from domain.errors import InvalidInputError, RetentionHaltedError
from domain.retention import ALL, DEPARTMENT, HALTED, SUBJECT
from entrypoints.bootstrap import bootstrap
from entrypoints.cli.output import JsonOption, console, print_json, progress_bar
from entrypoints.retention_documents import shown_holds, survey_document
from entrypoints.settings import load_settings

group = typer.Typer(help="Prazos de guarda / Retention", no_args_is_help=True)

ACTOR: Final = "operator:cli"
STATES: Final = {
    "planned": "anunciada / announced",
    "halted": "PARADA, aguarda operador / HALTED, awaits an operator",
    "running": "em curso / under way",
    "completed": "concluída / completed",
    "cancelled": "cancelada / cancelled",
}
REASONS: Final = {
    "clock_jumped": "o relógio saltou, ou o serviço ficou parado / the clock jumped, or the service was off",
    "too_many": "apagaria demais de uma vez / would delete too much at once",
}
ENFORCED: Final = {
    "sweep": "varredura diária / daily sweep",
    "task": "outra tarefa / another task",
    "kept": "guarda-se / kept",
}

ReasonOption = Annotated[str, typer.Option(help="Motivo, um código / why, a code")]
SweepArgument = Annotated[UUID, typer.Argument(metavar="ID", help="A varredura / the sweep ('retention history')")]


@group.command("show")
def show(as_json: JsonOption = False) -> None:
    """Mostra os prazos, com base legal e fim / Show the periods, with legal basis and what happens at the end."""
    with bootstrap(load_settings(), vision=False) as app:
        lines = keeping.policies(app.services)
        standing = keeping.standing(app.services)
        held = shown_holds(app.services, act=app.services.act(ACTOR, "cli"))
    if as_json:
        print_json({"policies": lines, "sweeps": standing, "holds": held})
        return
    for line in lines:
        console.print(f"{line['category']}: {line['what']} / {line['what_en']}", soft_wrap=True, markup=False)
        console.print(f"  {line['period']} / {line['period_en']}   {line['basis']}", soft_wrap=True, markup=False)
        setting = line["setting"] or "não muda / fixed"
        console.print(f"  {line['at_end']} ({ENFORCED[line['enforced']]}; {setting})", soft_wrap=True, markup=False)
    for each in (one["waiting"] for one in standing if one["waiting"]):
        _print_sweep(each)
    _print_holds(held)


@group.command("run")
def run(
    dry_run: Annotated[
        bool, typer.Option("--dry-run", help="Só mostra o que sairia / only show what would go")
    ] = False,
    now: Annotated[
        bool, typer.Option("--now", help="Sem esperar o anúncio / without waiting for the announcement")
    ] = False,
    as_json: JsonOption = False,
) -> None:
    """Faz a varredura de hoje; pode ser interrompida e repetida / Do today's sweep; safe to stop and repeat."""
    with bootstrap(load_settings(), vision=False) as app:
        if dry_run:
            _dry_run(app.services, as_json=as_json)
            return
        with progress_bar("Retenção / retention") as (bar, task):
            told = keeping.run(
                app.services,
                act=app.services.act(ACTOR, "cli"),
                now=now,
                progress=lambda category, done, of: bar.update(
                    task, description=f"Retenção / retention: {category}", total=of, completed=done
                ),
            )
    if as_json:
        print_json({"sweeps": told})
    else:
        for each in told:
            _print_sweep(each)
    if halted := [each["category"] for each in told if each["status"] == HALTED]:
        raise RetentionHaltedError(
            f"{', '.join(halted)}: look at 'faceauth retention run --dry-run' and the clock, then "
            "'faceauth retention approve ID' or 'faceauth retention cancel ID --reason CODE'"
        )


@group.command("history")
def history(
    limit: Annotated[int, typer.Option(min=1, max=100_000, help="Quantas / how many")] = 50,
    every: Annotated[bool, typer.Option("--all", help="Também as vazias / those that took nothing, too")] = False,
    as_json: JsonOption = False,
) -> None:
    """Mostra as varreduras, a mais nova primeiro / Show the sweeps, newest first."""
    with bootstrap(load_settings(), vision=False) as app:
        found = keeping.history(app.services, limit=1_000_000)
    told = [each for each in found if every or each["deleted"] or each["held"] or each["status"] != "completed"][:limit]
    if as_json:
        print_json({"sweeps": told})
        return
    if not told:
        console.print("Nada foi apagado / nothing was deleted")
    for each in told:
        _print_sweep(each)


@group.command("approve")
def approve(sweep_id: SweepArgument, as_json: JsonOption = False) -> None:
    """Libera uma varredura parada ou anunciada / Let a halted or announced sweep go on, from the next run."""
    with bootstrap(load_settings(), vision=False) as app:
        keeping.approve(app.services, sweep_id, act=app.services.act(ACTOR, "cli"))
    _done({"approved": str(sweep_id)}, f"Liberada / approved: {sweep_id}", as_json=as_json)


@group.command("cancel")
def cancel(sweep_id: SweepArgument, reason: ReasonOption, as_json: JsonOption = False) -> None:
    """Cancela uma varredura; a do dia seguinte é planejada de novo / Cancel a sweep; the next day plans anew."""
    with bootstrap(load_settings(), vision=False) as app:
        keeping.cancel(app.services, sweep_id, reason=reason, act=app.services.act(ACTOR, "cli"))
    _done({"cancelled": str(sweep_id)}, f"Cancelada / cancelled: {sweep_id}", as_json=as_json)


@group.command("hold")
def hold(
    reason: ReasonOption,
    who: Annotated[
        str | None, typer.Argument(metavar="[WHO]", help="Pessoa: id ou usuário / a person: id or username")
    ] = None,
    department: Annotated[str | None, typer.Option(help="Ou um setor / or a department")] = None,
    every: Annotated[bool, typer.Option("--all", help="Ou tudo / or everything")] = False,
    as_json: JsonOption = False,
) -> None:
    """Guarda o que uma pessoa, um setor ou um caso precisa / Keep what is still needed: nothing of it goes."""
    if sum((who is not None, department is not None, every)) != 1:
        raise InvalidInputError("name a person, or --department, or --all: one of them")
    with bootstrap(load_settings(), vision=False) as app:
        scope, value = (ALL, "") if every else (DEPARTMENT, department or "")
        if who is not None:
            scope, value = SUBJECT, str(subject_of(app.services.store, app.services.vault, who))
        act = app.services.act(ACTOR, "cli")
        hold_id = holds.place(app.services, scope=scope, value=value, reason=reason, act=act)
    _done({"hold_id": str(hold_id)}, f"Guardado / held: {hold_id}", as_json=as_json)


@group.command("release")
def release(
    hold_id: Annotated[UUID, typer.Argument(metavar="ID", help="A guarda / the hold ('retention holds')")],
    reason: ReasonOption,
    as_json: JsonOption = False,
) -> None:
    """Encerra uma guarda / End a hold."""
    with bootstrap(load_settings(), vision=False) as app:
        holds.release(app.services, hold_id, reason=reason, act=app.services.act(ACTOR, "cli"))
    _done({"released": str(hold_id)}, f"Liberado / released: {hold_id}", as_json=as_json)


@group.command("holds")
def list_holds(
    every: Annotated[bool, typer.Option("--all", help="Também as encerradas / the released too")] = False,
    as_json: JsonOption = False,
) -> None:
    """Mostra as guardas, a mais nova primeiro / Show the holds, newest first."""
    with bootstrap(load_settings(), vision=False) as app:
        found = shown_holds(app.services, act=app.services.act(ACTOR, "cli"), ended=every)
    if as_json:
        print_json({"holds": found})
        return
    if not found:
        console.print("Nenhuma guarda / no holds")
    _print_holds(found)


def _dry_run(services: Services, *, as_json: bool) -> None:
    with progress_bar("Contando / counting"):
        found = [survey_document(each) for each in keeping.survey(services)]
    if as_json:
        print_json({"dry_run": found})
        return
    for each in found:
        oldest = f", desde / since {each['oldest'][:10]}" if each["oldest"] else ""
        console.print(
            f"{each['category']:18} sairiam / would go: {each['count']} de / of {each['total']}{oldest}"
            f"   guardados / held: {each['held']}   até / before {each['cutoff'][:10]}",
            soft_wrap=True,
            markup=False,
        )


def _print_sweep(each: dict[str, Any]) -> None:
    console.print(f"{each['day']}  {each['category']}: {STATES[each['status']]}", soft_wrap=True, markup=False)
    console.print(f"  {each['sweep_id']}", soft_wrap=True)
    console.print(
        f"  apagados / deleted: {each['deleted']}   previstos / planned: {each['count']} de / of {each['total']}"
        f"   guardados / held: {each['held']}   até / before {each['cutoff'][:10]}",
        soft_wrap=True,
        markup=False,
    )
    if each["status"] == "planned":
        console.print(f"  apaga a partir de / deletes from {each['due_at'][:16]} UTC", soft_wrap=True, markup=False)
    if each["reason"]:
        console.print(f"  {REASONS.get(each['reason'], each['reason'])}", soft_wrap=True, markup=False)


def _print_holds(found: list[dict[str, Any]]) -> None:
    for each in found:
        scope = each["scope"] if not each["value"] else f"{each['scope']} {each['value']}"
        ended = f"   até / until {each['released_at'][:10]}" if each["released_at"] else ""
        console.print(
            f"guarda / hold {each['hold_id']}: {scope} ({each['reason']}) "
            f"desde / since {each['placed_at'][:10]}{ended}",
            soft_wrap=True,
            markup=False,
        )


def _done(document: dict[str, str], line: str, *, as_json: bool) -> None:
    if as_json:
        print_json(document)
    else:
        console.print(line, soft_wrap=True, markup=False)
