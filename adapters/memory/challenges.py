"""Movements that are known beforehand: for tests, and for clips whose movements are written down."""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Sequence


class KnownChallenges:
    """``application.ports.challenges.Challenges`` that always gives the same."""

    def __init__(self, *steps: str) -> None:
        """Give these, whatever is asked for."""
        self._steps = steps

    def draw(self, movements: Sequence[str], count: int) -> tuple[str, ...]:  # noqa: ARG002 - they are known
        """Return the steps."""
        return self._steps
