"""``faceauth notice``: publish the privacy notice, and look at every version there was."""

from __future__ import annotations

import hashlib
from pathlib import Path
from typing import Annotated, Any

import typer

from application import notice as notices
from domain.consent import PURPOSES
from domain.errors import InvalidInputError
from domain.notice import CONSENT, MAX_CHARACTERS, Basis, Notice
from entrypoints.bootstrap import bootstrap
from entrypoints.cli.output import JsonOption, console, print_json
from entrypoints.http.consent import notice_document
from entrypoints.settings import load_settings

group = typer.Typer(help="Avisos de privacidade / Privacy notices", no_args_is_help=True)

ACTOR = "operator:cli"
MOST_BYTES = 4 * MAX_CHARACTERS
MOST_TEST_BYTES = 64 * 1024 * 1024


@group.command("publish")
def publish(
    version: Annotated[str, typer.Option(help="Versão, nunca usada antes / version, never used before")],
    pt_br: Annotated[Path, typer.Option("--pt-br", help="Texto em português (Markdown, UTF-8)")],
    en: Annotated[Path, typer.Option("--en", help="English text (Markdown, UTF-8)")],
    material: Annotated[bool, typer.Option(help="Mudança material: pede novo consentimento / asks anew")] = False,
    grace_days: Annotated[int, typer.Option(help="Prazo para renovar, dias / days to renew")] = 0,
    consent_days: Annotated[int | None, typer.Option(help="Validade do consentimento, dias / validity, days")] = None,
    retention_days: Annotated[int | None, typer.Option(help="Retenção, dias / retention, days")] = None,
    basis: Annotated[
        list[str] | None, typer.Option(help="FINALIDADE=BASE: authentication=fraud_prevention / PURPOSE=BASIS")
    ] = None,
    balancing_test: Annotated[
        Path | None, typer.Option(help="Teste de balanceamento (guarda-se o SHA-256) / balancing test, kept by SHA-256")
    ] = None,
    balancing_test_date: Annotated[str, typer.Option(help="Data do teste / its date, YYYY-MM-DD")] = "",
    as_json: JsonOption = False,
) -> None:
    """Publica um aviso, que passa a valer já / Publish a notice, in force from now on."""
    test = "" if balancing_test is None else hashlib.sha256(_bytes(balancing_test, MOST_TEST_BYTES)).hexdigest()
    notice = Notice(
        version=version,
        pt_br=read_text(pt_br),
        en=read_text(en),
        material=material,
        grace_days=grace_days,
        consent_days=consent_days,
        retention_days=retention_days,
        bases=bases_of(basis or [], test, balancing_test_date),
    )
    notice.check()
    with bootstrap(load_settings(), vision=False) as app:
        notices.publish(app.services, notice, act=app.services.act(ACTOR, "cli"))
    if as_json:
        print_json(notice_document(notice))
        return
    console.print(f"Em vigor / in force: {notice.version}  sha256 {notice.sha256}", soft_wrap=True, markup=False)
    if material:
        words = f"Consentimentos anteriores valem por mais {grace_days} dias / earlier consents serve that long"
        console.print(words, soft_wrap=True)


@group.command("list")
def list_notices(as_json: JsonOption = False) -> None:
    """Lista as versões, da mais antiga à que vale / List the versions, oldest first; the last is in force."""
    with bootstrap(load_settings(), vision=False) as app:
        rows: list[dict[str, Any]] = [
            {
                "version": notice.version,
                "sha256": notice.sha256,
                "material": notice.material,
                "consent_days": notice.consent_days,
                "legal_basis": {basis.purpose: basis.code for basis in notice.bases},
                "published_at": published.at.isoformat() if published else None,
                "published_by": published.by if published else None,
                "deadline": published.deadline.isoformat() if published and published.deadline else None,
            }
            for notice, published in notices.known(app.services)
        ]
    rows[-1]["in_force"] = True
    if as_json:
        print_json({"notices": rows})
        return
    for row in rows:
        since = row["published_at"] or "de fábrica / built in"
        marks = ("material " if row["material"] else "") + ("em vigor / in force" if "in_force" in row else "")
        console.print(f"{row['version']:<14} {row['sha256'][:16]}…  {since}  {marks}", soft_wrap=True, markup=False)


@group.command("show")
def show(
    version: Annotated[str | None, typer.Option(help="Versão (padrão: a que vale) / default: in force")] = None,
    as_json: JsonOption = False,
) -> None:
    """Mostra um aviso nas duas línguas / Show a notice in both languages."""
    with bootstrap(load_settings(), vision=False) as app:
        services = app.services
        notice = notices.in_force(services) if version is None else notices.of_version(services, version)
    if as_json:
        print_json(notice_document(notice))
        return
    console.print(f"{notice.version}  sha256 {notice.sha256}", soft_wrap=True, markup=False)
    for basis in notice.bases:
        console.print(f"  {basis.purpose}: {basis.text}", soft_wrap=True, markup=False)
    for title, text in (("Português", notice.pt_br), ("English", notice.en)):
        console.print(f"\n{title}\n{text}", soft_wrap=True, markup=False)


def bases_of(given: list[str], test_sha256: str, test_on: str) -> list[Basis]:
    """Return the basis of each purpose, consent where none is named. Raises ``InvalidInputError``."""
    named: dict[str, str] = {}
    for text in given:
        purpose, _, code = text.partition("=")
        if purpose in named:
            raise InvalidInputError("a purpose has one basis")
        named[purpose] = code
    if unknown := sorted(set(named) - set(PURPOSES)):
        raise InvalidInputError(f"there is no purpose {unknown[0][:40]}: {', '.join(PURPOSES)}")
    codes = {purpose: named.get(purpose, CONSENT) for purpose in PURPOSES}
    if (test_sha256 or test_on) and set(codes.values()) == {CONSENT}:
        raise InvalidInputError("a balancing test belongs to a basis other than consent: --basis")
    bases: list[Basis] = []
    for purpose, code in codes.items():
        test: dict[str, Any] = {} if code == CONSENT else {"test_sha256": test_sha256, "test_on": test_on}
        bases.append(Basis(purpose, code, **test))
        bases[-1].check()
    return bases


def read_text(path: Path) -> str:
    """Return a notice's text: UTF-8, with or without a byte order mark, any line ends. Raises ``InvalidInputError``."""
    try:
        text = _bytes(path, MOST_BYTES).decode("utf-8-sig")
    except UnicodeDecodeError:
        raise InvalidInputError(f"{path} is not UTF-8: save it as UTF-8") from None
    text = text.replace("\r\n", "\n").replace("\r", "\n").strip()
    if not text:
        raise InvalidInputError(f"{path} is empty")
    return text


def _bytes(path: Path, most: int) -> bytes:
    try:
        if path.stat().st_size > most:
            raise InvalidInputError(f"{path} is larger than {most} bytes")
        return path.read_bytes()
    except OSError as error:
        raise InvalidInputError(f"{path} cannot be read: {error.strerror}") from error
