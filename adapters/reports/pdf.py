"""Reports as PDF: the same document that becomes HTML, Portuguese first, English in grey beneath it."""

from __future__ import annotations

import io
from datetime import UTC, datetime
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final

if TYPE_CHECKING:
    from collections.abc import Sequence

    from fpdf import FPDF

    from adapters.reports.document import Figure, Report, Section, Table, Text

MARGIN_MM: Final = 16
BODY_PT, SMALL_PT, HEADING_PT, TITLE_PT = 9.5, 8, 13, 17
INK, GREY, BLUE = (17, 24, 39), (75, 85, 99), (11, 92, 173)
FAMILY: Final = "body"
ROOM_OF_SECTION_MM, ROOM_OF_TABLE_MM = 45, 28
LONGEST_WORD, LONGEST = 30, 60
NO_TIME: Final = datetime(2000, 1, 1, tzinfo=UTC)


def render_pdf(report: Report, *, made_at: datetime | None = None) -> bytes:
    """Return the report as a PDF document; the same report and time give the same bytes."""
    from fpdf import FPDF  # noqa: PLC0415 - half a second that only those who ask for a report pay for

    pdf = FPDF(format="A4")
    pdf.set_creation_date(made_at or NO_TIME)
    pdf.set_title(" / ".join(report.title))
    pdf.set_lang("pt-BR")
    pdf.set_margin(MARGIN_MM)
    pdf.set_auto_page_break(auto=True, margin=MARGIN_MM)
    for style, file in (("", "DejaVuSans.ttf"), ("B", "DejaVuSans-Bold.ttf"), ("I", "DejaVuSans-Oblique.ttf")):
        pdf.add_font(FAMILY, style, _fonts() / file)
    pdf.add_page()
    _both(pdf, report.title, TITLE_PT, "B")
    for text in report.summary:
        _both(pdf, text, BODY_PT, "")
    if report.facts:
        _rows(pdf, None, [[_one_line(label), value] for label, value in report.facts], widths=(1, 2))
    for section in report.sections:
        _section(pdf, section)
    return bytes(pdf.output())


def _section(pdf: FPDF, section: Section) -> None:
    _keep_together(pdf, ROOM_OF_SECTION_MM)
    pdf.ln(4)
    _both(pdf, section.title, HEADING_PT, "B", colour=BLUE)
    for text in section.paragraphs:
        _both(pdf, text, BODY_PT, "")
    for table in section.tables:
        _table(pdf, table)
    for figure in section.figures:
        _figure(pdf, figure)


def _table(pdf: FPDF, table: Table) -> None:
    _keep_together(pdf, ROOM_OF_TABLE_MM)
    _both(pdf, table.caption, BODY_PT, "B")
    heads = [head[0] if head[0] == head[1] else "\n".join(head) for head in table.columns]
    _rows(pdf, heads, [list(row) for row in table.rows], widths=_widths(table))
    if table.note is not None:
        _both(pdf, table.note, SMALL_PT, "")


def _widths(table: Table) -> tuple[int, ...]:
    """Return what share of the page each column gets: by its longest word and its mean length, up to limits."""
    columns = zip(*[[_one_line(head) for head in table.columns], *table.rows], strict=True)
    return tuple(_width(column) for column in columns)


def _width(cells: Sequence[str]) -> int:
    longest = max((len(word) for cell in cells for word in cell.split()), default=0)
    return 2 * min(LONGEST_WORD, longest) + min(LONGEST, sum(map(len, cells)) // len(cells)) + 1


def _one_line(text: Text) -> str:
    return text[0] if text[0] == text[1] else " / ".join(text)


def _keep_together(pdf: FPDF, room_mm: float) -> None:
    """Begin a page where a heading would stand alone at the foot of this one."""
    if pdf.will_page_break(room_mm):
        pdf.add_page()


def _rows(pdf: FPDF, heads: list[str] | None, rows: Sequence[list[str]], *, widths: Any) -> None:
    pdf.set_font(FAMILY, "", SMALL_PT)
    pdf.set_text_color(*INK)
    options: dict[str, Any] = {
        "borders_layout": "HORIZONTAL_LINES",
        "text_align": "LEFT",
        "line_height": SMALL_PT * 0.5,
        "first_row_as_headings": heads is not None,
        "padding": 0.8,
    }
    if widths is not None:
        options["col_widths"] = widths
    with pdf.table(**options) as drawn:
        for row in [heads, *rows] if heads is not None else rows:
            drawn.row([_printable(cell) for cell in row])
    pdf.ln(2)


def _figure(pdf: FPDF, figure: Figure) -> None:
    from adapters.reports.plots import png  # noqa: PLC0415 - matplotlib, as above

    pdf.image(io.BytesIO(png(figure.plot)), w=pdf.epw * 0.9, alt_text=figure.caption[0])
    _both(pdf, figure.caption, SMALL_PT, "")


def _both(pdf: FPDF, text: Text, size: float, style: str, colour: tuple[int, int, int] = INK) -> None:
    _paragraph(pdf, text[0], size, style, colour)
    if text[1] != text[0]:
        _paragraph(pdf, text[1], size * 0.88, "I", GREY)
    pdf.ln(1.2)


def _paragraph(pdf: FPDF, text: str, size: float, style: str, colour: tuple[int, int, int]) -> None:
    pdf.set_font(FAMILY, style, size)
    pdf.set_text_color(*colour)
    pdf.multi_cell(0, size * 0.5, _printable(text), align="L", new_x="LMARGIN", new_y="NEXT")


def _printable(text: str) -> str:
    """Return the text without what moves a pen or a reader's eye: control characters and changes of direction."""
    return "".join(
        c if c == "\n" or (c.isprintable() and c not in _TURNS) else "\N{REPLACEMENT CHARACTER}" for c in text
    )


_TURNS: Final = frozenset("\u202a\u202b\u202c\u202d\u202e\u2066\u2067\u2068\u2069")


def _fonts() -> Path:
    """Return the folder of matplotlib's DejaVu fonts, which know every letter of Portuguese and most of the others."""
    import matplotlib as mpl  # noqa: PLC0415 - as above

    return Path(mpl.get_data_path()) / "fonts" / "ttf"
