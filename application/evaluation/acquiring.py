"""Pictures of an evaluation on their way to embeddings: in memory, every core, nothing kept on disk."""

from __future__ import annotations

import time
from collections import Counter
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field
from statistics import median
from typing import TYPE_CHECKING, Any, Final, Self

from domain.errors import ImageError, InvalidInputError

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Mapping, Sequence
    from pathlib import Path

    from application.ports.vision import FaceAcquirer
    from domain.biometrics import Embedding

BATCH: Final = 64
"""Pictures taken in between two entries of the journal: what a cut-off costs at most."""


@dataclass(frozen=True, slots=True)
class Picture:
    """A file and whom it shows; ``name`` is its path inside the data, with slashes."""

    name: str
    path: Path
    subject: str


@dataclass(frozen=True, slots=True)
class Sighting:
    """What became of one picture, without anything of the face.

    ``found``: there is an embedding. ``reason``: why the service would refuse the picture, None where it would not;
    ``unfit``: what the person would be asked to change before being recognised. ``steps_ms`` maps steps to times.
    """

    found: bool
    reason: str | None = None
    unfit: str | None = None
    steps_ms: Mapping[str, float] = field(default_factory=dict)

    def document(self) -> dict[str, Any]:
        """Return it for the journal."""
        steps = {name: round(spent, 3) for name, spent in self.steps_ms.items()}
        return {"found": self.found, "reason": self.reason, "unfit": self.unfit, "steps_ms": steps}

    @classmethod
    def of(cls, document: Mapping[str, Any]) -> Self:
        """Return what ``document`` made."""
        return cls(**document)


@dataclass(frozen=True, slots=True)
class Acquired:
    """A picture that was taken in; the caller wipes the embedding."""

    sighting: Sighting
    embedding: Embedding | None


class Acquisition:
    """Takes pictures in with several threads; a context manager, left at once when the work is interrupted."""

    def __init__(self, judge: FaceAcquirer, *, threads: int, advance: Callable[[int], None] = lambda _: None) -> None:
        """Use that pipeline; ``advance`` is told of every picture, or of several that need not be taken in again."""
        self._judge = judge
        self._pool = ThreadPoolExecutor(threads, thread_name_prefix="evaluate")
        self.advance = advance

    def take(self, pictures: Iterable[Picture]) -> list[Acquired]:
        """Return what became of each, in order. Raises ``InvalidInputError`` for a file that cannot be read.

        What was taken in before it raises is overwritten.
        """
        taken: list[Acquired] = []
        try:
            for acquired in self._pool.map(self._take, pictures):
                taken.append(acquired)
                self.advance(1)
        except BaseException:
            wipe(acquired.embedding for acquired in taken)
            raise
        return taken

    def _take(self, picture: Picture) -> Acquired:
        try:
            findings, crop = self._judge.central(_content(picture.path))
        except ImageError as error:
            return Acquired(Sighting(found=False, reason=error.code), None)
        unfit = findings.quality.unfit if findings.quality else None
        if crop is None:
            return Acquired(Sighting(found=False, reason=findings.reason, steps_ms=findings.steps_ms), None)
        start = time.perf_counter()
        try:
            embedding = self._judge.embed(crop)
        finally:
            crop.wipe()
        steps = {**findings.steps_ms, "embed": (time.perf_counter() - start) * 1000}
        return Acquired(Sighting(found=True, reason=findings.reason, unfit=unfit, steps_ms=steps), embedding)

    def __enter__(self) -> Self:
        """Return the acquisition."""
        return self

    def __exit__(self, *_: object) -> None:
        """Drop what has not begun, wait for what has."""
        self._pool.shutdown(cancel_futures=True)


@dataclass(frozen=True, slots=True)
class Intake:
    """All pictures of an evaluation in figures.

    ``fta_by_reason`` counts pictures that the service would refuse, by reason code; ``unfit_by_reason`` those that it
    would judge, but not recognise anybody by. ``steps_ms`` are medians.
    """

    pictures: int
    without_face: int
    fta_by_reason: Mapping[str, int]
    unfit_by_reason: Mapping[str, int]
    steps_ms: Mapping[str, float]

    @classmethod
    def of(cls, sightings: Sequence[Sighting]) -> Self:
        """Count."""
        times: dict[str, list[float]] = {}
        for sighting in sightings:
            for name, spent in sighting.steps_ms.items():
                times.setdefault(name, []).append(spent)
        return cls(
            pictures=len(sightings),
            without_face=sum(not sighting.found for sighting in sightings),
            fta_by_reason=dict(Counter(s.reason for s in sightings if s.reason).most_common()),
            unfit_by_reason=dict(Counter(s.unfit for s in sightings if s.unfit and not s.reason).most_common()),
            steps_ms={name: round(median(spent), 3) for name, spent in times.items()},
        )


def wipe(embeddings: Iterable[Embedding | None]) -> None:
    """Overwrite what is there."""
    for embedding in embeddings:
        if embedding is not None:
            embedding.wipe()


def _content(path: Path) -> bytes:
    try:
        return path.read_bytes()
    except OSError as error:
        raise InvalidInputError(f"{path} cannot be read: {error.strerror}") from None
