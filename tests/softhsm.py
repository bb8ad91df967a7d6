"""A fresh SoftHSM2 token in a folder of its own."""

from __future__ import annotations

import shutil
import subprocess
from dataclasses import dataclass, field
from pathlib import Path

from tests.needs import missing

MODULES = (
    Path("/usr/lib/softhsm/libsofthsm2.so"),
    Path("/usr/lib64/softhsm/libsofthsm2.so"),
    Path("/usr/lib64/pkcs11/libsofthsm2.so"),
    Path("/usr/local/lib/softhsm/libsofthsm2.so"),
)
LABEL = "faceauth tests"
PIN = "7305-ward-pin"
CONFIGURATION = "SOFTHSM2_CONF"


@dataclass(frozen=True)
class SoftToken:
    """Where the token is; ``environment`` is what a process needs to see it."""

    module: Path
    label: str
    pin_file: Path
    environment: dict[str, str]
    pin: str = field(default=PIN, repr=False)


def fresh_token(folder: Path) -> SoftToken:
    """Make a token; the test is skipped, saying so, where SoftHSM2 is not installed."""
    module = next((path for path in MODULES if path.is_file()), None)
    tool = shutil.which("softhsm2-util")
    if module is None or tool is None:
        missing("SoftHSM2 is not installed: apt-get install softhsm2")
    (folder / "tokens").mkdir()
    configuration = folder / "softhsm2.conf"
    configuration.write_text(
        f"directories.tokendir = {folder / 'tokens'}\nobjectstore.backend = file\nlog.level = ERROR\n", encoding="utf-8"
    )
    environment = {CONFIGURATION: str(configuration)}
    subprocess.run(  # noqa: S603 - the tool that came with the module
        [tool, "--init-token", "--free", "--label", LABEL, "--pin", PIN, "--so-pin", "0000-officer"],
        env=environment,
        check=True,
        capture_output=True,
    )
    pin_file = folder / "pin"
    pin_file.touch(mode=0o600)
    pin_file.write_text(f"{PIN}\n", encoding="utf-8")
    return SoftToken(module, LABEL, pin_file, environment)
