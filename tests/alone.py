"""The offline verifier as a process of its own, where of all that is installed only cryptography can be imported."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import cryptography

ROOT = Path(__file__).parents[1]


def verified_alone(site: Path, *words: str) -> subprocess.CompletedProcess[str]:
    """Run ``faceauth-verify`` by a Python without site-packages, over a folder with the rooms it needs.

    ``site`` is a folder that is made, once for several calls.
    """
    if not site.exists():
        _make(site)
    code = (
        f"import sys; sys.path.insert(0, {str(site)!r}); import faceauth; sys.argv[1:] = {list(words)!r}"
        "\ntry:\n import eventsourcing\nexcept ImportError:\n faceauth.verify()"
    )
    return subprocess.run(  # noqa: S603 - our own interpreter
        [sys.executable, "-I", "-S", "-c", code], capture_output=True, text=True, check=False, env={"PATH": os.defpath}
    )


def _make(site: Path) -> None:
    (site / "entrypoints").mkdir(parents=True)
    (site / "domain").mkdir()
    packages = Path(cryptography.__file__).parents[1]
    for name in ("cryptography", "cffi", "_cffi_backend*.so"):
        for found in packages.glob(name):
            (site / found.name).symlink_to(found)
    (site / "entrypoints" / "offline").symlink_to(ROOT / "entrypoints" / "offline")
    for room in ("entrypoints", "domain"):
        (site / room / "__init__.py").symlink_to(ROOT / room / "__init__.py")
    for module in ("merkle.py", "log_entry.py"):
        (site / "domain" / module).symlink_to(ROOT / "domain" / module)
    (site / "faceauth.py").write_bytes((ROOT / "faceauth.py").read_bytes())
