"""``faceauth evaluate`` from the command line, over the scripted pipeline: no models, no database."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
import structlog

from adapters.memory.vision import scripted_judge
from entrypoints.cli import evaluating
from entrypoints.cli.evaluating import Instrument
from entrypoints.cli.main import run
from tests.unit.evaluation.conftest import shoot

ROOT = Path(__file__).parents[3]
PEOPLE = [f"person{number:02d}" for number in range(30)]

Command = Callable[..., tuple[int, str, str]]


@pytest.fixture
def images(tmp_path: Path) -> Path:
    for number, person in enumerate(PEOPLE):
        shoot(tmp_path / "images", person, 7 if number < 10 else 3)
    return tmp_path / "images"


@pytest.fixture
def pairs(tmp_path: Path) -> Path:
    lines = [f"{one}\t1\t2\n{one}\t1\t{other}\t2\n" for one, other in zip(PEOPLE, PEOPLE[1:] + PEOPLE[:1], strict=True)]
    (tmp_path / "pairs.txt").write_text(f"10\t3\n{''.join(lines)}")
    return tmp_path / "pairs.txt"


@pytest.fixture
def command(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> Command:
    monkeypatch.setenv("FACEAUTH_HOME", str(tmp_path / "home"))
    monkeypatch.setattr(evaluating, "load_instrument", lambda _: Instrument(scripted_judge(), "scripted"))

    def call(*words: str | Path) -> tuple[int, str, str]:
        monkeypatch.setattr(sys, "argv", ["faceauth", "evaluate", *map(str, words)])
        with pytest.raises(SystemExit) as exit_:
            run()
        structlog.reset_defaults()
        out, err = capsys.readouterr()
        return int(exit_.value.code or 0), out, err

    return call


def figures(document: dict[str, Any]) -> dict[str, Any]:
    """Everything but how long it took."""
    return {name: value for name, value in document.items() if name != "steps_ms"}


def test_verification_prints_its_figures_as_json(command: Command, pairs: Path, images: Path) -> None:
    code, out, err = command("verification", "--pairs", pairs, "--images", images, "--json")
    document = json.loads(out)

    assert (code, err.strip()) == (0, "")
    assert (document["accuracy"], document["eer"], document["fte"], document["fta"]) == (1.0, 0.0, 0.0, 0.0)
    assert [point["fmr_target"] for point in document["operating_points"]] == [1e-2, 1e-3, 1e-4]
    assert {"threshold", "fmr", "fnmr", "intervals"} <= document["operating_points"][0].keys()
    assert document["counts"] | {"pairs": 60, "genuine": 30, "impostor": 30} == document["counts"]
    assert {"detect", "embed"} <= document["steps_ms"].keys()


def test_identification_prints_its_figures_as_json(command: Command, images: Path) -> None:
    code, out, err = command("identification", "--gallery", images, "--probes", images, "--json")
    document = json.loads(out)

    assert (code, err.strip()) == (0, "")
    assert (document["fnir"], document["fpir"], document["fpir_target"], document["misidentified"]) == (0, 0, 0.001, 0)
    assert document["counts"]["gallery"] == 10
    assert document["three_photo"] is None
    assert document["by_gallery_size"][-1]["size"] == 10
    assert document["policy_threshold"] == document["policy"]["threshold"]
    assert {"fte", "fta", "threshold"} <= document.keys()


def test_a_list_of_people_and_two_folders_work_too(command: Command, images: Path, tmp_path: Path) -> None:
    (tmp_path / "ids.txt").write_text("\n".join(PEOPLE[:4]))
    shoot(tmp_path / "later", PEOPLE[0], 3, noise=0.3)
    shoot(tmp_path / "later", "visitor", 3)

    listed = command(
        "identification", "--gallery", images, "--gallery-ids", tmp_path / "ids.txt", "--probes", images, "--json"
    )
    apart = command(
        "identification", "--gallery", images, "--probes", tmp_path / "later", "--enroll-captures", "3", "--json"
    )

    assert json.loads(listed[1])["counts"]["gallery"] == 4
    counts = json.loads(apart[1])["counts"]
    assert (counts["gallery"], counts["mated_probes"], counts["stranger_probes"]) == (30, 3, 3)
    assert json.loads(apart[1])["three_photo"]["fnir"] == 0


@pytest.mark.parametrize("kind", ["verification", "identification"])
def test_a_report_is_written_beside_what_is_printed(
    command: Command, pairs: Path, images: Path, tmp_path: Path, kind: str
) -> None:
    data = {
        "verification": ("--pairs", pairs, "--images", images),
        "identification": ("--gallery", images, "--probes", images),
    }[kind]
    code, out, err = command(kind, *data, "--report", tmp_path / "report.html")
    document = (tmp_path / "report.html").read_text()

    assert (code, err.strip()) == (0, "")
    assert "T 0." in out
    assert "memory/64" in document
    assert document.count("data:image/svg+xml") >= 3
    assert not [person for person in PEOPLE if person in document]


def test_nothing_but_a_summary_for_the_impact_report_is_left(
    command: Command, pairs: Path, images: Path, tmp_path: Path
) -> None:
    command("verification", "--pairs", pairs, "--images", images, "--json")

    (left,) = [path for path in (tmp_path / "home").rglob("*") if path.is_file()]
    assert left.name == "last-verification.json"
    kept = json.loads(left.read_text())
    assert kept["policy"]["fnmr"] >= 0
    assert kept["measured_at"]
    assert not [person for person in PEOPLE if person in left.read_text()]


@pytest.mark.parametrize(
    ("words", "fault"),
    [
        (("verification", "--pairs", "nowhere.txt", "--images", "."), "cannot be read"),
        (("verification", "--pairs", "broken.txt", "--images", "."), "line 2"),
        (("identification", "--gallery", "nowhere", "--probes", "."), "is not a folder"),
        (("identification", "--gallery", "empty", "--probes", "empty"), "holds no picture"),
    ],
)
def test_bad_input_is_one_clear_error(
    command: Command, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, words: tuple[str, ...], fault: str
) -> None:
    monkeypatch.chdir(tmp_path)
    (tmp_path / "broken.txt").write_text("2\nAna 1\n")
    (tmp_path / "empty").mkdir()

    code, out, err = command(*words, "--json")

    assert (code, out) == (1, "")
    assert json.loads(err)["error"] == "invalid_input"
    assert fault in json.loads(err)["detail"]


@pytest.mark.parametrize("target", ["0", "1", "-0.5"])
def test_a_target_that_is_no_rate_is_wrong_usage(command: Command, images: Path, target: str) -> None:
    assert command("identification", "--gallery", images, "--probes", images, "--fpir", target)[0] == 2


KILLED = """
import sys
from entrypoints.cli import evaluating
from entrypoints.cli.evaluating import Instrument
from entrypoints.cli.main import run
from tests.unit.evaluation.conftest import WatchedJudge

evaluating.load_instrument = lambda _: Instrument(WatchedJudge(interrupt_after=45, kill=True), "scripted")
run()
"""


def test_a_killed_run_goes_on_where_it_was_and_ends_the_same(
    command: Command, pairs: Path, images: Path, tmp_path: Path
) -> None:
    words = ("verification", "--pairs", pairs, "--images", images, "--json")
    whole = json.loads(command(*words)[1])
    killed = subprocess.run(  # noqa: S603 - our own code
        [sys.executable, "-c", KILLED, "evaluate", *map(str, words)],
        cwd=ROOT,
        env={**os.environ, "FACEAUTH_HOME": str(tmp_path / "home"), "FACEAUTH_JUDGE_THREADS": "1"},
        capture_output=True,
        check=False,
    )
    _, out, err = command(*words)

    assert killed.returncode == -signal.SIGKILL
    assert "resuming: 1 " in err
    assert figures(json.loads(out)) == figures(whole)
