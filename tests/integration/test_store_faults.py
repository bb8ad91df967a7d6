"""A database that goes away in the middle: refused in bounded time, and everything works again when it is back."""

from __future__ import annotations

import time
from contextlib import closing
from datetime import UTC, datetime
from typing import TYPE_CHECKING
from uuid import uuid4

import psutil
import psycopg
import pytest

from adapters.postgres.data_keys import PostgresDataKeyStore
from adapters.postgres.database import Database
from adapters.postgres.embedded import EmbeddedPostgres
from adapters.postgres.migrate import migrate
from adapters.postgres.store import PostgresEventStore
from domain.act import Act
from domain.consent import Consent
from domain.errors import ConcurrencyError, UnavailableError

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator
    from pathlib import Path

pytestmark = pytest.mark.database

PATIENCE_SECONDS = 3.5


class Server:
    """A server of its own, to be killed."""

    def __init__(self, home: Path) -> None:
        self.home = home
        self.postgres = EmbeddedPostgres(home)
        self.dsn = self.postgres.start()
        migrate(self.dsn)

    def kill(self) -> None:
        """Kill the postmaster and wait for its backends, which would go on serving pooled connections for a moment."""
        pid_file = self.home / "postgres" / "data" / "postmaster.pid"
        postmaster = psutil.Process(int(pid_file.read_text().splitlines()[0]))
        everything = [postmaster, *postmaster.children(recursive=True)]
        postmaster.kill()
        deadline = time.monotonic() + 10
        while any(_lives(process) for process in everything):
            assert time.monotonic() < deadline, "the server survived"
            time.sleep(0.01)


def _lives(process: psutil.Process) -> bool:
    try:
        return bool(process.is_running() and process.status() != psutil.STATUS_ZOMBIE)
    except psutil.NoSuchProcess:
        return False


@pytest.fixture
def server(passable_folder: Path) -> Iterator[Server]:
    server = Server(passable_folder / "home")
    yield server
    server.postgres.close()


@pytest.fixture
def own_database(server: Server) -> Iterator[Database]:
    with closing(Database(server.dsn)) as database:
        yield database


def store_on(database: Database) -> PostgresEventStore:
    return PostgresEventStore(database, store_key=bytes(32), aggregates=[Consent], values=[Act])


def consent() -> Consent:
    act = Act("operator:cli", "cli", datetime(2030, 5, 17, tzinfo=UTC), uuid4())
    return Consent.grant(uuid4(), "enrollment", legal_basis="art. 11 I", notice=("1", "ab" * 32), act=act)


def refused_within_patience(call: Callable[[], object]) -> None:
    started = time.monotonic()
    with pytest.raises(UnavailableError):
        call()
    assert time.monotonic() - started < PATIENCE_SECONDS


def test_a_killed_server_is_unavailable_within_seconds_and_loses_nothing(
    server: Server, own_database: Database
) -> None:
    store = store_on(own_database)
    kept = consent()
    store.save(kept)
    server.kill()
    refused_within_patience(lambda: store.save(consent()))
    refused_within_patience(lambda: store.get(Consent, kept.id))
    refused_within_patience(lambda: PostgresDataKeyStore(own_database).get("subject:a"))
    refused_within_patience(lambda: store.mutex("a").__enter__())
    server.postgres.ensure_running()
    assert store.get(Consent, kept.id) == kept
    assert store.save(consent()) == store.position()


def test_a_follower_is_told_and_goes_on_from_where_it_was(server: Server, own_database: Database) -> None:
    store = store_on(own_database)
    first = store.save(consent())
    with store.follow(0) as batches:
        assert next(batches)[-1].position == first
        server.kill()
        with pytest.raises(UnavailableError):
            next(batches)
    server.postgres.ensure_running()
    second = store.save(consent())
    with store.follow(first) as batches:
        assert [event.position for event in next(batches)] == [second]


def test_connections_that_died_unnoticed_are_replaced(dsn: str, database: Database) -> None:
    store = store_on(database)
    store.save(consent())
    with psycopg.connect(dsn) as connection:
        connection.execute(
            "SELECT pg_terminate_backend(pid) FROM pg_stat_activity "
            "WHERE datname = current_database() AND pid <> pg_backend_pid()"
        )
    assert store.save(consent()) == 2


def test_a_writer_that_holds_the_table_too_long_makes_others_unavailable_not_stuck(
    dsn: str, database: Database
) -> None:
    store = store_on(database)
    guard = consent()
    store.save(guard)
    with psycopg.connect(dsn) as hog:
        hog.execute("LOCK TABLE stored_events IN EXCLUSIVE MODE")
        refused_within_patience(lambda: store.save(consent()))
        refused_within_patience(lambda: store.save(consent(), unchanged=[guard]))
    assert store.position() == 1
    assert store.save(consent()) > 1


def test_reading_goes_on_while_somebody_writes(dsn: str, database: Database) -> None:
    store = store_on(database)
    kept = consent()
    store.save(kept)
    with psycopg.connect(dsn) as writer:
        writer.execute("LOCK TABLE stored_events IN EXCLUSIVE MODE")
        assert store.get(Consent, kept.id) == kept


def test_a_failed_save_leaves_its_connection_usable(database: Database) -> None:
    store = store_on(database)
    kept = consent()
    store.save(kept)
    for _ in range(20):
        one, other = store.get(Consent, kept.id), store.get(Consent, kept.id)
        act = Act("operator:cli", "cli", datetime(2030, 5, 18, tzinfo=UTC), uuid4())
        for changed in (one, other):
            changed.renew(notice=(uuid4().hex, "cd" * 32), act=act)
        store.save(one)
        with pytest.raises(ConcurrencyError):
            store.save(other)
    assert store.get(Consent, kept.id).version == 21


def test_a_database_that_is_away_at_the_start_is_unavailable(passable_folder: Path) -> None:
    with closing(Database(f"host={passable_folder} user=nobody dbname=none")) as database:
        refused_within_patience(lambda: store_on(database))
