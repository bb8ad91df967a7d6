"""Verification: two pictures, one question. FMR and FNMR over given pairs (ISO/IEC 19795-1)."""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Final

import numpy as np

from application.evaluation import metrics
from application.evaluation.acquiring import BATCH, Intake, Sighting, wipe
from application.evaluation.intervals import Rate, rate
from domain.errors import InvalidInputError

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping, Sequence

    from numpy.typing import NDArray

    from application.evaluation.acquiring import Acquisition, Picture
    from application.evaluation.journal import Journal
    from application.evaluation.metrics import Curve, OperatingPoint
    from application.evaluation.pairs import Pair, Shot
    from domain.biometrics import Embedding

FMR_TARGETS: Final = (1e-2, 1e-3, 1e-4)
FOLDS: Final = 10
"""For lists without folds: every tenth pair of either kind, as many as the standard list of LFW has."""
LEAST_PAIRS: Final = 2
"""Of either kind: accuracy takes its threshold from other pairs than those that it counts."""


@dataclass(frozen=True, slots=True)
class Comparisons:
    """What was measured: a score per pair in the order of the list (``FAILED``: a picture without a face).

    ``sightings`` maps the name of every picture to what became of it.
    """

    pairs: Sequence[Pair]
    scores: NDArray[np.float64]
    sightings: Mapping[str, Sighting]
    resumed: int


@dataclass(frozen=True, slots=True)
class Point:
    """An operating point with both rates and their intervals."""

    chosen: OperatingPoint
    fmr: Rate
    fnmr: Rate


@dataclass(frozen=True, slots=True)
class Verification:
    """All figures. ``fte`` is of pictures that stand first in a pair (the references), ``fta`` of those that follow."""

    genuine: NDArray[np.float64]
    impostor: NDArray[np.float64]
    accuracies: NDArray[np.float64]
    folds_of_list: bool
    eer: float
    eer_threshold: float
    points: Sequence[Point]
    served: Point
    curve: Curve
    fte: Rate
    fta: Rate
    intake: Intake

    @property
    def accuracy(self) -> float:
        """Mean over the folds."""
        return float(self.accuracies.mean())


def compare(
    pairs: Sequence[Pair], pictures: Mapping[Shot, Picture], acquisition: Acquisition, journal: Journal
) -> Comparisons:
    """Compare every pair; what the journal has is not compared again.

    Every picture is embedded once; embeddings are overwritten after their last pair, and where this raises.
    """
    shelf = _Shelf(pairs, pictures, acquisition)
    scores: list[float] = []
    sightings: dict[str, Sighting] = {}
    try:
        for number, batch in enumerate(_batches(pairs)):
            done = _done(shelf, batch, journal, unit=f"pairs {number}")
            shelf.release(batch)
            scores += [metrics.FAILED if score is None else score for score in done["scores"]]
            new = zip(shelf.new(batch), done["pictures"], strict=True)
            sightings |= {name: Sighting.of(document) for name, document in new}
    finally:
        shelf.wipe()
    return Comparisons(pairs, np.asarray(scores, np.float64), sightings, journal.resumed)


def _done(shelf: _Shelf, batch: Sequence[Pair], journal: Journal, *, unit: str) -> Mapping[str, Any]:
    """Return the result of a batch, out of the journal where it is there."""
    done: Mapping[str, Any] | None = journal.result(unit)
    if done is not None:
        shelf.pass_over(batch)
        return done
    result = shelf.compare(batch)
    journal.record(unit, result)
    return result


class _Shelf:
    """Embeddings that pairs to come still need."""

    def __init__(self, pairs: Sequence[Pair], pictures: Mapping[Shot, Picture], acquisition: Acquisition) -> None:
        self._pictures, self._acquisition = pictures, acquisition
        self._needed = Counter(name for pair in pairs for name in self._names([pair]))
        self._first = {name: place for place, pair in reversed(list(enumerate(pairs))) for name in self._names([pair])}
        self._lines = {pair.line: place for place, pair in enumerate(pairs)}
        self._held: dict[str, Embedding | None] = {}

    def new(self, batch: Sequence[Pair]) -> list[str]:
        """Return the names of pictures that no earlier batch has, in order."""
        begin = self._lines[batch[0].line]
        return [name for name in self._names(batch) if self._first[name] >= begin]

    def compare(self, batch: Sequence[Pair]) -> dict[str, Any]:
        """Return the scores of the pairs (None: a face is missing), and what became of each new picture."""
        by_name = {
            self._pictures[shot].name: self._pictures[shot] for pair in batch for shot in (pair.first, pair.second)
        }
        lacking = [name for name in self._names(batch) if name not in self._held]
        taken = dict(zip(lacking, self._acquisition.take(by_name[name] for name in lacking), strict=True))
        self._held |= {name: acquired.embedding for name, acquired in taken.items()}
        return {
            "scores": [self._score(pair) for pair in batch],
            "pictures": [taken[name].sighting.document() for name in self.new(batch)],
        }

    def pass_over(self, batch: Sequence[Pair]) -> None:
        """Count the pictures of a batch that was compared before."""
        self._acquisition.advance(len(self.new(batch)))

    def wipe(self) -> None:
        """Overwrite everything."""
        wipe(self._held.values())

    def release(self, batch: Sequence[Pair]) -> None:
        """Overwrite the embeddings that no later pair needs."""
        for pair in batch:
            self._needed.subtract(self._names([pair]))
        spent = [name for name in self._held if self._needed[name] <= 0]
        wipe(self._held.pop(name) for name in spent)

    def _score(self, pair: Pair) -> float | None:
        one, other = (self._held[self._pictures[shot].name] for shot in (pair.first, pair.second))
        return None if one is None or other is None else float(one.similarity(other))

    def _names(self, batch: Sequence[Pair]) -> list[str]:
        return list(dict.fromkeys(self._pictures[shot].name for pair in batch for shot in (pair.first, pair.second)))


def _batches(pairs: Sequence[Pair]) -> Iterator[Sequence[Pair]]:
    size = BATCH // 2
    for first in range(0, len(pairs), size):
        yield pairs[first : first + size]


def figures(found: Comparisons, pictures: Mapping[Shot, Picture], *, served_threshold: float) -> Verification:
    """Return all figures of these comparisons; ``served_threshold`` is the service's own for a claimed identity.

    Raises ``InvalidInputError`` where pairs of one kind are missing or no pair gave a score.
    """
    mated = np.asarray([pair.genuine for pair in found.pairs], bool)
    if min(mated.sum(), (~mated).sum()) < LEAST_PAIRS:
        raise InvalidInputError("the list needs several pairs of one person and several of two people")
    genuine, impostor = found.scores[mated], found.scores[~mated]
    if not (np.isfinite(genuine).any() and np.isfinite(impostor).any()):
        raise InvalidInputError("no face was found in the pictures of these pairs: check the folder of pictures")
    subjects = [pair.first.subject for pair in found.pairs]
    sides = (
        [subject for subject, one in zip(subjects, mated, strict=True) if one],
        [subject for subject, one in zip(subjects, mated, strict=True) if not one],
    )

    def point(chosen: OperatingPoint) -> Point:
        wrong = impostor >= chosen.threshold, genuine < chosen.threshold
        return Point(chosen, fmr=rate(wrong[0], sides[1]), fnmr=rate(wrong[1], sides[0]))

    served = metrics.OperatingPoint(
        served_threshold,
        metrics.share_accepted(impostor, served_threshold),
        metrics.share_refused(genuine, served_threshold),
    )
    equal = metrics.equal_error(genuine, impostor)
    folds, given = _folds(found.pairs, mated)
    return Verification(
        genuine=genuine,
        impostor=impostor,
        accuracies=metrics.fold_accuracies(found.scores, mated, folds),
        folds_of_list=given,
        eer=metrics.eer(genuine, impostor),
        eer_threshold=equal.threshold,
        points=[point(metrics.operating_point(genuine, impostor, target)) for target in FMR_TARGETS],
        served=point(served),
        curve=metrics.curve(genuine, impostor),
        fte=_unseen([pictures[pair.first] for pair in found.pairs], found.sightings),
        fta=_unseen([pictures[pair.second] for pair in found.pairs], found.sightings),
        intake=Intake.of(list(found.sightings.values())),
    )


def _folds(pairs: Sequence[Pair], mated: NDArray[np.bool_]) -> tuple[NDArray[np.int64], bool]:
    """Return the fold of every pair, and whether the list says so itself (in at least two folds)."""
    given = {pair.fold for pair in pairs}
    if None not in given and len(given) > 1:
        return np.asarray([pair.fold for pair in pairs], np.int64), True
    folds = np.zeros(len(pairs), np.int64)
    for kind in (mated, ~mated):
        folds[kind] = np.arange(int(kind.sum())) % FOLDS
    return folds, False


def _unseen(pictures: Sequence[Picture], sightings: Mapping[str, Sighting]) -> Rate:
    distinct = {picture.name: picture for picture in pictures}
    missing = np.asarray([not sightings[name].found for name in distinct], bool)
    return rate(missing, [picture.subject for picture in distinct.values()])
