"""Plots as SVG text, by matplotlib without a display. Importing this module takes about a second."""

from __future__ import annotations

import io
import logging
import warnings
from typing import TYPE_CHECKING, Any, Final

import numpy as np

# Its only news is that it builds a list of fonts on its first run.
logging.getLogger("matplotlib").setLevel(logging.ERROR)

import matplotlib as mpl  # noqa: E402 - after its logger is quiet
from matplotlib.figure import Figure as Canvas  # noqa: E402
from matplotlib.patches import Rectangle  # noqa: E402
from matplotlib.ticker import FuncFormatter, LogLocator, NullFormatter  # noqa: E402

from adapters.reports.document import Bars, Flow, Histogram, Lines  # noqa: E402

if TYPE_CHECKING:
    from collections.abc import Sequence

    from matplotlib.axes import Axes
    from matplotlib.axis import Axis

    from adapters.reports.document import Box, Line, Plot, Text

WIDTH_IN, HEIGHT_IN = 6.4, 3.8
FLOW_WIDTH_IN, ROW_IN = 8.0, 1.15
MANY_BARS: Final = 16
BOX_WIDTH, BOX_HEIGHT = 0.73, 0.6
ZONES: Final = {"person": "#fef3c7", "memory": "#dcfce7", "sealed": "#dbeafe", "outside": "#f3f4f6"}
COLOURS: Final = ("#0b5cad", "#c2410c", "#15803d", "#7e22ce", "#4b5563", "#b45309")
"""Told apart in print and by the colour-blind: blue and orange first (Okabe and Ito 2008)."""

STYLE: Final[dict[Any, Any]] = {
    "text.parse_math": False,  # a label is a label, whatever signs are in it
    "svg.fonttype": "none",
    "svg.hashsalt": "faceauth",
    "font.family": "sans-serif",
    "font.size": 9,
    "axes.grid": True,
    "axes.spines.top": False,
    "axes.spines.right": False,
    "grid.color": "#d1d5db",
    "grid.linewidth": 0.5,
}


def svg(plot: Plot) -> str:
    """Return the plot as an SVG document: the same plot gives the same text."""
    return _saved(plot, format="svg", metadata={"Date": None, "Creator": None}).decode()


def png(plot: Plot) -> bytes:
    """Return the plot as a PNG picture for print, 200 dots an inch."""
    return _saved(plot, format="png", dpi=200, metadata={"Software": None})


def _saved(plot: Plot, **options: Any) -> bytes:
    # A character without a glyph in the measuring font is no reason to warn: the reader's own fonts draw it.
    with mpl.rc_context(STYLE), warnings.catch_warnings():
        warnings.simplefilter("ignore")
        canvas = Canvas(figsize=_size(plot), layout="constrained")
        _draw(plot, canvas.subplots())
        stream = io.BytesIO()
        canvas.savefig(stream, **options)
    return stream.getvalue()


def _size(plot: Plot) -> tuple[float, float]:
    """Return width and height in inches: bars and flows as tall as what is in them."""
    if isinstance(plot, Bars):
        return WIDTH_IN, max(1.4, 0.7 + 0.24 * len(plot.values)) if len(plot.values) < MANY_BARS else HEIGHT_IN
    if isinstance(plot, Flow):
        return FLOW_WIDTH_IN, ROW_IN * (max((box.row for box in plot.boxes.values()), default=0) + 1)
    return WIDTH_IN, HEIGHT_IN


def _draw(plot: Plot, axes: Axes) -> None:
    match plot:
        case Lines():
            _lines(plot, axes)
        case Histogram():
            _histogram(plot, axes)
        case Bars():
            _bars(plot, axes)
        case Flow():
            _flow(plot, axes)


def _lines(plot: Lines, axes: Axes) -> None:
    for colour, line in zip(_colours(len(plot.lines)), plot.lines, strict=True):
        _line(plot, line, axes, colour)
    for label, (x, y) in plot.marks.items():
        if (x > 0 or not plot.log_x) and (y > 0 or not plot.log_y):
            axes.plot([x], [y], "o", color="#111827", markersize=5)
            axes.annotate(label, (x, y), textcoords="offset points", xytext=(6, 5))
    _finish(axes, plot.x_label, plot.y_label, legend=len(plot.lines) > 1)


def _line(plot: Lines, line: Line, axes: Axes, colour: str) -> None:
    x, y = np.asarray(line.x, float), np.asarray(line.y, float)
    shown = np.isfinite(x) & np.isfinite(y) & ((x > 0) | (not plot.log_x)) & ((y > 0) | (not plot.log_y))
    style = "steps-post" if line.step else "default"
    axes.plot(x[shown], y[shown], label=line.label, color=colour, drawstyle=style, marker="o" if line.points else None)
    if shown.any():
        for logarithmic, set_scale, axis in (
            (plot.log_x, axes.set_xscale, axes.xaxis),
            (plot.log_y, axes.set_yscale, axes.yaxis),
        ):
            if logarithmic:
                set_scale("log")
                _label_powers(axis)
    if line.low is not None and line.high is not None:
        low, high = np.asarray(line.low, float), np.asarray(line.high, float)
        axes.fill_between(x, low, high, where=shown | (high > 0), color=colour, alpha=0.15, linewidth=0)


def _histogram(plot: Histogram, axes: Axes) -> None:
    finite = {label: np.asarray(v, float)[np.isfinite(np.asarray(v, float))] for label, v in plot.samples.items()}
    everything = np.concatenate([values for values in finite.values() if values.size] or [np.zeros(1)])
    edges = np.histogram_bin_edges(everything, bins=plot.bins)
    for colour, (label, values) in zip(_colours(len(finite)), finite.items(), strict=True):
        if values.size:
            axes.hist(
                values, bins=edges.tolist(), density=True, color=colour, alpha=0.55, label=f"{label} ({values.size})"
            )
    for style, (label, threshold) in zip(
        ("--", ":", "-.") * len(plot.thresholds), plot.thresholds.items(), strict=False
    ):
        axes.axvline(threshold, color="#111827", linestyle=style, linewidth=1, label=f"{label} {threshold:.3f}")
    if plot.log_y:
        axes.set_yscale("log")
        _label_powers(axes.yaxis)
    _finish(axes, plot.x_label, ("densidade", "density"), legend=True)


def _bars(plot: Bars, axes: Axes) -> None:
    labels, values = list(plot.values), list(plot.values.values())
    bars = axes.barh(range(len(labels)), values, color=COLOURS[0])
    axes.set_yticks(range(len(labels)), labels)
    axes.bar_label(bars, fmt="%.3g", padding=3)
    axes.invert_yaxis()
    axes.margins(x=0.12)
    _finish(axes, plot.x_label, None, legend=False)


def _flow(plot: Flow, axes: Axes) -> None:
    columns = max((box.column for box in plot.boxes.values()), default=0)
    rows = max((box.row for box in plot.boxes.values()), default=0)
    axes.set_xlim(-0.5, columns + 0.5)
    axes.set_ylim(rows + 0.5, -0.5)
    axes.axis("off")
    for box in plot.boxes.values():
        corner = (box.column - BOX_WIDTH / 2, box.row - BOX_HEIGHT / 2)
        colour = ZONES.get(box.zone, ZONES["outside"])
        axes.add_patch(Rectangle(corner, BOX_WIDTH, BOX_HEIGHT, facecolor=colour, edgecolor="#374151", linewidth=0.9))
        axes.text(box.column, box.row - 0.07, box.label[0], ha="center", va="center", fontsize=8)
        axes.text(
            box.column,
            box.row + 0.19,
            box.label[1],
            ha="center",
            va="center",
            fontsize=7,
            style="italic",
            color="#4b5563",
        )
    for start, end, label in plot.arrows:
        _arrow(plot.boxes[start], plot.boxes[end], label, axes)


def _arrow(start: Box, end: Box, label: str, axes: Axes) -> None:
    across = start.column != end.column
    dx = BOX_WIDTH / 2 * (1 if end.column > start.column else -1) if across else 0.0
    dy = 0.0 if across else BOX_HEIGHT / 2 * (1 if end.row > start.row else -1)
    tail, head = (start.column + dx, start.row + dy), (end.column - dx, end.row - dy)
    axes.annotate("", head, tail, arrowprops={"arrowstyle": "-|>", "color": "#111827", "linewidth": 1.0})
    middle = ((tail[0] + head[0]) / 2 + (0.0 if across else 0.03), (tail[1] + head[1]) / 2 - (0.08 if across else 0.0))
    axes.text(*middle, label, ha="center" if across else "left", va="center", fontsize=6.5, color="#0b5cad")


def _finish(axes: Axes, x_label: Text, y_label: Text | None, *, legend: bool) -> None:
    axes.set_xlabel(" / ".join(x_label))
    if y_label is not None:
        axes.set_ylabel(" / ".join(y_label))
    if legend and axes.get_legend_handles_labels()[0]:
        axes.legend(frameon=False)


def _label_powers(axis: Axis) -> None:
    """Write 0.001 instead of a formula, at 1, 2 and 5 of every power of ten."""
    axis.set_major_locator(LogLocator(subs=(1.0, 2.0, 5.0)))
    axis.set_major_formatter(FuncFormatter(lambda value, _: f"{value:g}"))
    axis.set_minor_formatter(NullFormatter())


def _colours(count: int) -> Sequence[str]:
    return (COLOURS * (count // len(COLOURS) + 1))[:count]
