"""Fused evidence of life, and the file of coefficients that it hangs on: anything odd fails closed."""

from __future__ import annotations

import json
import math
from collections.abc import Callable, Mapping
from typing import TYPE_CHECKING, Any

import numpy as np
import pytest

from adapters.vision import fusion
from adapters.vision.fusion import FusedPad, coefficients_text, read_coefficients, unfitted
from adapters.vision.load import PAD_IDS, PAD_NETWORKS
from adapters.vision.pad import SURE, log_odds
from adapters.vision.texture import NAMES
from application.ports.vision import Face
from domain.errors import ModelError
from domain.policies.life import LifeModel, Term

if TYPE_CHECKING:
    from application.ports.vision import Image

PICTURE = np.zeros((8, 8, 3), np.uint8)
FACE = Face(np.zeros(4, np.float32), np.zeros((5, 2), np.float32), 0.9)
MODEL = LifeModel({"net": Term(0.0, 1.0, 2.0), "texture": Term(1.0, 0.5, 0.5)}, -0.5, 0.6)
TEXT = coefficients_text(MODEL, models=["m-1"], provenance={"data": {"sha256": "0" * 64}})


class Told:
    """A source that measures what it was told to."""

    def __init__(self, evidence: Mapping[str, float], names: tuple[str, ...] | None = None) -> None:
        self._evidence = evidence
        self.names = names or tuple(evidence)

    def measure(self, image: Image, face: Face) -> Mapping[str, float]:  # noqa: ARG002 - told, whatever is shown
        return self._evidence


def test_the_score_is_the_models_probability_of_all_evidence() -> None:
    pad = FusedPad([Told({"net": 1.5}), Told({"texture": 1.5})], MODEL)
    findings = pad.judge(PICTURE, FACE)

    assert findings.evidence == {"net": 1.5, "texture": 1.5}
    assert findings.score == pytest.approx(1 / (1 + math.exp(-(-0.5 + 3.0 + 0.5))))
    assert pad.threshold == 0.6


@pytest.mark.parametrize("value", [math.nan, math.inf, -math.inf])
def test_a_value_that_is_no_number_is_an_error_and_no_score(value: float) -> None:
    with pytest.raises(ModelError):
        FusedPad([Told({"net": value}), Told({"texture": 1.0})], MODEL).judge(PICTURE, FACE)


def test_a_source_that_measures_something_else_than_it_said_is_an_error() -> None:
    with pytest.raises(ModelError):
        FusedPad([Told({}, ("net",)), Told({"texture": 1.0})], MODEL).judge(PICTURE, FACE)


@pytest.mark.parametrize("names", [("net",), ("net", "texture", "more"), ("net", "other"), ("net", "texture", "net")])
def test_coefficients_for_other_evidence_are_refused(names: tuple[str, ...]) -> None:
    with pytest.raises(ModelError):
        FusedPad([Told({name: 0.0}) for name in names], MODEL)


def test_a_coefficient_file_reads_back_as_it_was_written() -> None:
    assert read_coefficients(TEXT, models=["m-1"]) == MODEL
    assert coefficients_text(read_coefficients(TEXT, models=["m-1"]), models=["m-1"], provenance={}) in (
        coefficients_text(MODEL, models=["m-1"], provenance={})
    )


def without(key: str) -> Callable[[dict[str, Any]], None]:
    return lambda document: document.pop(key)


def with_(key: str, value: Any) -> Callable[[dict[str, Any]], None]:
    return lambda document: document.update({key: value})


def term_with(key: str, value: Any) -> Callable[[dict[str, Any]], None]:
    return lambda document: document["evidence"]["net"].update({key: value})


@pytest.mark.parametrize(
    "damage",
    [
        *map(without, ("format", "models", "evidence", "intercept", "threshold")),
        with_("format", "faceauth-pad/2"),
        with_("models", ["m-2"]),
        with_("models", "m-1"),
        with_("evidence", []),
        with_("evidence", {}),
        with_("evidence", {"net": 1}),
        with_("intercept", "0"),
        with_("intercept", math.nan),
        with_("intercept", None),
        with_("threshold", 0),
        with_("threshold", 1),
        with_("threshold", True),
        with_("threshold", [0.5]),
        term_with("weight", -1),
        term_with("weight", math.inf),
        term_with("deviation", 0),
        term_with("mean", "1"),
        term_with("scale", 1),
    ],
)
def test_a_damaged_or_foreign_coefficient_file_fails_closed(damage: Callable[[dict[str, Any]], None]) -> None:
    document = json.loads(TEXT)
    damage(document)
    with pytest.raises(ModelError):
        read_coefficients(json.dumps(document), models=["m-1"])


@pytest.mark.parametrize("text", ["", "{", "[]", "null", "1", TEXT[:-40], "[" * 100_000, "\x00"])
def test_what_is_no_coefficient_file_fails_closed(text: str) -> None:
    with pytest.raises(ModelError):
        read_coefficients(text, models=["m-1"])


def test_a_missing_coefficient_file_fails_closed(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(fusion, "SHIPPED", "absent.json")
    with pytest.raises(ModelError):
        read_coefficients(models=PAD_IDS)


def test_the_shipped_coefficients_are_for_the_evidence_that_is_gathered() -> None:
    model = read_coefficients(models=PAD_IDS)
    assert set(model.terms) == {*NAMES, *(name for name, _, _ in PAD_NETWORKS)}


def test_no_texture_outvotes_networks_that_agree() -> None:
    terms = read_coefficients(models=PAD_IDS).terms
    networks = sum(terms[name].weight for name, _, _ in PAD_NETWORKS)
    assert networks > 2 * sum(terms[name].weight for name in NAMES)


def test_the_shipped_file_says_where_it_comes_from_and_nothing_of_whom_or_when() -> None:
    document = json.loads(fusion.shipped())
    assert len(document["data"]["sha256"]) == 64
    assert set(document["data"]["presentations"]) == {"bona_fide", "print", "replay"}
    assert document["figures"]["apcer"].keys() == {"print", "replay"}
    assert "/" not in fusion.shipped().replace(fusion.FORMAT, "")


def test_a_pipeline_without_coefficients_admits_nobody_by_chance() -> None:
    sources = [Told({"net": 13.8}), Told({"texture": 0.0})]
    pad = FusedPad(sources, unfitted(sources))
    assert pad.judge(PICTURE, FACE).score < pad.threshold


@pytest.mark.parametrize(("probability", "kept"), [(0.0, SURE), (1.0, 1 - SURE), (0.3, 0.3), (1 + 1e-7, 1 - SURE)])
def test_a_networks_log_odds_are_finite(probability: float, kept: float) -> None:
    assert log_odds(probability) == pytest.approx(math.log(kept / (1 - kept)))


@pytest.mark.parametrize("value", [math.nan, -0.1, 1.1, math.inf])
def test_a_network_that_gives_no_probability_is_a_fault(value: float) -> None:
    with pytest.raises(ModelError):
        log_odds(value)
