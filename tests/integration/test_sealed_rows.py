"""Rows changed in the database itself: what a thief with a connection can write, and nobody takes for true."""

from __future__ import annotations

from typing import TYPE_CHECKING
from uuid import UUID

import psycopg
import pytest

from adapters.crypto.key_ring import KeyRing
from adapters.crypto.vault import EnvelopeVault
from adapters.postgres.data_keys import PostgresDataKeyStore
from adapters.postgres.store import PostgresEventStore
from application.ports.vault import Binding, subject_owner
from domain.consent import Consent
from domain.errors import KeyDestroyedError, KeyRingError, SealBrokenError
from tests.contract.stores import KEY, act, parts, saved

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from adapters.postgres.database import Database

pytestmark = pytest.mark.database

ALICE, BOB = subject_owner(UUID(int=1)), subject_owner(UUID(int=2))
PLACE = Binding(ALICE, "enrollment.username")


@pytest.fixture
def intruder(dsn: str) -> Iterator[psycopg.Connection]:
    """A connection of the owner of the tables, who can switch off what keeps them append-only."""
    with psycopg.connect(dsn, autocommit=True) as connection:
        connection.execute("ALTER TABLE stored_events DISABLE TRIGGER ALL")
        yield connection


@pytest.fixture
def vault(database: Database, tmp_path: Path) -> EnvelopeVault:
    ring, data_keys = KeyRing.open(tmp_path / "keys" / "ring.json"), PostgresDataKeyStore(database)
    data_keys.activate(ring.active_kek())
    vault = EnvelopeVault(ring, data_keys)
    for owner in (ALICE, BOB):
        vault.create_key(owner)
    return vault


def test_every_byte_of_an_event_in_the_database_is_sealed(database: Database, intruder: psycopg.Connection) -> None:
    store = PostgresEventStore(database, **parts(KEY))
    consent = saved(store)
    ((length,),) = intruder.execute("SELECT octet_length(state) FROM stored_events").fetchall()
    change = "UPDATE stored_events SET state = set_byte(state, %(at)s, get_byte(state, %(at)s) # 1)"

    for place in range(length):
        intruder.execute(change, {"at": place})
        with pytest.raises(SealBrokenError):
            store.get(Consent, consent.id)
        assert store.read()[0].fields == {}
        intruder.execute(change, {"at": place})

    assert length > 100
    assert store.get(Consent, consent.id) == consent


@pytest.mark.parametrize(
    ("other", "column"),
    [(2, "state"), (2, "topic"), (2, "originator_version"), (3, "state"), (3, "originator_id")],
)
def test_events_swapped_in_the_database_open_in_neither_place(
    database: Database, intruder: psycopg.Connection, other: int, column: str
) -> None:
    """Event 2 is of the same stream as event 1, event 3 of another one."""
    store = PostgresEventStore(database, **parts(KEY))
    consent = saved(store)
    consent.withdraw(reason="mine", act=act())
    store.save(consent)
    stranger = saved(store)
    # Swapped in one statement, the two would meet the old values of each other for a moment.
    intruder.execute("ALTER TABLE stored_events DROP CONSTRAINT stored_events_pkey")
    intruder.execute(
        f"UPDATE stored_events AS one SET {column} = two.{column} FROM stored_events AS two "  # noqa: S608 - fixed names
        "WHERE (one.notification_id, two.notification_id) IN ((1, %(other)s), (%(other)s, 1))".encode(),
        {"other": other},
    )

    damaged = [event.position for event in store.read() if event.name == "damaged"]
    assert damaged == [1, other]
    for stream in {consent.id, stranger.id} if other != 2 else {consent.id}:
        with pytest.raises(SealBrokenError):
            store.get(Consent, stream)


def test_every_byte_of_a_data_key_in_the_database_is_sealed(vault: EnvelopeVault, intruder: psycopg.Connection) -> None:
    sealed = vault.seal(PLACE, b"ana.souza")
    change = (
        "UPDATE data_keys SET wrapped = set_byte(wrapped, %(at)s, get_byte(wrapped, %(at)s) # 128) WHERE owner = %(o)s"
    )

    for place in range(12 + 32 + 16):
        intruder.execute(change, {"at": place, "o": ALICE})
        with pytest.raises(SealBrokenError):
            vault.unseal(PLACE, sealed)
        with pytest.raises(SealBrokenError):
            vault.seal(PLACE, b"ana.souza")
        intruder.execute(change, {"at": place, "o": ALICE})

    assert vault.unseal(PLACE, sealed) == b"ana.souza"


@pytest.mark.parametrize(
    ("change", "error"),
    [
        ("SET wrapped = other.wrapped FROM data_keys AS other WHERE other.owner <> kept.owner", SealBrokenError),
        ("SET kek_id = kek_id || 'x'", KeyRingError),
        ("SET kek_id = ''", KeyRingError),
        ("SET owner = owner || 'x'", KeyDestroyedError),
        ("SET wrapped = NULL, destroyed_at = now()", KeyDestroyedError),
    ],
    ids=["swapped", "renamed key", "no key", "renamed owner", "destroyed"],
)
def test_a_data_key_row_that_was_touched_opens_nothing(
    vault: EnvelopeVault, intruder: psycopg.Connection, change: str, error: type[Exception]
) -> None:
    sealed = vault.seal(PLACE, b"ana.souza")

    intruder.execute(f"UPDATE data_keys AS kept {change}".encode())

    with pytest.raises(error):
        vault.unseal(PLACE, sealed)
