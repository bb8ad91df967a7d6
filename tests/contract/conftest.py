"""Both event stores, for every test of their contract."""

from __future__ import annotations

import pytest

from tests.contract.stores import Place, Store, memory_place, postgres_place


@pytest.fixture(params=["memory", pytest.param("postgres", marks=pytest.mark.database)])
def place(request: pytest.FixtureRequest) -> Place:
    if request.param == "memory":
        return memory_place()
    return postgres_place(request.getfixturevalue("database"), request.getfixturevalue("dsn"))


@pytest.fixture
def store(place: Place) -> Store:
    return place.store
