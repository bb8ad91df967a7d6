"""A private PostgreSQL, shared by every faceauth process that uses the same state directory."""

from __future__ import annotations

import fcntl
import logging
import os
import shlex
import shutil
import subprocess
import time
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import TYPE_CHECKING, Final

import psutil
import psycopg
from psycopg.conninfo import make_conninfo

from adapters.postgres.account import current_account
from adapters.postgres.layout import SOCKET_NAME, SYSTEM_AREA, Layout, prepare
from domain.errors import UnavailableError

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping
    from types import TracebackType
    from typing import Self

logger = logging.getLogger(__name__)

DATABASE: Final = "faceauth"
ROLE: Final = "faceauth"
START_SECONDS: Final = 60
"""Longest wait for start-up, recovery after a crash included."""
STOP_SECONDS: Final = 30
TURN_SECONDS: Final = 90.0
"""Longest wait while another process starts or stops the server."""
LOG_LIMIT_BYTES: Final = 4 << 20
SETTINGS: Final = {
    "listen_addresses": "",
    "unix_socket_permissions": "0700",
    "max_connections": "60",
    "shared_buffers": "32MB",
    "max_wal_size": "256MB",
    "fsync": "on",
    "full_page_writes": "on",
    "synchronous_commit": "on",
    "jit": "off",
    "timezone": "UTC",
    "log_timezone": "UTC",
    # No statement, parameter or row value ever reaches the log.
    "log_statement": "none",
    "log_min_error_statement": "panic",
    "log_min_duration_statement": "-1",
    "log_parameter_max_length": "0",
    "log_parameter_max_length_on_error": "0",
    "log_error_verbosity": "terse",
}


class EmbeddedPostgres:
    """Starts the packaged PostgreSQL on first need and stops it when its last user leaves.

    Unix socket only, in a folder that only its user can enter. Every user holds a shared lock on
    ``home/postgres.lock``, which the kernel drops if the process dies; starting and stopping take turns under
    ``home/postgres.turn``. As root the server runs as the system user ``faceauth``. Not for several threads at once.
    """

    def __init__(self, home: Path, *, system_area: Path = SYSTEM_AREA, settings: Mapping[str, str] = SETTINGS) -> None:
        """Use the state directory ``home``; ``system_area`` is where root keeps what cannot live there.

        ``settings`` are server parameters; tests that do not care for crashes turn fsync off.
        """
        self._home = home.absolute()
        self._system_area = system_area
        self._settings = settings
        self._account = current_account(self._home / "postgres")
        self._layout: Layout | None = None
        self._use: int | None = None

    def start(self) -> str:
        """Make sure that the server runs; return its libpq connection string.

        Raises ``ConfigurationError`` without a place or user for it, ``UnavailableError`` when it does not start.
        """
        # Root's server runs as another user, who must be able to walk through.
        self._home.mkdir(parents=True, exist_ok=True, mode=0o711 if self._account.lent else 0o700)
        with self._turn():
            self._layout = prepare(self._home, self._account, self._system_area)
            if self._use is None:
                self._use = _open(self._home / "postgres.lock")
            fcntl.flock(self._use, fcntl.LOCK_SH)
            self._bring_up(self._layout)
        return self._dsn(self._layout, DATABASE)

    def ensure_running(self) -> None:
        """Start the server again if it has died. Cheap when it has not. Raises ``UnavailableError``."""
        layout = self._layout
        if layout is None:
            raise UnavailableError("the embedded PostgreSQL was not started")
        if _postmaster(layout.data) is None:
            with self._turn():
                self._bring_up(layout)

    def close(self) -> None:
        """Leave; stop the server if nobody else uses it. Idempotent."""
        layout, use = self._layout, self._use
        if layout is None or use is None:
            return
        self._layout = self._use = None
        try:
            with self._turn():
                try:
                    fcntl.flock(use, fcntl.LOCK_EX | fcntl.LOCK_NB)
                except BlockingIOError:
                    return
                if _postmaster(layout.data) is not None:
                    self._control(layout, "stop", "-m", "fast", "-t", str(STOP_SECONDS))
        finally:
            os.close(use)

    def __enter__(self) -> Self:
        """Start."""
        self.start()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        """Leave."""
        self.close()

    def _bring_up(self, layout: Layout) -> None:
        if not (layout.data / "PG_VERSION").exists():
            self._initialise(layout)
        if _postmaster(layout.data) is None:
            _outlive(layout)
            _rotate(layout.log)
            options = " ".join(shlex.quote(f"-c{name}={value}") for name, value in self._settings.items())
            options += f" -k {shlex.quote(str(layout.socket))}"
            self._control(layout, "start", "-t", str(START_SECONDS), "-l", str(layout.log), "-o", options)
        self._ensure_database(layout)

    def _initialise(self, layout: Layout) -> None:
        aside = layout.area / "data.new"
        shutil.rmtree(aside, ignore_errors=True)
        self._run(
            layout,
            "initdb",
            f"--pgdata={aside}",
            f"--username={ROLE}",
            "--encoding=UTF8",
            "--locale=C",
            "--auth-local=trust",
            "--auth-host=reject",
            "--no-instructions",
        )
        # initdb writes PG_VERSION early: only a finished cluster gets the name that counts.
        aside.rename(layout.data)

    def _ensure_database(self, layout: Layout) -> None:
        try:
            psycopg.connect(self._dsn(layout, DATABASE)).close()
        except psycopg.OperationalError:
            self._create_database(layout)

    def _create_database(self, layout: Layout) -> None:
        try:
            with psycopg.connect(self._dsn(layout, "postgres"), autocommit=True) as connection:
                found = connection.execute("SELECT 1 FROM pg_database WHERE datname = %s", (DATABASE,)).fetchone()
                if found is None:
                    connection.execute(f"CREATE DATABASE {DATABASE}".encode())
        except psycopg.OperationalError as error:
            raise UnavailableError(f"PostgreSQL does not answer; see the end of {layout.log}") from error

    def _control(self, layout: Layout, *arguments: str) -> None:
        self._run(layout, "pg_ctl", "-w", "-s", "-D", str(layout.data), *arguments)

    def _run(self, layout: Layout, program: str, *arguments: str) -> None:
        command = [str(layout.programs / program), *arguments]
        # pg_ctl's child keeps its output open for as long as the server lives: no pipe, or this would wait for it.
        # Not in the server's own folder: root must not follow a link that the server's user could put there.
        with (self._home / "postgres.command.log").open("wb") as output:
            done = subprocess.run(  # noqa: S603 - fixed programs from an absolute path
                command, check=False, stdout=output, stderr=subprocess.STDOUT, **self._account.process()
            )
        if done.returncode != 0:
            raise UnavailableError(f"{program} failed; see the end of {layout.log} and {output.name}")

    def _dsn(self, layout: Layout, database: str) -> str:
        return make_conninfo(host=str(_socket_in_use(layout)), user=ROLE, dbname=database)

    @contextmanager
    def _turn(self) -> Iterator[None]:
        handle = _open(self._home / "postgres.turn")
        try:
            deadline = time.monotonic() + TURN_SECONDS
            while True:
                with suppress(BlockingIOError):
                    fcntl.flock(handle, fcntl.LOCK_EX | fcntl.LOCK_NB)
                    break
                if time.monotonic() > deadline:
                    raise UnavailableError("another process has been starting PostgreSQL for too long")
                time.sleep(0.02)
            yield
        finally:
            os.close(handle)


def _open(file: Path) -> int:
    return os.open(file, os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o600)


def _lines(file: Path) -> list[str]:
    try:
        return file.read_text(encoding="utf-8").splitlines()
    except FileNotFoundError:
        return []


def _pid_file(data: Path) -> list[str]:
    return _lines(data / "postmaster.pid")


def _serves(process: psutil.Process, data: Path) -> bool:
    """Say whether a process is a live server process of that cluster: those work inside its data folder."""
    try:
        return process.status() != psutil.STATUS_ZOMBIE and Path(process.cwd()) == data.resolve()
    except (psutil.Error, OSError):
        return False


def _postmaster(data: Path) -> int | None:
    lines = _pid_file(data)
    try:
        pid = int(lines[0])
        return pid if _serves(psutil.Process(pid), data) else None
    except (IndexError, ValueError, psutil.Error):
        return None


def _outlive(layout: Layout) -> None:
    """Wait until nothing is left of a server that was killed, then remove its lock files that name a stranger.

    Its processes hold the shared memory for a moment longer, and PostgreSQL refuses to start beside them. It takes care
    of a dead number in those files itself, but believes a living one, which can be anything: another program after a
    container restart, or a zombie that nobody reaps.
    """
    locks = [layout.data / "postmaster.pid", _socket_in_use(layout) / f"{SOCKET_NAME}.lock"]
    if not any(lock.exists() for lock in locks):
        return
    deadline = time.monotonic() + START_SECONDS
    while any(_serves(process, layout.data) for process in psutil.process_iter()):
        if time.monotonic() > deadline:
            raise UnavailableError("processes of a PostgreSQL that was killed are still running")
        time.sleep(0.05)
    for lock in locks:
        lines = _lines(lock)
        if not lines or not lines[0].isdigit() or psutil.pid_exists(int(lines[0])):
            lock.unlink(missing_ok=True)


def _socket_in_use(layout: Layout) -> Path:
    """Return the running server's socket folder: it may have been started under another XDG_RUNTIME_DIR."""
    lines = _pid_file(layout.data)
    return Path(lines[4]) if len(lines) > 4 and lines[4] else layout.socket  # noqa: PLR2004 - line 5 of postmaster.pid


def _rotate(log: Path) -> None:
    if log.exists() and log.stat().st_size > LOG_LIMIT_BYTES:
        log.replace(log.with_suffix(".log.1"))
