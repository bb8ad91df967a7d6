"""Identification: a gallery of enrolled people, probes of them and of strangers. What is searched, score by score."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Final

import numpy as np

from application.evaluation.acquiring import BATCH, Acquired, Sighting, wipe
from application.evaluation.metrics import FAILED
from domain.enrollment import MIN_USED_CAPTURES
from domain.errors import CapturesInconsistentError, InvalidInputError, TooFewCapturesError
from domain.policies.enrolling import EnrollmentPolicy, mean_template

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Mapping, Sequence

    from numpy.typing import NDArray

    from application.evaluation.acquiring import Acquisition, Picture
    from application.evaluation.journal import Journal
    from application.evaluation.people import Cast
    from domain.biometrics import Embedding

NEAREST: Final = 20
"""How many entries of other people are kept of each search. Enough for exact figures of every smaller gallery as long
as the twentieth stays below the threshold, and too few numbers to compute a face from (it has hundreds)."""

GROUP: Final = 3
"""Pictures averaged in a group probe: as many usable frames as the service waits for at least."""


@dataclass(frozen=True, slots=True)
class Searches:
    """Searches of one kind (single pictures, or groups of three), one a row.

    ``subjects``: whose probe it was. ``mate``: the score of that person's own entry, float64 (n,): ``FAILED`` for a
    probe without a face and for a mate who could not be enrolled, NaN for a stranger. ``entries`` int64 and ``others``
    float64 (n, 20): places in the gallery and scores of the nearest other people, best first, padded with -1 and
    ``FAILED``.
    """

    subjects: Sequence[str]
    mate: NDArray[np.float64]
    entries: NDArray[np.int64]
    others: NDArray[np.float64]

    @property
    def mated(self) -> NDArray[np.bool_]:
        """Which of them are of people of the gallery, bool (n,)."""
        return ~np.isnan(self.mate)

    def of(self, which: NDArray[np.bool_]) -> Searches:
        """Return some of them."""
        subjects = [subject for subject, wanted in zip(self.subjects, which, strict=True) if wanted]
        return Searches(subjects, self.mate[which], self.entries[which], self.others[which])


@dataclass(frozen=True, slots=True)
class Found:
    """What was measured. ``gallery``: who was enrolled, in the order of ``Searches.entries``; ``refused``: who not."""

    gallery: Sequence[str]
    refused: Sequence[str]
    single: Searches
    grouped: Searches
    enrolment: Sequence[Sighting]
    probing: Mapping[str, Sequence[Sighting]]
    resumed: int


def identify(roles: Cast, acquisition: Acquisition, journal: Journal) -> Found:
    """Enrol, then search every probe; what the journal has is not searched again.

    Enrolment follows the service's policy: pictures unlike the others are left out, the rest averaged. Templates and
    probes are overwritten before this returns, also when it raises.
    """
    gallery = _Gallery(roles, acquisition)
    try:
        gallery.enroll()
        rows: dict[str, Mapping[str, Any]] = {}
        for people in _batches(roles.probes):
            open_ = [person for person in people if not journal.result(person)]
            for person, result in gallery.search({person: roles.probes[person] for person in open_}).items():
                journal.record(person, result)
            for person in people:
                rows[person] = journal.result(person) or {}
                acquisition.advance(0 if person in open_ else len(roles.probes[person]))
    finally:
        gallery.wipe()
    return Found(
        gallery=gallery.names,
        refused=gallery.refused,
        single=_searches((person, row) for person, rowset in rows.items() for row in rowset["single"]),
        grouped=_searches((person, row) for person, rowset in rows.items() for row in rowset["grouped"]),
        enrolment=gallery.sightings,
        probing={person: [Sighting.of(d) for d in rowset["pictures"]] for person, rowset in rows.items()},
        resumed=journal.resumed,
    )


class _Gallery:
    """Templates in memory while an evaluation runs."""

    def __init__(self, roles: Cast, acquisition: Acquisition) -> None:
        self._roles, self._acquisition = roles, acquisition
        self._templates: list[Embedding] = []
        self._matrix: NDArray[np.float32] = np.zeros((0, 1), np.float32)
        self._places: dict[str, int] = {}
        self.names: list[str] = []
        self.refused: list[str] = []
        self.sightings: list[Sighting] = []

    def enroll(self) -> None:
        """Make a template of everybody of the gallery. Raises ``InvalidInputError`` where there is none at all."""
        for people in _batches(self._roles.gallery):
            for person, taken in self._take({person: self._roles.gallery[person] for person in people}).items():
                self.sightings += [acquired.sighting for acquired in taken]
                captures = [acquired.embedding for acquired in taken if acquired.embedding is not None]
                template = _template(captures)
                wipe(captures)
                if template is None:
                    self.refused.append(person)
                else:
                    self.names.append(person)
                    self._templates.append(template)
        if not self._templates:
            raise InvalidInputError("nobody of the gallery could be enrolled: their pictures show no face, or several")
        self._matrix = np.stack([template.vector for template in self._templates])
        self._places = {person: place for place, person in enumerate(self.names)}

    def search(self, probes: Mapping[str, Sequence[Picture]]) -> dict[str, dict[str, Any]]:
        """Return for each person the searches of their pictures, one by one and three by three."""
        results = {}
        for person, taken in self._take(probes).items():
            single = [acquired.embedding for acquired in taken]
            groups = [single[at : at + GROUP] for at in range(0, len(single) - GROUP + 1, GROUP)]
            grouped = [_mean(group) for group in groups]
            results[person] = {
                "single": [self._row(person, probe) for probe in single],
                "grouped": [self._row(person, probe) for probe in grouped],
                "pictures": [acquired.sighting.document() for acquired in taken],
            }
            wipe([*single, *grouped])
        return results

    def wipe(self) -> None:
        """Overwrite the templates."""
        wipe(self._templates)
        self._matrix.fill(0)

    def _take(self, wanted: Mapping[str, Sequence[Picture]]) -> dict[str, list[Acquired]]:
        taken = iter(self._acquisition.take(picture for pictures in wanted.values() for picture in pictures))
        return {person: [next(taken) for _ in pictures] for person, pictures in wanted.items()}

    def _row(self, person: str, probe: Embedding | None) -> list[Any]:
        """Return [is a mate, own score or None, places of the nearest others, their scores]."""
        is_mate = person in self._roles.gallery
        if probe is None:
            return [is_mate, None, [], []]
        scores = self._matrix @ probe.vector
        own = self._places.get(person)
        order = [int(place) for place in np.argsort(-scores, kind="stable")[: NEAREST + 1] if place != own][:NEAREST]
        return [is_mate, None if own is None else float(scores[own]), order, [float(scores[place]) for place in order]]


def _template(captures: Sequence[Embedding]) -> Embedding | None:
    """Return the template that the service would make, None where it would refuse.

    Fewer pictures than the service ever accepts are averaged as they are: that is for the caller to choose.
    """
    if len(captures) < MIN_USED_CAPTURES:
        return mean_template(captures) if captures else None
    try:
        kept = EnrollmentPolicy().consistent(captures)
    except (TooFewCapturesError, CapturesInconsistentError):
        return None
    return mean_template([captures[place] for place in kept])


def _mean(group: Sequence[Embedding | None]) -> Embedding | None:
    """Return the mean of those pictures of a group that show a face, None where none does."""
    seen = [embedding for embedding in group if embedding is not None]
    return mean_template(seen) if seen else None


def _batches(people: Mapping[str, Sequence[Picture]]) -> Iterator[list[str]]:
    """Yield people whose pictures together fill a batch."""
    batch: list[str] = []
    size = 0
    for person, pictures in people.items():
        batch.append(person)
        size += len(pictures)
        if size >= BATCH:
            yield batch
            batch, size = [], 0
    if batch:
        yield batch


def _searches(rows: Iterable[tuple[str, Sequence[Any]]]) -> Searches:
    subjects, mate, entries, others = [], [], [], []
    for person, (is_mate, own, order, scores) in rows:
        subjects.append(person)
        mate.append((FAILED if own is None else own) if is_mate else np.nan)
        padding = NEAREST - len(order)
        entries.append([*order, *[-1] * padding])
        others.append([*scores, *[FAILED] * padding])
    shape = (len(subjects), NEAREST)
    return Searches(
        subjects,
        np.asarray(mate, np.float64),
        np.asarray(entries, np.int64).reshape(shape),
        np.asarray(others, np.float64).reshape(shape),
    )
