"""Reports stand alone, print, and let nobody's name do anything."""

from __future__ import annotations

import base64
import io
import re
import stat
from functools import cache
from html.parser import HTMLParser
from typing import TYPE_CHECKING

import pytest
from pypdf import PdfReader

from adapters.reports.document import Bars, Box, Figure, Flow, Histogram, Line, Lines, Report, Section, Table
from adapters.reports.html import check_writable, render, write_report
from adapters.reports.pdf import render_pdf
from domain.errors import InvalidInputError

if TYPE_CHECKING:
    from pathlib import Path

HOSTILE = "<script>alert(1)</script>\"'&$x_{y <img src=//evil.test onerror=e>"


class Tags(HTMLParser):
    """Collects what a browser would see."""

    def __init__(self, text: str) -> None:
        super().__init__()
        self.tags: list[str] = []
        self.attributes: list[tuple[str, str | None]] = []
        self.feed(text)

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.tags.append(tag)
        self.attributes += attrs


def report(text: str = "texto") -> Report:
    both = (text, text)
    plots = (
        Lines(both, both, [Line(text, [0.0, 0.01, 0.1], [0.5, 0.1, 0.0], step=True)], log_x=True, log_y=True,
              marks={text: (0.01, 0.1)}),
        Lines(both, both, [Line(text, [10, 20], [0.1, 0.2], low=[0.0, 0.1], high=[0.2, 0.3], points=True)]),
        Histogram(both, {text: [0.1, 0.2, float("-inf")], "none": []}, {text: 0.15}),
        Bars(both, {text: 3.0}),
        Flow(
            {"a": Box(both, 0, 0), text: Box(both, 1, 0, text), "c": Box(both, 1, 1)},
            [("a", text, text), (text, "c", text)],
        ),
    )  # fmt: skip
    section = Section(both, [both], [Table(both, [both], [[text]], both)], [Figure(both, plot) for plot in plots])
    return Report(both, [(both, text)], [section], [both])


@cache
def rendered(text: str = "texto") -> str:
    """A document, drawn once: plots take their time."""
    return render(report(text))


def pictures(document: str) -> list[str]:
    found = re.findall(r'src="data:image/svg\+xml;base64,([^"]+)"', document)
    return [base64.b64decode(text).decode() for text in found]


def test_a_report_fetches_nothing_and_runs_nothing() -> None:
    page = Tags(rendered())

    assert "script" not in page.tags
    assert "link" not in page.tags
    sources = [value or "" for name, value in page.attributes if name in {"src", "href", "srcset", "data"}]
    assert sources
    assert all(source.startswith("data:image/svg+xml;base64,") for source in sources)


def test_a_hostile_name_is_text_in_the_page_and_in_the_plots() -> None:
    document = rendered(HOSTILE)

    assert Tags(document).tags == Tags(rendered()).tags
    assert not [name for name, _ in Tags(document).attributes if name.startswith("on")]
    assert "&lt;script&gt;" in document
    for picture in pictures(document):
        assert "<script" not in picture
        assert "<img" not in picture


def test_a_label_is_not_taken_for_a_formula() -> None:
    assert "&amp;$x_{y" in "".join(pictures(rendered(HOSTILE)))


def test_every_figure_of_a_report_is_drawn_and_described() -> None:
    document = rendered()

    assert len(pictures(document)) == 5
    assert Tags(document).attributes.count(("alt", "texto")) == 5


def test_the_same_report_is_the_same_file() -> None:
    assert render(report()) == rendered()


def test_portuguese_comes_first_and_english_is_marked_as_such() -> None:
    document = render(Report(("Título", "Title"), [], []))

    assert '<html lang="pt-BR">' in document
    assert document.index("Título</span>") < document.index('<span class="en" lang="en">Title')


def test_a_report_is_written_whole_over_an_older_one(tmp_path: Path) -> None:
    path = tmp_path / "report.html"
    path.write_text("old")

    write_report(path, Report(("Título", "Title"), [], []))

    assert path.read_text().startswith("<!doctype html>")
    assert stat.S_IMODE(path.stat().st_mode) == 0o644
    assert list(tmp_path.iterdir()) == [path]


@pytest.mark.parametrize("place", [".", "nowhere/report.html"])
def test_a_place_where_no_report_can_be_is_refused_before_the_work(tmp_path: Path, place: str) -> None:
    with pytest.raises(InvalidInputError, match="cannot be written"):
        check_writable(tmp_path / place)
    with pytest.raises(InvalidInputError, match="cannot be written"):
        write_report(tmp_path / place, Report(("Título", "Title"), [], []))


def test_a_report_becomes_a_pdf_that_says_the_same_and_is_the_same_each_time() -> None:
    report = Report(
        title=("Relatório", "Report"),
        facts=[(("Médica", "Doctor"), "Ana <script>alert(1)</script> \u202eBob")],
        sections=[
            Section(
                title=("Seção", "Section"),
                paragraphs=[("Coração", "Heart")],
                tables=[Table(("Tabela", "Table"), [("a", "a"), ("b", "c")], [["1", "não"]])],
                figures=[Figure(("Figura", "Figure"), Bars(("s", "s"), {"um": 1.0}))],
            )
        ],
    )
    raw = render_pdf(report)
    assert raw == render_pdf(report)
    pages = PdfReader(io.BytesIO(raw)).pages
    text = "\n".join(page.extract_text() for page in pages)
    for said in ("Relatório", "Seção", "Coração", "não", "<script>alert(1)</script>", "Figure"):
        assert said in text
    assert "\u202e" not in text
    assert sum(len(page.images) for page in pages) == 1
