"""Renewable templates (ISO/IEC 24745): the same face, unlinkable from one transform to the next."""

from __future__ import annotations

from typing import TYPE_CHECKING, Protocol

if TYPE_CHECKING:
    from domain.biometrics import Embedding


class TemplateProtection(Protocol):
    """Keyed orthogonal transforms of embeddings, one per epoch of the deployment. Safe from several threads.

    Deterministic, float32, norm-preserving: similarities inside one transform are those of the plain vectors (to 1e-5),
    across transforms they say nothing. Keys come from the ring; a transform made by another process is found there.
    """

    def active(self) -> str:
        """Return the id of the transform that new templates go through."""
        ...

    def check(self, transform: str) -> None:
        """Raise ``TransformUnknownError`` unless the ring holds that transform."""
        ...

    def protect(self, embedding: Embedding, transform: str) -> Embedding:
        """Return a plain embedding in that transform (a new vector, the caller's to wipe).

        Raises ``TransformUnknownError`` where the ring does not hold it any more, ``ValueError`` for an embedding that
        is not plain.
        """
        ...

    def carry(self, template: Embedding, transform: str) -> Embedding:
        """Return a template, plain or of any transform that the ring holds, in another one. Raises as ``protect``."""
        ...
