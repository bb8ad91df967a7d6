"""What the enrolment policy never does, whatever it is given."""

from __future__ import annotations

from uuid import UUID

import numpy as np
import pytest
from hypothesis import assume, given
from hypothesis import strategies as st

from domain.biometrics import Candidate, Embedding, ModelId, Similarity
from domain.enrollment import MIN_USED_CAPTURES
from domain.errors import CaptureCountError, CapturesInconsistentError, DuplicatePersonError, TooFewCapturesError
from domain.policies.enrolling import EnrollmentPolicy, mean_template

MODEL = ModelId("memory/64")
DIMENSION = 64
ENROLLING = EnrollmentPolicy()
SEEDS = st.integers(0, 2**32 - 1)


def people(seed: int, counts: list[int], noise: float = 0.6) -> list[Embedding]:
    """Captures of as many people as there are counts, every person at right angles to the others.

    Two captures of one person are 1 / (1 + noise²) alike: 0.74.
    """
    random = np.random.default_rng(seed)
    axes = np.linalg.qr(random.standard_normal((DIMENSION, DIMENSION)))[0].astype(np.float32)
    captures, spare = [], len(counts)
    for axis, count in enumerate(counts):
        for _ in range(count):
            captures.append(unit(axes[axis] + noise * axes[spare]))
            spare += 1
    return captures


def unit(vector: np.ndarray[tuple[int, ...], np.dtype[np.float32]]) -> Embedding:
    return Embedding(MODEL, (vector / np.linalg.norm(vector)).astype(np.float32))


@given(SEEDS, st.integers(MIN_USED_CAPTURES, 10))
def test_pictures_of_one_person_are_all_kept(seed: int, count: int) -> None:
    assert ENROLLING.consistent(people(seed, [count])) == list(range(count))


@given(SEEDS, st.integers(4, 8), st.integers(1, 3))
def test_a_few_pictures_of_others_are_dropped(seed: int, own: int, others: int) -> None:
    assume(others < own - 1)

    assert ENROLLING.consistent(people(seed, [own, *[1] * others])) == list(range(own))


@given(SEEDS, st.lists(st.integers(1, 5), min_size=2, max_size=5))
def test_no_template_is_ever_made_of_two_people(seed: int, counts: list[int]) -> None:
    assume(sum(counts) >= MIN_USED_CAPTURES)
    owner = [person for person, count in enumerate(counts) for _ in range(count)]

    try:
        kept = ENROLLING.consistent(people(seed, counts))
    except CapturesInconsistentError:
        return

    assert len({owner[index] for index in kept}) == 1
    assert len(kept) >= MIN_USED_CAPTURES
    assert 2 * len(kept) > sum(counts)


@given(SEEDS, st.integers(2, 5), st.integers(2, 5))
def test_as_many_pictures_of_one_person_as_of_another_make_no_template(seed: int, half: int, people_count: int) -> None:
    with pytest.raises(CapturesInconsistentError):
        ENROLLING.consistent(people(seed, [half] * people_count))


@pytest.mark.parametrize("count", range(MIN_USED_CAPTURES))
def test_too_few_captures_are_no_enrolment(count: int) -> None:
    with pytest.raises(TooFewCapturesError):
        ENROLLING.consistent(people(1, [count]))


@given(SEEDS, st.integers(1, 10), st.floats(0, 3))
def test_a_template_is_a_unit_vector_nearer_to_its_captures_than_they_are_to_each_other(
    seed: int, count: int, noise: float
) -> None:
    captures = people(seed, [count], noise)

    template = mean_template(captures)

    assert template.model == MODEL
    assert (template.vector.dtype.name, template.vector.shape) == ("float32", (DIMENSION,))
    assert np.linalg.norm(template.vector) == pytest.approx(1.0, abs=1e-5)
    assert all(template.similarity(capture) >= 1 / (1 + noise**2) - 1e-5 for capture in captures)


@given(st.integers(-5, 60))
def test_an_enrolment_takes_five_to_ten_captures(count: int) -> None:
    if 5 <= count <= 10:
        ENROLLING.check_count(count)
    else:
        with pytest.raises(CaptureCountError):
            ENROLLING.check_count(count)


@given(st.lists(st.floats(-1, 1), max_size=5))
def test_nobody_is_enrolled_who_looks_like_somebody_else(similarities: list[float]) -> None:
    nearest = [
        Candidate(UUID(int=number), UUID(int=0), UUID(int=0), "icu", Similarity(similarity))
        for number, similarity in enumerate(similarities)
    ]

    if max(similarities, default=-1.0) >= ENROLLING.duplicate_threshold:
        with pytest.raises(DuplicatePersonError):
            ENROLLING.check_unique(nearest)
    else:
        ENROLLING.check_unique(nearest)
