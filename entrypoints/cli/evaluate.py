"""``faceauth evaluate``: error rates of the very pipeline that serves, on given data. No database is needed."""

from __future__ import annotations

import typer

group = typer.Typer(help="Medir acurácia / Measure accuracy", no_args_is_help=True)
