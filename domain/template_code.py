"""How a template's vector is written down: one signed byte a value and one scale, as ADR 0009 measured."""

from __future__ import annotations

import struct
from typing import TYPE_CHECKING, Final

import numpy as np

from domain.biometrics import Embedding

if TYPE_CHECKING:
    from domain.biometrics import ModelId

FORMAT: Final = b"q"
_SCALE: Final = struct.Struct("<f")
_HEADER: Final = len(FORMAT) + _SCALE.size
LARGEST: Final = 127
"""Largest magnitude of a signed byte that has a counterpart of the other sign."""


def encode(embedding: Embedding) -> bytes:
    """Return the format byte, the scale (float32, little-endian) and n signed bytes: value = byte times scale."""
    scale = np.float32(np.abs(embedding.vector).max() / LARGEST)
    values: bytes = np.rint(embedding.vector / scale).astype(np.int8).tobytes()
    return FORMAT + _SCALE.pack(float(scale)) + values


def decode(model: ModelId, transform: str, raw: bytes | bytearray) -> Embedding:
    """Return the unit vector, normalised again. Raises ``ValueError`` for bytes that ``encode`` does not write.

    Templates without a transform are older than this format: plain float32 values.
    """
    if not transform:
        return Embedding(model, np.frombuffer(raw, np.float32).copy())
    if raw[:1] != FORMAT or len(raw) <= _HEADER:
        raise ValueError("not a template of a known format")
    (scale,) = _SCALE.unpack_from(raw, len(FORMAT))
    if not 0.0 < scale <= 1.0:
        raise ValueError("a template's scale lies between 0 and 1")
    vector = np.frombuffer(raw, np.int8, offset=_HEADER).astype(np.float32)
    if not vector.any():
        raise ValueError("a template without direction")
    return Embedding(model, vector / np.linalg.norm(vector), transform)
