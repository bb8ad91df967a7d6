"""What error rates keep to, whatever the scores."""

from __future__ import annotations

import numpy as np
from hypothesis import given
from hypothesis import strategies as st

from application.evaluation import metrics
from application.evaluation.intervals import rate

FINITE = st.integers(-40, 40).map(lambda step: step / 40)
"""Few different scores, so that ties are common."""
SCORES = st.lists(st.one_of(FINITE, st.just(metrics.FAILED)), min_size=1, max_size=60).filter(
    lambda scores: any(np.isfinite(scores))
)


@given(SCORES, st.floats(0, 0.99))
def test_a_chosen_threshold_keeps_to_its_target_and_no_lower_one_does(scores: list[float], target: float) -> None:
    threshold = metrics.threshold_for(scores, target)
    lower = [score for score in scores if np.isfinite(score) and score < threshold]

    assert metrics.share_accepted(scores, threshold) <= target + 1e-9
    assert all(metrics.share_accepted(scores, score) > target for score in lower)


@given(SCORES, SCORES)
def test_along_the_curve_one_rate_falls_and_the_other_rises(genuine: list[float], impostor: list[float]) -> None:
    curve = metrics.curve(genuine, impostor)

    assert (np.diff(curve.false_accept) <= 0).all()
    assert (np.diff(curve.false_reject) >= 0).all()
    assert curve.false_accept[-1] == 0
    assert curve.false_reject[-1] == 1


@given(SCORES, SCORES)
def test_every_point_of_the_curve_is_what_counting_gives(genuine: list[float], impostor: list[float]) -> None:
    curve = metrics.curve(genuine, impostor)

    for threshold, accept, reject in zip(curve.thresholds, curve.false_accept, curve.false_reject, strict=True):
        assert np.isclose(accept, metrics.share_accepted(impostor, threshold))
        assert np.isclose(reject, metrics.share_refused(genuine, threshold))


@given(SCORES, st.lists(st.booleans(), min_size=60, max_size=60))
def test_no_threshold_decides_better_than_the_best_one(scores: list[float], kinds: list[bool]) -> None:
    genuine = np.array(kinds[: len(scores)])

    def right(threshold: float) -> int:
        return int(((np.array(scores) >= threshold) == genuine).sum())

    best = right(metrics.best_threshold(scores, genuine))
    assert all(right(threshold) <= best for threshold in [*scores, 1.1] if np.isfinite(threshold))


@given(st.lists(st.tuples(st.booleans(), st.integers(0, 5)), min_size=1, max_size=50))
def test_an_interval_holds_its_rate_and_stays_between_none_and_all(tries: list[tuple[bool, int]]) -> None:
    found = rate(np.array([wrong for wrong, _ in tries]), [subject for _, subject in tries])

    assert 0 <= found.low <= found.value + 1e-9
    assert found.value - 1e-9 <= found.high <= 1
