"""``faceauth request``: what data subjects ask for, by when it is due, and answering it."""

from __future__ import annotations

import sys
from collections.abc import Mapping
from datetime import UTC, datetime
from pathlib import Path
from typing import Annotated, Any, Final
from uuid import UUID

import typer

from application import answering, reviewing, statement
from application import erase as erasing
from application import requests as desk
from application.requests import Asked
from application.statement import Surroundings
from application.viewing import record_viewing
from domain import request as rules
from domain.errors import InvalidInputError, NotFoundError
from entrypoints.app import App
from entrypoints.bootstrap import bootstrap
from entrypoints.cli import handing
from entrypoints.cli.output import JsonOption, console, errors, print_json
from entrypoints.cli.subject import SubjectOption, UsernameOption, subject_named
from entrypoints.http.requests import told
from entrypoints.settings import load_settings
from entrypoints.statement_report import both

group = typer.Typer(help="Pedidos de titulares (LGPD 18-20) / Data subjects' requests", no_args_is_help=True)

ACTOR: Final = "operator:cli"
RequestId = Annotated[UUID, typer.Argument(metavar="ID", help="Número do pedido / request id")]
TextOption = Annotated[str, typer.Option("--text", help="Texto, selado; - lê da entrada / text, sealed; - reads stdin")]
NewUsername = Annotated[str | None, typer.Option(help="Usuário certo / the right username")]
NewUserId = Annotated[str | None, typer.Option(help="Matrícula certa / the right employee number")]
NewName = Annotated[str | None, typer.Option(help="Nome certo / the right name")]
NewDepartment = Annotated[str | None, typer.Option(help="Setor certo / the right department")]


@group.command("open")
def open_(
    kind: Annotated[str, typer.Option(help=" | ".join(rules.KINDS))],
    identity: Annotated[str, typer.Option(help=f"Como conferiu / how checked: {' | '.join(rules.IDENTITY_CHECKS)}")],
    username: UsernameOption = None,
    subject: SubjectOption = None,
    attempt: Annotated[UUID | None, typer.Option(help="Tentativa a rever / attempt to review")] = None,
    received: Annotated[str | None, typer.Option(help="Recebido em / received at (RFC 3339)")] = None,
    text: TextOption = "",
    new_username: NewUsername = None,
    new_user_id: NewUserId = None,
    new_name: NewName = None,
    new_department: NewDepartment = None,
    as_json: JsonOption = False,
) -> None:
    """Registra um pedido feito no balcão; o prazo é de 15 dias / Take in a request made at the desk; due in 15 days."""
    asked = Asked(
        kind=kind,
        identity_check=_desk_check(identity),
        attempt_id=attempt,
        received_at=_moment(received),
        text=_text(text),
        correction=_correction(new_username, new_user_id, new_name, new_department),
    )
    with bootstrap(load_settings(), vision=False) as app:
        subject_id = subject_named(app.services, username, subject)
        department = _department(app, subject_id)
        act = app.services.act(ACTOR, "cli")
        opened = desk.open_request(app.services, subject_id, asked, department=department, act=act)
        document = told(app.services, opened)
    _show(document, as_json=as_json)


@group.command("list")
def list_requests(
    state: Annotated[str | None, typer.Option(help=f"pending | {' | '.join(rules.STATES)}")] = None,
    department: Annotated[str | None, typer.Option(help="Só este setor / this department only")] = None,
    kind: Annotated[str | None, typer.Option(help=" | ".join(rules.KINDS))] = None,
    as_json: JsonOption = False,
) -> None:
    """Lista os pedidos, o que vence antes primeiro / List the requests, the next to be due first."""
    with bootstrap(load_settings(), vision=False) as app:
        document = desk.listing(app.services, department=department, state=state, kind=kind)
    if as_json:
        print_json(document)
        return
    for row in document["requests"]:
        left = "" if row["days_left"] is None else f"{row['days_left']} d"
        told_of = f"{row['state']:9} {row['kind']:13} {row['department']}"
        console.print(f"{row['request_id']}  {row['due_at'][:16]}  {left:>6}  {told_of}", soft_wrap=True, markup=False)
    console.print(f"{len(document['requests'])} pedidos / requests")


@group.command("show")
def show(request_id: RequestId, as_json: JsonOption = False) -> None:
    """Mostra um pedido; fica registrado que foi visto / Show a request; that it was seen is on record."""
    with bootstrap(load_settings(), vision=False) as app:
        found = desk.find(app.services, request_id)
        record_viewing(app.services, [found.subject_id], what="request", act=app.services.act(ACTOR, "cli"))
        document = told(app.services, found)
    _show(document, as_json=as_json)


@group.command("answer")
def answer(
    request_id: RequestId,
    text: TextOption = "",
    out: Annotated[Path | None, typer.Option(help="O que se entrega, JSON / what is handed over")] = None,
    pdf: Annotated[Path | None, typer.Option(help="O mesmo em PDF / the same as PDF")] = None,
    new_username: NewUsername = None,
    new_user_id: NewUserId = None,
    new_name: NewName = None,
    new_department: NewDepartment = None,
    as_json: JsonOption = False,
) -> None:
    """Faz o que foi pedido e responde / Do what was asked and answer. Cut off, repeat it: nothing is done twice."""
    correction = _correction(new_username, new_user_id, new_name, new_department) or None
    handing.check(out, pdf)
    settings = load_settings()
    with bootstrap(settings, vision=False) as app:
        given = answering.answer(
            app.services,
            request_id,
            text=_text(text),
            correction=correction,
            around=Surroundings(settings.idp_issuer),
            act=app.services.act(ACTOR, "cli"),
        )
        document = told(app.services, given.request)
    if given.document is not None:
        printable = handing.printable(given.document)
        handing.write(given.document, out, pdf if printable else None)
        if pdf is not None and not printable:
            errors.print("Só a declaração completa vira PDF / only a full statement is made as PDF: use --out")
    _show(document | ({"document": given.document} if as_json else {}), as_json=as_json)


@group.command("refuse")
def refuse(
    request_id: RequestId,
    reason: Annotated[str, typer.Option(help=" | ".join(rules.REFUSAL_REASONS))],
    basis: Annotated[str, typer.Option(help=" | ".join(rules.LEGAL_BASES))] = "",
    text: TextOption = "",
    as_json: JsonOption = False,
) -> None:
    """Recusa um pedido, com motivo e base legal / Refuse a request, with a reason and its legal basis."""
    with bootstrap(load_settings(), vision=False) as app:
        act = app.services.act(ACTOR, "cli")
        refused = desk.refuse(app.services, request_id, reason=reason, legal_basis=basis, text=_text(text), act=act)
        document = told(app.services, refused)
    _show(document, as_json=as_json)


@group.command("statement")
def statement_of(
    username: UsernameOption = None,
    subject: SubjectOption = None,
    out: Annotated[Path | None, typer.Option(help="Arquivo JSON assinado / signed JSON file")] = None,
    pdf: Annotated[Path | None, typer.Option(help="Arquivo PDF / PDF file")] = None,
    html: Annotated[Path | None, typer.Option(help="Arquivo HTML / HTML file")] = None,
    as_json: JsonOption = False,
) -> None:
    """Emite a declaração completa, assinada; fica registrado / Issue the full statement, signed; that is on record."""
    handing.check(out, pdf, html)
    settings = load_settings()
    with bootstrap(settings, vision=False) as app:
        services, subject_id = app.services, subject_named(app.services, username, subject)
        document = _statement(app, subject_id)
        envelope = statement.signed_statement(services, document)
        record_viewing(services, [subject_id], what="statement", act=services.act(ACTOR, "cli"))
    written = handing.write(envelope, out, pdf, html)
    if as_json or not written:
        print_json(envelope)
        return
    for path in written:
        console.print(f"Gravado / written: {path}", soft_wrap=True, markup=False)


@group.command("review")
def review(
    request_id: RequestId,
    decision: Annotated[str | None, typer.Option(help=" | ".join(rules.REVIEW_REASONS))] = None,
    reason: Annotated[
        str, typer.Option(help="; ".join(f"{d}: {' | '.join(r)}" for d, r in rules.REVIEW_REASONS.items()))
    ] = "",
    measure: Annotated[list[str] | None, typer.Option(help=" | ".join(rules.MEASURES))] = None,
    text: TextOption = "",
    as_json: JsonOption = False,
) -> None:
    """Mostra o que decidiu uma recusa; --decision decide / Show what decided a refusal; --decision decides."""
    with bootstrap(load_settings(), vision=False) as app:
        services, act = app.services, app.services.act(ACTOR, "cli")
        if decision is None:
            print_json(reviewing.evidence(services, request_id, reaches=_everywhere, act=act))
            return
        decided = reviewing.decide(
            services,
            request_id,
            decision,
            reason=reason,
            measures=measure or [],
            text=_text(text),
            reaches=_everywhere,
            act=act,
        )
        document = told(services, decided)
    _show(document, as_json=as_json)


def _statement(app: App, subject_id: UUID) -> dict[str, Any]:
    """Return the full statement, or the honest one about somebody erased. Raises ``NotFoundError``."""
    try:
        return statement.full(app.services, subject_id, Surroundings(app.settings.idp_issuer))
    except NotFoundError:
        proof = erasing.find(app.services, subject_id)
        if proof is None or not proof.executed:
            raise
    erased = erasing.as_document(erasing.standing(app.services, subject_id))
    return statement.erased(subject_id, erased, app.services.clock.now())


def _department(app: App, subject_id: UUID) -> str:
    erasure = erasing.find(app.services, subject_id)
    if erasure is not None and erasure.executed:
        return erasure.department
    app.services.projector.catch_up()
    found = app.departments_of(subject_id)
    if not found:
        raise NotFoundError("no such subject")
    return next(iter(found))


def _everywhere(_department: str) -> bool:
    return True


def _show(document: Mapping[str, Any], *, as_json: bool) -> None:
    if as_json:
        print_json(document)
        return
    console.print(f"Pedido / request: {document['request_id']}", soft_wrap=True)
    lines = [
        ("Tipo / kind", both(document["name"])),
        ("Situação / state", both(document["state_name"])),
        ("Recebido / received", document["received_at"]),
        ("Prazo / due", document["due_at"]),
        ("Texto / text", document["text"]),
        ("Resultado / outcome", both(document["outcome_name"]) if document["outcome_name"] else None),
        ("Base legal / legal basis", both(document["legal_basis_name"]) if document["legal_basis_name"] else None),
        ("Resposta / answer", document["answer"]),
        ("Certificado / certificate", document.get("erasure", {}).get("certificate")),
    ]
    for label, value in lines:
        if value:
            console.print(f"  {label}: {value}", soft_wrap=True, markup=False)


def _correction(
    username: str | None, user_id: str | None, display_name: str | None, department: str | None
) -> dict[str, str]:
    given = {"username": username, "user_id": user_id, "display_name": display_name, "department": department}
    return {name: value for name, value in given.items() if value is not None}


def _desk_check(identity: str) -> str:
    if identity not in rules.IDENTITY_CHECKS:
        raise InvalidInputError(f"--identity is one of {', '.join(rules.IDENTITY_CHECKS)}")
    return identity


def _text(text: str) -> str:
    return sys.stdin.read(desk.LONGEST_TEXT + 2) if text == "-" else text


def _moment(text: str | None) -> datetime | None:
    if text is None:
        return None
    try:
        moment = datetime.fromisoformat(text)
    except ValueError:
        raise InvalidInputError("--received takes a time such as 2026-11-22T18:00:00+00:00") from None
    return moment if moment.tzinfo else moment.replace(tzinfo=UTC)
