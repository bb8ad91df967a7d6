"""Both event stores and what stands on them, for every test of their contracts."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from adapters.memory.event_store import MemoryEventStore
from adapters.memory.read_models import MemoryReadModels
from adapters.postgres.read_models import PostgresReadModels
from adapters.postgres.store import PostgresEventStore
from entrypoints.bootstrap import AGGREGATES, VALUES
from tests.contract.serving import Ground
from tests.contract.stores import KEY, Place, Store, memory_place, postgres_place


@pytest.fixture(params=["memory", pytest.param("postgres", marks=pytest.mark.database)])
def place(request: pytest.FixtureRequest) -> Place:
    if request.param == "memory":
        return memory_place()
    return postgres_place(request.getfixturevalue("database"), request.getfixturevalue("dsn"))


@pytest.fixture
def store(place: Place) -> Store:
    return place.store


@pytest.fixture(params=["memory", pytest.param("postgres", marks=pytest.mark.database)])
def ground(request: pytest.FixtureRequest) -> Iterator[Ground]:
    if request.param == "memory":
        store: Store = MemoryEventStore(store_key=KEY, aggregates=AGGREGATES, values=VALUES)
        ground = Ground(store, MemoryReadModels())
    else:
        database = request.getfixturevalue("database")
        store = PostgresEventStore(database, store_key=KEY, aggregates=AGGREGATES, values=VALUES)
        ground = Ground(store, PostgresReadModels(database))
    yield ground
    for gallery in ground.galleries:
        gallery.stop()
