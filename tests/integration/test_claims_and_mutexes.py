"""Claims and named locks across connections and processes."""

from __future__ import annotations

import subprocess
import sys
import threading
from contextlib import closing
from pathlib import Path
from typing import TYPE_CHECKING
from uuid import uuid4

import psycopg
import pytest

from adapters.postgres import database as database_module
from adapters.postgres.database import Database
from adapters.postgres.store import PostgresEventStore
from application.ports.event_store import Claim, Holder
from domain.errors import ClaimTakenError, InProgressError, UnavailableError
from tests.contract.stores import KEY, consent, parts

if TYPE_CHECKING:
    from collections.abc import Iterator

pytestmark = pytest.mark.database

ROOT = Path(__file__).parents[2]
HOLDING = """
import sys
from adapters.postgres.database import Database
with Database(sys.argv[1]).mutex("keys"):
    sys.stdout.write("held\\n")
    sys.stdout.flush()
    sys.stdin.read()
"""


@pytest.fixture
def here(database: Database) -> PostgresEventStore:
    return PostgresEventStore(database, **parts(KEY))


@pytest.fixture
def there(dsn: str) -> Iterator[PostgresEventStore]:
    """The same store as another process would open it."""
    with closing(Database(dsn)) as other:
        yield PostgresEventStore(other, **parts(KEY))


# Claims -------------------------------------------------------------------------------------------------------------


def test_all_claims_of_a_holder_are_let_go_of_unread(here: PostgresEventStore, there: PostgresEventStore) -> None:
    ana, bia = uuid4(), uuid4()
    for subject, digest in ((ana, "a"), (bia, "b")):
        here.save(consent(), claim=[Claim(kind, digest, subject) for kind in ("username", "user_id")])

    here.save(consent(), release=[Holder(ana)])

    assert [there.claimant(kind, "a") for kind in ("username", "user_id")] == [None, None]
    assert [there.claimant(kind, "b") for kind in ("username", "user_id")] == [bia, bia]


def test_a_holder_lets_go_of_one_kind_alone(here: PostgresEventStore, there: PostgresEventStore) -> None:
    ana, bia = uuid4(), uuid4()
    here.save(consent(), claim=[Claim(kind, "a", ana) for kind in ("username", "user_id")])

    here.save(consent(), release=[Holder(ana, "username")])

    assert (there.claimant("username", "a"), there.claimant("user_id", "a")) == (None, ana)
    there.save(consent(), claim=[Claim("username", "a", bia)])
    with pytest.raises(ClaimTakenError):
        here.save(consent(), claim=[Claim("username", "a", ana)])


def test_a_refused_save_lets_go_of_nothing(here: PostgresEventStore, there: PostgresEventStore) -> None:
    ana, bia = uuid4(), uuid4()
    here.save(consent(), claim=[Claim("username", "a", ana), Claim("user_id", "a", ana)])
    there.save(consent(), claim=[Claim("username", "b", bia)])

    with pytest.raises(ClaimTakenError):
        here.save(consent(), release=[Holder(ana)], claim=[Claim("username", "b", ana)])

    assert [there.claimant(kind, "a") for kind in ("username", "user_id")] == [ana, ana]


def test_a_holder_of_nothing_is_no_error(here: PostgresEventStore) -> None:
    saved = here.save(consent(), release=[Holder(uuid4()), Holder(uuid4(), "username")])

    assert saved == here.position()


# Named locks --------------------------------------------------------------------------------------------------------


def test_a_lock_that_is_held_is_refused_to_every_other_connection_at_once(
    here: PostgresEventStore, there: PostgresEventStore
) -> None:
    with here.mutex("keys"):
        for store in (there, here):
            with pytest.raises(InProgressError), store.mutex("keys", wait=False):
                pass
        with there.mutex("another", wait=False):
            assert there.position() == 0

    with there.mutex("keys", wait=False):
        assert there.position() == 0


def test_a_lock_is_let_go_of_when_what_it_guards_fails(here: PostgresEventStore, there: PostgresEventStore) -> None:
    with pytest.raises(ZeroDivisionError), here.mutex("keys", wait=False):
        raise ZeroDivisionError

    with there.mutex("keys", wait=False):
        assert there.position() == 0


def test_who_waits_gets_the_lock_when_it_is_free(here: PostgresEventStore, there: PostgresEventStore) -> None:
    order: list[str] = []
    waiting = threading.Event()

    def second() -> None:
        waiting.set()
        with there.mutex("keys"):
            order.append("second")

    thread = threading.Thread(target=second)
    with here.mutex("keys"):
        thread.start()
        assert waiting.wait(5)
        order.append("first")
    thread.join(10)

    assert order == ["first", "second"]


def test_who_waits_too_long_is_told_that_it_is_unavailable(
    here: PostgresEventStore, there: PostgresEventStore, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(database_module, "MUTEX_SECONDS", 0.05)

    with here.mutex("keys"), pytest.raises(UnavailableError), there.mutex("keys"):
        pass


def test_a_lock_is_free_again_when_its_connection_dies(
    here: PostgresEventStore, there: PostgresEventStore, dsn: str
) -> None:
    def cut() -> None:
        with psycopg.connect(dsn) as connection:
            connection.execute(
                "SELECT pg_terminate_backend(pid, 5000) FROM pg_locks JOIN pg_database ON oid = database "
                "WHERE locktype = 'advisory' AND datname = current_database()"
            )

    with here.mutex("keys"):
        cut()
        with there.mutex("keys", wait=False):
            assert there.position() == 0


def test_a_lock_is_free_again_when_its_process_is_killed(there: PostgresEventStore, dsn: str) -> None:
    process = subprocess.Popen(  # noqa: S603 - our own words
        [sys.executable, "-c", HOLDING, dsn], cwd=ROOT, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True
    )
    assert process.stdout is not None
    assert process.stdout.readline() == "held\n"
    with pytest.raises(InProgressError), there.mutex("keys", wait=False):
        pass

    process.kill()
    process.communicate(timeout=10)

    with there.mutex("keys"):
        assert there.position() == 0


def test_shared_holders_keep_out_only_who_wants_it_alone(database: Database, dsn: str) -> None:
    with (
        closing(Database(dsn)) as other,
        database.lock("home", shared=True),
        other.lock("home", shared=True, wait=False),
        pytest.raises(InProgressError),
        other.mutex("home", wait=False),
    ):
        pass
    with (
        database.mutex("home", wait=False),
        pytest.raises(InProgressError),
        database.lock("home", wait=False, shared=True),
    ):
        pass


def test_a_mutex_is_free_for_the_next_the_moment_it_is_let_go_of(database: Database) -> None:
    for _ in range(50):
        with database.mutex("turn", wait=False):
            pass
