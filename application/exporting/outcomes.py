"""How bad an event is, for whoever counts: success, refused, serious, unreadable."""

from __future__ import annotations

from collections.abc import Mapping
from enum import StrEnum
from typing import Any, Final

from domain.journal import BROKEN, REFUSED
from domain.policies.liveness import PRESENTATION_ATTACK


class Outcome(StrEnum):
    """In the order of how much it asks for a look."""

    SUCCESS = "success"
    REFUSED = "refused"
    SERIOUS = "serious"
    UNREADABLE = "unreadable"


_REFUSED: Final = ("refused", "rejected", "abandoned", "recapture_required", "failed")
_SERIOUS: Final = {"lockout.imposed.v1", "lockout.extended.v1"}


def outcome_of(name: str, data: Mapping[str, Any]) -> tuple[Outcome, str]:
    """Return the outcome of an event and its reason code, "" for none; new kinds of event are told by their verb."""
    reason = next((str(data[key]) for key in ("reason", "code") if data.get(key)), "")
    if name == "damaged":
        return Outcome.UNREADABLE, "damaged"
    if name == "journal.recorded.v1":
        told = {REFUSED: Outcome.REFUSED, BROKEN: Outcome.SERIOUS}
        return told.get(str(data.get("outcome")), Outcome.SUCCESS), reason
    if name in _SERIOUS or PRESENTATION_ATTACK in {data.get("reason"), data.get("code")}:
        return Outcome.SERIOUS, reason
    if name.rpartition(".")[0].endswith(_REFUSED):
        return Outcome.REFUSED, reason
    return Outcome.SUCCESS, reason
