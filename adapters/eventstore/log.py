"""What both event stores do to their log: leaves made of rows, the tail carried on and sealed with a keyed digest."""

from __future__ import annotations

import hmac
import struct
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING, Final

from cryptography.hazmat.primitives.hashes import SHA256
from cryptography.hazmat.primitives.kdf.hkdf import HKDFExpand

from application.ports.event_log import Leaf, Tail
from domain.errors import UnavailableError
from domain.log_entry import leaf_of
from domain.merkle import Frontier

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

    from application.ports.event_log import StoredRow

KEY_BYTES: Final = 32
TAIL_PURPOSE: Final = b"faceauth log tail/1"
_HEAD: Final = struct.Struct(">QQqQq")
"""Size, last position, begin (microseconds since 1970), size at the begin, size where it became suspect or -1."""
_EPOCH: Final = datetime.fromtimestamp(0, UTC)
_NEVER: Final = -1
MOST_MISSING: Final = 1_000


def derived_key(store_key: bytes, purpose: bytes) -> bytes:
    """Return a key (32 bytes) of its own for one purpose (HKDF-Expand, RFC 5869)."""
    return HKDFExpand(SHA256(), KEY_BYTES, purpose).derive(store_key)


@dataclass(frozen=True, slots=True)
class Growth:
    """What one append adds: leaves, kept subtrees as (level, index, hash), and the new tail."""

    tail: Tail
    leaves: list[Leaf] = field(default_factory=list)
    nodes: list[tuple[int, int, bytes]] = field(default_factory=list)


class TailKeeper:
    """Writes and recognises tails."""

    def __init__(self, store_key: bytes) -> None:
        """Derive the key from the ring's store key."""
        self._key = derived_key(store_key, TAIL_PURPOSE)

    def sealed(self, tail: Tail) -> bytes:
        """Return a tail as it is kept: its numbers, its hashes, and a keyed digest (32 bytes) over them."""
        suspect = _NEVER if tail.suspect_since is None else tail.suspect_since
        begun_us = round(tail.begun_at.timestamp() * 1_000_000)
        plain = _HEAD.pack(tail.size, tail.last_position, begun_us, tail.begun_size, suspect) + b"".join(tail.hashes)
        return plain + hmac.digest(self._key, plain, "sha256")

    def opened(self, sealed: bytes) -> Tail:
        """Return what is kept as a tail, marked with whether this service wrote it so. Never raises."""
        plain, mac = sealed[:-KEY_BYTES], sealed[-KEY_BYTES:]
        sound = hmac.compare_digest(hmac.digest(self._key, plain, "sha256"), mac)
        try:
            size, last_position, begun_us, begun_size, suspect = _HEAD.unpack_from(plain)
            joined = plain[_HEAD.size :]
            hashes = tuple(joined[at : at + KEY_BYTES] for at in range(0, len(joined), KEY_BYTES))
            begun_at = _EPOCH + timedelta(microseconds=begun_us)
            Frontier(size, hashes)
        except (struct.error, ValueError, OverflowError):
            return Tail(0, (), 0, _EPOCH, 0, None, sound=False)
        since = None if suspect == _NEVER else suspect
        return Tail(size, hashes, last_position, begun_at, begun_size, since, sound)

    @staticmethod
    def begin(at: datetime, frontier: Frontier, last_position: int) -> Tail:
        """Return the first tail, over events that were there before the log."""
        return Tail(frontier.size, frontier.hashes, last_position, at, frontier.size, None)

    @staticmethod
    def mended(tail: Tail, frontier: Frontier, last_position: int) -> Tail:
        """Go on behind the leaves that are there, and never again without saying that somebody changed the log.

        Refusing would give whoever can write into the tail the power to keep a hospital out; going on silently would
        put our seal under what they wrote.
        """
        known = tail.suspect_since if tail.sound and tail.suspect_since is not None else tail.size
        return replace(
            tail,
            size=frontier.size,
            hashes=frontier.hashes,
            last_position=last_position,
            begun_size=min(max(tail.begun_size, 0), frontier.size),
            suspect_since=min(max(known, 0), frontier.size),
            sound=True,
        )

    @staticmethod
    def grow(tail: Tail, rows: Iterable[StoredRow]) -> Growth:
        """Return what those rows add."""
        frontier, leaves, nodes = tail.frontier(), [], []
        position = tail.last_position
        suspect = tail.suspect_since
        for row in rows:
            if row.position <= position and suspect is None:
                suspect = frontier.size  # numbers only grow, unless somebody set them back
            position = max(position, row.position)
            leaf = leaf_of(*row)
            leaves.append(Leaf(frontier.size, row.position, leaf))
            frontier.append(leaf, lambda level, index, root: nodes.append((level, index, root)))
        grown = replace(tail, size=frontier.size, hashes=frontier.hashes, last_position=position, suspect_since=suspect)
        return Growth(grown, leaves, nodes)


def frontier_of(batches: Iterable[Sequence[Leaf]]) -> tuple[Frontier, int]:
    """Return (the tree of those leaves, the last position); a leaf that is missing between counts as zeros.

    Raises ``UnavailableError`` where more are missing than could be by hand and in passing.
    """
    frontier, position = Frontier(), 0
    for batch in batches:
        for leaf in batch:
            if leaf.index - frontier.size > MOST_MISSING:
                raise UnavailableError("the log of events was changed: run faceauth audit verify")
            while frontier.size < leaf.index:
                frontier.append(bytes(KEY_BYTES))
            frontier.append(leaf.hash)
            position = leaf.position
    return frontier, position
