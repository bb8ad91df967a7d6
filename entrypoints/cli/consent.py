"""``faceauth consent``: who consented to what, receipts, and codes by which people decide."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Annotated, Any

import typer

from application import consent_codes, consent_periods, receipts
from application.accounts import open_account
from application.departments import check_department
from application.history import subject_of
from application.person import Person
from application.signed_documents import CONSENT_RECEIPT, opened
from application.viewing import record_viewing
from domain.errors import InvalidInputError
from entrypoints.bootstrap import bootstrap
from entrypoints.cli.output import JsonOption, console, print_json
from entrypoints.http.consents import FORM, consent_document, moment
from entrypoints.settings import load_settings

group = typer.Typer(help="Consentimentos / Consents", no_args_is_help=True)

ACTOR = "operator:cli"

Who = Annotated[str, typer.Argument(help="Usuário ou id do titular / username or subject id")]


@group.command("list")
def list_consents(
    state: Annotated[str | None, typer.Option(help="granted, withdrawn, objected, expired")] = None,
    expiring_before: Annotated[str | None, typer.Option(help="Vence antes de / ends before, YYYY-MM-DD")] = None,
    channel: Annotated[str | None, typer.Option(help="paper, session, code")] = None,
    department: Annotated[str, typer.Option(help="Setor ou * / department or *")] = "*",
    limit: Annotated[int, typer.Option(min=1, max=5000, help="Quantos, no máximo / how many at most")] = 200,
    as_json: JsonOption = False,
) -> None:
    """Lista consentimentos, os que vencem antes primeiro / List consents, the first to end first."""
    with bootstrap(load_settings(), vision=False) as app:
        rows = consent_periods.listing(
            app.services,
            department=department,
            state=state,
            channel=channel,
            expiring_before=None if expiring_before is None else moment(expiring_before),
        )
        act, shown = app.services.act(ACTOR, "cli"), rows[:limit]
        record_viewing(app.services, {row["subject_id"] for row in shown}, what="consents", act=act)
        documents = [consent_document(row) for row in shown]
    if as_json:
        print_json({"consents": documents, "total": len(rows)})
        return
    for row in documents:
        until = (row["expires_at"] or "sem prazo / no end")[:20]
        words = f"{row['subject_id']}  {row['purpose']:<14} {row['status']:<9} {row['channel']:<8}"
        console.print(f"{words} {row['notice_version']:<12} {until}", soft_wrap=True, markup=False)
    console.print(f"{len(documents)} / {len(rows)} consentimentos / consents")


@group.command("show")
def show(who: Who, as_json: JsonOption = False) -> None:
    """Mostra os consentimentos de uma pessoa e o que houve com eles / Show a person's consents and their history."""
    document = _receipt(who)["document"]
    if as_json:
        print_json({"subject_id": document["pii_principal_id"], "consents": document["records"]})
        return
    for record in document["records"]:
        title = f"{record['purpose']['code']}: {record['state']}  ({record['lawful_basis']})"
        console.print(title, soft_wrap=True, markup=False)
        for event in record["events"]:
            how = event.get("collected") or event.get("reason") or ""
            console.print(
                f"  {event['event_time'][:19]}  {event['event_type']:<10} {how:<16} {event.get('notice_version', '')}",
                soft_wrap=True,
                markup=False,
            )


@group.command("receipt")
def receipt(
    who: Who,
    out: Annotated[Path | None, typer.Option(help="Grava neste arquivo / write to this file")] = None,
) -> None:
    """Emite o recibo assinado (ISO/IEC TS 27560) / Issue the signed receipt."""
    envelope = _receipt(who)
    if out is None:
        print_json(envelope)
        return
    try:
        out.write_text(json.dumps(envelope, ensure_ascii=False, indent=2) + "\n", encoding="utf-8")
    except OSError as error:
        raise InvalidInputError(f"{out} cannot be written: {error.strerror}") from None
    console.print(f"Recibo / receipt: {out}", soft_wrap=True, markup=False)


@group.command("verify")
def verify(path: Annotated[Path, typer.Argument(help="Recibo / receipt")], as_json: JsonOption = False) -> None:
    """Confere um recibo com a chave desta casa / Check a receipt against this house's key."""
    try:
        envelope = json.loads(path.read_bytes())
    except (OSError, ValueError):
        raise InvalidInputError(f"{path} cannot be read as JSON") from None
    if not isinstance(envelope, dict):
        raise InvalidInputError(f"{path} holds no receipt")
    with bootstrap(load_settings(), vision=False) as app:
        document = opened(app.services.notary, CONSENT_RECEIPT, envelope)
    if as_json:
        print_json({"valid": True, "issued_at": document["issued_at"]})
    else:
        console.print(f"Válido / valid: {document['issued_at']}", soft_wrap=True, markup=False)


@group.command("invite")
def invite(
    user: Annotated[str, typer.Option(help="Usuário ou id do titular / username or subject id")],
    user_id: Annotated[str | None, typer.Option(help="Pessoa nova: matrícula / somebody new: employee number")] = None,
    display_name: Annotated[str | None, typer.Option(help="Pessoa nova: nome / somebody new: name")] = None,
    department: Annotated[str | None, typer.Option(help="Pessoa nova: setor / somebody new: department")] = None,
    as_json: JsonOption = False,
) -> None:
    """Cria um código de uso único, válido por 24 horas, para a pessoa decidir / A one-time code, good for 24 hours."""
    new = (user_id, display_name, department)
    if any(new) and not all(new):
        raise InvalidInputError("somebody new needs --user-id, --display-name and --department")
    with bootstrap(load_settings(), vision=False) as app:
        services, act = app.services, app.services.act(ACTOR, "cli")
        if user_id and display_name and department:
            person = Person(user_id, user, display_name)
            account = open_account(services, person, department=check_department(department), act=act)
            subject_id = account.subject_id
        else:
            subject_id = subject_of(services.store, services.vault, user)
        invited = consent_codes.invite(services, subject_id, act=act)
    if as_json:
        document = {"code": invited.shown, "subject_id": str(subject_id), "expires_at": invited.expires_at.isoformat()}
        print_json(document | {"form": FORM})
        return
    console.print(f"{invited.shown}  até / until {invited.expires_at:%Y-%m-%d %H:%M} UTC  →  {FORM}", soft_wrap=True)


def _receipt(who: str) -> dict[str, Any]:
    with bootstrap(load_settings(), vision=False) as app:
        services = app.services
        subject_id = subject_of(services.store, services.vault, who)
        issued = receipts.receipt(services, subject_id)
        record_viewing(services, [subject_id], what="consent_receipt", act=services.act(ACTOR, "cli"))
        return issued
