"""The fit of the evidence of life: weights of 0 or more, the same numbers from the same data, nobody dominates."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import numpy as np
import pytest

from adapters.vision.fusion import coefficients_text
from application.evaluation import pad_fit
from application.evaluation.pad_fit import Example, fit, non_negative_logistic, quantile, shares
from domain.errors import InvalidInputError
from domain.policies.life import log_odds_of


def examples(count: int = 60, **shifts: float) -> list[Example]:
    """Live people and prints, whose evidence differs by ``shifts`` deviations; "backwards" speaks for attacks."""
    random = np.random.default_rng(5)
    gaps = {"net": 3.0, "texture": 0.7, "backwards": -2.0, "silent": 0.0} | shifts
    made = []
    for number in range(count):
        for species in ("", "print"):
            side = 0.5 if species == "" else -0.5
            evidence = {
                name: 0.0 if name == "silent" else float(side * gap + random.normal()) for name, gap in gaps.items()
            }
            made.append(Example(evidence, species, f"source{bool(species):d}", f"{number}"))
    return made


def gradient(values: Any, live: Any, share: Any, weights: Any, stiffness: float) -> Any:
    chance = 1 / (1 + np.exp(-(values @ weights[:-1] + weights[-1])))
    return values.T @ (share * (chance - live)) + stiffness * (weights[:-1] - pad_fit.PRIOR_WEIGHT)


def test_evidence_is_weighed_by_what_it_tells_and_never_backwards() -> None:
    terms = fit(examples()).terms
    assert terms["net"].weight > terms["texture"].weight > 0
    assert terms["backwards"].weight == 0


def test_evidence_that_the_data_are_silent_about_keeps_the_prior_and_a_scale() -> None:
    silent = fit(examples()).terms["silent"]
    assert (silent.weight, silent.deviation) == (pad_fit.PRIOR_WEIGHT, pad_fit.LEAST_DEVIATION)


def test_the_fit_is_the_constrained_minimum() -> None:
    random = np.random.default_rng(2)
    values = random.normal(size=(80, 3))
    live = values @ [1.5, 0.4, -1.0] + random.normal(size=80) > 0
    share = np.full(80, 1 / 80)

    weights = non_negative_logistic(values, live, share, stiffness=0.01)
    slope = gradient(values, live, share, weights, 0.01)

    assert weights[2] == 0
    assert slope[2] > 0, "only the constraint holds it at 0"
    np.testing.assert_allclose(slope[:2], 0, atol=1e-9)


def test_separable_data_give_finite_weights() -> None:
    values = np.array([[-1.0], [-2.0], [1.0], [2.0]])
    weights = non_negative_logistic(values, values[:, 0] > 0, np.full(4, 0.25), stiffness=0.01)
    assert 0 < weights[0] < 20


def test_the_order_of_the_data_and_the_names_of_sources_change_no_byte() -> None:
    given = examples()
    shuffled = [replace(example, source=f"other {example.source}") for example in given]
    shuffled = [shuffled[place] for place in np.random.default_rng(3).permutation(len(shuffled))]

    texts = [coefficients_text(fit(some), models=["m"], provenance={}) for some in (given, given, shuffled)]
    assert texts[0] == texts[1] == texts[2]


def test_a_clip_counts_as_much_as_a_picture_however_many_frames_it_has() -> None:
    given = examples()
    clip = [replace(given[0], file="0")] * 500

    share = shares([*given, *clip])
    assert share.sum() == pytest.approx(1)
    assert share[0] + share[len(given) :].sum() == pytest.approx(share[2])
    assert fit([*given, *clip]).terms["net"].weight == pytest.approx(fit(given).terms["net"].weight, rel=1e-5)


def test_a_species_counts_as_much_as_another_however_many_files_it_has() -> None:
    evidence = {"net": 0.0}
    few = [Example(evidence, "replay", "a", "0")]
    many = [Example(evidence, "print", "b", str(number)) for number in range(9)]
    share = shares([Example(evidence, "", "c", "0"), *few, *many])
    np.testing.assert_allclose(share, [0.5, 0.25, *[0.25 / 9] * 9])


def test_the_threshold_lies_halfway_between_the_quantiles() -> None:
    given = examples()
    model = fit(given)
    live, attack = (
        np.array([model.log_odds(one.evidence) for one in given if bool(one.species) == kind]) for kind in (False, True)
    )
    low, high = (
        quantile(scores, np.ones(len(scores)), level)
        for scores, level in ((live, pad_fit.BONA_FIDE_QUANTILE), (attack, pad_fit.ATTACK_QUANTILE))
    )
    assert log_odds_of(model.threshold) == pytest.approx((low + high) / 2, abs=1e-4)


def test_the_worst_species_decides_the_threshold() -> None:
    given = examples()
    better = [replace(one, species="mask", file=f"mask {one.file}") for one in given if not one.species]
    assert fit([*given, *better]).threshold > fit(given).threshold


def test_few_files_leave_the_weights_near_the_prior() -> None:
    few, many = (abs(fit(examples(count)).terms["net"].weight - pad_fit.PRIOR_WEIGHT) for count in (2, 200))
    assert few < many / 2


@pytest.mark.parametrize("kind", ["", "print"])
def test_examples_of_one_kind_only_are_refused(kind: str) -> None:
    with pytest.raises(InvalidInputError):
        fit([one for one in examples() if one.species == kind])


def test_no_examples_are_refused() -> None:
    with pytest.raises(InvalidInputError):
        fit([])
