"""One embedded PostgreSQL for a whole test session; a fresh database, cloned from a migrated one, for each test."""

from __future__ import annotations

import os
import shutil
import tempfile
from contextlib import closing, contextmanager
from pathlib import Path
from typing import TYPE_CHECKING
from uuid import uuid4

import psycopg
import pytest
from psycopg.conninfo import make_conninfo

from adapters.postgres.database import Database
from adapters.postgres.embedded import SETTINGS, EmbeddedPostgres
from adapters.postgres.migrate import migrate
from tests.softhsm import CONFIGURATION, SoftToken, fresh_token

if TYPE_CHECKING:
    from collections.abc import Iterator

TEMPLATE = "migrated_template"
HERE = Path(__file__).parent
ALONE = (
    "benchmarks",
    "e2e",
    "integration/test_signal_backlog.py",
    "unit/http/test_password_api.py",
    "unit/http/test_socket_limits.py",
    "unit/identity/test_local_passwords.py",
)
"""What measures time, or runs the real service against deadlines: ``make test`` runs it alone, after all others."""
TOGETHER = (
    "e2e/test_attacks_on_sessions.py",
    "e2e/test_evaluate_faces.py",
    "e2e/test_evaluate_pad.py",
    "e2e/test_real_eyes_and_quality.py",
    "e2e/test_wheel.py",
)
"""Long, but no clock is looked at."""


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Mark as ``alone`` what must not run beside other tests."""
    for item in items:
        place = item.path.relative_to(HERE).as_posix() if item.path.is_relative_to(HERE) else ""
        if place.startswith(ALONE) and place not in TOGETHER:
            item.add_marker(pytest.mark.alone)


def _passable_folder() -> Path:
    folder = Path(tempfile.mkdtemp(prefix="fa-"))
    folder.chmod(0o711)
    return folder


@pytest.fixture(autouse=True)
def own_umask() -> Iterator[None]:
    """The composition root closes the process's umask; the next test gets back what this one was given."""
    before = os.umask(0)
    os.umask(before)
    yield
    os.umask(before)


@pytest.fixture
def passable_folder() -> Iterator[Path]:
    """A short temporary folder that PostgreSQL's user can walk through; pytest's own are closed to it under root."""
    folder = _passable_folder()
    yield folder
    shutil.rmtree(folder)


@pytest.fixture(scope="session")
def postgres_server() -> Iterator[str]:
    """The connection string of the session's server."""
    folder = _passable_folder()
    server = EmbeddedPostgres(folder / "home", settings=SETTINGS | {"fsync": "off"})
    dsn = server.start()
    migrate(_create(dsn, TEMPLATE, "template1"))
    yield dsn
    server.close()
    shutil.rmtree(folder)


@pytest.fixture
def empty_dsn(postgres_server: str) -> Iterator[str]:
    """The connection string of a new database with nothing in it."""
    with _temporary(postgres_server, "template1") as dsn:
        yield dsn


@pytest.fixture
def dsn(postgres_server: str) -> Iterator[str]:
    """The connection string of a new, migrated database."""
    with _temporary(postgres_server, TEMPLATE) as dsn:
        yield dsn


@pytest.fixture
def database(dsn: str) -> Iterator[Database]:
    """A pool on a new, migrated database."""
    with closing(Database(dsn)) as database:
        yield database


@pytest.fixture(scope="session")
def soft_token(tmp_path_factory: pytest.TempPathFactory) -> Iterator[SoftToken]:
    """A token for the whole session: a process reads SoftHSM's configuration once, when it first uses the module."""
    token = fresh_token(tmp_path_factory.mktemp("softhsm"))
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv(CONFIGURATION, token.environment[CONFIGURATION])
        yield token


@contextmanager
def _temporary(server: str, template: str) -> Iterator[str]:
    name = f"t{uuid4().hex}"
    yield _create(server, name, template)
    _execute(server, f"DROP DATABASE {name} WITH (FORCE)")


def _create(server: str, name: str, template: str) -> str:
    # Copying files leaves nothing to write back when the database is dropped: together the faster way.
    _execute(server, f"CREATE DATABASE {name} TEMPLATE {template} STRATEGY FILE_COPY")
    return make_conninfo(server, dbname=name)


def _execute(server: str, command: str) -> None:
    with psycopg.connect(server, autocommit=True) as connection:
        connection.execute(command.encode())
