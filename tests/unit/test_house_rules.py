"""Rules of the house that a machine can watch."""

from __future__ import annotations

import json
import re
import shutil
import subprocess
import sys
from functools import cache
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]
ROOMS = ("domain", "application", "adapters", "entrypoints")
LOCKS = ("requirements.lock", "requirements-dev.lock")
LONGEST_FILE = 350
EMPTY_NAMES = {"utils", "util", "helpers", "helper", "common", "manager", "managers", "misc"}

# Put together here, so that this file does not break the rule that it watches.
REGISTRIES = [".".join(name) for name in (("pypi", "org"), ("pythonhosted", "org"), ("npmjs", "org"), ("npmjs", "com"))]


def sources() -> list[Path]:
    folders = [ROOT / name for name in (*ROOMS, "tests")]
    return [ROOT / "faceauth.py", *(path for folder in folders for path in sorted(folder.rglob("*.py")))]


@cache
def tracked() -> list[Path]:
    git = shutil.which("git")
    if git is None or not (ROOT / ".git").exists():
        pytest.skip("needs the git checkout to know which files belong to the project")
    answer = subprocess.run([git, "ls-files", "-z"], cwd=ROOT, capture_output=True, check=True)  # noqa: S603 - fixed words
    return [ROOT / name for name in answer.stdout.decode().split("\0") if name]


def requirements(lock: str) -> list[str]:
    """Return one line per requirement, its hashes on the same line."""
    lines = (ROOT / lock).read_text().replace("\\\n", " ").splitlines()
    return [line for line in lines if line.strip() and not line.startswith("#")]


def lint_imports(folder: Path) -> subprocess.CompletedProcess[str]:
    linter = Path(sys.executable).with_name("lint-imports")
    return subprocess.run(  # noqa: S603 - the linter of our own environment
        [linter, "--no-cache"], cwd=folder, capture_output=True, text=True, check=False
    )


@pytest.fixture
def copy(tmp_path: Path) -> Path:
    for room in ROOMS:
        shutil.copytree(ROOT / room, tmp_path / room, ignore=shutil.ignore_patterns("__pycache__"))
    shutil.copy(ROOT / "pyproject.toml", tmp_path)
    return tmp_path


def test_imports_point_inward_only() -> None:
    answer = lint_imports(ROOT)

    assert answer.returncode == 0, answer.stdout
    assert "2 kept, 0 broken" in answer.stdout


@pytest.mark.parametrize(
    ("module", "line", "contract"),
    [
        ("domain/biometrics.py", "import psycopg", "Technology stays out"),
        ("application/ports/clock.py", "from starlette.requests import Request", "Technology stays out"),
        ("domain/biometrics.py", "import application.ports.clock", "Imports point inward only"),
    ],
)
def test_an_import_that_points_outward_is_noticed(copy: Path, module: str, line: str, contract: str) -> None:
    path = copy / module
    path.write_text(path.read_text() + f"\n{line}\n")

    answer = lint_imports(copy)

    assert answer.returncode != 0
    assert re.search(rf"{contract}.*BROKEN", answer.stdout)


def test_no_module_has_a_name_that_says_nothing() -> None:
    assert [str(path) for path in sources() if EMPTY_NAMES & set(path.stem.split("_"))] == []


def test_no_file_is_too_long_to_read() -> None:
    lengths = {str(path.relative_to(ROOT)): len(path.read_text().splitlines()) for path in sources()}

    assert {name: length for name, length in lengths.items() if length > LONGEST_FILE} == {}


@pytest.mark.parametrize("lock", LOCKS)
def test_every_locked_requirement_is_pinned_and_hashed(lock: str) -> None:
    pinned = re.compile(r"^[A-Za-z0-9._-]+==\S+( ;[^\\]+?)?(\s+--hash=sha256:[0-9a-f]{64})+\s*$")

    assert requirements(lock)
    assert [line[:60] for line in requirements(lock) if not pinned.match(line)] == []


@pytest.mark.parametrize("lock", LOCKS)
def test_exactly_one_opencv_is_locked_and_it_is_the_headless_one(lock: str) -> None:
    names = [line.partition("==")[0] for line in requirements(lock)]

    assert [name for name in names if name.startswith("opencv")] == ["opencv-python-headless"]


@pytest.mark.parametrize("lock", LOCKS)
def test_a_lock_names_no_place_to_download_from(lock: str) -> None:
    text = (ROOT / lock).read_text()

    assert "://" not in text
    assert "index-url" not in text


def test_the_lock_of_the_tests_identity_provider_pins_everything_and_names_no_place_to_download_from() -> None:
    lock = json.loads((ROOT / "tests" / "e2e" / "identity_provider" / "package-lock.json").read_text())
    packages = {name: entry for name, entry in lock["packages"].items() if name}

    assert packages
    assert [name for name, entry in packages.items() if "resolved" in entry] == []
    assert [name for name, entry in packages.items() if not entry["integrity"].startswith("sha512-")] == []


def test_no_file_of_the_project_names_a_package_registry() -> None:
    naming = {
        str(path.relative_to(ROOT)): name
        for path in tracked()
        if path.is_file()
        for name in REGISTRIES
        if name.encode() in path.read_bytes()
    }

    assert naming == {}
