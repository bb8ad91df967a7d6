"""What the console's dashboard counts: from read models, by counting queries, never by reading events."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date, datetime, timedelta, tzinfo
from typing import Any, Final

from application.lockout_history import listing
from application.ports.selection import Binned, Daily, Group, Selection
from application.services import Services

SIMILARITY_BIN: Final = 0.05
PAD_BIN: Final = 0.05
MOST_THRESHOLDS: Final = 3
"""Thresholds follow the size of the gallery; those that most attempts met are drawn."""
SOON: Final = timedelta(days=30)
ATTEMPTS: Final = "auth_log_rows"


@dataclass(frozen=True, slots=True)
class Scores:
    """Attempts by bin number (``floor(score / width)``), those that were admitted and the others; what they met."""

    width: float
    admitted: Mapping[int, int]
    others: Mapping[int, int]
    thresholds: tuple[float, ...]


@dataclass(frozen=True, slots=True)
class Figures:
    """Counts of a period and of now. ``attempts`` are by local day and state, ``refusals`` by reason."""

    attempts: Mapping[date, Mapping[str, int]]
    refusals: Mapping[str, int]
    similarity: Scores
    pad: Scores
    lockouts: Mapping[str, int]
    consents: Mapping[tuple[str, str, str], int]
    enrollments: Mapping[str, int]
    enrolled_in_period: int
    coming: Mapping[str, int]


def figures(
    services: Services, *, department: str | None, since: datetime | None, before: datetime | None, zone: tzinfo
) -> Figures:
    """Return the figures of a department, or of all where it is None; days are those of ``zone``.

    Consents are by (purpose, status, channel), of people who are or were enrolled there; lockouts, consents, enrolments
    and what is coming are as they are now. Raises ``UnavailableError``.
    """
    services.projector.catch_up()
    models, here = services.read_models, {} if department is None else {"department": department}
    period = Selection(here, time="started_at", since=since, before=before)
    days: dict[date, dict[str, int]] = {}
    for (day, state), count in models.tally(ATTEMPTS, [Daily("started_at", zone), "state"], period).items():
        days.setdefault(day, {})[state] = count
    refused = Selection({**here, "success": False}, ("reason",), "started_at", since, before)
    reasons = models.tally(ATTEMPTS, ["state", "reason"], refused)
    consents = models.tally("consent_rows", ["purpose", "status", "channel"], Selection(enrolled_in=department))
    enrolled = Selection(here, time="created_at", since=since, before=before)
    return Figures(
        attempts=days,
        refusals=_summed({(reason,): n for (state, reason), n in reasons.items() if state != "abandoned"}),
        similarity=_scores(services, "similarity", SIMILARITY_BIN, period, _met(services, period)),
        pad=_scores(services, "pad_median", PAD_BIN, period, (services.judge.pad_threshold,)),
        lockouts=_lockouts(services, department),
        consents={(str(p), str(s), str(c)): n for (p, s, c), n in consents.items()},
        enrollments=_summed(models.tally("enrollment_rows", ["status"], Selection(here))),
        enrolled_in_period=models.tally("enrollment_rows", [], enrolled).get((), 0),
        coming=_coming(services, department),
    )


def _scores(services: Services, column: str, width: float, period: Selection, thresholds: tuple[float, ...]) -> Scores:
    scored = Selection(period.equal, (column,), period.time, period.since, period.before)
    groups: list[Group] = ["success", Binned(column, width)]
    admitted: Counter[int] = Counter()
    others: Counter[int] = Counter()
    for (success, number), count in services.read_models.tally(ATTEMPTS, groups, scored).items():
        (admitted if success else others)[number] += count
    return Scores(width, admitted, others, thresholds)


def _met(services: Services, period: Selection) -> tuple[float, ...]:
    which = Selection(period.equal, ("threshold",), period.time, period.since, period.before)
    counted: Counter[float] = Counter()
    for (threshold,), count in services.read_models.tally(ATTEMPTS, ["threshold"], which).items():
        counted[round(threshold, 3)] += count
    return tuple(sorted(threshold for threshold, _ in counted.most_common(MOST_THRESHOLDS)))


def _lockouts(services: Services, department: str | None) -> dict[str, int]:
    now = services.clock.now()
    found = listing(services, department=department)
    return {
        "stopped": sum(tally.stopped for _, tally in found),
        "waiting": sum(tally.waiting(now) and not tally.stopped for _, tally in found),
        "over": sum(not tally.waiting(now) for _, tally in found),
    }


def _coming(services: Services, department: str | None) -> dict[str, int]:
    """Return what ends by itself: consents and templates within 30 days, erasures to become final, sessions open."""
    here: Mapping[str, Any] = {} if department is None else {"department": department}
    models, now = services.read_models, services.clock.now()
    made_before = now + SOON - services.policies.retention.templates
    templates = Selection({**here, "status": "active"}, time="created_at", before=made_before)
    erasures = Selection({**here, "final_at": None}, ("executed_at",))
    consents = Selection({"status": "granted"}, (), "expires_at", now, now + SOON, department)
    return {
        "consents": models.tally("consent_rows", [], consents).get((), 0),
        "templates": models.tally("template_history_rows", [], templates).get((), 0),
        "erasures": models.tally("erasure_rows", [], erasures).get((), 0),
        "sessions": models.tally("session_rows", [], Selection({**here, "status": "open"})).get((), 0),
    }


def _summed(counted: Mapping[tuple[Any, ...], int]) -> dict[str, int]:
    total: Counter[str] = Counter()
    for (value,), count in counted.items():
        total[str(value)] += count
    return dict(total.most_common())
