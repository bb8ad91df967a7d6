"""The demo, run as a person runs it: a command, and whatever it leaves behind."""

from __future__ import annotations

import json
import os
import shutil
import signal
import subprocess
import sys
import tempfile
import time
from collections import Counter
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest

if TYPE_CHECKING:
    from collections.abc import Iterator

ROOT = Path(__file__).parents[2]
PEOPLE = ["pessoa1", "pessoa2", "pessoa3", "pessoa4"]

pytestmark = [pytest.mark.models, pytest.mark.database]


def start(*arguments: str, home: Path, temporary: Path) -> subprocess.Popen[str]:
    environment = {"FACEAUTH_HOME": str(home), "TMPDIR": str(temporary), "COLUMNS": "80"}
    inherited = {name: value for name, value in os.environ.items() if not name.startswith(("FACEAUTH_", "DATABASE_"))}
    return subprocess.Popen(  # noqa: S603 - our own launcher
        [sys.executable, ROOT / "faceauth.py", "demo", *arguments],
        env=inherited | environment,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
    )


@pytest.fixture(scope="module")
def home(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A state directory that holds nothing but the installed models."""
    models = Path(os.environ.get("FACEAUTH_MODELS") or ROOT / "var" / "models")
    if not (models / "bundle.json").is_file():
        pytest.skip("the default model bundle is not installed: faceauth models install")
    home = tmp_path_factory.mktemp("home")
    (home / "models").symlink_to(models.resolve())
    return home


@pytest.fixture(scope="module")
def temporary() -> Iterator[Path]:
    """A temporary folder for the commands, short and passable for PostgreSQL's user."""
    folder = Path(tempfile.mkdtemp(prefix="fa-"))
    folder.chmod(0o711)
    yield folder
    shutil.rmtree(folder)


@pytest.fixture(scope="module")
def shown(home: Path, temporary: Path) -> dict[str, Any]:
    """The JSON of one demo, run once for all tests here."""
    demo = start("--json", home=home, temporary=temporary)
    output, complaints = demo.communicate(timeout=120)
    assert demo.returncode == 0, complaints
    document: dict[str, Any] = json.loads(output)
    return document


def outcomes(shown: dict[str, Any]) -> list[str]:
    return [step["got"] for step in shown["steps"]]


def test_four_people_are_enrolled_and_let_in_as_themselves(shown: dict[str, Any]) -> None:
    assert outcomes(shown)[:8] == ["enrolled, 6 captures good"] * 4 + PEOPLE


def test_a_stranger_a_profile_and_a_print_are_refused(shown: dict[str, Any]) -> None:
    assert outcomes(shown)[8:11] == ["face_not_recognised", "quality_too_low", "presentation_attack"]


def test_who_withdraws_consent_is_refused_and_the_others_are_not(shown: dict[str, Any]) -> None:
    assert outcomes(shown)[11:14] == ["revoked: enrolment, 1 session", "face_not_recognised", "pessoa4"]


def test_the_history_tells_the_story(shown: dict[str, Any]) -> None:
    told = Counter(event["event"] for event in shown["history"])

    assert shown["ok"] is True
    assert told["enrollment.capture_accepted.v1"] == 24
    assert told["attempt.started.v1"] == told["attempt.succeeded.v1"] + told["attempt.refused.v1"] == 9
    assert told["session.revoked.v1"] == 1


def test_it_says_that_its_pictures_are_synthetic(shown: dict[str, Any]) -> None:
    assert shown["note"].startswith("Synthetic captures")


@pytest.mark.usefixtures("shown")
def test_it_leaves_nothing_behind(home: Path, temporary: Path) -> None:
    assert list(temporary.glob("faceauth-*")) == []
    assert {path.name for path in home.iterdir()} <= {"models", ".models.lock"}


def test_it_cleans_up_when_it_is_told_to_stop(home: Path, temporary: Path) -> None:
    demo = start(home=home, temporary=temporary)
    while not list(temporary.glob("faceauth-*/postgres/data/postmaster.pid")):
        assert demo.poll() is None
        time.sleep(0.02)
    demo.send_signal(signal.SIGTERM)
    demo.communicate(timeout=60)

    assert demo.returncode == 128 + signal.SIGTERM
    assert list(temporary.glob("faceauth-*")) == []
