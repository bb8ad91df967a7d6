"""``faceauth enroll`` and ``faceauth authenticate``: the same use cases as the network's, from files."""

from __future__ import annotations

import hashlib
import itertools
from dataclasses import asdict, replace
from pathlib import Path
from typing import Annotated

import typer

from adapters.vision.decoder import ENROLMENT_BYTES
from application import notice as notices
from application.authenticate import Authentication
from application.departments import check_department
from application.enroll import EnrollmentRefusedError
from application.enroll_consent import Form, check_consented
from application.history import subject_of
from application.outcome import Client, Outcome
from application.person import Person
from application.services import Services
from domain.errors import ConsentMissingError, InvalidInputError
from domain.policies.liveness import PASSIVE
from entrypoints.bootstrap import bootstrap
from entrypoints.cli.models import ensure_models
from entrypoints.cli.output import JsonOption, console, print_json
from entrypoints.http.messages import result
from entrypoints.settings import load_settings

Images = Annotated[list[Path], typer.Argument(help="Fotos JPEG, PNG ou WebP / pictures")]
Department = Annotated[str, typer.Option(help="Setor / department")]

ACTOR = "operator:cli"


def enroll(
    images: Images,
    department: Department,
    username: Annotated[str, typer.Option()],
    display_name: Annotated[str, typer.Option()],
    consent: Annotated[
        bool, typer.Option(help="Formulário assinado: você o viu / a signed form, which you attest")
    ] = False,
    own_consent: Annotated[
        bool, typer.Option(help="A pessoa já consentiu por si (consent invite) / consented by their own act")
    ] = False,
    form: Annotated[Path | None, typer.Option(help="Formulário digitalizado: guarda-se só o SHA-256 / scan")] = None,
    form_sha256: Annotated[str | None, typer.Option(help="SHA-256 do formulário / of the form")] = None,
    attested_by: Annotated[
        str | None, typer.Option(help="Quem viu o formulário: usuário ou id / who saw the form")
    ] = None,
    user_id: Annotated[str | None, typer.Option(help="Matrícula / employee number (default: username)")] = None,
    as_json: JsonOption = False,
) -> None:
    """Cadastra uma pessoa a partir de 5 a 10 fotos / Enrol a person from 5 to 10 pictures."""
    if consent == own_consent:
        raise ConsentMissingError(
            "nobody is enrolled without consent: show the notice (faceauth notice show); then --consent with a signed "
            "form, or --own-consent after faceauth consent invite"
        )
    if own_consent and (form or form_sha256 or attested_by):
        raise InvalidInputError("--form, --form-sha256 and --attested-by belong to --consent, a signed form")
    digest = _form_digest(form, form_sha256)
    pictures = [read_picture(path) for path in images]
    settings = load_settings()
    ensure_models(settings)
    with bootstrap(settings) as app:
        person = Person(user_id or username, username, display_name)
        try:
            version = None if own_consent else notices.in_force(app.services).version
            given = Form(digest, _attester(app.services, attested_by))
            check_consented(app.services, person, version, given)
            app.services.departments.add(check_department(department))
            enrolled = app.enrolling.enroll(
                person,
                department=department,
                pictures=pictures,
                notice_version=version,
                form=given,
                act=app.services.act(ACTOR, "cli"),
            )
        except EnrollmentRefusedError as refusal:
            if not as_json:
                for path, capture in zip(images, refusal.captures, strict=False):
                    console.print(f"  {path.name}: {capture.reason or 'ok'}")
            raise
    if as_json:
        print_json({"success": True} | asdict(enrolled))
        return
    for path, capture in zip(images, enrolled.captures, strict=True):
        console.print(f"  {path.name}: {'ok' if capture.accepted else capture.reason}")
    console.print(f"Cadastro ativo / enrolled: {username} ({enrolled.subject_id})", soft_wrap=True)


def _form_digest(form: Path | None, sha256: str | None) -> str:
    """Return the digest of the signed form, "" where none was given. Raises ``InvalidInputError``."""
    if form is None:
        return (sha256 or "").lower()
    digest = hashlib.sha256(read_picture(form)).hexdigest()
    if sha256 is not None and sha256.lower() != digest:
        raise InvalidInputError("--form and --form-sha256 name different forms")
    return digest


def _attester(services: Services, who: str | None) -> str:
    """Return who attests the form as an opaque actor: a known person, else whoever runs the command."""
    return ACTOR if who is None else f"subject:{subject_of(services.store, services.vault, who)}"


def authenticate(
    images: Images,
    department: Department,
    claim: Annotated[str | None, typer.Option(help="Verificar só esta pessoa / verify this person only (1:1)")] = None,
    as_json: JsonOption = False,
) -> None:
    """Tenta entrar com fotos, sem prova de movimento / Sign in from pictures, judged passively.

    Menos de três são repetidas / fewer than three are repeated.
    """
    pictures = [read_picture(path) for path in images]
    settings = load_settings()
    ensure_models(settings)
    with bootstrap(settings) as app:
        outcome = sign_in(app.services, pictures, department=department, claim=claim)
    if as_json:
        print_json(result(outcome))
    elif outcome.admission is not None:
        console.print(f"Entrou / let in: {outcome.admission.display_name} ({outcome.admission.username})")
    else:
        console.print(f"Recusado / refused: {outcome.code} → {outcome.next_step}")
    if not outcome.success:
        raise typer.Exit(1)


def sign_in(
    services: Services, pictures: list[bytes], *, department: str, claim: str | None = None, channel: str = "cli"
) -> Outcome:
    """Run one attempt over pictures, repeated until there is a decision or nothing more to learn."""
    if not pictures:
        raise InvalidInputError("give at least one picture")
    attempt = Authentication(
        _passively(services),
        department=department,
        mode="cli",
        client=Client("local", "faceauth cli"),
        channel=channel,
        stills=True,
    )
    attempt.start()
    if claim is not None:
        attempt.claim(claim)
    rounds = max(services.policies.evidence.max_usable, len(pictures))
    for picture in itertools.islice(itertools.cycle(pictures), rounds):
        attempt.note_received()
        if attempt.take(picture).finished:
            break
    return attempt.decide(last=True)


def _passively(services: Services) -> Services:
    """Return the services with the passive policy: photographs cannot follow movements, and the token says so."""
    evidence = replace(services.policies.evidence, mode=PASSIVE)
    return replace(services, policies=replace(services.policies, evidence=evidence))


def read_picture(path: Path) -> bytes:
    """Return a picture file's bytes. Raises ``InvalidInputError`` for one that cannot be read or is far too large."""
    try:
        if path.stat().st_size > ENROLMENT_BYTES:
            raise InvalidInputError(f"{path} is larger than {ENROLMENT_BYTES} bytes")
        return path.read_bytes()
    except OSError as error:
        raise InvalidInputError(f"{path} cannot be read: {error.strerror}") from error
