"""Nothing leaves the hospital: the runtime's own reporting is off before it can start."""

from __future__ import annotations

import os
import re
import subprocess
import sys
from pathlib import Path

ROOT = Path(__file__).resolve().parents[3]


def test_loading_the_runtime_leaves_no_telemetry_files_behind(tmp_path: Path) -> None:
    folders = {"HOME": tmp_path, "TMPDIR": tmp_path, "XDG_CACHE_HOME": tmp_path, "PYTHONDONTWRITEBYTECODE": "1"}
    environment = {k: v for k, v in os.environ.items() if not k.startswith("ORT_")} | {
        k: str(v) for k, v in folders.items()
    }
    script = "from adapters.vision.runtime import onnxruntime; import time; time.sleep(0.5)"
    subprocess.run([sys.executable, "-c", script], cwd=ROOT, env=environment, check=True)  # noqa: S603 - our own code
    assert list(tmp_path.rglob("*")) == []


def test_the_runtime_is_imported_through_its_one_door() -> None:
    rooms = [
        path for room in ("domain", "application", "adapters", "entrypoints") for path in (ROOT / room).rglob("*.py")
    ]
    importers = [
        path.name for path in rooms if re.search(r"^\s*(import|from) onnxruntime", path.read_text(), re.MULTILINE)
    ]
    assert importers == ["runtime.py"]
