"""What every store of wrapped data keys promises."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from adapters.memory.data_keys import MemoryDataKeyStore
from adapters.postgres.data_keys import PostgresDataKeyStore
from domain.errors import KeyDestroyedError

if TYPE_CHECKING:
    from adapters.postgres.database import Database
    from application.ports.vault import DataKeyStore


@pytest.fixture(params=["memory", pytest.param("postgres", marks=pytest.mark.database)])
def keys(request: pytest.FixtureRequest) -> DataKeyStore:
    if request.param == "memory":
        return MemoryDataKeyStore()
    return PostgresDataKeyStore(request.getfixturevalue("database"))


def test_a_key_comes_back_as_it_was_kept(keys: DataKeyStore) -> None:
    assert keys.insert("subject:a", "kek-1", b"\x00wrapped\xff")
    assert keys.get("subject:a") == ("kek-1", b"\x00wrapped\xff")


def test_an_owner_without_a_key_has_none(keys: DataKeyStore) -> None:
    assert keys.get("subject:a") is None


def test_the_first_key_of_an_owner_stays(keys: DataKeyStore) -> None:
    keys.insert("subject:a", "kek-1", b"first")
    assert not keys.insert("subject:a", "kek-2", b"second")
    assert keys.get("subject:a") == ("kek-1", b"first")


def test_a_destroyed_key_is_gone_and_says_so(keys: DataKeyStore) -> None:
    keys.insert("subject:a", "kek-1", b"wrapped")
    keys.destroy("subject:a")
    with pytest.raises(KeyDestroyedError):
        keys.get("subject:a")


def test_a_destroyed_key_is_never_made_again(keys: DataKeyStore) -> None:
    keys.insert("subject:a", "kek-1", b"wrapped")
    keys.destroy("subject:a")
    assert not keys.insert("subject:a", "kek-1", b"again")
    with pytest.raises(KeyDestroyedError):
        keys.get("subject:a")


def test_destroying_twice_is_the_same_as_once(keys: DataKeyStore) -> None:
    keys.insert("subject:a", "kek-1", b"wrapped")
    keys.destroy("subject:a")
    keys.destroy("subject:a")
    with pytest.raises(KeyDestroyedError):
        keys.get("subject:a")


def test_an_owner_whose_key_was_destroyed_before_it_was_made_never_gets_one(keys: DataKeyStore) -> None:
    keys.destroy("subject:a")
    assert not keys.insert("subject:a", "kek-1", b"late")


def test_destroying_one_key_leaves_the_others(keys: DataKeyStore) -> None:
    keys.insert("subject:a", "kek-1", b"one")
    keys.insert("subject:b", "kek-1", b"other")
    keys.destroy("subject:a")
    assert keys.get("subject:b") == ("kek-1", b"other")


@pytest.mark.database
def test_no_row_holds_a_destroyed_key(database: Database) -> None:
    keys = PostgresDataKeyStore(database)
    keys.insert("subject:a", "kek-1", b"wrapped")
    keys.destroy("subject:a")
    with database.connection() as connection:
        row = connection.execute("SELECT wrapped, destroyed_at FROM data_keys").fetchone()
    assert row is not None
    assert row["wrapped"] is None
    assert row["destroyed_at"] is not None
