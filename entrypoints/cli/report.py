"""``faceauth report``: the officer's documents, from live facts."""

from __future__ import annotations

import secrets
from datetime import datetime
from enum import StrEnum
from pathlib import Path
from typing import Annotated
from uuid import UUID

import typer

from adapters.reports.document import Report
from adapters.reports.html import FILE_MODE, check_writable
from domain.errors import InvalidInputError
from entrypoints import examination
from entrypoints.bootstrap import bootstrap
from entrypoints.cli.output import JsonOption, console, print_json
from entrypoints.documents import making
from entrypoints.documents.gathering import attached
from entrypoints.settings import load_settings


class Kind(StrEnum):
    """The documents there are."""

    ropa = making.ROPA
    ripd = making.RIPD
    encarregado = making.ENCARREGADO
    incident = making.INCIDENT
    monthly = making.MONTHLY


OutOption = Annotated[Path | None, typer.Option("--out", help="Arquivo .html ou .pdf / file", dir_okay=False)]


def report(
    kind: Annotated[
        Kind, typer.Argument(help="ropa (art. 37), ripd (art. 38), encarregado (art. 41), incident ID, monthly")
    ],
    incident_id: Annotated[UUID | None, typer.Argument(metavar="[ID]", help="O incidente / the incident")] = None,
    month: Annotated[str | None, typer.Option(help="Mês aaaa-mm / month yyyy-mm")] = None,
    attach: Annotated[
        list[Path] | None, typer.Option(help="Arquivo que acompanha, citado com SHA-256 / file that goes with it")
    ] = None,
    out: OutOption = None,
    as_json: JsonOption = False,
) -> None:
    """Faz um documento dos fatos de agora / Make a document from live facts (HTML, PDF or JSON)."""
    settings = load_settings()
    form = format_of(out) if out is not None else None
    if (kind is not Kind.monthly and month is not None) or (kind is not Kind.incident and incident_id is not None):
        raise InvalidInputError("--month goes with monthly, an id with incident")
    if out is None and not as_json:
        out = Path(f"{kind}-{month or f'{datetime.now().astimezone():%Y-%m-%d}'}.html")
        form = making.HTML
    if out is not None:
        check_writable(out)
    files = attached(attach or [])
    findings = examination.examine(settings) if kind is Kind.monthly else None
    with bootstrap(settings, vision=False) as app:
        made = making.make(app, kind.value, month=month, incident_id=incident_id, findings=findings, attachments=files)
    if out is not None and form is not None:
        write(out, made.report, form, made_at=made.made_at)
    if as_json:
        print_json(made.facts)
    else:
        console.print(f"Documento / document: {out}", soft_wrap=True, markup=False)


def format_of(out: Path) -> str:
    """Return the format that a file's name asks for. Raises ``InvalidInputError``."""
    form = out.suffix.lower().removeprefix(".")
    if form not in {making.HTML, making.PDF}:
        raise InvalidInputError("--out takes a file that ends in .html or .pdf")
    return form


def write(out: Path, made: Report, form: str, *, made_at: datetime) -> None:
    """Write the document, whole or not at all. Raises ``InvalidInputError``."""
    write_bytes(out, making.encoded(made, form, made_at=made_at))


def write_bytes(out: Path, content: bytes) -> None:
    """Write a file, whole or not at all. Raises ``InvalidInputError``."""
    beside = out.with_name(f".{out.name}.{secrets.token_hex(4)}")
    try:
        beside.write_bytes(content)
        beside.chmod(FILE_MODE)
        beside.replace(out)
    except OSError as error:
        beside.unlink(missing_ok=True)
        raise InvalidInputError(f"{out} cannot be written: {error.strerror}") from None
