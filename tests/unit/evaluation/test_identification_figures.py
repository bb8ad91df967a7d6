"""FNIR and FPIR of searches that are few enough to count."""

from __future__ import annotations

from itertools import combinations

import numpy as np
import pytest

from application.evaluation.acquiring import Sighting
from application.evaluation.identification import NEAREST, Found, Searches
from application.evaluation.identification_figures import figures
from application.evaluation.metrics import FAILED

NAN = float("nan")


def found(mates: list[tuple[float, list[float]]], strangers: list[list[float]], people: int = 3) -> Found:
    """Searches, given as (own score, scores of others) and as scores of others, in order of entries 0, 1, 2 ..."""
    rows = [*mates, *((NAN, scores) for scores in strangers)]
    others, entries = np.full((len(rows), NEAREST), FAILED), np.full((len(rows), NEAREST), -1)
    for place, (_, scores) in enumerate(rows):
        order = np.argsort(scores)[::-1][:NEAREST]
        entries[place, : len(order)], others[place, : len(order)] = order, np.array(scores)[order]
    subjects = [f"person {place}" for place in range(len(rows))]
    single = Searches(subjects, np.array([own for own, _ in rows]), entries, others)
    seen = {subject: [Sighting(found=True)] for subject in subjects}
    return Found([f"g{n}" for n in range(people)], [], single, single.of(np.zeros(len(rows), bool)), [], seen, 0)


def test_rates_are_counted_over_mates_and_over_strangers() -> None:
    searches = found([(0.9, [0.1]), (0.4, [0.1]), (0.8, [0.1])], [[0.3], [0.5], [0.2], [0.1]])

    at = figures(searches, target=0.25, served=lambda _: 0.5, margin=0.0)

    assert at.single.threshold == np.nextafter(0.3, 1.0)
    assert (at.single.fpir.value, at.single.fnir.value) == (0.25, 0.0)
    assert (at.served.fpir.value, at.served.fnir.errors) == (0.25, 1)


def test_the_service_s_margin_turns_near_ties_into_refusals() -> None:
    searches = found([(0.9, [0.88]), (0.9, [0.1]), (0.7, [0.72])], [[0.8, 0.79], [0.8, 0.1]])

    plain = figures(searches, target=0.25, served=lambda _: 0.5, margin=0.0).served
    margin = figures(searches, target=0.25, served=lambda _: 0.5, margin=0.05).served

    assert (plain.fnir.errors, plain.fpir.errors, plain.misidentified) == (1, 2, 1)
    assert (margin.fnir.errors, margin.fpir.errors, margin.misidentified) == (2, 1, 0)


def test_without_groups_of_three_there_are_no_figures_of_them() -> None:
    at = figures(found([(0.9, [0.1])], [[0.3]]), target=0.25, served=lambda _: 0.5, margin=0.0)

    assert at.grouped is at.grouped_at_own is at.grouped_served is None


def test_alarms_in_smaller_galleries_are_those_of_their_own_people() -> None:
    people = 20
    scores = np.linspace(0.1, 0.9, people)
    searches = found([(0.95, [0.1])], [scores.tolist()], people)

    at = figures(searches, target=0.0, served=lambda _: 0.5, margin=0.0)
    low = figures(found([(0.95, [0.1])], [scores.tolist(), [0.05]], people), target=0.5, served=lambda _: 0.5, margin=0)

    assert [size.size for size in at.by_size] == [10, 20]
    assert at.by_size[1].threshold_for_target == np.nextafter(0.9, 1.0)
    assert low.single.threshold == np.nextafter(0.05, 1.0)
    assert [size.fpir.value for size in low.by_size] == [0.5, 0.5]


def test_the_share_of_random_galleries_that_hold_one_person_is_their_share_of_the_whole() -> None:
    people, strangers = 100, 40
    # each stranger resembles one person of the gallery, and nobody else
    alarms = [[0.9 if entry == stranger else 0.1 for entry in range(people)] for stranger in range(strangers)]
    quiet = [[0.2] * people for _ in range(strangers)]
    searches = found([(0.95, [0.1])], [*alarms, *quiet], people)

    sizes = figures(searches, target=0.5, served=lambda _: 0.5, margin=0.0).by_size

    assert [size.size for size in sizes] == [10, 25, 50, 100]
    measured = [size.fpir.value for size in sizes]
    assert measured == pytest.approx([0.05, 0.125, 0.25, 0.5], abs=0.03)
    assert all(one < other for (one, other) in combinations(measured, 2))


def test_the_service_s_own_threshold_may_differ_from_size_to_size() -> None:
    scores = [[0.9 if entry == stranger else 0.1 for entry in range(20)] for stranger in range(20)]

    small, whole = figures(
        found([(0.95, [0.1])], scores, 20), target=0.5, served=lambda size: 0.5 if size == 20 else 0.95, margin=0.0
    ).by_size

    assert (small.served_threshold, small.served_fpir.value) == (0.95, 0.0)
    assert (whole.served_threshold, whole.served_fpir.value) == (0.5, 1.0)
