"""What every store of wrapped data keys promises."""

from __future__ import annotations

from typing import TYPE_CHECKING

import psycopg
import pytest

from adapters.memory.data_keys import MemoryDataKeyStore
from adapters.postgres.data_keys import PostgresDataKeyStore
from application.ports.vault import WrappedKey
from domain.errors import KekNotActiveError, KeyDestroyedError

if TYPE_CHECKING:
    from adapters.postgres.database import Database
    from application.ports.vault import DataKeyStore


@pytest.fixture(params=["memory", pytest.param("postgres", marks=pytest.mark.database)])
def keys(request: pytest.FixtureRequest) -> DataKeyStore:
    store: DataKeyStore = (
        MemoryDataKeyStore() if request.param == "memory" else PostgresDataKeyStore(request.getfixturevalue("database"))
    )
    store.activate("kek-1")
    return store


def test_a_key_comes_back_as_it_was_kept(keys: DataKeyStore) -> None:
    assert keys.insert("subject:a", "kek-1", b"\x00wrapped\xff")
    assert keys.get("subject:a") == ("kek-1", b"\x00wrapped\xff")


def test_an_owner_without_a_key_has_none(keys: DataKeyStore) -> None:
    assert keys.get("subject:a") is None


def test_the_first_key_of_an_owner_stays(keys: DataKeyStore) -> None:
    keys.insert("subject:a", "kek-1", b"first")
    keys.activate("kek-2")
    assert not keys.insert("subject:a", "kek-2", b"second")
    assert keys.get("subject:a") == ("kek-1", b"first")


def test_a_destroyed_key_is_gone_and_says_so(keys: DataKeyStore) -> None:
    keys.insert("subject:a", "kek-1", b"wrapped")
    keys.destroy("subject:a", ["kek-1"])
    with pytest.raises(KeyDestroyedError):
        keys.get("subject:a")


def test_a_destroyed_key_is_never_made_again(keys: DataKeyStore) -> None:
    keys.insert("subject:a", "kek-1", b"wrapped")
    keys.destroy("subject:a", ["kek-1"])
    assert not keys.insert("subject:a", "kek-1", b"again")
    with pytest.raises(KeyDestroyedError):
        keys.get("subject:a")


def test_destroying_twice_is_the_same_as_once(keys: DataKeyStore) -> None:
    keys.insert("subject:a", "kek-1", b"wrapped")
    keys.destroy("subject:a", ["kek-1"])
    keys.destroy("subject:a", ["kek-1"])
    with pytest.raises(KeyDestroyedError):
        keys.get("subject:a")


def test_an_owner_whose_key_was_destroyed_before_it_was_made_never_gets_one(keys: DataKeyStore) -> None:
    keys.destroy("subject:a", ["kek-1"])
    assert not keys.insert("subject:a", "kek-1", b"late")


def test_destroying_one_key_leaves_the_others(keys: DataKeyStore) -> None:
    keys.insert("subject:a", "kek-1", b"one")
    keys.insert("subject:b", "kek-1", b"other")
    keys.destroy("subject:a", ["kek-1"])
    assert keys.get("subject:b") == ("kek-1", b"other")


@pytest.mark.database
def test_no_row_holds_a_destroyed_key(database: Database) -> None:
    keys = PostgresDataKeyStore(database)
    keys.activate("kek-1")
    keys.insert("subject:a", "kek-1", b"wrapped")
    keys.destroy("subject:a", ["kek-1"])
    with database.connection() as connection:
        row = connection.execute("SELECT wrapped, destroyed_at FROM data_keys").fetchone()
    assert row is not None
    assert row["wrapped"] is None
    assert row["destroyed_at"] is not None


def test_only_the_key_in_charge_wraps_new_data_keys(keys: DataKeyStore) -> None:
    assert keys.active() == "kek-1"
    keys.activate("kek-2")
    with pytest.raises(KekNotActiveError):
        keys.insert("subject:a", "kek-1", b"late")
    assert keys.get("subject:a") is None
    assert keys.insert("subject:a", "kek-2", b"in time")


def test_keys_of_former_generations_are_found_in_order_and_a_page_at_a_time(keys: DataKeyStore) -> None:
    for name in ("b", "a", "c"):
        keys.insert(f"subject:{name}", "kek-1", name.encode())
    keys.destroy("subject:c", ["kek-1"])
    keys.activate("kek-2")
    keys.insert("subject:d", "kek-2", b"d")
    first = keys.outdated("kek-2", 1)
    assert first == [WrappedKey("subject:a", "kek-1", b"a")]
    assert keys.outdated("kek-2", 10, after="subject:a") == [WrappedKey("subject:b", "kek-1", b"b")]
    assert keys.holds() == {"kek-1": 2, "kek-2": 1}
    assert keys.owners("subject:") == ["subject:a", "subject:b", "subject:d"]


def test_a_key_is_replaced_only_where_the_old_one_still_stands(keys: DataKeyStore) -> None:
    for name in ("a", "b"):
        keys.insert(f"subject:{name}", "kek-1", name.encode())
    old = {key.owner: key for key in keys.outdated("kek-2", 10)}
    new = {owner: WrappedKey(owner, "kek-2", b"new " + key.wrapped) for owner, key in old.items()}
    keys.destroy("subject:b", ["kek-1"])
    assert keys.replace([(old[owner], new[owner]) for owner in old]) == 1
    assert keys.get("subject:a") == ("kek-2", b"new a")
    with pytest.raises(KeyDestroyedError):
        keys.get("subject:b")


def test_the_ledger_tells_once_whose_key_is_gone_and_when_that_became_final(keys: DataKeyStore) -> None:
    keys.insert("subject:a", "kek-1", b"a")
    keys.destroy("subject:a", ["kek-1", "kek-0"])
    keys.destroy("subject:a", ["kek-7"])
    (line,) = keys.ledger()
    assert (line.owner, line.wrapped_under, line.final_at) == ("subject:a", ("kek-1", "kek-0"), None)
    keys.settle(["subject:a"])
    keys.settle(["subject:a"])
    (line,) = keys.ledger()
    assert line.final_at is not None
    assert line.final_at >= line.at


@pytest.mark.database
@pytest.mark.parametrize("command", ["DELETE FROM erasure_ledger", "UPDATE erasure_ledger SET owner = ''"])
def test_the_ledger_can_only_grow(database: Database, command: str) -> None:
    PostgresDataKeyStore(database).destroy("subject:a", ["kek-1"])
    with pytest.raises(psycopg.errors.RestrictViolation), database.pool.connection() as connection:
        connection.execute(command.encode())
