"""The aligned faces that an attempt holds on to until it ends: those to embed, and spares for a new template."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from application.ports.vision import FaceCrop


@dataclass(frozen=True, slots=True, eq=False)
class HeldCrop:
    """The face of frame number ``frame``, seen after ``segment`` movements.

    ``live`` where that frame alone passes for a live person who can be recognised; ``quality`` grows with the face's.
    """

    frame: int
    crop: FaceCrop
    live: bool
    quality: float = 0.0
    segment: int = 0


class HeldCrops:
    """The best faces of every segment and, where there is room, the newest live ones besides."""

    def __init__(self, best: int = 1, room: int = 0) -> None:
        """Hold nothing yet; at most ``best`` of each segment to embed, and ``room`` besides."""
        self._best: dict[int, list[HeldCrop]] = {}
        self._others: list[HeldCrop] = []
        self._each = best
        self._room = room

    @property
    def probes(self) -> list[HeldCrop]:
        """The faces to embed, in the order in which they were seen."""
        return sorted((held for kept in self._best.values() for held in kept), key=lambda held: held.frame)

    @property
    def by_time(self) -> list[HeldCrop]:
        """Every live face that is held, in the order in which they were seen."""
        return sorted((held for held in (*self.probes, *self._others) if held.live), key=lambda held: held.frame)

    @property
    def live(self) -> list[FaceCrop]:
        """The crops that may go into a template, those to embed first."""
        return [held.crop for held in (*self.probes, *self._others) if held.live]

    def put(self, held: HeldCrop) -> None:
        """Take a crop; overwrite what there is no room for. Of equal quality the later one is the better."""
        other: HeldCrop | None = held
        if held.live:
            kept = self._best.setdefault(held.segment, [])
            kept.append(held)
            kept.sort(key=lambda one: (one.quality, one.frame), reverse=True)
            other = kept.pop() if len(kept) > self._each else None
        if other is not None:
            self._others.append(other)
        while len(self._others) > self._room or (self._others and not self._others[-1].live):
            self._others.pop(0 if self._others[-1].live else -1).crop.wipe()

    def wipe(self) -> None:
        """Overwrite everything. Idempotent."""
        held: Sequence[HeldCrop] = (*self.probes, *self._others)
        for one in held:
            one.crop.wipe()
        self._best.clear()
        self._others.clear()
