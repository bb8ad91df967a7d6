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

from domain.errors import KeyRingDamagedError, KeyRingError, KeyRingMissingError

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
    _scrub(beside)
    descriptor = os.open(beside, os.O_CREAT | os.O_EXCL | os.O_WRONLY | os.O_CLOEXEC, mode)
    with os.fdopen(descriptor, "wb") as file:
        file.write(content)
        file.flush()
        os.fsync(file.fileno())
    return beside


def create_once(path: Path, fresh: Callable[[], bytes]) -> None:
    """Make a key file where there is none; call under ``folder_lock`` only."""
    _scrub(_beside(path))
    if path.exists():
        return
    try:
        os.link(write_beside(path, fresh()), path)
    finally:
        _beside(path).unlink(missing_ok=True)


def replace_content(path: Path, content: bytes) -> None:
    """Put new content in the place of the old, complete or not at all; call under ``folder_lock`` only.

    The old bytes are overwritten, best effort: a destroyed key must not lie in a file that nobody sees any more.
    """
    descriptor = os.open(path, os.O_RDWR | os.O_CLOEXEC)
    with os.fdopen(descriptor, "r+b") as former:
        size = os.fstat(former.fileno()).st_size
        write_beside(path, content).rename(path)
        former.write(bytes(size))
        former.flush()
        os.fsync(former.fileno())


def read_document(path: Path, *kinds: str) -> Mapping[str, Any]:
    """Return the JSON document of a key file; its member "format" must be one of ``kinds``.

    Raises ``KeyRingMissingError``, ``KeyRingDamagedError``, and ``KeyRingError`` for a file or folder that others can
    get at and where the system refuses; the message never holds content.
    """
    with system_refusals(path):
        _check_folder(path.parent)
        document = _parsed(_read_private(path))
    if document is None or document.get("format") not in kinds:
        raise damaged(path)
    return document


@contextmanager
def system_refusals(path: Path) -> Iterator[None]:
    """Turn what the file system refuses in this block into ``KeyRingError``."""
    try:
        yield
    except FileNotFoundError:
        raise KeyRingMissingError(f"{path} is missing: restore it from its backup") from None
    except OSError as error:
        raise KeyRingError(f"{path} cannot be used: {error.strerror}") from error


def damaged(path: Path) -> KeyRingDamagedError:
    """Return the error for a key file that does not hold what it must; it is never repaired or replaced by itself."""
    return KeyRingDamagedError(f"{path} is damaged or of another version: restore it from its backup")


def _scrub(leftover: Path) -> None:
    """Remove what a crash left of a write, overwritten: it holds keys too, and must not outlive a destroyed one.

    A crash of ``create_once`` leaves a second name of the file in use: that name goes, the content stays.
    """
    if leftover.exists():
        with leftover.open("r+b") as file:
            status = os.fstat(file.fileno())
            if status.st_nlink == 1:
                file.write(bytes(status.st_size))
                file.flush()
                os.fsync(file.fileno())
        leftover.unlink()


def _beside(path: Path) -> Path:
    return path.with_name(f"{path.name}.new")


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
