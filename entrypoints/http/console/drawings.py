"""Small plots as SVG: drawn here, styled by the style sheet's classes, with words for who does not see them.

Presentation attributes only: the policy takes no inline style. Nothing is told by colour alone: every series has its
own pattern, and a table with the same numbers stands beneath.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from markupsafe import Markup

WIDTH, HEIGHT = 640, 240
LEFT, RIGHT, TOP, BOTTOM = 44, 8, 12, 34
INNER_WIDTH, INNER_HEIGHT = WIDTH - LEFT - RIGHT, HEIGHT - TOP - BOTTOM
ROW = 30
MOST_LABELS = 8


@dataclass(frozen=True, slots=True)
class Series:
    """Values by position on the axis; ``tone`` is one of the style sheet's: good, bad, other, quiet."""

    label: str
    tone: str
    values: Sequence[int]


def stacked(title: str, described: str, ticks: Sequence[str], series: Sequence[Series], name: str) -> Markup:
    """Return bars on top of each other, one for each tick."""
    top = _ceiling(max((sum(each.values[n] for each in series) for n in range(len(ticks))), default=0))
    step = INNER_WIDTH / max(1, len(ticks))
    parts = [_grid(top)]
    for n, tick in enumerate(ticks):
        base = 0
        for each in series:
            if each.values[n]:
                parts.append(_bar(LEFT + n * step + step * 0.1, step * 0.8, base, each.values[n], top, each.tone))
                base += each.values[n]
        if n % -(-len(ticks) // MOST_LABELS) == 0:
            parts.append(_text(LEFT + (n + 0.5) * step, HEIGHT - BOTTOM + 18, tick, "middle"))
    return _svg(title, described, parts, name)


def histogram(
    title: str,
    described: str,
    bins: range,
    width: float,
    series: Sequence[tuple[str, str, Mapping[int, int]]],
    thresholds: Sequence[float],
    name: str,
) -> Markup:
    """Return bins of scores with vertical lines at thresholds; ``series`` are (label, tone, counts by bin)."""
    top = _ceiling(max((sum(counts.get(n, 0) for _, _, counts in series) for n in bins), default=0))
    step = INNER_WIDTH / max(1, len(bins))
    parts = [_grid(top)]
    for place, n in enumerate(bins):
        base = 0
        for _, tone, counts in series:
            if counts.get(n):
                parts.append(_bar(LEFT + place * step + 1, step - 2, base, counts[n], top, tone))
                base += counts[n]
        if place % -(-len(bins) // MOST_LABELS) == 0:
            parts.append(_text(LEFT + place * step, HEIGHT - BOTTOM + 18, f"{n * width:.2f}", "middle"))
    for threshold in thresholds:
        x = LEFT + (threshold / width - bins.start) * step
        if LEFT <= x <= WIDTH - RIGHT:
            parts.append(
                Markup('<line class="threshold" x1="{0:.1f}" x2="{0:.1f}" y1="{1}" y2="{2}"/>').format(
                    x, TOP, HEIGHT - BOTTOM
                )
            )
            parts.append(_text(x - 4, TOP + 10, f"{threshold:.3f}", "end"))
    return _svg(title, described, parts, name)


def bars(title: str, described: str, values: Sequence[tuple[str, int]], tone: str, name: str) -> Markup:
    """Return horizontal bars with their labels above and their numbers at the end."""
    top = max((value for _, value in values), default=0) or 1
    parts = []
    for n, (label, value) in enumerate(values):
        y, length = n * (ROW + 8), (WIDTH - 70) * value / top
        parts.append(_text(0, y + 12, label, "start"))
        parts.append(
            Markup('<rect class="bar {}" x="0" y="{}" width="{:.1f}" height="14"/>').format(tone, y + 17, length)
        )
        parts.append(_text(length + 6, y + 29, str(value), "start"))
    return _svg(title, described, parts, name, height=max(1, len(values)) * (ROW + 8))


def _svg(title: str, described: str, parts: Sequence[Markup], name: str, height: int = HEIGHT) -> Markup:
    return Markup(
        '<svg class="plot" viewBox="0 0 {} {}" role="img" aria-labelledby="{name}-title {name}-desc" focusable="false">'
        '<title id="{name}-title">{}</title><desc id="{name}-desc">{}</desc>{}</svg>'
    ).format(WIDTH, height, title, described, Markup("").join(parts), name=name)


def _grid(top: int) -> Markup:
    lines = []
    for part in (0, 0.5, 1):
        y = TOP + INNER_HEIGHT * (1 - part)
        lines.append(
            Markup('<line class="grid" x1="{}" x2="{}" y1="{:.1f}" y2="{:.1f}"/>').format(LEFT, WIDTH - RIGHT, y, y)
        )
        if part != 0.5 or top % 2 == 0:  # noqa: PLR2004 - the middle
            lines.append(_text(LEFT - 6, y + 4, str(int(top * part)), "end"))
    return Markup("").join(lines)


def _bar(x: float, width: float, base: int, value: int, top: int, tone: str) -> Markup:
    height = INNER_HEIGHT * value / top
    y = TOP + INNER_HEIGHT * (1 - base / top) - height
    return Markup('<rect class="bar {}" x="{:.1f}" y="{:.1f}" width="{:.1f}" height="{:.1f}"/>').format(
        tone, x, y, max(width, 0.5), height
    )


def _text(x: float, y: float, text: str, anchor: str) -> Markup:
    return Markup('<text x="{:.1f}" y="{:.1f}" text-anchor="{}">{}</text>').format(x, y, anchor, text)


def _ceiling(value: int) -> int:
    """Return a round number that is not smaller, for the top of the axis."""
    if value <= 2:  # noqa: PLR2004 - an axis of at least two
        return 2
    scale = int(10 ** (len(str(value)) - 1))
    steps: list[int] = [scale * step // 10 for step in (10, 20, 40, 50, 60, 80, 100)]
    return next(step for step in steps if step >= value)
