"""Template transforms that are easy to see through: a rotation of the coordinates by a place that hangs on the id."""

from __future__ import annotations

from typing import TYPE_CHECKING
from zlib import crc32

import numpy as np

from domain.biometrics import Embedding
from domain.errors import TransformUnknownError

if TYPE_CHECKING:
    from adapters.memory.keys import MemoryKeys


class MemoryProtection:
    """``application.ports.protection.TemplateProtection``: shifts coordinates around; orthogonal, not secret."""

    def __init__(self, keys: MemoryKeys) -> None:
        """Use the transforms of that keeper."""
        self._keys = keys

    def active(self) -> str:
        """Return the active transform."""
        return self._keys.active_transform()

    def check(self, transform: str) -> None:
        """Look whether it is held. See the port."""
        if not self._keys.holds_transform(transform):
            raise TransformUnknownError("the ring does not hold the transform of this template")

    def protect(self, embedding: Embedding, transform: str) -> Embedding:
        """Transform a plain embedding. See the port."""
        if embedding.transform:
            raise ValueError("this embedding went through a transform already")
        return self.carry(embedding, transform)

    def carry(self, template: Embedding, transform: str) -> Embedding:
        """Take a template to another transform. See the port."""
        places = self._places(transform) - self._places(template.transform)
        return Embedding(template.model, np.roll(template.vector, places), transform)

    def _places(self, transform: str) -> int:
        if not transform:
            return 0
        self.check(transform)
        return 1 + crc32(transform.encode()) % 1000
