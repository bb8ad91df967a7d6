"""axe-core, the accessibility engine, installed from the locked npm package and injected past the page's policy."""

from __future__ import annotations

import hashlib
import json
import os
import shutil
import subprocess
import tempfile
from pathlib import Path
from typing import TYPE_CHECKING, Any

from tests.needs import missing

if TYPE_CHECKING:
    from tests.chromium import Page

FOLDER = Path(__file__).parent / "accessibility"
FILES = ("package.json", "package-lock.json", ".npmrc")
INSTALL_WITHIN_S = 120
GRAVE = ("serious", "critical")
RULES = ["wcag2a", "wcag2aa", "wcag21a", "wcag21aa", "wcag22aa", "best-practice"]


def engine() -> str:
    """The script; skips, on CI fails, without npm."""
    npm = shutil.which("npm")
    if npm is None:
        missing("axe-core comes by npm (Debian: nodejs, npm)")
    digest = hashlib.sha256(b"".join((FOLDER / name).read_bytes() for name in FILES)).hexdigest()[:16]
    cache = Path(os.environ.get("XDG_CACHE_HOME") or Path.home() / ".cache") / "faceauth-tests"
    ready = cache / f"axe-{digest}"
    if not ready.is_dir():
        _install(npm, cache, ready)
    return (ready / "node_modules" / "axe-core" / "axe.min.js").read_text(encoding="utf-8")


def faults(page: Page, script: str, rules: list[str] | None = None) -> list[dict[str, Any]]:
    """What axe finds on the page as it is now: impact, rule, and where."""
    # Evaluated by the protocol, which no policy of the page holds back.
    page.call("Runtime.evaluate", expression=script)
    tags = json.dumps(rules or RULES)
    found: str = page.run(
        f"axe.run(document, {{runOnly: {{type: 'tag', values: {tags}}}, rules: {{'target-size': {{enabled: true}}}}}})"
        ".then((r) => JSON.stringify(r.violations.map((v) => ({impact: v.impact, rule: v.id,"
        " nodes: v.nodes.map((n) => n.html.slice(0, 200) + ' | ' + n.failureSummary)}))))"
    )
    violations: list[dict[str, Any]] = json.loads(found)
    return violations


def _install(npm: str, cache: Path, ready: Path) -> None:
    cache.mkdir(mode=0o700, parents=True, exist_ok=True)
    with tempfile.TemporaryDirectory(dir=cache) as scratch:
        fresh = Path(scratch) / "axe"
        fresh.mkdir()
        for name in FILES:
            shutil.copy(FOLDER / name, fresh)
        done = subprocess.run(  # noqa: S603 - npm, found on this machine
            [npm, "ci", "--ignore-scripts", "--no-audit", "--no-fund", "--prefer-offline"],
            cwd=fresh,
            capture_output=True,
            text=True,
            timeout=INSTALL_WITHIN_S,
            check=False,
        )
        if done.returncode != 0:
            missing("npm ci failed: axe-core cannot be installed")
        if not ready.is_dir():
            fresh.rename(ready)
