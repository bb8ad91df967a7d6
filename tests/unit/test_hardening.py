"""A crash leaves nothing on disk that was in memory."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]

CRASH = """
import os, resource, sys
resource.setrlimit(resource.RLIMIT_CORE, (resource.getrlimit(resource.RLIMIT_CORE)[1],) * 2)
if sys.argv[1] == "hardened":
    from entrypoints.hardening import harden
    harden()
print(resource.getrlimit(resource.RLIMIT_CORE), flush=True)
if sys.platform == "linux":
    import ctypes
    print("dumpable", ctypes.CDLL(None).prctl(3, 0, 0, 0, 0), flush=True)
os.abort()
"""


def crash(how: str, folder: Path) -> subprocess.CompletedProcess[str]:
    return subprocess.run(  # noqa: S603 - our own interpreter and script
        [sys.executable, "-c", CRASH, how],
        capture_output=True,
        text=True,
        cwd=folder,
        env={**os.environ, "PYTHONPATH": str(ROOT)},
        check=False,
    )


@pytest.mark.skipif(sys.platform != "linux", reason="prctl is Linux's")
def test_a_crash_of_the_hardened_process_dumps_nothing(tmp_path: Path) -> None:
    (tmp_path / "hardened").mkdir()
    bare, hardened = crash("bare", tmp_path), crash("hardened", tmp_path / "hardened")

    assert "dumpable 1" in bare.stdout
    assert list((tmp_path / "hardened").iterdir()) == []
    assert hardened.stdout.splitlines() == ["(0, 0)", "dumpable 0"]
    assert hardened.returncode < 0


def test_the_command_hardens_itself_before_anything_else(monkeypatch: pytest.MonkeyPatch) -> None:
    from entrypoints.cli import main  # noqa: PLC0415 - importing the command is what is looked at

    calls: list[str] = []
    monkeypatch.setattr(main, "harden", lambda: calls.append("harden"))
    monkeypatch.setattr(main, "configure_logging", lambda: calls.append("logging"))
    monkeypatch.setattr(main, "cli", lambda **_: calls.append("command"))

    main.run()

    assert calls == ["harden", "logging", "command"]
