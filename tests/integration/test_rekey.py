"""Rotation of the key-encryption keys over PostgreSQL and a ring in a file: thousands of keys, threads, kills."""

from __future__ import annotations

import secrets
import threading
import time
from contextlib import closing
from typing import TYPE_CHECKING
from uuid import UUID

import pytest

from adapters.crypto.data_key_wrap import unwrapped, wrapped
from adapters.memory.vision import scripted_judge
from adapters.postgres.data_keys import PostgresDataKeyStore
from adapters.postgres.database import Database
from application import erase, rekey
from application.notice import BUILT_IN
from application.ports.keys import ACTIVE, DESTROYED, RETIRING
from application.ports.vault import Binding, WrappedKey, subject_owner
from domain.errors import InProgressError, KekUnknownError, KeyInUseError
from entrypoints.app import App
from entrypoints.bootstrap import bootstrap
from entrypoints.settings import Settings
from tests.house import ICU, person, pictures
from tests.unit.application.rotating import Killed

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from domain.act import Act

pytestmark = pytest.mark.database

MANY = 10_000
MANY_SECONDS = 30.0
FEW = 25


@pytest.fixture
def settings(dsn: str, tmp_path: Path) -> Settings:
    return Settings(home=tmp_path / "home", liveness="passive").model_copy(update={"database_url": dsn})


@pytest.fixture
def app(settings: Settings) -> Iterator[App]:
    with bootstrap(settings, vision=False) as app:
        yield app


def act(app: App) -> Act:
    return app.services.act("operator:test", "cli")


def owner(number: int) -> str:
    return subject_owner(UUID(int=number))


def fill(app: App, count: int) -> dict[str, bytes]:
    """Keep that many really wrapped data keys; return them, opened."""
    plain = {owner(number): secrets.token_bytes(32) for number in range(count)}
    rows = [wrapped(app.ring, name, key) for name, key in plain.items()]
    with (
        closing(Database(app.opened.owner_dsn)) as database,
        database.transaction() as connection,
        connection.cursor() as cursor,
    ):
        cursor.executemany(
            "INSERT INTO data_keys (owner, kek_id, wrapped) VALUES (%s, %s, %s)",
            [(row.owner, row.kek_id, row.wrapped) for row in rows],
        )
    return plain


def opened(app: App) -> dict[str, bytes]:
    """Every living data key of a person, opened with the ring as it is now."""
    with closing(Database(app.opened.owner_dsn)) as database:
        rows = PostgresDataKeyStore(database).outdated("", 2 * MANY)
    return {row.owner: unwrapped(app.ring, row) for row in rows if row.owner.startswith("subject:")}


def keks(app: App) -> list[tuple[str, int]]:
    return [(key.state, key.holds) for key in app.services.keys.status().keks]


def test_ten_thousand_data_keys_are_rewrapped_within_half_a_minute(app: App) -> None:
    plain = fill(app, MANY)

    begun = time.monotonic()
    done = rekey.rotate_keks(app.services, act=act(app))
    seconds = time.monotonic() - begun

    assert (done.rewrapped, len(done.destroyed), done.broken) == (MANY, 1, 0)
    assert opened(app) == plain
    assert seconds < MANY_SECONDS


def test_a_rotation_changes_no_stored_event(app: App) -> None:
    fill(app, FEW)
    query = "SELECT notification_id, state FROM stored_events ORDER BY notification_id"
    app.services.vault.create_key("epoch:2030-01")
    rekey.rotate_keks(app.services, act=act(app))
    with closing(Database(app.opened.owner_dsn)) as database, database.connection() as connection:
        before = connection.execute(query).fetchall()
        rekey.rotate_keks(app.services, act=act(app))
        after = connection.execute(query).fetchall()

    assert len(before) == 1
    assert after[:-1] == before


@pytest.mark.parametrize("call", [1, 2, 4, 6])
def test_a_rotation_killed_anywhere_is_ended_by_another_process(
    app: App, settings: Settings, monkeypatch: pytest.MonkeyPatch, call: int
) -> None:
    monkeypatch.setattr(rekey, "BATCH", 5)
    plain, calls = fill(app, FEW), iter(range(1, 100))

    def kill(_done: int, _of: int) -> None:
        if next(calls) == call:
            raise Killed

    with pytest.raises(Killed):
        rekey.rotate_keks(app.services, act=act(app), progress=kill)
    rewrapped = 5 * (call - 1)
    assert [state for state, _ in keks(app)] == [RETIRING, ACTIVE]
    assert opened(app) == plain

    with bootstrap(settings, vision=False) as other:
        done = rekey.rotate_keks(other.services, act=act(other))

    assert done.rewrapped == FEW - rewrapped
    assert keks(app) == [(DESTROYED, 0), (ACTIVE, FEW)]
    assert opened(app) == plain


def test_a_second_process_is_refused_while_the_first_rotates(app: App, settings: Settings) -> None:
    fill(app, FEW)
    with bootstrap(settings, vision=False) as other:

        def meanwhile(_done: int, _of: int) -> None:
            with pytest.raises(InProgressError):
                rekey.rotate_keks(other.services, act=act(other))

        done = rekey.rotate_keks(app.services, act=act(app), progress=meanwhile)

    assert (done.rewrapped, len(keks(app))) == (FEW, 2)


def test_data_keys_made_by_other_threads_and_processes_meanwhile_all_open(
    app: App, settings: Settings, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(rekey, "BATCH", 5)
    fill(app, FEW)
    sealed: dict[str, str] = {}
    faults: list[BaseException] = []
    stop = threading.Event()

    def write(house: App, first: int) -> None:
        number = first
        try:
            while not stop.is_set():
                house.services.vault.create_key(owner(number))
                sealed[owner(number)] = house.services.vault.seal(Binding(owner(number), "name"), b"value")
                number += 1
        except BaseException as error:  # noqa: BLE001 - told to the test
            faults.append(error)

    with bootstrap(settings, vision=False) as other:
        writers = [
            threading.Thread(target=write, args=(house, first)) for house, first in ((app, 1_000), (other, 10_000))
        ]
        for writer in writers:
            writer.start()
        done = [rekey.rotate_keks(app.services, act=act(app)) for _ in range(3)]
        stop.set()
        for writer in writers:
            writer.join(30)

    assert faults == []
    assert len(sealed) > 10
    assert [rotation.broken for rotation in done] == [0, 0, 0]
    assert [state for state, _ in keks(app)] == [DESTROYED, DESTROYED, DESTROYED, ACTIVE]
    assert keks(app)[-1][1] == FEW + len(sealed)
    assert {app.services.vault.unseal(Binding(name, "name"), text) for name, text in sealed.items()} == {b"value"}


def test_a_data_key_somebody_changed_is_recorded_and_everybody_elses_is_rewrapped(app: App, settings: Settings) -> None:
    fill(app, FEW)
    with closing(Database(app.opened.owner_dsn)) as database, database.connection() as connection:
        for number, change in enumerate(("kek_id = 'kek-of-nobody'", "wrapped = '\\x00'")):
            connection.execute(f"UPDATE data_keys SET {change} WHERE owner = %s".encode(), (owner(number),))  # noqa: S608 - fixed words

    done = rekey.rotate_keks(app.services, act=act(app))

    assert (done.rewrapped, done.broken, done.destroyed) == (FEW - 2, 2, [])
    assert set(done.kept.values()) == {"key_in_use"}
    entries = [event.fields for event in app.services.store.read(0, 100)]
    broken = [fields for fields in entries if fields["outcome"] == "broken"]
    assert [(fields["kind"], fields["code"], fields["facts"]) for fields in broken] == [
        ("data_key", "seal_broken", {"place": owner(0)}),
        ("data_key", "seal_broken", {"place": owner(1)}),
    ]
    with bootstrap(settings, vision=False) as other:
        assert rekey.rotate_keks(other.services, act=act(other)).rewrapped == 0
        for number in range(2):
            other.services.vault.destroy_key(owner(number))
        assert rekey.rotate_keks(other.services, act=act(other)).broken == 0
        assert keks(other)[0] == (DESTROYED, 0), "nothing keeps it any more"


def test_an_erasure_is_final_only_when_the_keys_it_hung_on_are_destroyed(settings: Settings) -> None:
    with bootstrap(settings, judge=scripted_judge()) as app:
        app.services.departments.add(ICU)
        ana = app.enrolling.enroll(
            person("ana"), department=ICU, pictures=pictures("ana"), notice_version=BUILT_IN.version, act=act(app)
        ).subject_id
        former = app.ring.active_kek()
        kept = WrappedKey(subject_owner(ana), *_row(app, subject_owner(ana)))
        assert len(unwrapped(app.ring, kept)) == 32

        assert not erase.erase(app.services, ana, act=act(app)).final
        app.services.vault.create_key("epoch:2030-01")
        app.services.keys.add_kek()
        with pytest.raises(KeyInUseError):
            rekey.destroy_kek(app.services, former, act=act(app))
        assert len(unwrapped(app.ring, kept)) == 32, "a copy of the row would still open"

        rekey.rotate_keks(app.services, act=act(app), fresh=True)
        assert erase.finalise(app.services, act=act(app)) == [ana]
        assert erase.standing(app.services, ana).final
        with pytest.raises(KekUnknownError):
            unwrapped(app.ring, kept)


def _row(app: App, name: str) -> tuple[str, bytes]:
    with closing(Database(app.opened.owner_dsn)) as database:
        found = PostgresDataKeyStore(database).get(name)
    assert found is not None
    return found
