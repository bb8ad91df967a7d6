"""What the dashboard shows of the whole house: the log, incidents by their clocks, sweeps that wait."""

from __future__ import annotations

from typing import Any, Final

from application.log_standing import standing
from domain.retention import HALTED
from entrypoints.http.console.incidents import watched
from entrypoints.http.console.page import Look
from entrypoints.http.console.retention import waiting
from entrypoints.http.console.verification import finding

MOST_CLOCKS: Final = 5


def house_cards(look: Look) -> dict[str, Any] | None:
    """Return the cards for an officer of the whole house, None for everybody else."""
    if not look.officer or look.reach is not None:
        return None
    services = look.services
    log = standing(services)
    tone, words = finding(log, services.clock.now())
    clocks = sorted(watched(services), key=lambda each: each[1]["last_day"])
    sweeps = waiting(services)
    return {
        "log": log,
        "tone": tone,
        "finding": words,
        "clocks": [{"incident_id": key} | clock for key, clock in clocks[:MOST_CLOCKS]],
        "running": len(clocks),
        "incidents": len({key for key, _ in clocks}),
        "overdue": sum(clock["tone"] == "bad" for _, clock in clocks),
        "waiting": len(sweeps),
        "halted": sum(sweep["status"] == HALTED for sweep in sweeps),
    }
