"""Proofs about the log as files that anybody can check with ``faceauth-verify``, without this service."""

from __future__ import annotations

import hashlib
from typing import Any, Final
from uuid import UUID

from application.checkpoints import leaves_until, pages_of, read
from application.services import Services
from domain.errors import InvalidInputError, LogBrokenError, NotFoundError
from domain.log_entry import leaf_of
from domain.merkle import Tree, consistent, included

INCLUSION: Final = "faceauth-inclusion-proof/1"
CONSISTENCY: Final = "faceauth-consistency-proof/1"


def prove_event(services: Services, position: int) -> dict[str, Any]:
    """Return the proof that the event at a position is in the log of the newest checkpoint that covers it.

    It names the event's stream, version and topic and the digest of its sealed state, nothing of what is inside. Raises
    ``NotFoundError`` for no such event and where no checkpoint covers it yet, ``LogBrokenError`` where the event is not
    the one that was logged.
    """
    newest = services.log.newest_checkpoint()
    if newest is None:
        raise NotFoundError("there is no checkpoint yet: run faceauth audit checkpoint")
    envelope, document = read(services, newest[1])
    with services.log.reading(briefly=True) as reading:
        rows = reading.rows(position - 1, position, 1)
        index = leaves_until(reading, position) - 1
        if not rows or index < 0 or reading.leaves(index, 1)[0].position != position:
            raise NotFoundError("there is no event at that position")
        row, size = rows[0], int(document["size"])
        if index >= size:
            raise NotFoundError("no checkpoint covers that event yet: run faceauth audit checkpoint")
        path = _path(Tree(size, reading.hashes), index)
        leaf, root = leaf_of(*row), bytes.fromhex(document["root"])
    if not included(leaf, index, size, root, path):
        raise LogBrokenError("that event is not the one that was logged: run faceauth audit verify")
    return {
        "format": INCLUSION,
        "entry": {
            "position": row.position,
            "stream": str(UUID(bytes=row.stream)),
            "version": row.version,
            "topic": row.topic,
            "state_sha256": hashlib.sha256(row.state).hexdigest(),
        },
        "index": index,
        "path": [step.hex() for step in path],
        "checkpoint": envelope,
    }


def prove_growth(services: Services, former: bytes, later: bytes) -> dict[str, Any]:
    """Return the proof that the log of one checkpoint grew into that of another.

    Raises ``InvalidInputError`` for checkpoints that are none of ours, the wrong way round, or one of which covers what
    a restore replaced; ``LogBrokenError`` where the log cannot prove it.
    """
    (envelope, document), (other, grown) = read(services, former), read(services, later)
    size, larger = int(document["size"]), int(grown["size"])
    if size > larger or document["number"] > grown["number"]:
        raise InvalidInputError("the later checkpoint comes second")
    with services.log.reading() as reading:
        try:
            path = Tree(larger, reading.hashes).consistency(size) if size else []
        except LookupError:
            path = None
        restored = any(
            number > document["number"] and read(services, each)[1]["restore"] for number, each in pages_of(reading)
        )
    roots = bytes.fromhex(document["root"]), bytes.fromhex(grown["root"])
    if path is None or not consistent(size, roots[0], larger, roots[1], path):
        if restored:
            raise InvalidInputError("a backup was restored since: what one of the two signed was replaced, and said so")
        raise LogBrokenError("the log cannot prove it: run faceauth audit verify")
    return {"format": CONSISTENCY, "from": envelope, "to": other, "path": [step.hex() for step in path]}


def _path(tree: Tree, index: int) -> list[bytes]:
    try:
        return tree.inclusion(index)
    except LookupError:
        raise LogBrokenError("hashes of the log are missing: run faceauth audit verify") from None
