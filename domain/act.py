"""Who did something, through which door and when: carried by every event."""

from __future__ import annotations

import re
from dataclasses import dataclass
from datetime import datetime
from uuid import UUID


@dataclass(frozen=True, slots=True)
class Act:
    """Provenance of a command.

    ``actor`` is an opaque id ("subject:<uuid>", "token:<jti>", "operator:cli", "anonymous"), never a name;
    ``channel`` is one of "ws", "http", "cli", "worker"; ``at`` is aware UTC; ``correlation_id`` is shared by
    everything one request caused and ``causation_id`` names what directly caused this (an attempt, a request).
    """

    actor: str
    channel: str
    at: datetime
    correlation_id: UUID
    causation_id: UUID | None = None


def reason_code(text: str) -> str:
    """Return a reason as a code that may stand in the history in the clear.

    Words become "other": they could name anybody, and nobody may be kept from a right by the form of a reason.
    """
    return text if re.fullmatch(r"[a-z][a-z0-9_]{0,49}", text) else "other"
