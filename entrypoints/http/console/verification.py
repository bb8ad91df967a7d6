"""The log of events: how it stands, what the last verification found, and proofs to take along."""

from __future__ import annotations

import json
import time
from collections.abc import Callable
from datetime import datetime, timedelta
from typing import Any, Final

from starlette.responses import Response

from application.checkpoints import pages_of, read
from application.log_proofs import prove_event
from application.log_standing import standing
from application.verification import verify
from application.verification_result import SOUND
from application.view_integrity import check_views
from domain.errors import InProgressError, InvalidInputError, LogBrokenError, NotFoundError
from entrypoints.http.console.downloads import Download, json_attachment
from entrypoints.http.console.filters import Filters
from entrypoints.http.console.guard import OFFICERS
from entrypoints.http.console.house_forms import Form
from entrypoints.http.console.page import Look, Page, Shown

PATH: Final = "/console/verification"
MUTEX: Final = "console.verification"
MOST_SECONDS: Final = 20.0
"""What one button press may take of a thread of the pool; all of a long history is for the command line."""
STALE: Final = timedelta(days=7)
CHECKPOINTS: Final = 20
MOST_FAULTS: Final = 50
MOST_DEVIATIONS: Final = 50
RUNS: Final = ("log", "views")

_BAD, _WARN, _GOOD = "bad", "warn", "good"


class VerificationPage(Page):
    """Size, verdict, checkpoints, anchors; a button to verify what is new, and one to compare the views."""

    path = PATH
    title = "verification"
    template = "verification.html"
    section = "verification"
    in_nav = True
    roles = OFFICERS
    form_roles = OFFICERS
    whole_house = True

    def show(self, look: Look) -> Shown:
        """Return how the log stands. Reads no event."""
        filters = Filters(look)
        before, position = filters.position("before"), _position(filters)
        proof = _provable(look, filters, position) if position and not filters.errors else None
        return self._standing(look, filters, before) | {"proof": proof}

    def take(self, look: Look) -> Shown | str:
        """Verify what came since the last sound verification, or compare the views; one at a time, and not for long."""
        form = Form(look)
        run = form.choice("run", RUNS)
        form.required("run", run)
        if form.errors:
            return self._standing(look, form)
        try:
            with look.services.store.mutex(MUTEX, wait=False):
                if run == "views":
                    return self._standing(look, form) | {"views": _compared(look)}
                verify(look.services, act=look.act, full=False, progress=_in_time())
        except InProgressError:
            form.errors["run"] = "error_running"
        except _OutOfTimeError:
            form.errors["run"] = "error_too_long"
        if form.errors:
            return self._standing(look, form) | {"status": 409}
        return f"{PATH}?done=verified"

    def _standing(self, look: Look, filters: Filters, before: int | None = None) -> Shown:
        services = look.services
        found = standing(services)
        tone, words = finding(found, services.clock.now())
        newest = (services.log.newest_checkpoint() or (0, b""))[0]
        end = min(before or newest + 1, newest + 1)
        first = max(1, end - CHECKPOINTS)
        result = found["verification"]
        return {
            "filters": filters,
            "errors": filters.errors,
            "log": found,
            "tone": tone,
            "finding": words,
            "faults": [] if result is None else [placed(fault) for fault in result["faults"][:MOST_FAULTS]],
            "checkpoints": _documents(look, first, end),
            "older": filters.link(before=str(first)) if first > 1 else None,
            "key_id": services.notary.key_id,
            "done": look.query.get("done") == "verified",
            "views": None,
            "proof": None,
        }


class CheckpointFile(Download):
    """One signed checkpoint."""

    path = PATH + "/checkpoints/{number:int}"

    def give(self, look: Look) -> Response:
        """Return it. Raises ``NotFoundError``."""
        number = int(look.path["number"])
        envelope = json.loads(look.services.log.checkpoint(number))
        return json_attachment(f"faceauth-checkpoint-{number}.json", envelope)


class CheckpointsFile(Download):
    """All of them, to be kept elsewhere: ``faceauth audit verify --against`` and ``faceauth-verify`` read it."""

    path = PATH + "/checkpoints"

    def give(self, look: Look) -> Response:
        """Return them, the oldest first."""
        with look.services.log.reading() as reading:
            envelopes = [json.loads(envelope) for _, envelope in pages_of(reading)]
        return json_attachment("faceauth-checkpoints.json", {"checkpoints": envelopes})


class ProofFile(Download):
    """The proof that one event is in the log."""

    path = PATH + "/proof"

    def give(self, look: Look) -> Response:
        """Return it. Raises ``InvalidInputError``, ``NotFoundError``, ``LogBrokenError``."""
        filters = Filters(look)
        position = _position(filters)
        if not position:
            raise InvalidInputError("position is a whole number from 1")
        return json_attachment(f"faceauth-proof-{position}.json", prove_event(look.services, position))


def finding(found: dict[str, Any], now: datetime) -> tuple[str, str]:
    """Return (tone, key of a string): what matters most of how the log stands, and what to do about it."""
    tail, result = found["tail"], found["verification"]
    changed = tail is None or not tail["sound"] or tail["suspect_since"] is not None
    # A checkpoint that this service did not sign is none: where there are some, somebody was at the newest.
    changed = changed or (found["checkpoint"] is None and found["checkpoints"] > 0)
    stands = (
        (tail is None and result is None, _GOOD, "finding_empty"),
        (changed, _BAD, "finding_log_changed"),
        (result is None, _WARN, "finding_never"),
        (bool(result) and result["verdict"] != SOUND, _BAD, "finding_tampered"),
        (any(anchor["error"] for anchor in found["anchors"]), _WARN, "finding_anchors"),
        (bool(result) and now - datetime.fromisoformat(result["at"]) > STALE, _WARN, "finding_stale"),
    )
    return next(((tone, words) for so, tone, words in stands if so), (_GOOD, "finding_sound"))


def placed(fault: dict[str, Any]) -> dict[str, Any]:
    """Return a fault with (key, values) of the words for each thing that says where it is."""
    places: list[tuple[str, dict[str, Any]]] = []
    if fault.get("position") is not None:
        places.append(("place_position", {"position": fault["position"]}))
    if fault.get("stream") is not None:
        places.append(("place_stream", {"stream": fault["stream"], "version": fault.get("version", "?")}))
    if fault.get("leaf") is not None:
        last = max(fault["leaf"], (fault.get("until_leaf") or fault["leaf"] + 1) - 1)
        places.append(("place_leaves", {"first": fault["leaf"], "last": last}))
    if fault.get("checkpoint") is not None:
        places.append(("place_checkpoint", {"number": fault["checkpoint"]}))
    return fault | {"places": places}


class _OutOfTimeError(Exception):
    """It takes too long for a page."""


def _in_time() -> Callable[[int, int], None]:
    deadline = time.monotonic() + MOST_SECONDS

    def look_at_the_clock(_done: int, _of: int) -> None:
        if time.monotonic() > deadline:
            raise _OutOfTimeError

    return look_at_the_clock


def _compared(look: Look) -> dict[str, Any]:
    found = [each.document() for each in check_views(look.services, _in_time())]
    return {"rows": found[:MOST_DEVIATIONS], "count": len(found)}


def _position(filters: Filters) -> int | None:
    position = filters.position("position")
    if filters.values["position"] and position == 0:
        filters.errors["position"] = "error_position"
        return None
    return position


def _provable(look: Look, filters: Filters, position: int) -> int | None:
    """Return the position if there is a proof of it, else say at the field why not."""
    try:
        prove_event(look.services, position)
    except NotFoundError:
        covered = look.services.log.newest_checkpoint() is not None and position > _covered(look)
        filters.errors["position"] = "error_not_covered" if covered else "error_no_event"
        return None
    except LogBrokenError:
        filters.errors["position"] = "error_not_logged"
        return None
    return position


def _covered(look: Look) -> int:
    newest = look.services.log.newest_checkpoint()
    return 0 if newest is None else int(read(look.services, newest[1])[1]["last_position"])


def _documents(look: Look, first: int, end: int) -> list[dict[str, Any]]:
    """Return the checkpoints from ``first`` to before ``end``, the newest first; one that was changed has no values."""
    with look.services.log.reading() as reading:
        found = [each for each in reading.checkpoints(first - 1, max(0, end - first)) if each[0] < end]
    shown = []
    for number, envelope in reversed(found):
        try:
            document = read(look.services, envelope)[1]
            shown.append({"number": number, "at": document["at"], "size": document["size"], "root": document["root"]})
        except InvalidInputError:
            shown.append({"number": number, "at": None, "size": None, "root": None})
    return shown
