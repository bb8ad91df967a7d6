"""What every registry of clients promises."""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor
from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING

import pytest

from adapters.memory.clients import MemoryClients
from adapters.postgres.clients import PostgresClients
from application.ports.clients import CONFIDENTIAL, PUBLIC, Client

if TYPE_CHECKING:
    from application.ports.clients import Clients

NOW = datetime(2030, 5, 17, 8, 30, tzinfo=UTC)


@pytest.fixture(params=["memory", pytest.param("postgres", marks=pytest.mark.database)])
def clients(request: pytest.FixtureRequest) -> Clients:
    if request.param == "memory":
        return MemoryClients()
    return PostgresClients(request.getfixturevalue("database"))


def client(name: str = "ehr", *audiences: str) -> Client:
    return Client(name, CONFIDENTIAL, audiences or ("ehr", "pharmacy"), NOW, secret_digest="ab" * 32, bound_only=True)


def test_a_client_is_found_as_it_was_added(clients: Clients) -> None:
    public = Client("app", PUBLIC, ("medical-record",), NOW)

    assert clients.add(client())
    assert clients.add(public)
    assert clients.find({"ehr", "app", "nobody", "", "a\0b"}) == {"ehr": client(), "app": public}
    assert clients.find(set()) == {}
    assert clients.all() == [public, client()]


def test_an_id_is_given_once_even_after_it_was_revoked(clients: Clients) -> None:
    clients.add(client())
    clients.revoke("ehr", NOW)

    assert not clients.add(client("ehr", "other"))
    assert clients.find({"ehr"})["ehr"].audiences == ("ehr", "pharmacy")


def test_of_many_who_take_an_id_at_once_one_has_it(clients: Clients) -> None:
    with ThreadPoolExecutor(8) as pool:
        taken = list(pool.map(lambda number: clients.add(client("ehr", f"a{number}")), range(16)))

    assert sum(taken) == 1
    assert len(clients.all()) == 1


def test_a_client_is_revoked_once(clients: Clients) -> None:
    clients.add(client())

    assert clients.revoke("ehr", NOW + timedelta(hours=1))
    assert not clients.revoke("ehr", NOW + timedelta(hours=2))
    assert not clients.revoke("nobody", NOW)
    found = clients.find({"ehr"})["ehr"]
    assert (found.standing, found.revoked_at) == (False, NOW + timedelta(hours=1))


def test_audiences_are_those_of_all_clients(clients: Clients) -> None:
    assert clients.audiences() == frozenset()
    clients.add(client())
    clients.add(client("lab", "lab", "ehr"))
    clients.revoke("lab", NOW)

    assert clients.audiences() == {"ehr", "pharmacy", "lab"}


def test_no_secret_shows_in_a_repr() -> None:
    assert "ab" * 32 not in repr(client())
