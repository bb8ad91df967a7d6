"""The captures of an enrolment while it lasts: in memory only."""

from __future__ import annotations

import threading
from dataclasses import dataclass, field
from datetime import datetime

from application.ports.vision import FaceCrop
from domain.biometrics import Embedding


@dataclass(frozen=True, slots=True)
class CaptureResult:
    """What became of one picture: accepted, or rejected with a reason code."""

    accepted: bool
    reason: str | None
    quality: float | None


@dataclass(frozen=True, slots=True, eq=False)
class Capture:
    """A good capture, in memory only: its embedding, and its crop to tell the next picture from it."""

    embedding: Embedding
    crop: FaceCrop

    def wipe(self) -> None:
        """Overwrite both."""
        self.embedding.wipe()
        self.crop.wipe()


@dataclass(slots=True)
class Captures:
    """The captures of one enrolment so far."""

    since: datetime
    good: list[Capture] = field(default_factory=list)
    results: list[CaptureResult] = field(default_factory=list)
    lock: threading.Lock = field(default_factory=threading.Lock)

    def keep(self, result: CaptureResult, capture: Capture | None) -> None:
        """Take in what became of a picture, and the capture if it is a good one."""
        self.results.append(result)
        if capture is not None:
            self.good.append(capture)

    def wipe(self) -> None:
        """Overwrite and let go of the good ones."""
        for capture in self.good:
            capture.wipe()
        self.good.clear()
