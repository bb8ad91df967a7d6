"""Live people and attacks shown to the pipeline that serves: scores, evidence and times, no pixels."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final

from application.evaluation.pad_fit import Example
from domain.errors import ImageError, InvalidInputError

if TYPE_CHECKING:
    from application.evaluation.journal import Journal
    from application.ports.vision import FrameJudge

PICTURES: Final = frozenset({".jpeg", ".jpg", ".png", ".webp"})
ATTACK: Final = "attack"
"""Species of attacks that come without one."""

Frames = Callable[[Path, float], Iterable[tuple[float, bytes]]]
"""Reads a clip: path, frames per second to (milliseconds from the start, encoded picture)."""


@dataclass(frozen=True, slots=True)
class Source:
    """A folder or a file of presentations of one kind; ``species`` is "" for live people."""

    path: Path
    species: str = ""

    @classmethod
    def attack(cls, text: str) -> Source:
        """Read ``PATH`` or ``PATH=species``; a path that exists with its equals sign is a path."""
        path, equals, species = text.rpartition("=")
        if not equals or Path(text).exists():
            return cls(Path(text), ATTACK)
        if not path or not species.strip():
            raise InvalidInputError("write attacks as PATH or PATH=species")
        return cls(Path(path), species.strip())

    def files(self, clips: frozenset[str]) -> list[Path]:
        """Return pictures, and clips of these suffixes, below the path, sorted. Raises ``InvalidInputError``."""
        if not self.path.exists():
            raise InvalidInputError(f"{self.path} does not exist")
        known = PICTURES | clips
        below = [self.path] if self.path.is_file() else self.path.rglob("*")
        found = sorted(path for path in below if path.is_file() and path.suffix.lower() in known)
        if not found:
            raise InvalidInputError(f"{self.path} holds neither pictures nor clips")
        return found


@dataclass(frozen=True, slots=True)
class Presentation:
    """One picture, or one frame of a clip. ``score`` is None where nothing could be judged; ``reason`` says why."""

    species: str
    source: str
    file: str
    score: float | None
    reason: str | None = None
    evidence: Mapping[str, float] = field(default_factory=dict)
    steps_ms: Mapping[str, float] = field(default_factory=dict)

    def example(self) -> Example:
        """Return what the fit takes of a judged presentation."""
        return Example(self.evidence, self.species, self.source, self.file)


@dataclass(frozen=True, slots=True)
class PadEvaluation:
    """Shows every file to the judge, all cores at once; a journal keeps what is finished.

    ``frames`` reads clips, of which files have the suffixes ``clips``, ``per_second`` frames of each second.
    """

    judge: FrameJudge
    frames: Frames
    clips: frozenset[str]
    per_second: float
    threads: int

    def plan(self, sources: Sequence[Source]) -> list[tuple[Source, str, Path]]:
        """Return (source, its name, file) of everything to show. Sources are named by species and place among them."""
        if not {bool(source.species) for source in sources} == {True, False}:
            raise InvalidInputError("give presentations of live people and of attacks")
        units = [
            (source, str(place), path) for place, source in enumerate(sources) for path in source.files(self.clips)
        ]
        paths = [path.resolve() for _, _, path in units]
        if len(set(paths)) != len(paths):
            raise InvalidInputError("a file was given twice: every presentation is of one kind and counts once")
        return units

    def run(
        self, units: Sequence[tuple[Source, str, Path]], journal: Journal, advance: Callable[[], None]
    ) -> list[Presentation]:
        """Return what became of every picture and frame, in the order of the units.

        ``advance`` is called after each file. What cannot be decoded is a presentation without a score.
        """

        def show(unit: tuple[Source, str, Path]) -> list[Presentation]:
            source, name, path = unit
            key = f"{name}/{path.relative_to(source.path) if path != source.path else path.name}"
            done = journal.result(key)
            if done is None:
                done = {"shown": [self._judged(payload) for payload in self._payloads(path)] or [_unread("no_frames")]}
                journal.record(key, done)
            advance()
            return [Presentation(source.species, name, key, **shown) for shown in done["shown"]]

        pool = ThreadPoolExecutor(self.threads, thread_name_prefix="evaluate")
        try:
            return [shown for several in pool.map(show, units) for shown in several]
        finally:
            pool.shutdown(cancel_futures=True)

    def _payloads(self, path: Path) -> Iterable[bytes | None]:
        if path.suffix.lower() not in self.clips:
            yield _content(path)
            return
        try:
            for _, payload in self.frames(path, self.per_second):
                yield payload
        except ImageError:
            yield None

    def _judged(self, payload: bytes | None) -> dict[str, Any]:
        try:
            findings, crop = self.judge.judge(payload or b"")
        except ImageError as error:
            return _unread(error.code)
        if crop is not None:
            crop.wipe()
        return {
            "score": findings.pad,
            "reason": findings.reason,
            "evidence": dict(findings.evidence),
            "steps_ms": {name: round(spent, 3) for name, spent in findings.steps_ms.items()},
        }


def _unread(reason: str) -> dict[str, Any]:
    return {"score": None, "reason": reason, "evidence": {}, "steps_ms": {}}


def _content(path: Path) -> bytes:
    try:
        return path.read_bytes()
    except OSError as error:
        raise InvalidInputError(f"{path} cannot be read: {error.strerror}") from None
