"""Signed checkpoints of the log: made when they are due, each naming the one before, and handed to anchors."""

from __future__ import annotations

import hashlib
import json
from bisect import bisect_left
from collections.abc import Mapping
from contextlib import suppress
from datetime import datetime, timedelta
from typing import Any, Final

from application.journal import record_broken
from application.ports.event_log import Evidence, LogReading
from application.services import Services
from application.signed_documents import CHECKPOINT, canonical, opened, signed
from domain.act import Act
from domain.errors import FaceauthError, InvalidInputError, LogBrokenError, NotFoundError
from domain.merkle import Tree

FORMAT: Final = "faceauth-checkpoint/1"
MUTEX: Final = "log.checkpoint"
RETRY_AFTER: Final = timedelta(minutes=1)
LONGEST_RETRY: Final = timedelta(hours=6)
MOST_ANCHORED: Final = 100
"""Checkpoints handed to one anchor in one go."""


def digest(envelope: Mapping[str, Any]) -> str:
    """Return the name of a checkpoint: hex SHA-256 over what is signed, and the signature."""
    signed_text = ".".join(str(envelope[part]) for part in ("protected", "payload", "signature"))
    return hashlib.sha256(signed_text.encode()).hexdigest()


def read(services: Services, envelope: bytes) -> tuple[dict[str, Any], dict[str, Any]]:
    """Return (envelope, document) of a checkpoint that this service signed. Raises ``InvalidInputError``."""
    try:
        parsed = json.loads(envelope)
    except (ValueError, RecursionError):
        raise InvalidInputError("this is no checkpoint: it is not JSON") from None
    if not isinstance(parsed, dict):
        raise InvalidInputError("this is no checkpoint: it is no JSON object")
    document = opened(services.notary, CHECKPOINT, parsed)
    if document.get("format") != FORMAT:
        raise InvalidInputError("this checkpoint is of another version")
    return parsed, document


def make(services: Services, *, at: datetime, kept: int | None = None) -> dict[str, Any]:
    """Sign the log as it is now, keep the checkpoint and remember it; return its envelope.

    ``kept`` is given after a restore: how many leaves the history that was put back had. Raises ``LogBrokenError``
    where the log does not continue the newest checkpoint: nobody may get our signature under a log that was cut or made
    anew. Raises ``NotFoundError`` where there is no log yet, ``ConcurrencyError``, ``UnavailableError``.
    """
    with services.store.mutex(MUTEX), services.log.reading() as reading:
        tail = reading.tail()
        if tail is None:
            raise NotFoundError("there is no log yet: nothing has happened")
        if not tail.sound:
            raise LogBrokenError("the tail of the log was changed: run faceauth audit verify")
        newest = services.log.newest_checkpoint()
        former = None if newest is None else read(services, newest[1])
        _check_remembered(services, newest, former)
        document: dict[str, Any] = {
            "format": FORMAT,
            "origin": services.origin,
            "number": 1 if newest is None else newest[0] + 1,
            "size": tail.size,
            "root": tail.frontier().root.hex(),
            "last_position": tail.last_position,
            "at": at.isoformat(),
            "begun": {"at": tail.begun_at.isoformat(), "size": tail.begun_size},
            "suspect_since": tail.suspect_since,
            "previous": None if former is None else digest(former[0]),
            "restore": None,
        }
        if kept is not None:
            document["restore"] = {"kept": kept, "replaced": _replaced(services, reading, tail.size)}
        elif former is not None and not _holds(reading, tail.size, former[1]):
            raise LogBrokenError("the log does not continue its newest checkpoint: run faceauth audit verify")
        envelope = signed(services.notary, CHECKPOINT, document)
        services.log.keep_checkpoint(document["number"], tail.size, at, canonical(envelope))
        _remember(services, envelope, document, forget_verified=kept is not None)
    return envelope


def _check_remembered(
    services: Services, newest: tuple[int, bytes] | None, former: tuple[dict[str, Any], dict[str, Any]] | None
) -> None:
    known = services.log_memory.recall().get("checkpoint")
    if not isinstance(known, dict):
        return
    number = 0 if newest is None else newest[0]
    if number < known["number"] or (
        former is not None and number == known["number"] and digest(former[0]) != known["digest"]
    ):
        raise LogBrokenError("checkpoints were removed from the database: run faceauth audit verify")


def _holds(reading: LogReading, size: int, former: Mapping[str, Any]) -> bool:
    """Say whether the log of that size begins with the one that a checkpoint signed."""
    try:
        return int(former["size"]) <= size and Tree(int(former["size"]), reading.hashes).root().hex() == former["root"]
    except LookupError:
        return False


def _replaced(services: Services, reading: LogReading, size: int) -> list[list[int]]:
    """Return the numbers of checkpoints that the log as it is now does not begin with, as [first, last]."""
    ranges: list[list[int]] = []
    for number, envelope in pages_of(reading):
        if _holds(reading, size, read(services, envelope)[1]):
            continue
        if ranges and ranges[-1][1] == number - 1:
            ranges[-1][1] = number
        else:
            ranges.append([number, number])
    return ranges


def _remember(
    services: Services, envelope: Mapping[str, Any], document: Mapping[str, Any], *, forget_verified: bool
) -> None:
    known = dict(services.log_memory.recall())
    known["checkpoint"] = {
        "number": document["number"],
        "digest": digest(envelope),
        "size": document["size"],
        "root": document["root"],
    }
    known["begun_at"] = document["begun"]["at"]
    if forget_verified:
        known.pop("verified", None)
    services.log_memory.remember(known)


def keep_up(services: Services, *, events: int, every: timedelta, act: Act) -> dict[str, Any] | None:
    """Make a checkpoint if ``events`` came since the last one, or any came and it is ``every`` old; then anchor.

    What does not fit is in the history once a day, and raised.
    """
    try:
        made = make(services, at=act.at) if due(services, events=events, every=every, now=act.at) else None
    except LogBrokenError as error:
        record_broken(services, "log", place="checkpoint", code=error.code, act=act)
        raise
    hand_over(services, now=act.at)
    return made


def due(services: Services, *, events: int, every: timedelta, now: datetime) -> bool:
    """Say whether a checkpoint should be made. Raises ``InvalidInputError`` where the newest one was changed."""
    with services.log.reading() as reading:
        tail = reading.tail()
    if tail is None:
        return False
    newest = services.log.newest_checkpoint()
    if newest is None:
        return True
    try:
        _, document = read(services, newest[1])
    except InvalidInputError:
        raise LogBrokenError("the newest checkpoint was changed: run faceauth audit verify") from None
    grown = tail.size - int(document["size"])
    # A log that is shorter than its checkpoint is not left alone: making one finds out.
    return grown < 0 or grown >= events or (grown > 0 and now - datetime.fromisoformat(document["at"]) >= every)


def hand_over(services: Services, *, now: datetime) -> int:
    """Give every anchor the checkpoints that it does not have yet, oldest first; return how many it took.

    A failure is kept and tried again later, ever more rarely; it never raises and holds up nobody.
    """
    taken = 0
    for anchor in services.anchors:
        known = {one.number: one for one in services.log.evidence() if one.anchor == anchor.name}
        with services.log.reading() as reading:
            waiting = [
                (number, envelope)
                for number, envelope in pages_of(reading)
                if number not in known or not known[number].proof
            ]
        for number, envelope in waiting[:MOST_ANCHORED]:
            before = known.get(number)
            if before is not None and now - before.at < min(RETRY_AFTER * 2 ** min(before.attempts, 20), LONGEST_RETRY):
                break
            proof, error = b"", ""
            try:
                proof = anchor.anchor(envelope)
            except FaceauthError as refusal:
                error = refusal.code
            attempts = 1 + (before.attempts if before else 0)
            services.log.note_evidence(Evidence(number, anchor.name, now, proof, error, attempts))
            if error:
                break  # in order: the next one would be refused as well, or leave a hole
            taken += 1
    return taken


def pages_of(reading: LogReading) -> list[tuple[int, bytes]]:
    """Return (number, envelope) of all checkpoints, in order."""
    found: list[tuple[int, bytes]] = []
    while page := reading.checkpoints(found[-1][0] if found else 0, 1000):
        found.extend(page)
    return found


def after_restore(services: Services, *, position: int, act: Act) -> dict[str, Any] | None:
    """Say, signed, that the history was replaced by one that ends at that position. None where there is no log."""
    with services.log.reading() as reading:
        kept = leaves_until(reading, position)
    with suppress(NotFoundError):
        return make(services, at=act.at, kept=kept)
    return None


def leaves_until(reading: LogReading, position: int) -> int:
    """Return how many leaves have that position or a lower one; positions grow with the index."""
    last, newest = reading.newest()
    for guess in (position - 1, newest - (last - position)):  # there are few holes: most often one look is enough
        if 0 <= guess <= newest and _position(reading, guess) == position:
            return guess + 1
    return bisect_left(range(newest + 1), position + 1, key=lambda index: _position(reading, index))


def _position(reading: LogReading, index: int) -> int:
    leaves = reading.leaves(index, 1)
    if not leaves or leaves[0].index != index:
        raise LogBrokenError("leaves of the log are missing: run faceauth audit verify")
    return leaves[0].position
