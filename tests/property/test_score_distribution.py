"""Thresholds and confidence from a measured distribution, whatever was measured."""

from __future__ import annotations

import math
from uuid import UUID

import pytest
from hypothesis import given
from hypothesis import strategies as st

from domain.biometrics import Candidate, ModelId, Similarity
from domain.policies.matching import FLOOR_FMR, Matched, MatchingPolicy
from domain.policies.scores import ScoreDistribution, comparison_fmr

MODEL, OTHER = ModelId("memory/64"), ModelId("memory-former/64")
TARGETS = st.floats(1e-6, 0.01)
SIZES = st.integers(0, 100_000)
SIMILARITIES = st.floats(-1, 1)


@st.composite
def distributions(draw: st.DrawFn) -> ScoreDistribution:
    rates = sorted(draw(st.sets(st.floats(1e-8, 0.01), min_size=1, max_size=8)), reverse=True)
    thresholds = sorted(draw(st.lists(st.floats(0.1, 0.8), min_size=len(rates), max_size=len(rates))))
    tail, offset, slope = draw(st.tuples(st.floats(1e-3, 0.1), st.floats(-50, 50), st.floats(0.1, 200)))
    return ScoreDistribution(MODEL, tuple(zip(rates, thresholds, strict=True)), tail, offset, slope)


def policy(scores: ScoreDistribution, target: float = 0.001) -> MatchingPolicy:
    return MatchingPolicy(fpir_target=target, distributions={MODEL: scores})


def identification(scores: ScoreDistribution, size: int, target: float = 0.001) -> float:
    return policy(scores, target).threshold(MODEL, gallery_size=size, claim_made=False)


def candidate(similarity: float, override: float | None = None) -> Candidate:
    return Candidate(UUID(int=1), UUID(int=2), UUID(int=3), "icu", Similarity(similarity), override)


@given(distributions(), SIZES, SIZES, TARGETS)
def test_a_larger_gallery_never_has_a_lower_threshold(
    scores: ScoreDistribution, one: int, other: int, target: float
) -> None:
    smaller, larger = sorted((one, other))

    assert identification(scores, larger, target) >= identification(scores, smaller, target)


@given(distributions(), SIZES, TARGETS, TARGETS)
def test_a_stricter_target_never_has_a_lower_threshold(
    scores: ScoreDistribution, size: int, one: float, other: float
) -> None:
    stricter, laxer = sorted((one, other))

    assert identification(scores, size, stricter) >= identification(scores, size, laxer)


@given(distributions(), SIZES, TARGETS, st.booleans())
def test_no_threshold_is_below_the_floor(scores: ScoreDistribution, size: int, target: float, claim_made: bool) -> None:
    threshold = policy(scores, target).threshold(MODEL, gallery_size=size, claim_made=claim_made)

    assert threshold >= scores.threshold(FLOOR_FMR)


@given(distributions(), st.floats(1e-12, 0.5))
def test_between_and_beyond_the_points_a_threshold_errs_upwards(scores: ScoreDistribution, fmr: float) -> None:
    threshold = scores.threshold(fmr)

    assert all(threshold >= measured for rate, measured in scores.impostor if rate >= fmr)
    if fmr < scores.impostor[-1][0]:
        assert threshold > scores.impostor[-1][1]


@given(distributions(), SIMILARITIES, st.floats(0, 1, exclude_min=True, exclude_max=True), SIZES, st.booleans())
def test_a_personal_threshold_is_only_ever_stricter(
    scores: ScoreDistribution, similarity: float, override: float, size: int, claim_made: bool
) -> None:
    verdicts = [
        policy(scores).decide(
            [candidate(similarity, personal)],
            gallery_size=size,
            model=MODEL,
            claimed=UUID(int=1) if claim_made else None,
            claim_made=claim_made,
        )
        for personal in (override, None)
    ]

    assert verdicts[0].facts.threshold == max(override, verdicts[1].facts.threshold)
    assert isinstance(verdicts[1], Matched) or not isinstance(verdicts[0], Matched)


@given(distributions(), SIMILARITIES, SIMILARITIES, SIZES, st.booleans())
def test_confidence_is_a_probability_that_grows_with_similarity(
    scores: ScoreDistribution, one: float, other: float, size: int, claim_made: bool
) -> None:
    lower, higher = (
        policy(scores).confidence(similarity, MODEL, gallery_size=size, claim_made=claim_made)
        for similarity in sorted((one, other))
    )

    assert 0.0 <= lower <= higher <= 1.0


@given(distributions(), SIMILARITIES, st.integers(1, 100_000))
def test_the_same_similarity_says_less_among_more_people(
    scores: ScoreDistribution, similarity: float, size: int
) -> None:
    among = policy(scores).confidence(similarity, MODEL, gallery_size=size, claim_made=False)
    claimed = policy(scores).confidence(similarity, MODEL, gallery_size=size, claim_made=True)

    assert among <= claimed


@given(TARGETS, st.integers(1, 100_000))
def test_as_many_comparisons_as_entries_have_the_target_rate_together(target: float, size: int) -> None:
    together = -math.expm1(size * math.log1p(-comparison_fmr(target, size)))

    assert together == pytest.approx(target, rel=1e-9)


@given(distributions(), SIZES, SIMILARITIES)
def test_a_model_that_nobody_measured_keeps_the_fixed_thresholds(
    scores: ScoreDistribution, size: int, similarity: float
) -> None:
    measured, fixed = policy(scores), MatchingPolicy()

    for claim_made in (False, True):
        kept = measured.threshold(OTHER, gallery_size=size, claim_made=claim_made)
        assert kept == (fixed.verification_threshold if claim_made else fixed.identification_threshold)
        sure = measured.confidence(similarity, OTHER, gallery_size=size, claim_made=claim_made)
        assert sure == max(0.0, similarity)


@pytest.mark.parametrize(
    ("points", "tail", "slope"),
    [
        ((), 0.03, 25.0),
        (((0.01, 0.4), (0.001, 0.3)), 0.03, 25.0),
        (((0.001, 0.3), (0.01, 0.4)), 0.03, 25.0),
        (((0.01, 0.3), (0.01, 0.4)), 0.03, 25.0),
        (((0.0, 0.3),), 0.03, 25.0),
        (((0.01, 1.0),), 0.03, 25.0),
        (((0.01, math.nan),), 0.03, 25.0),
        (((0.01, 0.3),), 0.0, 25.0),
        (((0.01, 0.3),), 0.03, -1.0),
    ],
)
def test_what_cannot_have_been_measured_is_refused(
    points: tuple[tuple[float, float], ...], tail: float, slope: float
) -> None:
    with pytest.raises(ValueError, match=r"distribution|rates|error|positive"):
        ScoreDistribution(MODEL, points, tail, 0.0, slope)


@pytest.mark.parametrize("rate", [0.0, 1.0, -0.1, math.nan])
def test_a_rate_that_is_none_has_no_threshold(rate: float) -> None:
    scores = ScoreDistribution(MODEL, ((0.01, 0.3),), 0.03, 0.0, 25.0)

    with pytest.raises(ValueError, match="between 0 and 1"):
        scores.threshold(rate)
    with pytest.raises(ValueError, match="between 0 and 1"):
        comparison_fmr(rate, 10)
