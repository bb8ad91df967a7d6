"""``faceauth subject``: forget a person, and prove it."""

from __future__ import annotations

from typing import Annotated
from uuid import UUID

import typer

from application import erase as erasing
from application.history import subject_of
from application.services import Services
from domain.errors import InvalidInputError
from entrypoints.bootstrap import bootstrap
from entrypoints.cli.output import JsonOption, console, print_json, progress_bar
from entrypoints.settings import load_settings

group = typer.Typer(help="Titulares / Data subjects", no_args_is_help=True)

ACTOR = "operator:cli"

SubjectOption = Annotated[str | None, typer.Option(help="Id do titular / subject id")]
UsernameOption = Annotated[str | None, typer.Option(help="Usuário / username")]


@group.command("erase")
def erase(
    username: UsernameOption = None,
    subject: SubjectOption = None,
    now: Annotated[bool, typer.Option("--now", help="Torna definitivo já / make it final at once")] = False,
    reason: Annotated[str, typer.Option(help="Motivo, sem dados pessoais / reason, nothing personal")] = "request",
    as_json: JsonOption = False,
) -> None:
    """Apaga uma pessoa para sempre e emite o certificado / Erase a person for good and issue the certificate."""
    with bootstrap(load_settings(), vision=False) as app, progress_bar("Apagando / erasing") as (bar, task):
        erased = erasing.erase(
            app.services,
            subject_named(app.services, username, subject),
            act=app.services.act(ACTOR, "cli"),
            reason=reason,
            now=now,
            progress=lambda done, of: bar.update(task, total=of, completed=done),
        )
    _show(erased, as_json=as_json)


@group.command("certificate")
def certificate(username: UsernameOption = None, subject: SubjectOption = None, as_json: JsonOption = False) -> None:
    """Emite de novo o certificado de um apagamento / Issue an erasure's certificate again."""
    with bootstrap(load_settings(), vision=False) as app:
        erased = erasing.standing(app.services, subject_named(app.services, username, subject))
    _show(erased, as_json=as_json)


def _show(erased: erasing.Erased, *, as_json: bool) -> None:
    if as_json:
        print_json(erasing.as_document(erased))
        return
    console.print(f"Apagado / erased: {erased.subject_id} ({erased.erased_at:%Y-%m-%d %H:%M} UTC)", soft_wrap=True)
    if erased.final:
        console.print(f"Definitivo desde / final since: {erased.final_at:%Y-%m-%d %H:%M} UTC")
    else:
        console.print(f"Definitivo até / final by: {erased.final_by:%Y-%m-%d %H:%M} UTC (--now: já / at once)")
    console.print(f"Último backup de chaves / last key backup gone by: {erased.horizon:%Y-%m-%d}")
    console.print("Certificado (JWT) / certificate (JWT):")
    console.print(erased.certificate, soft_wrap=True, markup=False)


def subject_named(services: Services, username: str | None, subject: str | None) -> UUID:
    """Return whom a command is about. Raises ``InvalidInputError``, ``NotFoundError``."""
    if (username is None) == (subject is None):
        raise InvalidInputError("name the person: --username or --subject, one of them")
    try:
        return UUID(subject) if subject is not None else subject_of(services.store, services.vault, username or "")
    except ValueError:
        raise InvalidInputError("--subject takes a subject id (UUID)") from None
