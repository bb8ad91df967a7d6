"""Verify the history: every event against the log, the log against its tail and every checkpoint, every row's seal."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterable, Mapping, Sequence
from contextlib import suppress
from typing import Any, Final

from application import log_chain
from application.journal import record
from application.log_comparing import Comparison, compare_tail
from application.ports.event_log import LogReading, Tail
from application.services import Services
from application.verification_result import (
    LOG_CHANGED,
    LOG_REBUILT,
    STREAM_GAP,
    TAIL_CUT,
    Fault,
    Faults,
    Verification,
)
from domain.act import Act
from domain.errors import FaceauthError
from domain.journal import BROKEN, JournalEntry
from domain.merkle import Frontier

FULL: Final = "full"
INCREMENTAL: Final = "incremental"
KIND: Final = "history.verified"
MOST_STREAMS: Final = 100

Views = Callable[[], Iterable[Fault]]
"""Compares read models with a rebuild and yields what was edited by hand (``VIEW_EDITED``)."""


def verify(
    services: Services,
    *,
    act: Act,
    full: bool = True,
    against: Sequence[bytes] = (),
    views: Views | None = None,
    progress: Callable[[int, int], None] = lambda _done, _of: None,
) -> Verification:
    """Check everything, or with ``full=False`` what came since the last verification that found nothing.

    ``views`` is asked where the history itself is sound: views of one that is not prove nothing either way.
    ``against`` are checkpoints (signed envelopes) that were kept elsewhere: only they show a database that was put back
    as a whole to an earlier state together with the state directory. ``progress`` hears positions. The result is
    remembered outside the database, and recorded. Raises ``UnavailableError`` and ``KeyRingError`` where it could not
    be done, ``InvalidInputError`` for something in ``against`` that is no checkpoint of this service.
    """
    begun = time.monotonic()
    known = dict(services.log_memory.recall())
    faults = Faults()
    with services.log.reading() as reading:
        tail = reading.tail()
        chain = log_chain.load(services, reading, against, known)
        faults.extend(chain.faults)
        faults.extend(_of_tail(tail, known, reading, chain.numbers))
        verified = None if full or faults.count else known.get("verified")
        begin, after = _from(verified)
        looked_at = begin.size
        roots = {size: found for size, found in chain.roots.items() if size >= looked_at}
        walk = Comparison(reading, begin, after, roots, faults)
        reached = walk.run(tail.size if tail else None, progress)
        total = walk.frontier.size
        if tail is not None and tail.sound:
            faults.extend(compare_tail(reached, tail.frontier(), total))
        faults.extend(_beyond(roots, total))
        if not looked_at:
            faults.extend(_gaps(reading))
    views_looked_at = views is not None and not faults.count
    if views is not None and views_looked_at:
        faults.extend(views())
    frontier = reached or walk.frontier
    result = Verification(
        mode=INCREMENTAL if looked_at else FULL,
        at=act.at.isoformat(),
        origin=services.origin,
        events=walk.events,
        size=total,
        root=frontier.root.hex(),
        last_position=tail.last_position if tail else 0,
        checkpoints=chain.numbers,
        seconds=round(time.monotonic() - begun, 3),
        faults=faults.found,
        fault_count=faults.count,
        notes=_notes(tail, chain.restores, looked_at, full=full, views=views_looked_at),
    )
    _remember(services, result, frontier, tail)
    _record(services, result, act)
    return result


def _from(verified: object) -> tuple[Frontier, int]:
    if not isinstance(verified, dict):
        return Frontier(), 0
    hashes = [bytes.fromhex(text) for text in verified["hashes"]]
    return Frontier(int(verified["size"]), hashes), int(verified["position"])


def _of_tail(tail: Tail | None, known: Mapping[str, Any], reading: LogReading, checkpoints: int) -> Iterable[Fault]:
    begun = known.get("begun_at")
    if tail is None:
        position, leaf = reading.newest()
        if begun is not None or checkpoints or leaf >= 0:
            yield Fault(LOG_REBUILT, "the tail of the log is gone", leaf=0, until_leaf=leaf + 1)
        elif position:
            yield Fault(LOG_REBUILT, "there are events and no log", leaf=0, until_leaf=0)
        return
    if not tail.sound:
        yield Fault(LOG_CHANGED, "the tail of the log was not written by this service", leaf=tail.size)
    if tail.suspect_since is not None:
        detail = "the log had been changed when the service next wrote to it"
        yield Fault(LOG_CHANGED, detail, leaf=tail.suspect_since)
    if begun is not None and begun != tail.begun_at.isoformat():
        detail = f"the log was begun anew at {tail.begun_at.isoformat()}; the service remembers one of {begun}"
        yield Fault(LOG_REBUILT, detail, leaf=0, until_leaf=tail.size)


def _beyond(roots: Mapping[int, Sequence[tuple[int, bytes]]], total: int) -> Iterable[Fault]:
    """Yield checkpoints that knew more than there is."""
    for size in sorted(roots):
        for number, _ in roots[size]:
            detail = f"checkpoint {number} stands for {size} leaves, there are {total}"
            yield Fault(TAIL_CUT, detail, leaf=total, until_leaf=size, checkpoint=number)


def _gaps(reading: LogReading) -> Iterable[Fault]:
    for stream, events, newest in reading.broken_streams(MOST_STREAMS):
        detail = f"{events} events, the newest of which is number {newest}"
        yield Fault(STREAM_GAP, detail, stream=str(stream), version=newest)


def _notes(
    tail: Tail | None, restores: Sequence[Mapping[str, Any]], before: int, *, full: bool, views: bool
) -> list[str]:
    notes = []
    if not views:
        notes.append("read models were not compared: left out, or the history that they are made of is not sound")
    if tail is not None and tail.begun_size:
        notes.append(
            f"the log was begun on {tail.begun_at:%Y-%m-%d %H:%M} UTC over {tail.begun_size} events that were there "
            "already: of what happened to those before, it says nothing"
        )
    notes.extend(
        f"a backup of {restore['kept']} events was restored on {restore['at']}, as checkpoint {restore['number']} says"
        + (
            f"; checkpoints of the history that it replaced: {_ranges(restore['replaced'])}"
            if restore["replaced"]
            else ""
        )
        for restore in restores
    )
    if before:
        notes.append(f"the first {before} events were verified before and not looked at again")
    elif not full:
        notes.append("nothing was verified before, or something is wrong: everything was looked at")
    return notes


def _ranges(ranges: Sequence[Sequence[int]]) -> str:
    return ", ".join(str(first) if first == last else f"{first}-{last}" for first, last in ranges)


def _remember(services: Services, result: Verification, frontier: Frontier, tail: Tail | None) -> None:
    known = dict(services.log_memory.recall())
    shown = result.document()
    known["result"] = shown | {"faults": shown["faults"][:20]}
    if result.sound and tail is not None:
        known.setdefault("begun_at", tail.begun_at.isoformat())
        known["verified"] = {
            "size": frontier.size,
            "hashes": [one.hex() for one in frontier.hashes],
            "position": tail.last_position,
            "at": result.at,
        }
    services.log_memory.remember(known)


def _record(services: Services, result: Verification, act: Act) -> None:
    """Put it into the history, which it thereby grows by one."""
    facts = {"mode": result.mode, "events": str(result.events), "size": str(result.size), "root": result.root}
    if result.sound:
        record(services, KIND, act=act, facts=facts)
        return
    places = ",".join(str(fault.position) for fault in result.faults[:20] if fault.position is not None)
    facts |= {"faults": str(result.fault_count), "places": places}
    entry = JournalEntry.record(services.ids.new(), KIND, outcome=BROKEN, code="log_broken", facts=facts, act=act)
    with suppress(FaceauthError):  # what is broken may not take entries any more: the verdict stands without
        services.store.save(entry)
