"""Reports as one HTML file: styles and plots inside, no script, nothing fetched from anywhere."""

from __future__ import annotations

import base64
import os
import secrets
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Final

from domain.errors import InvalidInputError

if TYPE_CHECKING:
    from adapters.reports.document import Figure, Report, Section, Table, Text

TEMPLATE: Final = Path(__file__).parent / "report.html.jinja"
FILE_MODE: Final = 0o644
"""A report holds figures about a system, nothing of a person: it is made to be handed on."""


@dataclass(frozen=True, slots=True)
class _Drawn:
    """A figure as the template takes it: the plot as a data URI."""

    caption: Text
    source: str


@dataclass(frozen=True, slots=True)
class _Shown:
    """A section as the template takes it."""

    title: Text
    paragraphs: tuple[Text, ...]
    tables: tuple[Table, ...]
    figures: tuple[_Drawn, ...]


def check_writable(path: Path) -> None:
    """Raise ``InvalidInputError`` where no report can be written there: better before an hour's work than after it."""
    if path.is_dir() or not os.access(path if path.exists() else path.parent, os.W_OK):
        raise InvalidInputError(f"{path} cannot be written: name a file in a folder that exists and is yours")


def render(report: Report) -> str:
    """Return the report as an HTML document; the same report gives the same text."""
    # A second and 50 MB that only those who ask for a report pay for.
    import jinja2  # noqa: PLC0415

    environment = jinja2.Environment(autoescape=True, undefined=jinja2.StrictUndefined, trim_blocks=False)
    template = environment.from_string(TEMPLATE.read_text(encoding="utf-8"))
    return template.render(report=report, sections=[_shown(section) for section in report.sections])


def write_report(path: Path, report: Report) -> None:
    """Write the report, whole or not at all; an older one of that name is replaced. Raises ``InvalidInputError``."""
    content = render(report).encode("utf-8", "replace")
    beside = path.with_name(f".{path.name}.{secrets.token_hex(4)}")
    try:
        beside.write_bytes(content)
        beside.chmod(FILE_MODE)
        beside.replace(path)
    except OSError as error:
        beside.unlink(missing_ok=True)
        raise InvalidInputError(f"{path} cannot be written: {error.strerror}") from None


def _shown(section: Section) -> _Shown:
    figures = tuple(_drawn(figure) for figure in section.figures)
    return _Shown(section.title, tuple(section.paragraphs), tuple(section.tables), figures)


def _drawn(figure: Figure) -> _Drawn:
    from adapters.reports.plots import svg  # noqa: PLC0415 - matplotlib, as above

    text = base64.b64encode(svg(figure.plot).encode()).decode()
    return _Drawn(figure.caption, f"data:image/svg+xml;base64,{text}")
