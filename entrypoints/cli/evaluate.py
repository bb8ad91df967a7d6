"""``faceauth evaluate``: error rates of the very pipeline that serves, on given data. No database is needed."""

from __future__ import annotations

import typer

from entrypoints.cli import (
    evaluate_calibration,
    evaluate_identification,
    evaluate_pad,
    evaluate_session,
    evaluate_verification,
)

group = typer.Typer(help="Medir acurácia / Measure accuracy", no_args_is_help=True)
group.command("verification")(evaluate_verification.verification)
group.command("identification")(evaluate_identification.identification)
group.command("pad")(evaluate_pad.pad)
group.command("session")(evaluate_session.session)
group.command("calibration")(evaluate_calibration.calibration)
