"""Evidence of life fused: bounded, one-directional, and never a number from nothing."""

from __future__ import annotations

import math

import pytest
from hypothesis import given
from hypothesis import strategies as st

from domain.policies.life import LIMIT, LifeModel, Term, log_odds_of, probability_of

MODEL = LifeModel({"net": Term(1.0, 2.0, 1.5), "texture": Term(-3.0, 0.5, 0.4)}, 0.25, 0.6)
VALUES = st.floats(-1e6, 1e6)


def test_log_odds_are_the_intercept_and_weighed_deviations() -> None:
    assert MODEL.log_odds({"net": 2.0, "texture": -3.25}) == pytest.approx(0.25 + 1.5 * 0.5 - 0.4 * 0.5)


def test_average_evidence_leaves_the_intercept() -> None:
    assert MODEL.log_odds({"net": 1.0, "texture": -3.0}) == 0.25


@given(VALUES, VALUES, VALUES)
def test_more_evidence_of_life_never_lowers_the_probability(net: float, texture: float, more: float) -> None:
    before = MODEL.probability({"net": net, "texture": texture})
    assert MODEL.probability({"net": max(net, more), "texture": texture}) >= before
    assert 0.0 <= before <= 1.0


@given(VALUES, VALUES)
def test_no_evidence_counts_for_more_than_its_limit(net: float, texture: float) -> None:
    assert abs(MODEL.log_odds({"net": net, "texture": texture}) - 0.25) <= LIMIT * (1.5 + 0.4) + 1e-9


@pytest.mark.parametrize(
    "evidence",
    [
        {},
        {"net": 1.0},
        {"net": 1.0, "texture": 1.0, "more": 1.0},
        {"net": 1.0, "other": 1.0},
        {"net": math.nan, "texture": 1.0},
        {"net": math.inf, "texture": 1.0},
    ],
)
def test_other_evidence_than_it_was_fitted_on_is_refused(evidence: dict[str, float]) -> None:
    with pytest.raises(ValueError, match="evidence"):
        MODEL.log_odds(evidence)


@pytest.mark.parametrize(
    ("mean", "deviation", "weight"),
    [(0, 0, 1), (0, -1, 1), (0, 1, -0.1), (math.nan, 1, 1), (0, math.inf, 1), (0, 1, math.nan)],
)
def test_a_term_that_argues_backwards_or_has_no_scale_is_refused(mean: float, deviation: float, weight: float) -> None:
    with pytest.raises(ValueError, match="term"):
        Term(mean, deviation, weight)


@pytest.mark.parametrize("threshold", [0.0, 1.0, -0.1, math.nan])
def test_a_threshold_that_lets_everything_or_nothing_through_is_refused(threshold: float) -> None:
    with pytest.raises(ValueError, match="threshold"):
        LifeModel(MODEL.terms, 0.0, threshold)


@pytest.mark.parametrize("terms", [{}, {"net": Term(0, 1, 0)}])
def test_a_model_without_evidence_that_counts_is_refused(terms: dict[str, Term]) -> None:
    with pytest.raises(ValueError, match="evidence"):
        LifeModel(terms, 5.0, 0.5)


@given(st.floats(0.001, 0.999))
def test_log_odds_and_probability_are_inverse(probability: float) -> None:
    assert probability_of(log_odds_of(probability)) == pytest.approx(probability)


def test_extreme_log_odds_do_not_overflow() -> None:
    assert (probability_of(1e6), probability_of(-1e6)) == (1.0, 0.0)
