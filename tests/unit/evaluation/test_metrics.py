"""Error rates of cases small enough to count by hand."""

from __future__ import annotations

import numpy as np
import pytest

from application.evaluation import metrics
from application.evaluation.metrics import FAILED

IMPOSTOR = [0.1, 0.2, 0.3, 0.4]
GENUINE = [0.35, 0.6, 0.7, 0.8]


def test_a_score_at_the_threshold_is_accepted() -> None:
    assert metrics.share_accepted(IMPOSTOR, 0.3) == 0.5
    assert metrics.share_refused(GENUINE, 0.6) == 0.25


def test_a_comparison_without_a_score_is_a_non_match_and_stays_in_the_denominator() -> None:
    assert metrics.share_refused([None, 0.9], 0.0) == 0.5
    assert metrics.share_accepted([FAILED, 0.9], 0.0) == 0.5
    assert metrics.share_refused([float("nan"), 0.9], -1.0) == 0.5


@pytest.mark.parametrize(("target", "above", "measured"), [(0.25, 0.3, 0.25), (0.24, 0.4, 0.0), (0.5, 0.2, 0.5)])
def test_the_threshold_for_a_target_just_excludes_the_highest_score_that_is_too_many(
    target: float, above: float, measured: float
) -> None:
    threshold = metrics.threshold_for(IMPOSTOR, target)

    assert threshold == np.nextafter(above, 1.0)
    assert metrics.share_accepted(IMPOSTOR, threshold) == measured


def test_scores_equal_to_the_one_that_must_be_refused_are_refused_with_it() -> None:
    threshold = metrics.threshold_for([0.1, 0.4, 0.4, 0.4], 0.25)

    assert metrics.share_accepted([0.1, 0.4, 0.4, 0.4], threshold) == 0.0


def test_a_target_that_allows_29_of_100_allows_29_of_100() -> None:
    scores = np.arange(100) / 100

    assert metrics.share_accepted(scores, metrics.threshold_for(scores, 0.29)) == 0.29


def test_failed_comparisons_are_refused_by_every_threshold_that_is_chosen() -> None:
    threshold = metrics.threshold_for([FAILED, FAILED, 0.2], 0.5)

    assert threshold == 0.2


@pytest.mark.parametrize("target", [-0.1, 1.0])
def test_a_target_that_is_no_rate_is_refused(target: float) -> None:
    with pytest.raises(ValueError, match="target"):
        metrics.threshold_for(IMPOSTOR, target)


def test_rates_of_nothing_are_refused() -> None:
    with pytest.raises(ValueError, match="at least one"):
        metrics.share_accepted([], 0.5)
    with pytest.raises(ValueError, match="gave a score"):
        metrics.threshold_for([FAILED], 0.1)
    with pytest.raises(ValueError, match="gave a score"):
        metrics.curve([FAILED], [FAILED])


def test_the_curve_has_both_rates_at_every_score() -> None:
    curve = metrics.curve([0.5, 0.7], [0.3, 0.5])

    assert curve.thresholds[:3].tolist() == [0.3, 0.5, 0.7]
    assert curve.false_accept.tolist() == [1.0, 0.5, 0.0, 0.0]
    assert curve.false_reject.tolist() == [0.0, 0.0, 0.5, 1.0]


def test_the_equal_error_rate_is_where_both_rates_meet() -> None:
    point = metrics.equal_error(GENUINE, IMPOSTOR)

    assert (point.threshold, point.false_accept, point.false_reject) == (0.4, 0.25, 0.25)
    assert metrics.eer(GENUINE, IMPOSTOR) == 0.25
    assert metrics.eer([0.8, 0.9], [0.1, 0.2]) == 0.0


def test_the_best_threshold_lies_between_the_scores_that_it_parts() -> None:
    genuine = np.array([False, False, True, True])

    assert metrics.best_threshold([0.1, 0.2, 0.6, 0.7], genuine) == pytest.approx(0.4)


def test_the_accuracy_of_a_fold_takes_its_threshold_from_the_others() -> None:
    scores = [0.2, 0.8, 0.6, 0.9]
    genuine, folds = np.array([False, True, False, True]), np.array([0, 0, 1, 1])

    # The first fold alone parts at 0.5, where the second's impostor of 0.6 gets in; that one parts at 0.75.
    assert metrics.fold_accuracies(scores, genuine, folds).tolist() == [1.0, 0.5]


def test_accuracy_of_one_fold_is_refused() -> None:
    with pytest.raises(ValueError, match="two folds"):
        metrics.fold_accuracies([0.1, 0.2], np.array([False, True]), np.zeros(2, np.int64))


def test_a_mated_search_is_missed_below_the_threshold_and_behind_somebody_else() -> None:
    mate, other = [0.9, 0.4, 0.6, FAILED], [0.1, 0.1, 0.7, FAILED]

    assert metrics.missed(mate, other, 0.5).tolist() == [False, True, True, True]
    assert metrics.misidentified(mate, other, 0.5).tolist() == [False, False, True, False]
