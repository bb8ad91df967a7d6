"""The wheel, on its own: built, installed elsewhere, run from an empty folder."""

from __future__ import annotations

import os
import subprocess
import sys
import zipfile
from pathlib import Path

from tests.e2e.service import ROOT


def test_the_wheel_holds_all_rooms_under_one_name_and_runs_from_an_empty_folder(tmp_path: Path) -> None:
    built = tmp_path / "dist"
    build = [sys.executable, "-m", "hatchling", "build", "-t", "wheel", "-d", str(built)]
    subprocess.run(build, cwd=ROOT, check=True, capture_output=True)  # noqa: S603 - our own project
    wheel = next(built.glob("faceauth-*.whl"))
    names = zipfile.ZipFile(wheel).namelist()
    assert {name.split("/")[0] for name in names if ".dist-info/" not in name} == {"faceauth"}
    assert any(name.endswith(".sql") for name in names)
    assert "faceauth/models.toml" in names

    site, empty = tmp_path / "site", tmp_path / "empty"
    empty.mkdir()
    install = [sys.executable, "-m", "pip", "install", "--quiet", "--no-deps", "--no-index", "--target", str(site)]
    subprocess.run([*install, str(wheel)], check=True, capture_output=True)  # noqa: S603 - our own wheel
    environment = {**os.environ, "PYTHONPATH": str(site), "FACEAUTH_HOME": str(empty / "var")}
    script = "import faceauth, entrypoints.cli.main as main; print(main.__file__); faceauth.main()"
    command = [sys.executable, "-P", "-c", script, "--help"]
    done = subprocess.run(command, cwd=empty, env=environment, capture_output=True, text=True, check=False)  # noqa: S603
    assert done.returncode == 0, done.stderr
    assert done.stdout.splitlines()[0] == str(site / "faceauth" / "entrypoints" / "cli" / "main.py")
    assert "authenticate" in done.stdout
