"""``faceauth evaluate`` on a few real faces with the installed models."""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

ROOT = Path(__file__).parents[2]

pytestmark = [pytest.mark.models, pytest.mark.data]

STRANGERS = 8
STAFF = 2
EACH = 8


def evaluate(home: Path, *words: str | Path) -> dict[str, Any]:
    answer = subprocess.run(  # noqa: S603 - our own command
        [sys.executable, ROOT / "faceauth.py", "evaluate", *map(str, words), "--json"],
        env={"FACEAUTH_HOME": str(home), "PATH": "/usr/bin:/bin", "HOME": str(home)},
        capture_output=True,
        text=True,
        check=False,
    )
    assert answer.returncode == 0, answer.stderr
    document: dict[str, Any] = json.loads(answer.stdout)
    return document


@pytest.fixture
def home(tmp_path: Path, installed_models: Path) -> Path:
    (tmp_path / "home").mkdir(mode=0o700)
    (tmp_path / "home" / "models").symlink_to(installed_models)
    return tmp_path / "home"


def test_press_photographs_are_verified_with_the_models_that_serve(home: Path, evaluation_data: Path) -> None:
    lfw = evaluation_data / "lfw"

    found = evaluate(
        home, "verification", "--pairs", lfw / "pairs_dev.txt", "--images", lfw / "images", "--limit", "12"
    )

    assert found["accuracy"] >= 0.8
    assert found["fta"] == 0
    assert found["policy"]["fmr"] == 0
    assert found["steps_ms"]["embed"] > 1


def test_people_enrolled_from_five_photographs_are_found_among_strangers(
    home: Path, evaluation_data: Path, tmp_path: Path
) -> None:
    folders = sorted((evaluation_data / "lfw" / "images").iterdir())
    counted = [(folder, sorted(folder.iterdir())) for folder in folders]
    staff = [(folder, files) for folder, files in counted if len(files) >= EACH][:STAFF]
    strangers = [(folder, files) for folder, files in counted if len(files) == 1][:STRANGERS]
    for folder, files in [*staff, *strangers]:
        (tmp_path / "images" / folder.name).mkdir(parents=True)
        for file in files[:EACH]:
            (tmp_path / "images" / folder.name / file.name).symlink_to(file)

    found = evaluate(home, "identification", "--gallery", tmp_path / "images", "--probes", tmp_path / "images")

    assert (found["counts"]["mated_probes"], found["counts"]["stranger_probes"]) == (STAFF * 3, STRANGERS)
    assert (found["fnir"], found["fpir"], found["misidentified"], found["fte"]) == (0, 0, 0, 0)
