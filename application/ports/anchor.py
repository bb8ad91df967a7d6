"""Where checkpoints of the log go so that nobody in the house can take them back."""

from __future__ import annotations

from typing import Protocol


class Anchor(Protocol):
    """Somebody else who keeps or stamps checkpoints: a witness, a time stamping authority (RFC 3161)."""

    @property
    def name(self) -> str:
        """What the officer calls it: "witness", "timestamp"."""
        ...

    def anchor(self, checkpoint: bytes) -> bytes:
        """Hand over a signed checkpoint, return what proves that it was there (a receipt, a time stamp token).

        Blocks for as long as its settings allow. Raises ``UnavailableError`` where it cannot be reached or refuses for
        now, ``InvalidInputError`` where it says that this checkpoint contradicts an earlier one.
        """
        ...
