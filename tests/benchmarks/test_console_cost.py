"""What the console's pages cost with 10,000 attempts of a house, most of one person, on PostgreSQL."""

from __future__ import annotations

import time
from dataclasses import replace
from statistics import median
from typing import TYPE_CHECKING

import pytest

from adapters.postgres.event_index import PostgresEventIndex
from adapters.postgres.read_models import PostgresReadModels
from adapters.postgres.store import PostgresEventStore
from application.accounts import open_account
from application.person import Person
from application.projecting import Projector
from application.projections.rows import PROJECTIONS
from application.requests import Asked, open_request
from domain.roles import COMPLIANCE_OFFICER, EVERYWHERE
from entrypoints.bootstrap import AGGREGATES, VALUES
from tests.benchmarks.seeding import Hospital, seed
from tests.house import ICU, STORE_KEY
from tests.unit.http.console import Visitor
from tests.unit.http.edge import build_edge, client_of

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path
    from uuid import UUID

    from eventsourcing.domain import Aggregate

    from adapters.postgres.database import Database
    from application.services import Services
    from tests.unit.http.edge import Edge

pytestmark = pytest.mark.database

PAGE_S = 0.3
ATTEMPTS = 10_000
EVENTS_OF_AN_ATTEMPT = 5


@pytest.fixture
def edge(database: Database, tmp_path: Path) -> Edge:
    edge = build_edge(tmp_path / "home")
    store = PostgresEventStore(database, store_key=STORE_KEY, aggregates=AGGREGATES, values=VALUES)
    read_models = PostgresReadModels(database)
    edge.app.services = replace(
        edge.house.services,
        store=store,
        read_models=read_models,
        event_index=PostgresEventIndex(database),
        projector=Projector(store, read_models, PROJECTIONS),
    )
    edge.client = client_of(edge.app)
    return edge


def somebody(services: Services) -> UUID:
    act = services.act("operator:cli", "cli")
    person = Person("EMP-1", "ana.souza", "Ana Souza")
    return open_account(services, person, department=ICU, act=act).subject_id


def attempts(database: Database, services: Services, whose: UUID) -> UUID:
    """Half of them of one person in the ICU, the others of 200 people in ten departments; return one of the former."""
    hospital = Hospital(200)
    made: list[Aggregate] = []

    def all_of_them() -> Iterator[Aggregate]:
        others = hospital.attempts()
        for number in range(1, ATTEMPTS // 2 + 1):
            mine = list(hospital.attempt(number, whose, ICU))
            made.append(mine[0])
            yield from mine
            yield next(others)
            yield next(others)

    seed(database, STORE_KEY, all_of_them(), ATTEMPTS * EVENTS_OF_AN_ATTEMPT)
    act = services.act("operator:cli", "cli")
    open_request(services, whose, Asked("access", "badge"), department=ICU, act=act)
    services.projector.catch_up()
    return made[-1].id


def took(come: Visitor, path: str) -> float:
    times = []
    for _ in range(7):
        begun = time.perf_counter()
        assert come.get(path).status_code == 200, path
        times.append(time.perf_counter() - begun)
    return median(times)


@pytest.mark.parametrize("department", [EVERYWHERE, ICU])
def test_every_page_comes_at_once(edge: Edge, database: Database, department: str) -> None:
    services = edge.app.services
    whose = somebody(services)
    attempt_id = attempts(database, services, whose)
    come = Visitor(edge, edge.token(COMPLIANCE_OFFICER, department))
    person = f"/console/people/{whose}"
    paths = [
        "/console",
        "/console/people",
        person,
        f"{person}/timeline",
        f"{person}/timeline?kind=viewing",
        f"{person}/viewings",
        "/console/attempts",
        f"/console/attempts/{attempt_id}",
        "/console/events",
        "/console/events?kind=attempt.refused",
        "/console/events?kind=notices",
        "/console/requests",
        "/console/consents",
        "/console/notices",
        "/console/sessions",
    ]

    found = {path.replace(str(whose), "ID"): took(come, path) for path in paths}

    print({path: round(seconds * 1000) for path, seconds in found.items()})  # noqa: T201 - figures of a benchmark
    assert [path for path, seconds in found.items() if seconds > PAGE_S] == []
