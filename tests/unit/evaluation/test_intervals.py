"""How sure a rate is."""

from __future__ import annotations

import numpy as np
import pytest

from application.evaluation.intervals import mean, rate


def test_the_interval_of_independent_tries_is_the_binomial_one() -> None:
    found = rate(np.array([True] * 100 + [False] * 900))
    error = 1.96 * (0.1 * 0.9 / 1000) ** 0.5

    assert (found.errors, found.trials, found.value) == (100, 1000, 0.1)
    assert (found.low, found.high) == pytest.approx((0.1 - error, 0.1 + error), abs=0.003)


def test_tries_of_few_people_are_less_sure_than_those_of_many() -> None:
    wrong = np.array([True] * 10 + [False] * 90)
    one_by_one, ten_people = rate(wrong), rate(wrong, [place // 10 for place in range(100)])

    assert ten_people.high - ten_people.low > 2 * (one_by_one.high - one_by_one.low)


def test_no_error_among_n_people_leaves_room_for_three_in_n() -> None:
    found = rate(np.zeros(600, bool), [place // 2 for place in range(600)])

    assert found.low == found.value == 0.0
    assert found.high == pytest.approx(3 / 300, rel=0.01)


def test_nothing_but_errors_leaves_the_same_room_below() -> None:
    assert rate(np.ones(300, bool)).low == pytest.approx(1 - 3 / 300, rel=0.01)


def test_the_same_tries_have_the_same_interval() -> None:
    wrong = np.array([True, False, False, True] * 25)

    assert rate(wrong) == rate(wrong)
    assert rate(wrong, seed=1) != rate(wrong, seed=2)


def test_shares_between_none_and_all_are_averaged() -> None:
    assert mean(np.array([0.25, 0.75])).value == 0.5


def test_a_rate_of_nothing_is_refused() -> None:
    with pytest.raises(ValueError, match="at least one"):
        rate(np.zeros(0, bool))
