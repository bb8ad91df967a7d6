"""What a report holds: texts in Portuguese and English, tables, plots. Values only; nothing here draws."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field

Text = tuple[str, str]
"""Brazilian Portuguese first, English second."""


@dataclass(frozen=True, slots=True)
class Line:
    """One curve: ``x`` and ``y`` of equal length; ``low`` and ``high`` a band around it, where given.

    ``step`` draws it as stairs, as an empirical error rate is.
    """

    label: str
    x: Sequence[float]
    y: Sequence[float]
    low: Sequence[float] | None = None
    high: Sequence[float] | None = None
    step: bool = False
    points: bool = False


@dataclass(frozen=True, slots=True)
class Lines:
    """A plot of curves. ``marks`` are labelled single points (x, y). On logarithmic axes, zeros are left out."""

    x_label: Text
    y_label: Text
    lines: Sequence[Line]
    log_x: bool = False
    log_y: bool = False
    marks: Mapping[str, tuple[float, float]] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Histogram:
    """Distributions of scores beside each other, each of area 1; ``thresholds`` are labelled vertical lines."""

    x_label: Text
    samples: Mapping[str, Sequence[float]]
    thresholds: Mapping[str, float] = field(default_factory=dict)
    log_y: bool = False
    bins: int = 60


@dataclass(frozen=True, slots=True)
class Bars:
    """Horizontal bars with their values: times of steps, rates of species."""

    x_label: Text
    values: Mapping[str, float]


@dataclass(frozen=True, slots=True)
class Box:
    """A place in a flow: its label (a line break is one) and where it stands, column and row from the upper left.

    ``zone`` colours it: "person", "memory", "sealed", "outside".
    """

    label: Text
    column: float
    row: float
    zone: str = "sealed"


@dataclass(frozen=True, slots=True)
class Flow:
    """A picture of what goes where: boxes by name, and labelled arrows between them."""

    boxes: Mapping[str, Box]
    arrows: Sequence[tuple[str, str, str]]


Plot = Lines | Histogram | Bars | Flow


@dataclass(frozen=True, slots=True)
class Figure:
    """A plot and what it shows, in words that stand alone."""

    caption: Text
    plot: Plot


@dataclass(frozen=True, slots=True)
class Table:
    """Rows of cells as they are printed; every row as long as ``columns``."""

    caption: Text
    columns: Sequence[Text]
    rows: Sequence[Sequence[str]]
    note: Text | None = None


@dataclass(frozen=True, slots=True)
class Section:
    """A heading, paragraphs, tables and figures, in this order."""

    title: Text
    paragraphs: Sequence[Text] = ()
    tables: Sequence[Table] = ()
    figures: Sequence[Figure] = ()


@dataclass(frozen=True, slots=True)
class Report:
    """A whole report. ``facts`` say what was measured on which data: labels and values, data and models included."""

    title: Text
    facts: Sequence[tuple[Text, str]]
    sections: Sequence[Section]
    summary: Sequence[Text] = ()
