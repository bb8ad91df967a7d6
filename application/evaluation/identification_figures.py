"""FNIR and FPIR, by threshold and by size of the gallery (ISO/IEC 19795-1), from what was searched."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Final

import numpy as np

from application.evaluation import metrics
from application.evaluation.acquiring import Intake
from application.evaluation.intervals import SEED, Mean, Rate, mean, rate
from application.evaluation.metrics import Curve
from domain.errors import InvalidInputError

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from application.evaluation.identification import Found, Searches

FPIR_TARGETS: Final = (1e-1, 1e-2, 1e-3)
SIZES: Final = (10, 25, 50, 100, 250, 500, 1000, 2500, 5000, 10_000)
DRAWS: Final = 20
"""Random galleries of each size: one alone says more about who is in it than about its size."""


@dataclass(frozen=True, slots=True)
class Identified:
    """Figures of one kind of probe at one threshold.

    ``fpir``: strangers for whom anybody comes out; ``fnir``: mates who do not come out first; ``misidentified``: mates
    for whom somebody else does. ``margin`` is the least distance to the runner-up that a hit needs, 0 for none.
    """

    threshold: float
    margin: float
    fnir: Rate
    fpir: Rate
    misidentified: int


@dataclass(frozen=True, slots=True)
class BySize:
    """Galleries of ``size`` people: what one threshold does in them, and the service's own for that size.

    ``threshold_for_target`` is the one that would meet the target there. No margin to the runner-up is asked for: the
    service is a little stricter.
    """

    size: int
    fpir: Mean
    fnir: Mean
    threshold_for_target: float
    served_threshold: float
    served_fpir: Mean
    served_fnir: Mean


@dataclass(frozen=True, slots=True)
class Identification:
    """All figures.

    ``grouped`` and ``grouped_at_own``: probes of three pictures, at the threshold of single ones and at their own; None
    where no mate or no stranger has three. ``points``: single pictures at the thresholds for other targets. ``served``
    and ``grouped_served``: at the service's threshold and margin.
    """

    target: float
    single: Identified
    grouped: Identified | None
    grouped_at_own: Identified | None
    points: Sequence[tuple[float, Identified]]
    served: Identified
    grouped_served: Identified | None
    by_size: Sequence[BySize]
    curve: Curve
    mate: NDArray[np.float64]
    stranger_best: NDArray[np.float64]
    fte: Rate
    fta: Rate
    intake: Intake


def figures(found: Found, *, target: float, served: Callable[[int], float], margin: float) -> Identification:
    """Return all figures; the threshold is the smallest whose measured FPIR is at most ``target``.

    ``served`` returns the service's threshold for a gallery of that size, ``margin`` is the service's.
    Raises ``InvalidInputError`` where no probe of a mate or of a stranger shows a face.
    """
    single, grouped = _split(found.single), _split(found.grouped)
    stranger_best = single[1].others[:, 0]
    if not (np.isfinite(stranger_best).any() and np.isfinite(single[0].mate).any()):
        raise InvalidInputError("no face was found in the probes: check the folder")
    threshold, served_threshold = metrics.threshold_for(stranger_best, target), served(len(found.gallery))
    own = _own_threshold(grouped, target)
    targets = sorted({*FPIR_TARGETS, target}, reverse=True)
    sightings = [sighting for pictures in found.probing.values() for sighting in pictures]
    subjects = [person for person, pictures in found.probing.items() for _ in pictures]
    people = [*found.gallery, *found.refused]
    return Identification(
        target=target,
        single=_at(single, threshold),
        grouped=None if own is None else _at(grouped, threshold),
        grouped_at_own=None if own is None else _at(grouped, own),
        points=[(goal, _at(single, metrics.threshold_for(stranger_best, goal))) for goal in targets],
        served=_at(single, served_threshold, margin),
        grouped_served=None if own is None else _at(grouped, served_threshold, margin),
        by_size=_by_size(single, len(found.gallery), (threshold, target), served),
        curve=_curve(single),
        mate=single[0].mate,
        stranger_best=stranger_best,
        fte=rate(np.arange(len(people)) >= len(found.gallery)),
        fta=rate(np.asarray([not sighting.found for sighting in sightings]), subjects),
        intake=Intake.of([*found.enrolment, *sightings]),
    )


def _split(searches: Searches) -> tuple[Searches, Searches]:
    """Return the searches of mates and those of strangers."""
    return searches.of(searches.mated), searches.of(~searches.mated)


def _own_threshold(sides: tuple[Searches, Searches], target: float) -> float | None:
    mates, strangers = sides
    if not mates.subjects or not strangers.subjects or not np.isfinite(strangers.others[:, 0]).any():
        return None
    return metrics.threshold_for(strangers.others[:, 0], target)


def _at(sides: tuple[Searches, Searches], threshold: float, margin: float = 0.0) -> Identified:
    mates, strangers = sides
    other, second = mates.others[:, 0], mates.others[:, 1]
    missed = metrics.missed(mates.mate, other, threshold) | _nearer_than(mates.mate, other, margin)
    wrong = metrics.misidentified(mates.mate, other, threshold)
    wrong &= ~_nearer_than(other, np.maximum(second, mates.mate), margin)
    alarm = strangers.others[:, 0] >= threshold
    alarm &= ~_nearer_than(strangers.others[:, 0], strangers.others[:, 1], margin)
    return Identified(
        threshold=threshold,
        margin=margin,
        fnir=rate(missed, mates.subjects),
        fpir=rate(alarm, strangers.subjects),
        misidentified=int(wrong.sum()),
    )


def _nearer_than(best: NDArray[np.float64], runner_up: NDArray[np.float64], margin: float) -> NDArray[np.bool_]:
    """Say where the runner-up comes nearer than ``margin``; nothing comes near a failed search."""
    known = np.isfinite(best) & np.isfinite(runner_up)
    return known & (np.where(known, best, 0.0) - np.where(known, runner_up, 0.0) < margin)


def _curve(sides: tuple[Searches, Searches]) -> Curve:
    """Return FPIR (false accept) and FNIR (false reject) at every score that makes a difference."""
    mates, strangers = sides
    hits = np.where(mates.mate > mates.others[:, 0], mates.mate, metrics.FAILED)
    return metrics.curve(hits, strangers.others[:, 0])


def _by_size(
    sides: tuple[Searches, Searches], full: int, chosen: tuple[float, float], served: Callable[[int], float]
) -> list[BySize]:
    sizes = [size for size in SIZES if size < full]
    random = np.random.default_rng(SEED)
    return [_in_galleries(sides, _drawn(random, size, full), chosen, served(size)) for size in [*sizes, full]]


def _drawn(random: np.random.Generator, size: int, full: int) -> NDArray[np.bool_]:
    """Return who is in each random gallery, bool (draws, full)."""
    draws = 1 if size == full else DRAWS
    drawn = np.zeros((draws, full), bool)
    for row in drawn:
        row[random.permutation(full)[:size]] = True
    return drawn


def _in_galleries(
    sides: tuple[Searches, Searches], galleries: NDArray[np.bool_], chosen: tuple[float, float], served: float
) -> BySize:
    mates, strangers = sides
    threshold, target = chosen
    alarms = np.stack([_best_in(strangers, gallery) for gallery in galleries])
    others = np.stack([_best_in(mates, gallery) for gallery in galleries])

    def fpir(at: float) -> Mean:
        return mean((alarms >= at).mean(axis=0), strangers.subjects)

    def fnir(at: float) -> Mean:
        missed = np.stack([metrics.missed(mates.mate, best, at) for best in others])
        return mean(missed.mean(axis=0), mates.subjects)

    return BySize(
        size=int(galleries[0].sum()),
        fpir=fpir(threshold),
        fnir=fnir(threshold),
        threshold_for_target=metrics.threshold_for(alarms, target),
        served_threshold=served,
        served_fpir=fpir(served),
        served_fnir=fnir(served),
    )


def _best_in(searches: Searches, gallery: NDArray[np.bool_]) -> NDArray[np.float64]:
    """Return the best score of others that are in the gallery, ``FAILED`` where none of the nearest is."""
    present = np.append(gallery, False)[searches.entries]
    return np.asarray(np.where(present, searches.others, metrics.FAILED).max(axis=1), np.float64)
