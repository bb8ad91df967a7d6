"""Files that hold keys: made once, readable by their owner only, never half-written.

A key file appears under its name complete and on disk or not at all: it is written beside its place (O_CREAT|O_EXCL,
0600), flushed, and linked into place, which the file system refuses when something is there already. Processes that
create at once queue on a lock on the folder, so the later ones load what the first one made.
"""

from __future__ import annotations

import fcntl
import json
import os
import stat
from contextlib import contextmanager
from typing import TYPE_CHECKING, Any

from domain.errors import KeyRingError

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Mapping
    from pathlib import Path

PRIVATE_FILE = 0o600
PRIVATE_FOLDER = 0o700
MAX_BYTES = 1 << 20
"""No key file comes near this; something else under its name must not fill the memory."""


@contextmanager
def folder_lock(folder: Path) -> Iterator[None]:
    """Create the folder (0700) where it is missing and hold it against other processes that do the same."""
    folder.mkdir(mode=PRIVATE_FOLDER, parents=True, exist_ok=True)
    descriptor = os.open(folder, os.O_RDONLY | os.O_DIRECTORY | os.O_CLOEXEC)
    try:
        fcntl.flock(descriptor, fcntl.LOCK_EX)
        yield
        os.fsync(descriptor)
    finally:
        os.close(descriptor)


def write_beside(path: Path, content: bytes, mode: int = PRIVATE_FILE) -> Path:
    """Write ``content`` to a new file next to ``path``, flushed to disk; call under ``folder_lock`` only."""
    beside = _beside(path)
    beside.unlink(missing_ok=True)
    descriptor = os.open(beside, os.O_CREAT | os.O_EXCL | os.O_WRONLY | os.O_CLOEXEC, mode)
    with os.fdopen(descriptor, "wb") as file:
        file.write(content)
        file.flush()
        os.fsync(file.fileno())
    return beside


def open_document(
    path: Path, *, kind: str, fresh: Callable[[], Mapping[str, Any]], create: bool = True
) -> Mapping[str, Any]:
    """Return the JSON document of a key file, made from ``fresh`` first where there is none.

    ``kind`` names the format and its version; it is stored in the file and must be found there. With ``create`` False
    a missing file is an error. Raises ``KeyRingError`` for a file or folder that others can get at, for anything that
    is not a document of that kind, and where the system refuses; the message never holds content.
    """
    try:
        if create:
            with folder_lock(path.parent):
                _create_once(path, kind, fresh)
        _check_folder(path.parent)
        content = _read_private(path)
    except FileNotFoundError:
        raise KeyRingError(f"{path} is missing: restore it from its backup") from None
    except OSError as error:
        raise KeyRingError(f"{path} cannot be used: {error.strerror}") from error
    document = _parsed(content)
    if document is None or document.get("format") != kind:
        raise damaged(path)
    return document


def damaged(path: Path) -> KeyRingError:
    """Return the error for a key file that does not hold what it must; it is never repaired or replaced by itself."""
    return KeyRingError(f"{path} is damaged or of another version: restore it from its backup")


def _beside(path: Path) -> Path:
    return path.with_name(f"{path.name}.new")


def _create_once(path: Path, kind: str, fresh: Callable[[], Mapping[str, Any]]) -> None:
    # A crash between link and unlink leaves a second name of the ring, which would outlive a destroyed key.
    _beside(path).unlink(missing_ok=True)
    if path.exists():
        return
    content = json.dumps({"format": kind, **fresh()}, indent=2).encode()
    try:
        os.link(write_beside(path, content), path)
    finally:
        _beside(path).unlink(missing_ok=True)


def _check_folder(folder: Path) -> None:
    if stat.S_IMODE(folder.stat().st_mode) & (stat.S_IWGRP | stat.S_IWOTH):
        raise KeyRingError(f"others may replace files in {folder}: run chmod 700 {folder}")


def _read_private(path: Path) -> bytes:
    descriptor = os.open(path, os.O_RDONLY | os.O_CLOEXEC | os.O_NONBLOCK)
    with os.fdopen(descriptor, "rb") as file:
        status = os.fstat(file.fileno())
        if not stat.S_ISREG(status.st_mode):
            raise damaged(path)
        if stat.S_IMODE(status.st_mode) & (stat.S_IRWXG | stat.S_IRWXO):
            raise KeyRingError(f"others may get at the keys: run chmod 600 {path}")
        return file.read(MAX_BYTES)


def _parsed(content: bytes) -> dict[str, Any] | None:
    # Returns instead of raising: a JSONDecodeError carries the whole text, which must not ride along in __context__.
    try:
        document = json.loads(content)
    except (ValueError, RecursionError):
        return None
    return document if isinstance(document, dict) else None
