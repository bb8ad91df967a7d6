"""Renewable templates: secret rotations of the embedding space, one per deployment epoch (ISO/IEC 24745).

A Haar-distributed orthogonal matrix keeps every similarity inside its epoch and, to whoever lacks its seed, says
nothing about vectors of another: the direction of a transformed vector is uniform on the sphere.
"""

from __future__ import annotations

from threading import Lock
from typing import TYPE_CHECKING, Final, Protocol

import numpy as np
from cryptography.hazmat.primitives.ciphers import Cipher
from cryptography.hazmat.primitives.ciphers.algorithms import ChaCha20
from cryptography.hazmat.primitives.hashes import SHA256
from cryptography.hazmat.primitives.kdf.hkdf import HKDF

from adapters.crypto.aead import encoded
from domain.biometrics import Embedding
from domain.errors import TransformUnknownError

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from domain.biometrics import ModelId

STREAM_KEY_BYTES: Final = 32
STREAM_NONCE: Final = bytes(16)
"""Each seed, transform and model gives a stream key of its own: nothing is ever drawn twice from one stream."""
UNIFORM_BITS: Final = 53
"""Bits of a float64's fraction."""


class Seeds(Protocol):
    """What a key ring tells of its transforms."""

    def active_transform(self) -> str:
        """Return the id of the one that new templates go through."""
        ...

    def transform_seed(self, transform: str) -> bytes:
        """Return its seed (32 bytes). Raises ``TransformUnknownError``."""
        ...


class RingProtection:
    """``application.ports.protection.TemplateProtection`` on a key ring. Matrices are made once, and kept.

    A matrix of 640 dimensions takes about 0.1 s to make and 1.6 MB to keep.
    """

    def __init__(self, ring: Seeds) -> None:
        """Take seeds from that ring."""
        self._ring = ring
        self._lock = Lock()
        self._matrices: dict[tuple[str, ModelId, int], NDArray[np.float32]] = {}

    def active(self) -> str:
        """Return the transform for new templates. See the port."""
        return self._ring.active_transform()

    def check(self, transform: str) -> None:
        """Look whether the ring holds it. See the port."""
        self._ring.transform_seed(transform)

    def protect(self, embedding: Embedding, transform: str) -> Embedding:
        """Transform a plain embedding. See the port."""
        if embedding.transform:
            raise ValueError("this embedding went through a transform already")
        return Embedding(embedding.model, _unit(self._matrix(embedding, transform) @ embedding.vector), transform)

    def carry(self, template: Embedding, transform: str) -> Embedding:
        """Take a template to another transform. See the port."""
        if not template.transform:
            return self.protect(template, transform)
        # The inverse of an orthogonal matrix is its transpose.
        plain = Embedding(template.model, _unit(self._matrix(template, template.transform).T @ template.vector))
        try:
            return self.protect(plain, transform)
        finally:
            plain.wipe()

    def _matrix(self, embedding: Embedding, transform: str) -> NDArray[np.float32]:
        place = (transform, embedding.model, len(embedding.vector))
        try:
            seed = self._ring.transform_seed(transform)
        except TransformUnknownError:
            self._drop(transform)
            raise
        with self._lock:
            if place not in self._matrices:
                self._matrices[place] = orthogonal(seed, transform, embedding.model, len(embedding.vector))
            return self._matrices[place]

    def _drop(self, transform: str) -> None:
        with self._lock:
            for place in [place for place in self._matrices if place[0] == transform]:
                self._matrices.pop(place).fill(0.0)


def orthogonal(seed: bytes, transform: str, model: str, dimension: int) -> NDArray[np.float32]:
    """Return the orthogonal matrix (float32, n by n) of that seed (32 bytes), transform and model.

    QR decomposition of a matrix of independent normal values, signs fixed by the diagonal of R: distributed by the Haar
    measure (Mezzadri, Notices of the AMS 54, 2007). Normals by Box and Muller from a ChaCha20 stream.
    """
    context = encoded("faceauth-transform/1", transform, model, str(dimension))
    key = HKDF(SHA256(), STREAM_KEY_BYTES, salt=None, info=context).derive(seed)
    q, r = np.linalg.qr(_normals(key, dimension * dimension).reshape(dimension, dimension))
    return np.ascontiguousarray(q * np.sign(np.diagonal(r)), dtype=np.float32)


def _normals(key: bytes, count: int) -> NDArray[np.float64]:
    pairs = (count + 1) // 2
    stream = Cipher(ChaCha20(key, STREAM_NONCE), None).encryptor().update(bytes(2 * pairs * 8))
    uniform = ((np.frombuffer(stream, "<u8") >> np.uint64(64 - UNIFORM_BITS)) + 0.5) / 2.0**UNIFORM_BITS
    radius, angle = np.sqrt(-2.0 * np.log(uniform[:pairs])), 2.0 * np.pi * uniform[pairs:]
    return np.concatenate([radius * np.cos(angle), radius * np.sin(angle)])[:count]


def _unit(vector: NDArray[np.float32]) -> NDArray[np.float32]:
    # Float32 products stray from unit norm by about 1e-7; renewed year after year, that would add up.
    vector /= np.linalg.norm(vector)
    return vector
