from __future__ import annotations

import os
import shutil
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.e2e.service import ROOT, Service


def _models() -> Path:
    return Path(os.environ.get("FACEAUTH_HOME", ROOT / "var")) / "models"


@pytest.fixture(scope="session")
def installed_models() -> Path:
    """The folder of the installed bundle; the test is skipped, saying so, where there is none."""
    folder = _models()
    if not (folder / "bundle.json").exists():
        pytest.skip("the models are not installed: run 'make models'")
    return folder


@pytest.fixture
def service(passable_folder: Path, installed_models: Path) -> Iterator[Service]:
    """A running service over a new state directory with the installed models."""
    home = passable_folder / "home"
    home.mkdir()
    home.chmod(0o711)
    shutil.copytree(installed_models, home / "models")
    running = Service(home)
    running.start()
    yield running
    running.stop()


@pytest.fixture(scope="session")
def evaluation_data() -> Path:
    """The development half of the evaluation data; skipped, saying so, where it is absent."""
    folder = Path(os.environ.get("FACEAUTH_DATA", ROOT.parent / "shared" / "data"))
    if not folder.is_dir():
        pytest.skip("no evaluation data: set FACEAUTH_DATA")
    return folder
