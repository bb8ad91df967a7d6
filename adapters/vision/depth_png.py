"""A grey PNG of 16 bits to an array, at a cost that is known before it is decoded (ISO/IEC 15948)."""

from __future__ import annotations

import struct
import zlib
from typing import TYPE_CHECKING, Final

import cv2
import numpy as np

from adapters.vision.headers import PNG_START, PictureSize, read_size
from domain.errors import DepthError, ImageError

if TYPE_CHECKING:
    from collections.abc import Iterator

    from numpy.typing import NDArray

DEPTH_BYTES: Final = 1024 * 1024
"""640 by 480 measurements of 16 bits are 600 KiB before compression."""

MAX_SIDE, MIN_SIDE = 1024, 64
MOST_CHUNKS: Final = 2048
"""A map of the most bytes in pieces of 512; writers make pieces of 8 KiB and more."""

GREY_16_BITS = 16, 0, 0, 0, 0
"""Bits, colour type, compression, filter and interlace method of IHDR; for the middle two there is only 0."""

CHUNK = struct.Struct(">I4s")
CHECKSUM_BYTES = 4
PIECE_BYTES = 64 * 1024


def checked_size(payload: bytes) -> PictureSize:
    """Return the size that the header states, nothing decoded.

    Raises ``DepthError`` for anything but a complete, not interlaced grey PNG of 16 bits, and for one beyond the limits
    of bytes and sides.
    """
    if len(payload) > DEPTH_BYTES:
        raise DepthError(f"a depth map of more than {DEPTH_BYTES} bytes")
    if not payload.startswith(PNG_START):
        raise DepthError("a depth map is a 16-bit grey PNG")
    try:
        size = read_size(payload)
        kind = struct.unpack_from(">5B", payload, 24)
    except (ImageError, struct.error) as error:
        raise DepthError("the depth map is damaged or truncated") from error
    if kind != GREY_16_BITS:
        raise DepthError("a depth map is a 16-bit grey PNG, this is a PNG of another kind")
    if max(size.width, size.height) > MAX_SIDE or min(size.width, size.height) < MIN_SIDE:
        raise DepthError(f"a depth map has {MIN_SIDE} to {MAX_SIDE} measurements on each side")
    return size


def decode(payload: bytes, size: PictureSize) -> NDArray[np.uint16]:
    """Return the measurements, uint16 (height, width), of a payload that ``checked_size`` passed.

    Chunks that are not needed are left out, and the compressed rows must inflate to the size stated: a map of a few
    hundred kilobytes that inflates to gigabytes is given up at the end of its last row. Raises ``DepthError``.
    """
    kept = [PNG_START]
    inflated = _Inflated(size.height * (1 + 2 * size.width))
    for kind, chunk in _chunks(payload):
        if kind == b"IDAT":
            inflated.feed(chunk[CHUNK.size : -CHECKSUM_BYTES])
        if kind[:1].isupper():
            kept.append(chunk)
    inflated.check()
    try:
        raw = cv2.imdecode(np.frombuffer(b"".join(kept), np.uint8), cv2.IMREAD_UNCHANGED)
    except cv2.error as error:
        raise DepthError("the depth map is damaged") from error
    if raw is None or raw.dtype != np.uint16 or raw.shape != (size.height, size.width):
        raise DepthError("the depth map is damaged")
    return np.asarray(raw, np.uint16)


def _chunks(payload: bytes) -> Iterator[tuple[bytes, bytes]]:
    """Yield kind and whole chunk up to IEND; checksums are verified, so that the decoder has nothing to complain of."""
    position = len(PNG_START)
    for _ in range(MOST_CHUNKS):
        if position + CHUNK.size > len(payload):
            break
        length, kind = CHUNK.unpack_from(payload, position)
        end = position + CHUNK.size + length + CHECKSUM_BYTES
        chunk = payload[position:end]
        if len(chunk) < end - position or zlib.crc32(chunk[4:-4]).to_bytes(4, "big") != chunk[-4:]:
            break
        yield kind, chunk
        if kind == b"IEND":
            return
        position = end
    raise DepthError("the depth map is damaged or truncated")


class _Inflated:
    """Counts what compressed rows inflate to, and keeps none of it."""

    def __init__(self, expected: int) -> None:
        self._left = expected
        self._stream = zlib.decompressobj()

    def feed(self, compressed: bytes) -> None:
        waiting = compressed
        try:
            while waiting and not self._stream.eof and self._left >= 0:
                self._left -= len(self._stream.decompress(waiting, PIECE_BYTES))
                waiting = self._stream.unconsumed_tail
        except zlib.error as error:
            raise DepthError("the depth map is damaged") from error
        if self._left < 0:
            raise DepthError("the depth map is damaged: more rows than it states")

    def check(self) -> None:
        if self._left != 0 or not self._stream.eof:
            raise DepthError("the depth map is damaged: fewer rows than it states")
