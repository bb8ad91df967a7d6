"""Reads the size of a picture, and whether all of it is there, without decoding anything.

Only the few bytes that say so are looked at, so a picture that would need gigabytes is refused for free.
"""

from __future__ import annotations

import struct
from dataclasses import dataclass

from domain.errors import ImageError, UnsupportedImageError

JPEG_START = b"\xff\xd8\xff"
JPEG_END = b"\xff\xd9"
SCAN_START = b"\xff\xda"
PNG_START = b"\x89PNG\r\n\x1a\n"
PNG_END = b"IEND\xaeB`\x82"
PNG_ANIMATION = b"acTL"

_OTHER_FORMATS = (b"GIF8", b"BM", b"II*\x00", b"MM\x00*", b"\x00\x00\x00\x0cjP  ", b"\x00\x00\x00\x0cJXL ", b"%PDF")
_START_OF_FRAME = frozenset(range(0xC0, 0xD0)) - {0xC4, 0xC8, 0xCC}
_START_OF_SCAN = 0xDA
MOST_SCANS = 64
"""A progressive JPEG of a camera has about ten; each costs a pass over the whole picture, however short it is."""

_ANIMATED_WEBP = 0x02
_STANDALONE = frozenset({0x01, *range(0xD0, 0xD9)})


@dataclass(frozen=True, slots=True)
class PictureSize:
    """Width and height in pixels, as stored (before any rotation)."""

    width: int
    height: int


def read_size(payload: bytes) -> PictureSize:
    """Return the size of a complete JPEG, PNG or WebP picture, told apart by content.

    Raises ``UnsupportedImageError`` for another picture format, ``ImageError`` for what is empty, damaged, truncated or
    no picture at all.
    """
    try:
        if payload.startswith(JPEG_START):
            return _jpeg_size(payload)
        if payload.startswith(PNG_START):
            return _png_size(payload)
        if payload[:4] == b"RIFF" and payload[8:12] == b"WEBP":
            return _webp_size(payload)
    except (struct.error, IndexError) as error:
        raise ImageError("the picture is truncated") from error
    if payload[4:8] == b"ftyp" or payload.startswith(_OTHER_FORMATS):
        raise UnsupportedImageError("send JPEG, PNG or WebP")
    raise ImageError("not a picture" if payload else "an empty picture")


def _jpeg_size(payload: bytes) -> PictureSize:
    """Walk the segments (ITU-T T.81, annex B) up to the first scan; the end marker must come after it.

    Inside a scan the byte 0xFF is always escaped, so an end marker found there is a real one; one inside a preview
    picture in the metadata is stepped over.
    """
    size, position = None, 2
    while True:
        if payload[position] != 0xFF:  # noqa: PLR2004 - every marker starts with it
            raise ImageError("the picture is damaged")
        marker = payload[position + 1]
        if marker == 0xFF:  # noqa: PLR2004 - fill byte
            position += 1
            continue
        if marker in _STANDALONE:
            position += 2
            continue
        (length,) = struct.unpack_from(">H", payload, position + 2)
        if marker in _START_OF_FRAME:
            height, width = struct.unpack_from(">HH", payload, position + 5)
            size = PictureSize(width, height)
        if marker == _START_OF_SCAN:
            break
        position += 2 + length
    if size is None:
        raise ImageError("the picture is damaged")
    if payload.find(JPEG_END, position) < 0:
        raise ImageError("the picture is truncated")
    if payload.count(SCAN_START, position) > MOST_SCANS:
        raise ImageError("the picture has too many scans")
    return size


def _png_size(payload: bytes) -> PictureSize:
    """IHDR is the first chunk, IEND the last (ISO/IEC 15948)."""
    kind, width, height = struct.unpack_from(">4sII", payload, 12)
    if kind != b"IHDR":
        raise ImageError("the picture is damaged")
    if payload.find(PNG_END) < 0:
        raise ImageError("the picture is truncated")
    if payload.find(PNG_ANIMATION, 0, payload.find(b"IDAT")) >= 0:
        raise UnsupportedImageError("send a still picture")
    return PictureSize(width, height)


def _webp_size(payload: bytes) -> PictureSize:
    """Lossy, lossless or extended (RFC 9649): the first chunk says how large the canvas is."""
    (riff_bytes,) = struct.unpack_from("<I", payload, 4)
    if riff_bytes + 8 > len(payload):
        raise ImageError("the picture is truncated")
    kind = payload[12:16]
    if kind == b"VP8 ":
        width, height = struct.unpack_from("<HH", payload, 26)
        return PictureSize(width & 0x3FFF, height & 0x3FFF)
    if kind == b"VP8L":
        (bits,) = struct.unpack_from("<I", payload, 21)
        return PictureSize((bits & 0x3FFF) + 1, (bits >> 14 & 0x3FFF) + 1)
    if kind == b"VP8X":
        canvas = payload[24:30]
        if payload[20] & _ANIMATED_WEBP:
            raise UnsupportedImageError("send a still picture")
        if len(canvas) == 6:  # noqa: PLR2004 - two 24-bit numbers
            return PictureSize(int.from_bytes(canvas[:3], "little") + 1, int.from_bytes(canvas[3:], "little") + 1)
    raise ImageError("the picture is damaged")
