"""What one binary message holds: a picture, perhaps when it was taken, perhaps the depth map that goes with it.

A message without a header is a picture. A header is 16 bytes, big-endian: the magic ``FA01``, the capture time in
milliseconds (u64; 0 where the client does not say), flags (u32). Flag bit 0 announces a depth map: the length of the
picture (u32) follows the header, then the picture, then the map, which takes the rest of the message.
"""

from __future__ import annotations

import struct
from dataclasses import dataclass, field
from typing import Final

from adapters.vision.depth_png import DEPTH_BYTES

MAGIC: Final = b"FA01"
HEADER: Final = struct.Struct(">4sQI")
PICTURE_LENGTH: Final = struct.Struct(">I")
WITH_DEPTH: Final = 1
LATEST_MS: Final = 4_102_444_800_000
"""1 January 2100 in milliseconds since 1970; whatever the client's clock counts from, it is not beyond that."""

INVALID_FRAME: Final = "invalid_frame"
INVALID_DEPTH: Final = "invalid_depth"
FRAME_TOO_LARGE: Final = "frame_too_large"


@dataclass(frozen=True, slots=True)
class FrameLimits:
    """Most bytes of an encoded picture and of an encoded depth map."""

    picture_bytes: int
    depth_bytes: int = DEPTH_BYTES

    @property
    def message_bytes(self) -> int:
        """Most bytes of a whole message within these limits."""
        return HEADER.size + PICTURE_LENGTH.size + self.picture_bytes + self.depth_bytes


@dataclass(frozen=True, slots=True)
class Frame:
    """One picture as it came, still encoded; ``at_ms`` is the capture time by the client's clock, None if not said."""

    image: bytes = field(repr=False)
    depth: bytes | None = field(default=None, repr=False)
    at_ms: float | None = None


class FramingError(Exception):
    """A message that is no frame.

    ``code`` is stable and public. Where a limit was broken (``too_large``) the connection ends; anything else is a
    frame that counts as received and as invalid.
    """

    def __init__(self, code: str) -> None:
        """Carry the code, nothing of the message."""
        super().__init__(code)
        self.code = code

    @property
    def too_large(self) -> bool:
        """Whether a limit was broken."""
        return self.code == FRAME_TOO_LARGE


def unpack(payload: bytes, limits: FrameLimits) -> Frame:
    """Return the frame that a binary message holds; nothing is decoded, not even looked at beyond the header.

    Raises ``FramingError``: ``frame_too_large`` for a picture or map over its limit; ``invalid_frame`` for a header cut
    short, flags that this version does not know, a capture time that is none, a picture longer than the message;
    ``invalid_depth`` for a map that was announced and is not there.
    """
    if not payload.startswith(MAGIC):
        return Frame(_within(payload, limits.picture_bytes))
    if len(payload) < HEADER.size:
        raise FramingError(INVALID_FRAME)
    _, taken_ms, flags = HEADER.unpack_from(payload)
    if flags & ~WITH_DEPTH or taken_ms > LATEST_MS:
        raise FramingError(INVALID_FRAME)
    at_ms = float(taken_ms) if taken_ms else None
    if not flags & WITH_DEPTH:
        return Frame(_within(payload[HEADER.size :], limits.picture_bytes), at_ms=at_ms)
    image, depth = _parted(payload, limits)
    return Frame(image, depth, at_ms)


def _parted(payload: bytes, limits: FrameLimits) -> tuple[bytes, bytes]:
    start = HEADER.size + PICTURE_LENGTH.size
    if len(payload) < start:
        raise FramingError(INVALID_FRAME)
    (length,) = PICTURE_LENGTH.unpack_from(payload, HEADER.size)
    if length > limits.picture_bytes:
        raise FramingError(FRAME_TOO_LARGE)
    end = start + length
    if end > len(payload):
        raise FramingError(INVALID_FRAME)
    if end == len(payload):
        raise FramingError(INVALID_DEPTH)
    return payload[start:end], _within(payload[end:], limits.depth_bytes)


def _within(part: bytes, most: int) -> bytes:
    if len(part) > most:
        raise FramingError(FRAME_TOO_LARGE)
    return part
