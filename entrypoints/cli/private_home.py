"""A state directory for one command's own use, gone when it ends."""

from __future__ import annotations

import os
import shutil
import signal
import sys
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from types import FrameType

from entrypoints.key_providers import FILE_KEYS
from entrypoints.settings import Settings


@contextmanager
def private_settings(settings: Settings) -> Iterator[Settings]:
    """Yield the settings over a new, empty, private state directory with an embedded PostgreSQL of its own.

    Only the models are shared with ``settings``; the keys lie in that directory, whatever provider is set. Whatever was
    made is removed at the end, also on Ctrl-C and SIGTERM.
    """
    home = Path(tempfile.mkdtemp(prefix="faceauth-"))
    # root's PostgreSQL runs as another user, who must be able to walk through
    home.chmod(0o711 if os.geteuid() == 0 else 0o700)
    terminate = signal.signal(signal.SIGTERM, _leave)
    try:
        (home / "models").symlink_to(settings.models_dir)
        # People who do not exist sign no form: whatever the hospital forbids, nothing here is about anybody.
        own = {"home": home, "database_url": None, "paper_consent": "allowed", **FILE_KEYS}
        yield settings.model_copy(update=own)
    finally:
        signal.signal(signal.SIGTERM, terminate)
        _remove(home)


def _remove(home: Path) -> None:
    note = home / "postgres.location"
    if note.exists():
        # where a parent of the temporary folder is closed to PostgreSQL's user, its data lies elsewhere
        shutil.rmtree(note.read_text(encoding="utf-8").strip())
    shutil.rmtree(home)


def _leave(number: int, _frame: FrameType | None) -> None:
    # leave through the context managers, PostgreSQL included
    sys.exit(128 + number)
