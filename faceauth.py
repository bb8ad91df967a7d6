"""Launcher, shipped in the wheel as ``faceauth/__init__.py``: makes the rooms beside it importable by their names."""

from __future__ import annotations

import sys
from pathlib import Path

_ROOMS = str(Path(__file__).resolve().parent)
if _ROOMS not in sys.path[:1]:
    sys.path.insert(0, _ROOMS)


def main() -> None:
    """Run the ``faceauth`` command."""
    from entrypoints.cli.main import run  # noqa: PLC0415 - the rooms are importable only from here on

    run()


def verify() -> None:
    """Run the ``faceauth-verify`` command, which needs nothing but cryptography."""
    from entrypoints.offline.command import run as check  # noqa: PLC0415 - as above

    sys.exit(check())


if __name__ == "__main__":
    main()
