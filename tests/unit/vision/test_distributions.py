"""Score distributions as files: what is packaged, what an operator brings, what is damaged."""

from __future__ import annotations

import copy
import json
from pathlib import Path
from typing import Any

import pytest

from adapters.vision import bundle
from adapters.vision.catalogue import load_catalogue
from adapters.vision.distributions import FOLDER, distribution_of_part, packaged, read_distribution
from adapters.vision.embedder import FR_FEATURE_ID, MODEL, SFACE_ID
from domain.biometrics import ModelId
from domain.errors import ConfigurationError
from domain.policies.matching import MatchingPolicy
from entrypoints.absent import AbsentJudge
from entrypoints.measured import matching_policy
from entrypoints.settings import Settings

DOCUMENT: dict[str, Any] = {
    "format": 1,
    "model": "brought/512",
    "template": {
        "impostor": {
            "points": [[0.01, 0.30, 0.31], [0.0001, 0.40, 0.43]],
            "tail": {"shape": "exponential", "scale": 0.03, "scale_bound": 0.04},
        },
        "calibration": {"offset": -9.0, "slope": 25.0},
    },
    "averaged": {
        "impostor": {
            "points": [[0.01, 0.33, 0.35], [0.0001, 0.42, 0.50]],
            "tail": {"shape": "exponential", "scale": 0.035, "scale_bound": 0.05},
        },
    },
}


def written(folder: Path, document: object) -> Path:
    path = folder / "scores.json"
    path.write_text(json.dumps(document))
    return path


def test_the_default_embedder_is_measured() -> None:
    scores = packaged()[MODEL]

    assert scores.impostor[0][0] == 0.01
    assert scores.impostor[-1][0] == pytest.approx(1e-8)
    assert 0.0 < scores.threshold(1e-4) < scores.threshold(1e-6) < 1.0


def test_what_is_packaged_says_what_it_was_measured_on_and_nothing_of_where_or_when() -> None:
    for path in FOLDER.glob("*.json"):
        text = path.read_text()
        document = json.loads(text)
        assert len(document["data"]["sha256"]) == 64
        assert document["method"]
        assert document["template"]["comparisons"]["impostor_pairs"] >= 10_000
        assert "/work" not in text
        assert ".jpg" not in text


def test_the_card_of_either_network_holds_the_distribution_of_both_together() -> None:
    for network in (SFACE_ID, FR_FEATURE_ID):
        document = distribution_of_part(network)
        assert document is not None
        assert document["model"] == MODEL
    assert distribution_of_part("yunet-2023mar") is None


def test_the_stricter_of_a_single_pictures_bound_and_an_averages_estimate_counts(tmp_path: Path) -> None:
    scores = read_distribution(written(tmp_path, DOCUMENT))

    assert scores.impostor == ((0.01, 0.33), (0.0001, 0.43))
    assert scores.tail_scale == 0.04


def _without(*path: str) -> dict[str, Any]:
    document = copy.deepcopy(DOCUMENT)
    place = document
    for name in path[:-1]:
        place = place[name]
    del place[path[-1]]
    return document


def _with(value: object, *path: str) -> dict[str, Any]:
    document = copy.deepcopy(DOCUMENT)
    place = document
    for name in path[:-1]:
        place = place[name]
    place[path[-1]] = value
    return document


@pytest.mark.parametrize(
    "document",
    [
        None,
        [],
        "text",
        {},
        _without("model"),
        _without("template"),
        _without("averaged"),
        _without("template", "calibration"),
        _without("template", "impostor", "tail"),
        _with(2, "format"),
        _with([], "template", "impostor", "points"),
        _with([[0.01]], "template", "impostor", "points"),
        _with([["a", "b", "c"]], "template", "impostor", "points"),
        _with([[0.01, 0.4, 0.4], [0.001, 0.3, 0.3]], "template", "impostor", "points"),
        _with([[0.02, 0.4, 0.4]], "averaged", "impostor", "points"),
        _with(-1.0, "template", "calibration", "slope"),
        _with(None, "template", "calibration", "offset"),
        _with(float("nan"), "template", "calibration", "offset"),
        _with("x", "template"),
    ],
)
def test_a_damaged_file_is_a_clear_error(tmp_path: Path, document: object) -> None:
    with pytest.raises(ConfigurationError, match="faceauth evaluate calibration"):
        read_distribution(written(tmp_path, document))


@pytest.mark.parametrize("content", [b"", b"{", b"\xff\xfe", b"[" * 100_000, b" " * (1 << 21)])
def test_something_else_than_json_is_a_clear_error(tmp_path: Path, content: bytes) -> None:
    path = tmp_path / "scores.json"
    path.write_bytes(content)

    with pytest.raises(ConfigurationError, match=r"scores\.json"):
        read_distribution(path)


def test_a_missing_file_is_a_clear_error(tmp_path: Path) -> None:
    with pytest.raises(ConfigurationError, match="cannot be read"):
        read_distribution(tmp_path / "none.json")


def test_an_operators_distribution_sets_the_thresholds_of_its_model(tmp_path: Path) -> None:
    settings = Settings(score_distribution=written(tmp_path, DOCUMENT), target_fpir=0.01)
    brought = ModelId("brought/512")

    policy = matching_policy(settings, {brought})

    assert policy.threshold(brought, gallery_size=1, claim_made=False) == 0.43
    assert policy.threshold(brought, gallery_size=1000, claim_made=False) > 0.43
    assert MODEL in policy.distributions, "templates of the default model may still serve"


def test_an_operators_distribution_of_another_model_is_refused(tmp_path: Path) -> None:
    settings = Settings(score_distribution=written(tmp_path, DOCUMENT))

    with pytest.raises(ConfigurationError, match="FACEAUTH_SCORE_DISTRIBUTION"):
        matching_policy(settings, {MODEL})


def test_commands_that_load_no_model_take_any_distribution(tmp_path: Path) -> None:
    settings = Settings(score_distribution=written(tmp_path, DOCUMENT))

    assert matching_policy(settings, {AbsentJudge.model}).distributions


def test_without_a_distribution_the_fixed_thresholds_stand() -> None:
    policy, unknown = matching_policy(Settings(), {ModelId("insightface-x/512")}), ModelId("insightface-x/512")

    assert policy.threshold(unknown, gallery_size=5000, claim_made=False) == MatchingPolicy().identification_threshold


@pytest.mark.parametrize("target", [0.0, 1e-7, 0.02, 1.0])
def test_a_target_that_is_no_target_is_refused(target: float) -> None:
    with pytest.raises(ValueError, match="target_fpir"):
        Settings(target_fpir=target)


def test_the_card_of_a_network_of_the_embedder_says_how_its_scores_lie() -> None:
    cards = {spec.id: bundle._card(spec, b"converted") for spec in load_catalogue().models}

    assert cards[SFACE_ID]["score_distribution"]["model"] == MODEL
    assert cards[FR_FEATURE_ID]["score_distribution"] == cards[SFACE_ID]["score_distribution"]
    assert [name for name, card in cards.items() if "score_distribution" in card] == [SFACE_ID, FR_FEATURE_ID]
