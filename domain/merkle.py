"""Merkle trees of append-only logs: hashing, proofs and their verification (RFC 9162, section 2.1, as RFC 6962).

Standard library only, and nothing of this project: the offline verifier runs this very module. A hash is 32 bytes.
"""

from __future__ import annotations

import hashlib
from collections.abc import Callable, Sequence
from typing import Final

HASH_BYTES: Final = 32
TILE_LEVELS: Final = 8
"""Hashes of complete subtrees are kept at levels 0 (leaves), 8, 16 ...: 1/255 more to store, at most 256 to read."""
TILE: Final = 1 << TILE_LEVELS
EMPTY_ROOT: Final = hashlib.sha256(b"").digest()

Read = Callable[[int, int, int], Sequence[bytes]]
"""(level, start, stop) -> the kept hashes of complete subtrees of 2**level leaves, level a multiple of 8."""
Emit = Callable[[int, int, bytes], None]
"""Hears (level, index, hash) of each complete subtree that is to be kept."""


def leaf_hash(data: bytes) -> bytes:
    """Return the hash of a leaf."""
    return hashlib.sha256(b"\x00" + data).digest()


def node_hash(left: bytes, right: bytes) -> bytes:
    """Return the hash of a node over its two children."""
    return hashlib.sha256(b"\x01" + left + right).digest()


class Frontier:
    """A tree that only grows, known by the roots of the complete subtrees it falls into: at most 64 hashes.

    ``hashes`` are those roots, the widest first: one for each bit that is set in ``size``.
    """

    __slots__ = ("_hashes", "size")

    def __init__(self, size: int = 0, hashes: Sequence[bytes] = ()) -> None:
        """Go on from there. Raises ``ValueError`` where size and hashes do not go together."""
        if size < 0 or len(hashes) != size.bit_count() or any(len(one) != HASH_BYTES for one in hashes):
            raise ValueError("a frontier has one hash for every bit that is set in its size")
        self.size = size
        self._hashes = list(hashes)

    @property
    def hashes(self) -> tuple[bytes, ...]:
        """The roots of the complete subtrees, the widest first."""
        return tuple(self._hashes)

    @property
    def root(self) -> bytes:
        """The root of the whole tree."""
        if not self._hashes:
            return EMPTY_ROOT
        *others, root = self._hashes
        for left in reversed(others):
            root = node_hash(left, root)
        return root

    def append(self, leaf: bytes, emit: Emit | None = None) -> None:
        """Add the hash of a leaf."""
        self._append(leaf, 0, emit)

    def extend(self, leaves: Sequence[bytes], emit: Emit | None = None) -> None:
        """Add the hashes of many leaves: as ``append`` for each, in half the time."""
        at, sha256 = 0, hashlib.sha256
        while at < len(leaves):
            if self.size % TILE or len(leaves) - at < TILE:
                self._append(leaves[at], 0, emit)
                at += 1
                continue
            level = leaves[at : at + TILE]
            while len(level) > 1:
                pairs = iter(level)
                level = [sha256(b"\x01" + left + right).digest() for left, right in zip(pairs, pairs, strict=True)]
            if emit is not None:
                emit(TILE_LEVELS, self.size >> TILE_LEVELS, level[0])
            self._append(level[0], TILE_LEVELS, emit)
            at += TILE

    def _append(self, root: bytes, level: int, emit: Emit | None) -> None:
        """Add the root of a complete subtree, behind as many leaves as it is wide or a multiple of that."""
        size, hashes, width = self.size, self._hashes, 1 << level
        while size >> level & 1:
            root = hashlib.sha256(b"\x01" + hashes.pop() + root).digest()
            level += 1
            if emit is not None and level % TILE_LEVELS == 0:
                emit(level, size >> level, root)
        hashes.append(root)
        self.size = size + width

    def copy(self) -> Frontier:
        """Return one that grows by itself."""
        return Frontier(self.size, self._hashes)

    def ranges(self) -> list[tuple[int, int, bytes]]:
        """Return (first leaf, leaf after the last, root) of each complete subtree."""
        found, start = [], 0
        widths = [1 << level for level in range(self.size.bit_length(), -1, -1) if self.size >> level & 1]
        for width, root in zip(widths, self._hashes, strict=True):
            found.append((start, start + width, root))
            start += width
        return found


class Tree:
    """A tree of ``size`` leaves over kept hashes, for proofs; reads whole tiles, each once."""

    def __init__(self, size: int, read: Read) -> None:
        """Prove about the first ``size`` leaves of what ``read`` reads."""
        self.size = size
        self._read = read
        self._tiles: dict[tuple[int, int], Sequence[bytes]] = {}

    def root(self) -> bytes:
        """Return the root."""
        return self._range(0, self.size) if self.size else EMPTY_ROOT

    def leaf(self, index: int) -> bytes:
        """Return the hash of a leaf. Raises ``LookupError``."""
        return self._node(0, index)

    def inclusion(self, index: int) -> list[bytes]:
        """Return the proof that a leaf is in the tree (section 2.1.3.1). Raises ``LookupError``."""
        if not 0 <= index < self.size:
            raise LookupError("no such leaf")
        path: list[bytes] = []
        start, width = 0, self.size
        while width > 1:
            half = _split(width)
            if index < start + half:
                path.append(self._range(start + half, width - half))
                width = half
            else:
                path.append(self._range(start, half))
                start, width = start + half, width - half
        return path[::-1]

    def consistency(self, former: int) -> list[bytes]:
        """Return the proof that the tree of the first ``former`` leaves grew into this one (section 2.1.4.1).

        Raises ``LookupError`` where that was no smaller one.
        """
        if not 0 < former <= self.size:
            raise LookupError("no such tree")
        path: list[bytes] = []
        start, width, whole = 0, self.size, True
        while former != width:
            half = _split(width)
            if former <= half:
                path.append(self._range(start + half, width - half))
                width = half
            else:
                path.append(self._range(start, half))
                start, width, former, whole = start + half, width - half, former - half, False
        if not whole:
            path.append(self._range(start, width))
        return path[::-1]

    def _range(self, start: int, width: int) -> bytes:
        if width & (width - 1) == 0:
            level = width.bit_length() - 1
            return self._node(level, start >> level)
        half = _split(width)
        return node_hash(self._range(start, half), self._range(start + half, width - half))

    def _node(self, level: int, index: int) -> bytes:
        base = level - level % TILE_LEVELS
        first, width = index << (level - base), 1 << (level - base)
        tile = first // TILE
        if (base, tile) not in self._tiles:
            stop = min((tile + 1) * TILE, self.size >> base)
            self._tiles[base, tile] = self._read(base, tile * TILE, stop)
        hashes = self._tiles[base, tile][first - tile * TILE : first - tile * TILE + width]
        if len(hashes) != width:
            raise LookupError("hashes of the log are missing")
        while len(hashes) > 1:
            hashes = [node_hash(hashes[at], hashes[at + 1]) for at in range(0, len(hashes), 2)]
        return hashes[0]


def included(leaf: bytes, index: int, size: int, root: bytes, path: Sequence[bytes]) -> bool:
    """Say whether the proof shows that leaf at that place in the tree with that root (section 2.1.3.2)."""
    if not 0 <= index < size or not _hashes(leaf, root, *path):
        return False
    place, last, found = index, size - 1, leaf
    for step in path:
        if last == 0:
            return False
        if place & 1 or place == last:
            found = node_hash(step, found)
            while not place & 1 and place:
                place, last = place >> 1, last >> 1
        else:
            found = node_hash(found, step)
        place, last = place >> 1, last >> 1
    return last == 0 and found == root


def consistent(former: int, former_root: bytes, size: int, root: bytes, path: Sequence[bytes]) -> bool:
    """Say whether the proof shows that the former tree grew into this one (section 2.1.4.2).

    The empty tree grows into every one, without a proof.
    """
    if not 0 <= former <= size or not _hashes(former_root, root, *path):
        return False
    if former in {0, size}:
        return not path and former_root == (EMPTY_ROOT if former == 0 else root)
    steps = list(path) if former & (former - 1) else [former_root, *path]
    if not steps:
        return False
    place, last = former - 1, size - 1
    while place & 1:
        place, last = place >> 1, last >> 1
    before = after = steps[0]
    for step in steps[1:]:
        if last == 0:
            return False
        if place & 1 or place == last:
            before, after = node_hash(step, before), node_hash(step, after)
            while not place & 1 and place:
                place, last = place >> 1, last >> 1
        else:
            after = node_hash(after, step)
        place, last = place >> 1, last >> 1
    return last == 0 and before == former_root and after == root


def _split(width: int) -> int:
    """Return the largest power of two that is smaller than the width."""
    return 1 << ((width - 1).bit_length() - 1)


def _hashes(*values: bytes) -> bool:
    return all(len(value) == HASH_BYTES for value in values)
