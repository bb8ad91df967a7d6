"""What everything that may pass once has to go by."""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor
from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING

import pytest

from adapters.memory.once import MemoryOnce
from adapters.postgres.once import PostgresOnce

if TYPE_CHECKING:
    from application.ports.once import Once

NOW = datetime(2030, 5, 17, 8, 30, tzinfo=UTC)
LATER = NOW + timedelta(minutes=10)


@pytest.fixture(params=["memory", pytest.param("postgres", marks=pytest.mark.database)])
def once(request: pytest.FixtureRequest) -> Once:
    if request.param == "memory":
        return MemoryOnce()
    return PostgresOnce(request.getfixturevalue("database"))


def test_a_value_passes_once_in_its_scope(once: Once) -> None:
    assert once.first("jti", "a", forget_at=LATER)
    assert not once.first("jti", "a", forget_at=LATER)
    assert once.first("jti", "b", forget_at=LATER)
    assert once.first("proof", "a", forget_at=LATER)


def test_of_many_at_once_one_is_first(once: Once) -> None:
    with ThreadPoolExecutor(8) as pool:
        firsts = list(pool.map(lambda _: once.first("jti", "x" * 5000, forget_at=LATER), range(16)))

    assert sum(firsts) == 1


def test_only_what_is_over_is_forgotten(once: Once) -> None:
    once.first("jti", "old", forget_at=NOW - timedelta(seconds=1))
    once.first("jti", "new", forget_at=LATER)

    assert once.forget(NOW) == 1
    assert once.first("jti", "old", forget_at=LATER)
    assert not once.first("jti", "new", forget_at=LATER)
