"""``faceauth evaluate pad`` on people at a webcam and hand-held prints (NUAA), with the models that serve."""

from __future__ import annotations

import json
import shutil
from pathlib import Path
from typing import Any

import pytest
from typer.testing import CliRunner

from adapters.vision import fusion
from adapters.vision.fusion import read_coefficients
from adapters.vision.load import PAD_IDS
from domain.errors import InvalidInputError
from entrypoints.cli.main import cli

pytestmark = [pytest.mark.models, pytest.mark.data]

EVERY = 10
"""Of 250 people and 250 prints, every tenth: all nine people are among them."""


@pytest.fixture
def home(tmp_path: Path, installed_models: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    folder = tmp_path / "home"
    folder.mkdir(mode=0o700)
    (folder / "models").symlink_to(installed_models)
    monkeypatch.setenv("FACEAUTH_HOME", str(folder))
    return folder


@pytest.fixture
def nuaa(tmp_path: Path, evaluation_data: Path) -> tuple[Path, Path]:
    """Folders of links to every tenth picture."""
    folders = tmp_path / "real", tmp_path / "attack"
    for folder in folders:
        folder.mkdir()
        for picture in sorted((evaluation_data / "nuaa" / folder.name).glob("*.jpg"))[::EVERY]:
            (folder / picture.name).symlink_to(picture)
    return folders


def evaluate(*arguments: object) -> dict[str, Any]:
    result = CliRunner().invoke(cli, ["evaluate", "pad", *map(str, arguments), "--json"], catch_exceptions=False)
    assert result.exit_code == 0
    document: dict[str, Any] = json.loads(result.stdout)
    return document


def test_prints_are_told_from_people_and_the_report_holds_the_figures(
    home: Path, nuaa: tuple[Path, Path], tmp_path: Path
) -> None:
    found = evaluate("--bona-fide", nuaa[0], "--attacks", f"{nuaa[1]}=print", "--report", tmp_path / "pad.html")

    assert found["apcer"] == {"print": 0.0}
    assert (found["apcer_worst"], found["bpcer"], found["eer"]) == (0.0, 0.0, 0.0)
    assert found["counts"] == {
        "files": {"bona_fide": 25, "attack": 25},
        "bona_fide": 25,
        "attack": {"print": 25},
    }
    assert found["non_response"]["bona_fide"] == 0.0
    assert found["threshold"] == read_coefficients(models=PAD_IDS).threshold
    assert {"decode", "detect", "shape", "quality", "pad", "scene"} <= found["steps_ms"].keys()
    report = (tmp_path / "pad.html").read_text("utf-8")
    assert "APCER print" in report
    left = [path.name for path in (home / "evaluations").iterdir()]
    assert left == ["last-pad.json"], "a finished evaluation leaves its summary and no journal"


def test_a_threshold_that_is_too_high_refuses_everybody(home: Path, nuaa: tuple[Path, Path], tmp_path: Path) -> None:
    del home
    few = tmp_path / "few"
    few.mkdir()
    for picture in sorted(nuaa[0].iterdir())[:3]:
        shutil.copy(picture, few)
    found = evaluate("--bona-fide", few, "--attacks", next(nuaa[1].iterdir()), "--threshold", "1.0")
    assert (found["bpcer"], found["apcer"], found["threshold"]) == (1.0, {"attack": 0.0}, 1.0)


def test_a_refit_gives_the_same_bytes_and_leaves_the_shipped_file_alone(
    home: Path, nuaa: tuple[Path, Path], evaluation_data: Path, tmp_path: Path
) -> None:
    shipped, clips = fusion.shipped(), evaluation_data / "clips" / "replay"
    people = ["--bona-fide", nuaa[0], "--bona-fide", clips / "lestari15_real.mp4"]
    attacks = ["--attacks", f"{nuaa[1]}=print", "--attacks", f"{clips / 'lestari15_fake.mp4'}=replay"]
    first = evaluate(*people, *attacks, "--fps", 1, "--fit")
    evaluate(*attacks, *people[2:], *people[:2], "--fps", 1, "--fit", "--out", tmp_path / "again.json")

    text = Path(first["coefficients"]).read_text("utf-8")
    assert text == (tmp_path / "again.json").read_text("utf-8")
    assert fusion.shipped() == shipped
    assert str(tmp_path) not in text
    model = read_coefficients(text, models=PAD_IDS)
    assert (first["apcer_worst"], first["bpcer"], first["threshold"]) == (0.0, 0.0, model.threshold)
    assert min(model.terms[name].weight for name in ("minifasnet_v2", "minifasnet_v1se")) > 0
    assert Path(first["coefficients"]).is_relative_to(home)


def test_out_without_fit_and_one_kind_only_are_said_before_anything_is_measured(
    home: Path, nuaa: tuple[Path, Path], tmp_path: Path
) -> None:
    del home
    for arguments in (
        ["--bona-fide", nuaa[0], "--attacks", nuaa[1], "--out", tmp_path / "x.json"],
        ["--bona-fide", nuaa[0], "--attacks", tmp_path / "absent"],
    ):
        with pytest.raises(InvalidInputError):
            evaluate(*arguments)
