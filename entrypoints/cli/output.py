"""What commands print: JSON for scripts, a few plain lines for people, errors that say what to do next."""

from __future__ import annotations

import json
import logging
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Annotated, Any, Final

import structlog
import typer
from rich.console import Console
from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeElapsedColumn

console: Final = Console(highlight=False)
errors: Final = Console(stderr=True, highlight=False)

JsonOption = Annotated[bool, typer.Option("--json", help="Saída em JSON / JSON output")]


def print_json(document: Any) -> None:
    """Print one JSON document on standard output."""
    sys.stdout.write(json.dumps(document, ensure_ascii=False, indent=2, default=str) + "\n")


def print_error(code: str, detail: str, *, as_json: bool) -> None:
    """Say what went wrong, on standard error; as JSON where the command was asked for JSON."""
    if as_json:
        sys.stderr.write(json.dumps({"error": code, "detail": detail}, ensure_ascii=False) + "\n")
    else:
        errors.print(f"[bold red]erro / error[/] ({code}): ", end="")
        errors.print(detail, markup=False)


@contextmanager
def progress_bar(text: str) -> Iterator[tuple[Progress, Any]]:
    """Show a progress bar on standard error while the block runs; yield (progress, task)."""
    columns = TextColumn("{task.description}"), BarColumn(), MofNCompleteColumn(), TimeElapsedColumn()
    with Progress(*columns, console=errors, transient=True) as progress:
        yield progress, progress.add_task(text, total=None)


def configure_logging() -> None:
    """Log to standard error, one JSON object per line; nothing below warnings from libraries."""
    processors: list[Any] = [
        structlog.contextvars.merge_contextvars,
        structlog.processors.add_log_level,
        structlog.processors.TimeStamper(fmt="iso", utc=True),
        structlog.processors.format_exc_info,
        structlog.processors.JSONRenderer(),
    ]
    structlog.configure(
        processors=processors,
        wrapper_class=structlog.make_filtering_bound_logger(logging.INFO),
        logger_factory=structlog.PrintLoggerFactory(sys.stderr),
        cache_logger_on_first_use=True,
    )
    logging.basicConfig(level=logging.WARNING, stream=sys.stderr, format="%(levelname)s %(name)s: %(message)s")
