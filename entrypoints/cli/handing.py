"""Files that are handed to a person: they hold personal data, so nobody else on this machine can read them."""

from __future__ import annotations

import json
import os
from collections.abc import Mapping
from pathlib import Path
from typing import Any, Final

from adapters.reports.html import check_writable
from application.statement import FORMAT
from domain.errors import InvalidInputError

FILE_MODE: Final = 0o600


def check(*paths: Path | None) -> None:
    """Raise ``InvalidInputError`` where one of those files cannot be written: before anything is done."""
    for path in paths:
        if path is not None:
            check_writable(path)


def printable(envelope: Mapping[str, Any]) -> bool:
    """Whether that is a full statement, or the one about somebody erased."""
    document = envelope["document"]
    return document["type"] == FORMAT and ("attempts" in document or not document["held"])


def write(
    envelope: Mapping[str, Any], out: Path | None, pdf: Path | None = None, html: Path | None = None
) -> list[Path]:
    """Write what is asked for; return which files. Paper is made of a statement only. Raises ``InvalidInputError``."""
    made: list[tuple[Path, bytes]] = []
    if out is not None:
        made.append((out, json.dumps(envelope, ensure_ascii=False, indent=2).encode()))
    if pdf is not None or html is not None:
        if not printable(envelope):
            raise InvalidInputError("only a full statement is made as PDF or HTML; use --out for this one")
        # A second and 50 MB that only those who ask for paper pay for.
        from adapters.reports.html import render  # noqa: PLC0415
        from adapters.reports.pdf import render_pdf  # noqa: PLC0415
        from entrypoints.statement_report import report_of  # noqa: PLC0415

        report = report_of(envelope)
        if pdf is not None:
            made.append((pdf, render_pdf(report)))
        if html is not None:
            made.append((html, render(report).encode("utf-8", "replace")))
    for path, content in made:
        _keep(path, content)
    return [path for path, _ in made]


def _keep(path: Path, content: bytes) -> None:
    try:
        handle = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_TRUNC | getattr(os, "O_NOFOLLOW", 0), FILE_MODE)
        with os.fdopen(handle, "wb") as file:
            os.fchmod(file.fileno(), FILE_MODE)
            file.write(content)
    except OSError as error:
        raise InvalidInputError(f"{path} cannot be written: {error.strerror}") from None
