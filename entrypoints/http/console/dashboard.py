"""The dashboard: what happened lately, and how things stand."""

from __future__ import annotations

from datetime import date, timedelta
from typing import Any, Final

from markupsafe import Markup

from application import requests as desk
from application.desk_figures import SOON, Figures, Scores, figures
from entrypoints.http.console import drawings, times
from entrypoints.http.console.codes import NOTHING, say
from entrypoints.http.console.drawings import Series
from entrypoints.http.console.filters import Filters
from entrypoints.http.console.house_cards import house_cards
from entrypoints.http.console.page import Look, Page, Shown
from entrypoints.http.console.strings import text

DAYS: Final = 30
MOST_DAYS: Final = 92
MOST_REASONS: Final = 10
OUTCOMES: Final = {
    "good": ("succeeded", "fallback_succeeded"),
    "bad": ("refused", "fallback_offered", "fallback_refused"),
    "other": ("awaiting_factor", "started"),
    "quiet": ("abandoned",),
}
"""States by how they are drawn; every other state counts as the third."""
DUE: Final = {"due_overdue": 0, "due_two_days": 2, "due_five_days": 5, "due_later": 10_000}
"""Open requests by days left; the warnings' own steps."""
SIMILARITY_BINS: Final = range(-4, 21)
PAD_BINS: Final = range(21)


class DashboardPage(Page):
    """Counts and plots of a period and a department."""

    path = "/console"
    title = "dashboard"
    template = "dashboard.html"
    section = "dashboard"
    in_nav = True

    def show(self, look: Look) -> Shown:
        """Return the figures; scores for officers only."""
        filters = Filters(look)
        department = filters.department()
        since, before = filters.period(DAYS)
        if since is not None and before is not None and before - since > timedelta(days=MOST_DAYS):
            filters.errors["until"] = "error_long_period"
        shown: Shown = {"filters": filters, "errors": filters.errors, "figures": None}
        if filters.errors:
            return shown
        if since is None or before is None:  # one end is open: the last days before the other, or from it
            before = before or (since or look.services.clock.now()) + timedelta(days=MOST_DAYS)
            since = since or before - timedelta(days=DAYS)
        found = figures(look.services, department=department, since=since, before=before, zone=times.ZONE)
        days = _days(since.astimezone(times.ZONE).date(), before.astimezone(times.ZONE).date())
        return shown | {
            "figures": found,
            "house": house_cards(look),
            "attempts": _attempts(found, days, look.language),
            "refusals": _refusals(found, look.language),
            "scores": _scores(found, look.language) if look.officer else [],
            "soon": (look.services.clock.now() + SOON).astimezone(times.ZONE).date().isoformat(),
            "due": _due(look, department) if look.officer else None,
            "consents": [
                {"purpose": purpose, "status": status, "channel": channel, "count": count}
                for (purpose, status, channel), count in sorted(found.consents.items())
            ],
        }


def _due(look: Look, department: str | None) -> dict[str, Any]:
    """Return the open requests by how much time is left."""
    found = desk.listing(look.services, department=department, state="pending")["requests"]
    counted = dict.fromkeys(DUE, 0)
    for row in found:
        counted[next(name for name, days in DUE.items() if row["days_left"] < days)] += 1
    values = [(text(name, look.language), count) for name, count in counted.items()]
    described = "; ".join(f"{label}: {count}" for label, count in values)
    plot = drawings.bars(text("due_title", look.language), described, values, "other", "due")
    return {"plot": plot, "rows": values, "total": len(found)}


def _days(first: date, end: date) -> list[date]:
    return [first + timedelta(days=n) for n in range((end - first).days)]


def _attempts(found: Figures, days: list[date], language: str) -> dict[str, Any]:
    drawn = {state: tone for tone, states in OUTCOMES.items() for state in states}
    series = [
        Series(
            text(f"outcome_{tone}", language),
            tone,
            [
                sum(n for state, n in found.attempts.get(day, {}).items() if drawn.get(state, "other") == tone)
                for day in days
            ],
        )
        for tone in OUTCOMES
    ]
    total = sum(sum(each.values) for each in series)
    described = text("attempts_described", language).format(
        total=total, days=len(days), parts=", ".join(f"{each.label}: {sum(each.values)}" for each in series)
    )
    ticks = [f"{day:%d/%m}" if language == "pt" else f"{day:%m-%d}" for day in days]
    plot = drawings.stacked(text("attempts_by_day", language), described, ticks, series, "attempts")
    rows = [(day, [each.values[n] for each in series]) for n, day in enumerate(days)]
    return {"plot": plot, "series": series, "total": total, "rows": [row for row in rows if any(row[1])]}


def _refusals(found: Figures, language: str) -> dict[str, Any]:
    values = [(str(say(reason, language)), count) for reason, count in found.refusals.items()]
    shown = values[:MOST_REASONS]
    described = "; ".join(f"{label}: {count}" for label, count in shown)
    return {
        "plot": drawings.bars(text("refusals_by_reason", language), described, shown, "bad", "refusals"),
        "rows": list(found.refusals.items()),
    }


def _scores(found: Figures, language: str) -> list[dict[str, Any]]:
    return [
        _score("similarity", found.similarity, SIMILARITY_BINS, language),
        _score("pad", found.pad, PAD_BINS, language),
    ]


def _score(name: str, scores: Scores, bins: range, language: str) -> dict[str, Any]:
    # Whatever lies outside of the axis counts at its ends.
    admitted, others = _within(scores.admitted, bins), _within(scores.others, bins)
    series = [(text("outcome_good", language), "good", admitted), (text("not_admitted", language), "bad", others)]
    described = text("scores_described", language).format(
        admitted=sum(admitted.values()),
        others=sum(others.values()),
        thresholds=", ".join(f"{threshold:.3f}" for threshold in scores.thresholds) or NOTHING,
    )
    plot: Markup = drawings.histogram(
        text(name, language), described, bins, scores.width, series, scores.thresholds, name
    )
    rows = [
        (n * scores.width, (n + 1) * scores.width, admitted.get(n, 0), others.get(n, 0))
        for n in bins
        if n in admitted or n in others
    ]
    return {"name": name, "plot": plot, "rows": rows, "described": described}


def _within(counts: Any, bins: range) -> dict[int, int]:
    found: dict[int, int] = {}
    for number, count in counts.items():
        place = min(max(number, bins.start), bins.stop - 1)
        found[place] = found.get(place, 0) + count
    return found
