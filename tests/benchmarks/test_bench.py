"""``faceauth bench`` runs and tells everything it promises; how fast is for a quiet machine to say."""

from __future__ import annotations

import json
import math
import os
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

ROOT = Path(__file__).parents[2]
FRAME_STEPS = {"frame", "peer_frame", *(f"frame_{s}" for s in ("decode", "detect", "shape", "quality", "pad", "scene"))}
STEPS = FRAME_STEPS | {
    "evidence",
    "embedding",
    "peer_embedding",
    "search_200",
    "token",
    "save_1_event",
    "attempt_2_saves",
}
BUDGETED = {"frame", "evidence", "embedding", "search_200", "token"}

pytestmark = [pytest.mark.models, pytest.mark.database]


@pytest.fixture(scope="module")
def measured(tmp_path_factory: pytest.TempPathFactory) -> dict[str, Any]:
    models = Path(os.environ.get("FACEAUTH_MODELS") or ROOT / "var" / "models")
    if not (models / "bundle.json").is_file():
        pytest.skip("the default model bundle is not installed: faceauth models install")
    home = tmp_path_factory.mktemp("home")
    (home / "models").symlink_to(models.resolve())
    inherited = {name: value for name, value in os.environ.items() if not name.startswith(("FACEAUTH_", "DATABASE_"))}
    done = subprocess.run(  # noqa: S603 - our own launcher
        [sys.executable, ROOT / "faceauth.py", "bench", "--json", "--rounds", "3"],
        env=inherited | {"FACEAUTH_HOME": str(home)},
        capture_output=True,
        text=True,
        timeout=120,
        check=False,
    )
    assert done.returncode == 0, done.stderr
    document: dict[str, Any] = json.loads(done.stdout)
    return document


def test_every_step_is_measured(measured: dict[str, Any]) -> None:
    assert set(measured["steps"]) == STEPS
    assert measured["rounds"] == 3
    for step in measured["steps"].values():
        assert set(step) == {"median_ms", "p95_ms", "cpu_ms", "budget_ms", "within"}
        assert 0 < step["median_ms"] <= step["p95_ms"]


def test_steps_with_a_budget_say_whether_they_keep_it(measured: dict[str, Any]) -> None:
    judged = {name for name, step in measured["steps"].items() if isinstance(step["within"], bool)}

    assert judged == BUDGETED == {name for name, step in measured["steps"].items() if step["budget_ms"] is not None}


def test_ours_is_held_against_plain_onnxruntime(measured: dict[str, Any]) -> None:
    assert set(measured["peer"]) == {"frame_ratio", "embedding_ratio"}
    assert all(math.isfinite(ratio) and ratio > 0 for ratio in measured["peer"].values())


def test_everything_loaded_fits_into_its_memory(measured: dict[str, Any]) -> None:
    assert 50 < measured["rss_mib"] <= 700


def test_introspection_is_measured_under_fifty_clients(measured: dict[str, Any]) -> None:
    introspection = measured["introspection"]

    assert (introspection["clients"], introspection["budget_p99_ms"]) == (50, 5.0)
    assert set(introspection["loads"]) == {"steady", "steady_new_tokens", "saturated"}
    for name, load in introspection["loads"].items():
        assert 0 < load["median_ms"] <= load["p95_ms"] <= load["p99_ms"]
        assert load["requests"] >= 50
        assert isinstance(load["within"], bool) == (name != "saturated")
