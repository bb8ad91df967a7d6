"""What package clients are given of us."""

from __future__ import annotations

import subprocess
from typing import TYPE_CHECKING, Any

from adapters.vision.catalogue import Carrier
from adapters.vision.fetch import fetch_carrier

if TYPE_CHECKING:
    from pathlib import Path

    import pytest


def test_a_package_client_is_told_no_setting_of_ours(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    given: dict[str, str] = {}

    def run(_command: Any, *, cwd: Path, env: dict[str, str], **_: Any) -> subprocess.CompletedProcess[str]:
        given.update(env)
        (cwd / "carrier.whl").write_bytes(b"")
        return subprocess.CompletedProcess([], 0, "", "")

    monkeypatch.setattr(subprocess, "run", run)
    monkeypatch.setenv("FACEAUTH_KEKS", "k=secret")
    monkeypatch.setenv("DATABASE_URL", "postgresql://user:secret@host/db")
    monkeypatch.setenv("PIP_INDEX_URL", "kept")

    fetch_carrier(Carrier("a", "pypi", "wheel", "1.0", "wheel-1.0.whl", "0" * 64, 1), tmp_path)

    assert given["PIP_INDEX_URL"] == "kept"
    assert not [name for name, value in given.items() if "secret" in value]
