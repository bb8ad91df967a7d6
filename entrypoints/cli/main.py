"""The ``faceauth`` command: one Typer application, one place where errors become exit codes."""

from __future__ import annotations

import sys

import typer

from domain.errors import FaceauthError
from entrypoints.cli import (
    account,
    audit,
    audit_log,
    backup,
    bench,
    clients,
    consent,
    console_link,
    demo,
    device,
    evaluate,
    incident,
    keys,
    lockouts,
    models,
    notice,
    operations,
    people,
    report,
    retention,
    rights,
    rotation,
    serve,
    sessions,
    signals,
    subject,
    witness,
)
from entrypoints.cli.output import configure_logging, print_error
from entrypoints.hardening import harden

cli = typer.Typer(
    name="faceauth",
    help="Autenticação facial local para hospitais / Local face authentication for hospitals",
    no_args_is_help=True,
    add_completion=False,
    pretty_exceptions_enable=False,
)
cli.command("serve")(serve.serve)
cli.command("enroll")(people.enroll)
cli.command("authenticate")(people.authenticate)
cli.command("demo")(demo.demo)
cli.command("bench")(bench.bench)
cli.command("doctor")(operations.doctor)
cli.command("report")(report.report)
cli.add_typer(incident.group, name="incident")
cli.add_typer(evaluate.group, name="evaluate")
cli.add_typer(models.group, name="models")
cli.add_typer(keys.group, name="keys")
cli.add_typer(lockouts.group, name="lockout")
cli.add_typer(retention.group, name="retention")
cli.add_typer(rotation.group, name="rotation")
cli.add_typer(account.group, name="account")
cli.add_typer(subject.group, name="subject")
cli.add_typer(rights.group, name="request")
cli.add_typer(consent.group, name="consent")
cli.add_typer(notice.group, name="notice")
cli.add_typer(device.group, name="device")
cli.add_typer(backup.group, name="backup")
cli.add_typer(audit.group, name="audit")
audit_log.register(audit.group)
cli.add_typer(operations.projections, name="projections")
cli.add_typer(operations.database, name="db")
cli.add_typer(operations.departments, name="department")
cli.add_typer(operations.tokens, name="token")
cli.add_typer(signals.group, name="signals")
cli.add_typer(clients.group, name="client")
cli.add_typer(sessions.group, name="session")
cli.add_typer(witness.group, name="witness")
cli.add_typer(console_link.group, name="console")


def run() -> None:
    """Run the command: 0 when it did what was asked, 1 when it could not or refused, 2 for wrong usage."""
    harden()
    configure_logging()
    try:
        cli(prog_name="faceauth")
    except FaceauthError as error:
        print_error(error.code, str(error), as_json="--json" in sys.argv)
        sys.exit(1)
    except KeyboardInterrupt:
        sys.exit(130)
