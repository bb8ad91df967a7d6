"""How the log stands, for whoever looks after it: its tail, checkpoints, anchors and the last verification."""

from __future__ import annotations

from typing import Any, Final

from application.checkpoints import pages_of, read
from application.services import Services
from domain.errors import FaceauthError, InvalidInputError

MOST_PAGES: Final = 200


def standing(services: Services) -> dict[str, Any]:
    """Return it as JSON values. Raises ``UnavailableError``."""
    with services.log.reading() as reading:
        tail = reading.tail()
        numbers = [number for number, _ in pages_of(reading)]
    evidence = services.log.evidence()
    anchors = []
    for anchor in services.anchors:
        own = [one for one in evidence if one.anchor == anchor.name]
        failing = next((one for one in own if not one.proof), None)
        anchors.append(
            {
                "name": anchor.name,
                "taken": sum(bool(one.proof) for one in own),
                "waiting": len(numbers) - sum(bool(one.proof) for one in own),
                "error": failing.error if failing else "",
                "attempts": failing.attempts if failing else 0,
            }
        )
    return {
        "tail": None
        if tail is None
        else {
            "size": tail.size,
            "last_position": tail.last_position,
            "begun_at": tail.begun_at.isoformat(),
            "begun_size": tail.begun_size,
            "suspect_since": tail.suspect_since,
            "sound": tail.sound,
        },
        "checkpoint": latest(services),
        "checkpoints": len(numbers),
        "verification": last_verification(services),
        "anchors": anchors,
    }


def latest(services: Services) -> dict[str, Any] | None:
    """Return the document of the newest checkpoint; None where there is none that is ours."""
    newest = services.log.newest_checkpoint()
    try:
        return None if newest is None else read(services, newest[1])[1]
    except InvalidInputError:
        return None


def last_verification(services: Services) -> dict[str, Any] | None:
    """Return the result of the last verification, as it is remembered outside the database; None before the first."""
    try:
        result = services.log_memory.recall().get("result")
    except FaceauthError:
        return None
    return result if isinstance(result, dict) else None
