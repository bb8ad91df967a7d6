"""``faceauth audit export`` and ``faceauth audit stream``: the history for others' systems."""

from __future__ import annotations

import socket
from dataclasses import replace
from datetime import UTC, datetime
from pathlib import Path
from typing import Annotated, Any, Final

import typer

from adapters.exports.cef import Cef
from adapters.exports.checkpoint import FileCheckpoint
from adapters.exports.folder import MANIFEST, ExportFolder
from adapters.exports.syslog import Letters, SyslogSink, Target, Trust
from application import history, journal
from application.exporting.job import STREAM_KIND, Job, record_export
from application.exporting.selection import Selection
from application.exporting.streaming import Streaming
from application.services import Services
from domain.errors import FaceauthError, InvalidInputError
from entrypoints.bootstrap import bootstrap
from entrypoints.cli.output import JsonOption, console, errors, print_json, progress_bar
from entrypoints.exporting import FORMATS, form, job_records, version
from entrypoints.settings import load_settings

ACTOR: Final = "operator:cli"
MEGA: Final = 1024 * 1024

FormatOption = Annotated[str | None, typer.Option("--format", help=f"Formato / format: {', '.join(FORMATS)}")]
OutOption = Annotated[Path, typer.Option("--out", help="Pasta nova / new folder")]
SinceOption = Annotated[str | None, typer.Option("--since", help="Desde / since (RFC 3339)")]
UntilOption = Annotated[str | None, typer.Option("--until", help="Até / until (RFC 3339)")]
DepartmentOption = Annotated[str | None, typer.Option("--department", help="Setor / department")]
SubjectOption = Annotated[str | None, typer.Option("--subject", help="UUID ou usuário / subject id or username")]
EventOption = Annotated[str | None, typer.Option("--event", help="attempt.refused, attempt, …")]
OutcomeOption = Annotated[
    str | None, typer.Option("--outcome", help="Resultado ou código / outcome or code: refused, face_not_recognised")
]
ActorOption = Annotated[str | None, typer.Option("--actor", help="Quem fez / who did it: operator:cli, subject:…")]
NamesOption = Annotated[bool, typer.Option("--with-names", help="Com os nomes das pessoas / with people's names")]
ResumeOption = Annotated[bool, typer.Option("--resume", help="Continua o que foi interrompido / go on")]
BomOption = Annotated[bool, typer.Option("--bom", help="CSV para o Excel / byte order mark for Excel")]
ValidateOption = Annotated[bool, typer.Option("--validate", help="Valida cada AuditEvent FHIR / validate each")]
EventsOption = Annotated[int, typer.Option("--max-events", min=1, help="Eventos por arquivo / events per file")]
SizeOption = Annotated[int, typer.Option("--max-mb", min=1, max=4096, help="Tamanho do arquivo / MiB per file")]


def register(group: typer.Typer) -> None:
    """Add both commands to ``faceauth audit``."""
    group.command("export")(export)
    group.command("stream")(stream)


def export(
    out: OutOption,
    form_name: FormatOption = None,
    since: SinceOption = None,
    until: UntilOption = None,
    department: DepartmentOption = None,
    subject: SubjectOption = None,
    event: EventOption = None,
    actor: ActorOption = None,
    outcome: OutcomeOption = None,
    with_names: NamesOption = False,
    resume: ResumeOption = False,
    bom: BomOption = False,
    validate: ValidateOption = False,
    max_events: EventsOption = 50_000,
    max_mb: SizeOption = 64,
    as_json: JsonOption = False,
) -> None:
    """Exporta a história, com manifesto assinado / Export the history, with a signed manifest."""
    asked = (form_name, since, until, department, subject, event, actor, outcome)
    if resume and (any(asked) or with_names or bom):
        raise InvalidInputError("--resume goes on with what was asked for then: give --out and nothing else")
    if not resume and form_name is None:
        raise InvalidInputError(f"--format is one of {', '.join(FORMATS)}")
    with bootstrap(load_settings(), vision=False) as app:
        services, folder = app.services, ExportFolder(out, app.services)
        if not resume:
            form(form_name or "", bom=bom, validate=validate)
            selection = Selection(
                since=moment(since, "--since"),
                until=moment(until, "--until"),
                department=department,
                subject_id=history.subject_of(services.store, services.vault, subject) if subject else None,
                event=event,
                actor=actor,
                outcome=outcome,
            )
        with folder.held():
            if resume:
                job = folder.unfinished()
            else:
                job = _begun(services, form_name or "", selection, with_names=with_names, bom=bom)
                job = replace(job, most_events=max_events, most_bytes=max_mb * MEGA)
                folder.begin(job)
            # Of what is resumed, too: the entry of the first try may be what failed.
            record_export(services, job, services.act(ACTOR, "cli"))
            job = _written(services, folder, job, validate=validate)
    _show(out, job, as_json=as_json)


def stream(
    to: Annotated[str, typer.Option("--to", help="tls://siem:6514, tcp://siem:601, udp://siem:514")],
    ca: Annotated[Path | None, typer.Option("--ca", help="Autoridade do coletor, PEM / its authority")] = None,
    certificate: Annotated[Path | None, typer.Option("--cert", help="Nosso certificado, PEM / ours")] = None,
    key: Annotated[Path | None, typer.Option("--key", help="A chave dele, PEM / its key")] = None,
    once: Annotated[bool, typer.Option("--once", help="Até agora, e termina / up to now, then end")] = False,
    as_json: JsonOption = False,
) -> None:
    """Envia a história a um SIEM: CEF em syslog / Send the history to a SIEM as it happens: CEF over syslog."""
    target = Target.of(to)
    settings = load_settings()
    sink = SyslogSink(target, Letters(Cef(version()), socket.gethostname()), Trust(ca, certificate, key))
    checkpoint = FileCheckpoint.of_target(settings.home / "streams", to)
    with bootstrap(settings, vision=False) as app, app.services.store.mutex(f"audit stream {to}", wait=False):
        services = app.services
        end, began = services.store.position(), checkpoint.read()
        journal.record(
            services, STREAM_KIND, act=services.act(ACTOR, "cli"), facts={"format": "cef", "scheme": target.scheme}
        )
        if not as_json:
            errors.print(f"{to}: desde / from {began}", markup=False)
        Streaming(services.store, sink, checkpoint, on_fault=_told).run(end if once else None)
    if as_json:
        print_json({"to": to, "from_position": began, "position": checkpoint.read()})
    else:
        console.print(f"Enviado até / sent up to {checkpoint.read()}")


def moment(text: str | None, option: str) -> datetime | None:
    """Return a time; without an offset it is UTC. Raises ``InvalidInputError``."""
    if text is None:
        return None
    try:
        found = datetime.fromisoformat(text)
    except ValueError as error:
        raise InvalidInputError(f"{option} takes a time such as 2026-11-22T18:00:00+00:00") from error
    return found if found.tzinfo else found.replace(tzinfo=UTC)


def _begun(services: Services, form_name: str, selection: Selection, *, with_names: bool, bom: bool) -> Job:
    return Job(
        export_id=services.ids.new(),
        format=form_name,
        selection=selection,
        end=services.store.position(),
        started_at=services.clock.now(),
        actor=ACTOR,
        version=version(),
        with_names=with_names,
        bom=bom,
    )


def _written(services: Services, folder: ExportFolder, job: Job, *, validate: bool) -> Job:
    with progress_bar("Exportando / exporting") as (bar, task):
        bar.update(task, total=job.end, completed=job.after)
        return folder.write(
            job,
            job_records(services, job, lambda position: bar.update(task, completed=position)),
            form(job.format, bom=job.bom, validate=validate),
        )


def _show(out: Path, job: Job, *, as_json: bool) -> None:
    summary: dict[str, Any] = job.summary() | {"folder": str(out), "manifest": str(out / MANIFEST)}
    if as_json:
        print_json(summary)
        return
    console.print(f"{job.events} eventos em {len(job.parts)} arquivos / events in files: {out}", markup=False)
    console.print(f"Confira com / check with: faceauth-verify {out / MANIFEST} --files {out}", markup=False)


def _told(error: Exception) -> None:
    code = error.code if isinstance(error, FaceauthError) else type(error).__name__
    errors.print(f"{code}: {error}; tentando de novo / trying again", markup=False)
