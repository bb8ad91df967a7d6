"""Which movements to ask for: a port, so that only a test can know them beforehand."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Protocol


class Challenges(Protocol):
    """Draws movements from a cryptographic source."""

    def draw(self, movements: Sequence[str], count: int) -> tuple[str, ...]:
        """Return ``count`` different ones of ``movements``, every order equally likely.

        Raises ``ValueError`` for more than there are.
        """
        ...
