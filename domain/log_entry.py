"""What of a stored event goes into the log, and as which bytes. Standard library only: the offline verifier runs this.

An entry names the digest of the sealed state instead of the state, so that a proof can be given away without it.
"""

from __future__ import annotations

import hashlib
import struct
from collections.abc import Iterable
from typing import Final, NamedTuple

from domain.merkle import leaf_hash

FORMAT: Final = 1
_HEAD: Final = struct.Struct(">BQ16sQ32s")
"""Format, position, stream (a UUID's bytes), version, SHA-256 of the sealed state; the topic takes the rest (UTF-8)."""
LARGEST: Final = (1 << 63) - 1


class LogEntry(NamedTuple):
    """One event as the log knows it: everything by which the stored row could be told from another."""

    position: int
    stream: bytes
    version: int
    topic: str
    digest: bytes

    def encoded(self) -> bytes:
        """Return the one encoding: fields of fixed length, then the topic. Raises ``ValueError`` for none of ours."""
        try:
            return _HEAD.pack(FORMAT, self.position, self.stream, self.version, self.digest) + self.topic.encode()
        except (struct.error, UnicodeEncodeError):
            raise ValueError("this is no entry of a log") from None


def leaves_of(rows: Iterable[tuple[int, bytes, int, str, bytes]]) -> list[bytes]:
    """Return what ``leaf_of`` returns for each row, faster. Raises ``ValueError`` for one of no entry."""
    sha256, pack = hashlib.sha256, _HEAD.pack
    try:
        return [
            sha256(b"\x00" + pack(FORMAT, position, stream, version, sha256(state).digest()) + topic.encode()).digest()
            for position, stream, version, topic, state in rows
        ]
    except (struct.error, UnicodeEncodeError):
        raise ValueError("this is no entry of a log") from None


def leaf_of(position: int, stream: bytes, version: int, topic: str, state: bytes) -> bytes:
    """Return the leaf of a stored row. Never raises: a row that no entry can be made of has a leaf that none has."""
    digest = hashlib.sha256(state).digest()
    try:
        return leaf_hash(LogEntry(position, stream, version, topic, digest).encoded())
    except ValueError:
        return b""
