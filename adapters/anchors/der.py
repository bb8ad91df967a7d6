"""Just enough of DER (X.690) for time stamps: reading strictly, and writing."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Final

BOOLEAN: Final = 0x01
INTEGER: Final = 0x02
BIT_STRING: Final = 0x03
OCTET_STRING: Final = 0x04
NULL: Final = 0x05
OID: Final = 0x06
GENERALIZED_TIME: Final = 0x18
SEQUENCE: Final = 0x30
SET: Final = 0x31
CONTEXT_0: Final = 0xA0
CONTEXT_1: Final = 0xA1

_LONG: Final = 0x80
_MULTI_BYTE_TAG: Final = 0x1F
_MOST_LENGTH_BYTES: Final = 4
_MOST_INTEGER_BYTES: Final = 64
"""Versions, statuses, nonces, serial numbers (RFC 5280: 20 bytes). Python prints no integer of thousands of digits."""
_MOST_OID_BYTES: Final = 128


class DerError(ValueError):
    """Bytes that are not what DER allows, or not what was expected here."""


@dataclass(frozen=True, slots=True)
class Element:
    """One element: its tag byte, its content, and all of it as it was encoded."""

    tag: int
    content: bytes = field(repr=False)
    raw: bytes = field(repr=False)

    def children(self) -> list[Element]:
        """Return the elements of a constructed one. Raises ``DerError``."""
        found, rest = [], self.content
        while rest:
            element, rest = _first(rest)
            found.append(element)
        return found

    def expect(self, tag: int) -> Element:
        """Return itself where it has that tag. Raises ``DerError``."""
        if self.tag != tag:
            raise DerError(f"tag {self.tag:02x} instead of {tag:02x}")
        return self

    def integer(self) -> int:
        """Return the value of an INTEGER. Raises ``DerError``."""
        content = self.expect(INTEGER).content
        padded = len(content) > 1 and (
            (content[0] == 0 and content[1] < _LONG) or (content[0] == 0xFF and content[1] >= _LONG)  # noqa: PLR2004
        )
        if not content or padded:
            raise DerError("an integer in more bytes than it needs")
        if len(content) > _MOST_INTEGER_BYTES:
            raise DerError("an integer larger than any that is meant here")
        return int.from_bytes(content, "big", signed=True)

    def oid(self) -> str:
        """Return the value of an OBJECT IDENTIFIER in dots. Raises ``DerError``."""
        content = self.expect(OID).content
        if not content or content[-1] & _LONG or len(content) > _MOST_OID_BYTES:
            raise DerError("an object identifier that does not end")
        arcs, value = [], 0
        for byte in content:
            value = value << 7 | byte & 0x7F
            if not byte & _LONG:
                arcs.append(value)
                value = 0
        first = min(arcs[0] // 40, 2)
        return ".".join(map(str, (first, arcs[0] - 40 * first, *arcs[1:])))


def parse(raw: bytes) -> Element:
    """Return the one element that those bytes are. Raises ``DerError``."""
    element, rest = _first(raw)
    if rest:
        raise DerError("bytes after the end")
    return element


def encode(tag: int, *parts: bytes) -> bytes:
    """Return an element of that tag with those parts, encoded already, as its content."""
    content = b"".join(parts)
    size = len(content)
    if size < _LONG:
        return bytes((tag, size)) + content
    length = size.to_bytes((size.bit_length() + 7) // 8, "big")
    return bytes((tag, _LONG | len(length))) + length + content


def encode_integer(value: int) -> bytes:
    """Return an INTEGER, of a value that is not negative."""
    return encode(INTEGER, value.to_bytes(value.bit_length() // 8 + 1, "big"))


def encode_oid(dotted: str) -> bytes:
    """Return an OBJECT IDENTIFIER."""
    first, second, *others = (int(arc) for arc in dotted.split("."))
    content = bytearray()
    for arc in (40 * first + second, *others):
        group = [arc & 0x7F]
        while arc := arc >> 7:
            group.append(arc & 0x7F | _LONG)
        content += bytes(reversed(group))
    return encode(OID, bytes(content))


def _first(raw: bytes) -> tuple[Element, bytes]:
    if len(raw) < 2 or raw[0] & _MULTI_BYTE_TAG == _MULTI_BYTE_TAG:  # noqa: PLR2004 - a tag and a length
        raise DerError("no element that can be read")
    size, start = raw[1], 2
    if size & _LONG:
        count = size & ~_LONG
        start = 2 + count
        if not 0 < count <= _MOST_LENGTH_BYTES or len(raw) < start:
            raise DerError("a length that DER does not have")
        size = int.from_bytes(raw[2:start], "big")
        if size < _LONG or raw[2] == 0:
            raise DerError("a length in more bytes than it needs")
    end = start + size
    if len(raw) < end:
        raise DerError("an element that is cut off")
    return Element(raw[0], raw[start:end], raw[:end]), raw[end:]
