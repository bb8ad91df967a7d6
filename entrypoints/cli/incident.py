"""``faceauth incident``: the register, its clocks, whom an incident reaches, and draft notices."""

from __future__ import annotations

from collections.abc import Callable
from datetime import UTC, datetime
from pathlib import Path
from typing import Annotated, Any
from uuid import UUID

import typer

from application import incidents
from application.affected import SELECTORS, Question
from application.incident_drafts import ANPD, RECIPIENTS, draft, markdown
from application.incidents import Assessment
from application.services import Services
from domain.act import Act
from domain.errors import InvalidInputError
from domain.incident import CATEGORIES, CAUSES, KINDS, MEANS, NOT_NOTIFIED, RISKS, Incident
from entrypoints.bootstrap import bootstrap
from entrypoints.cli.output import JsonOption, console, print_json
from entrypoints.cli.report import format_of, write, write_bytes
from entrypoints.documents.gathering import responsible
from entrypoints.documents.incident import draft_report, incident_document
from entrypoints.documents.parts import clock_line
from entrypoints.settings import load_settings

group = typer.Typer(help="Incidentes de segurança / Security incidents", no_args_is_help=True)

ACTOR = "operator:cli"
MARKDOWN = ".md"

IdArgument = Annotated[UUID, typer.Argument(metavar="ID", help="O incidente / the incident")]
AtOption = Annotated[str | None, typer.Option("--at", help="Quando, com fuso; padrão: agora / when, with offset; now")]
ReferenceOption = Annotated[str, typer.Option(help="Número do protocolo / protocol number")]


@group.command("open")
def open_(
    kind: Annotated[str, typer.Option(help=", ".join(KINDS))],
    cause: Annotated[str, typer.Option(help=", ".join(CAUSES))],
    category: Annotated[list[str], typer.Option(help=f"Dados / data (repeat): {', '.join(CATEGORIES)}")],
    description: Annotated[str, typer.Option(help="O que aconteceu; fica cifrado / what happened; sealed")],
    known_at: Annotated[
        str | None, typer.Option(help="Quando o hospital soube; padrão: agora / when the hospital learned of it; now")
    ] = None,
    as_json: JsonOption = False,
) -> None:
    """Registra um incidente; os prazos correm desde que se soube / Enter an incident; the clocks start."""

    def run(services: Services, act: Act) -> Incident:
        return incidents.open_incident(
            services,
            known_at=_moment(known_at, act),
            kind=kind,
            cause=cause,
            categories=category,
            description=description,
            act=act,
        )

    _do(run, as_json=as_json)


@group.command("assess")
def assess(
    incident_id: IdArgument,
    risk: Annotated[str, typer.Option(help=", ".join(RISKS))],
    before: Annotated[str, typer.Option(help="Medidas antes; cifrado / measures before; sealed")],
    after: Annotated[str, typer.Option(help="Medidas depois; cifrado / measures after; sealed")],
    selector: Annotated[str, typer.Option(help=f"Quem / whom: {', '.join(SELECTORS)}")] = "everyone",
    value: Annotated[str, typer.Option(help="Chave, aparelho, setor, dia… / key, device, department, day…")] = "",
    since: Annotated[str | None, typer.Option(help="Início / since")] = None,
    until: Annotated[str | None, typer.Option(help="Fim / until")] = None,
    delay: Annotated[str, typer.Option(help="Motivo da demora; cifrado / reason for delay; sealed")] = "",
    minors: Annotated[int | None, typer.Option(help="Crianças e adolescentes, se sabido / minors, if known")] = None,
    elderly: Annotated[int | None, typer.Option(help="Idosos, se sabido / elderly, if known")] = None,
    as_json: JsonOption = False,
) -> None:
    """Apura quem foi afetado e avalia o risco / Compute whom it reaches, and say how bad it is."""
    said = Assessment(risk, before, after, delay, minors, elderly)

    def run(services: Services, act: Act) -> Incident:
        question = Question(
            selector, value, _moment(since, act) if since else None, _moment(until, act) if until else None
        )
        return incidents.assess(services, incident_id, question, said, act=act)

    _do(run, as_json=as_json)


@group.command("notify-authority")
def notify_authority(
    incident_id: IdArgument,
    at: AtOption = None,
    reference: ReferenceOption = "",
    preliminary: Annotated[
        bool, typer.Option("--preliminary", help="Falta complementar / a supplement follows")
    ] = False,
    as_json: JsonOption = False,
) -> None:
    """Anota que a ANPD foi comunicada / Record that ANPD was told."""
    _do(
        lambda services, act: incidents.notify_authority(
            services, incident_id, told_at=_moment(at, act), reference=reference, preliminary=preliminary, act=act
        ),
        as_json=as_json,
    )


@group.command("notify-subjects")
def notify_subjects(
    incident_id: IdArgument,
    means: Annotated[list[str], typer.Option(help=f"Como / by (repeat): {', '.join(MEANS)}")],
    count: Annotated[int, typer.Option(min=0, help="Quantas pessoas / how many people")],
    at: AtOption = None,
    as_json: JsonOption = False,
) -> None:
    """Anota que os titulares foram comunicados / Record that the people were told."""
    _do(
        lambda services, act: incidents.notify_subjects(
            services, incident_id, told_at=_moment(at, act), means=means, count=count, act=act
        ),
        as_json=as_json,
    )


@group.command("supplement")
def supplement(
    incident_id: IdArgument, at: AtOption = None, reference: ReferenceOption = "", as_json: JsonOption = False
) -> None:
    """Anota o complemento à ANPD / Record the supplement to ANPD."""
    _do(
        lambda services, act: incidents.supplement(
            services, incident_id, told_at=_moment(at, act), reference=reference, act=act
        ),
        as_json=as_json,
    )


@group.command("close")
def close(
    incident_id: IdArgument,
    not_notified: Annotated[
        str, typer.Option(help=f"Se ninguém foi comunicado, por quê / why nobody was told: {', '.join(NOT_NOTIFIED)}")
    ] = "",
    as_json: JsonOption = False,
) -> None:
    """Encerra; fica no registro ao menos 5 anos / Close it; it stays in the register for at least 5 years."""
    _do(
        lambda services, act: incidents.close(services, incident_id, not_notified=not_notified, act=act),
        as_json=as_json,
    )


@group.command("list")
def list_(as_json: JsonOption = False) -> None:
    """Mostra o registro, com os prazos / Show the register, with its clocks."""
    with bootstrap(load_settings(), vision=False) as app:
        services = app.services
        found = [incident_document(services, one) | {"texts": None} for one in incidents.listing(services)]
        clocks = {
            str(one.id): incidents.clocks(one, services.calendar, services.clock.now())
            for one in incidents.listing(services)
        }
    if as_json:
        print_json({"incidents": found})
        return
    if not found:
        console.print("Nenhum incidente / no incidents")
    for one in found:
        console.print(f"{one['incident_id']}  {one['status']}  {one['cause']}  {one['known_at'][:16]}", soft_wrap=True)
        _print_clocks(clocks[one["incident_id"]])


@group.command("show")
def show(incident_id: IdArgument, as_json: JsonOption = False) -> None:
    """Mostra um incidente inteiro / Show one incident whole."""
    _do(lambda services, _act: incidents.find(services, incident_id), as_json=as_json, texts=True)


@group.command("affected")
def affected(
    incident_id: IdArgument,
    ids: Annotated[bool, typer.Option("--ids", help="Lista os ids; fica anotado / list the ids; recorded")] = False,
    as_json: JsonOption = False,
) -> None:
    """Quantos foram afetados; com --ids, quem / How many were affected; with --ids, who."""
    with bootstrap(load_settings(), vision=False) as app:
        services = app.services
        it = incidents.find(services, incident_id)
        document = incident_document(services, it)["affected"]
        if document is None:
            raise InvalidInputError("assess it first: then it is known whom it reaches")
        if ids:
            reached = incidents.people(services, it, act=services.act(ACTOR, "cli"))
            document |= {"subject_ids": [str(one) for one in reached.subjects]}
    if as_json:
        print_json(document)
        return
    console.print(f"Titulares / data subjects: {document['subjects']}   {', '.join(document['departments'])}")
    for one in document.get("subject_ids", []):
        console.print(one)


@group.command("draft")
def draft_(
    incident_id: IdArgument,
    to: Annotated[str, typer.Option(help=" | ".join(RECIPIENTS))] = ANPD,
    out: Annotated[Path | None, typer.Option(help="Arquivo .md, .html ou .pdf / file", dir_okay=False)] = None,
) -> None:
    """Rascunho da comunicação, para terminar à mão / Draft of the notice, to be finished by hand."""
    settings = load_settings()
    form = None if out is None or out.suffix.lower() == MARKDOWN else format_of(out)
    with bootstrap(settings, vision=False) as app:
        services = app.services
        found = draft(services, incidents.find(services, incident_id), to, responsible(settings))
        now = services.clock.now()
    if out is None:
        console.print(markdown(found), soft_wrap=True, markup=False)
        return
    if form is None:
        write_bytes(out, markdown(found).encode())
    else:
        write(out, draft_report(found), form, made_at=now)
    console.print(f"Rascunho / draft: {out}   faltam / to fill in: {found.gaps}", soft_wrap=True, markup=False)


def _do(run: Callable[[Services, Act], Incident], *, as_json: bool, texts: bool = False) -> None:
    with bootstrap(load_settings(), vision=False) as app:
        services = app.services
        it = run(services, services.act(ACTOR, "cli"))
        document = incident_document(services, it)
        clocks = incidents.clocks(it, services.calendar, services.clock.now())
    if as_json:
        print_json(document if texts else document | {"texts": None})
        return
    console.print(f"{document['incident_id']}  {document['status']}  {document['cause']}", soft_wrap=True)
    reach: Any = document["affected"]
    if reach:
        console.print(f"Titulares / data subjects: {reach['subjects']}   {document['risk']}", soft_wrap=True)
    for name, text in document["texts"].items() if texts else ():
        console.print(f"{name}: {text}", soft_wrap=True, markup=False)
    _print_clocks(clocks)


def _print_clocks(clocks: list[incidents.Clock]) -> None:
    for clock in clocks:
        colour = "red" if clock.state == incidents.OVERDUE else "yellow" if clock.warns else "default"
        left = "" if clock.left is None or clock.left < 0 else f"  ({clock.left} dias úteis / business days)"
        console.print(f"  [{colour}]{clock_line(clock)}[/]{left}", soft_wrap=True)


def _moment(text: str | None, act: Act) -> datetime:
    if text is None:
        return act.at
    try:
        at = datetime.fromisoformat(text)
    except ValueError:
        at = None
    if at is None or at.tzinfo is None:
        raise InvalidInputError("a time has an offset, such as 2026-11-22T18:00:00-03:00")
    return at.astimezone(UTC)
