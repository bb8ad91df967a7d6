"""Refreshes at once on a real PostgreSQL: from many threads, and from two processes."""

from __future__ import annotations

import subprocess
import sys
from concurrent.futures import ThreadPoolExecutor
from contextlib import closing
from dataclasses import replace
from pathlib import Path
from threading import Barrier
from typing import TYPE_CHECKING, Any
from uuid import uuid4

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from adapters.crypto.entropy import SystemClock, SystemIds
from adapters.postgres.database import Database
from adapters.postgres.once import PostgresOnce
from adapters.postgres.store import PostgresEventStore
from application.refresh import Refreshed, refresh
from application.sessions import new_session, revoke_session
from application.standing import Standing
from domain.account import Account
from domain.errors import GrantInvalidError, RefreshReusedError
from domain.session import Session
from entrypoints.bootstrap import AGGREGATES, VALUES
from tests.house import ICU, STORE_KEY, build_house

if TYPE_CHECKING:
    from collections.abc import Iterator

    from application.services import Services

pytestmark = pytest.mark.database

ROOT = Path(__file__).parents[2]
Answer = Refreshed | GrantInvalidError


def services_on(database: Database) -> Services:
    """The services of a process, over that database."""
    store = PostgresEventStore(database, store_key=STORE_KEY, aggregates=AGGREGATES, values=VALUES)
    house = build_house()
    return replace(house.services, store=store, once=PostgresOnce(database), clock=SystemClock(), ids=SystemIds())


@pytest.fixture
def services(database: Database) -> Services:
    return services_on(database)


@pytest.fixture
def other(dsn: str) -> Iterator[Services]:
    """Another process on the same database, as far as the database can tell."""
    with closing(Database(dsn)) as database:
        yield services_on(database)


def opened(services: Services) -> tuple[Session, str]:
    """A session by password of somebody with an account."""
    act, subject_id = services.act("anonymous", "ws"), uuid4()
    account = Account.open(
        subject_id, department=ICU, user_id_sealed="", username_sealed="", display_name_sealed="", act=act
    )
    new = new_session(
        services,
        session_id=uuid4(),
        subject_id=subject_id,
        attempt_id=uuid4(),
        department=ICU,
        amr=("pwd",),
        acr="urn:faceauth:acr:password",
        act=act,
    )
    services.store.save(account, new.session)
    return new.session, new.refresh_token


def attempt(services: Services, token: str) -> Answer:
    try:
        return refresh(services, token, client=services.clients.builtin, act=services.act("anonymous", "http"))
    except GrantInvalidError as error:
        return error


def names(services: Services, session: Session) -> list[str]:
    return [event.name for event in services.store.stream(session.id)]


@settings(max_examples=15, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(threads=st.integers(2, 8), before=st.integers(0, 2))
def test_of_threads_that_refresh_at_once_one_wins_and_the_session_ends(
    services: Services, threads: int, before: int
) -> None:
    session, token = opened(services)
    for _ in range(before):
        done = attempt(services, token)
        assert isinstance(done, Refreshed)
        token = done.refresh_token
    barrier = Barrier(threads)

    def race(_: int) -> Answer:
        barrier.wait()
        return attempt(services, token)

    with ThreadPoolExecutor(threads) as pool:
        answers = list(pool.map(race, range(threads)))

    assert sum(isinstance(answer, Refreshed) for answer in answers) == 1
    assert sum(isinstance(answer, RefreshReusedError) for answer in answers) == threads - 1
    assert names(services, session) == [
        "session.opened.v1",
        *["session.refreshed.v1"] * (before + 1),
        "session.revoked.v1",
    ]


@settings(max_examples=10, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(refreshers=st.integers(1, 4))
def test_whatever_is_refreshed_meanwhile_a_revoked_session_stays_revoked(services: Services, refreshers: int) -> None:
    session, token = opened(services)
    barrier = Barrier(refreshers + 1)

    def revoke() -> bool:
        barrier.wait()
        return revoke_session(services, session.id, reason="left", act=services.act("token:admin", "http"))

    def race(_: int) -> Answer:
        barrier.wait()
        return attempt(services, token)

    with ThreadPoolExecutor(refreshers + 1) as pool:
        revoking = pool.submit(revoke)
        answers = list(pool.map(race, range(refreshers)))
        revoking.result()

    assert names(services, session)[-1] == "session.revoked.v1"
    assert names(services, session).count("session.revoked.v1") == 1
    assert sum(isinstance(answer, Refreshed) for answer in answers) <= 1


PROGRAM = """
import sys
from adapters.postgres.database import Database
from tests.integration.test_refresh_races import attempt, services_on
services = services_on(Database(sys.argv[1]))
services.store.position()
print("ready", flush=True)
for line in sys.stdin:
    print(type(attempt(services, line.strip())).__name__, flush=True)
"""


def test_of_two_processes_that_refresh_at_once_one_wins(services: Services, dsn: str) -> None:
    sessions = [opened(services) for _ in range(10)]
    racers = [
        subprocess.Popen(  # noqa: S603 - our own interpreter
            [sys.executable, "-c", PROGRAM, dsn], cwd=ROOT, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True
        )
        for _ in range(2)
    ]
    for racer in racers:
        assert racer.stdout is not None
        assert racer.stdout.readline() == "ready\n"
    for _, token in sessions:
        for racer in racers:
            assert racer.stdin is not None
            racer.stdin.write(f"{token}\n")
            racer.stdin.flush()
    answers = [racer.communicate(timeout=60)[0].split() for racer in racers]

    assert [racer.returncode for racer in racers] == [0, 0]
    assert [sorted(pair) for pair in zip(*answers, strict=True)] == [["RefreshReusedError", "Refreshed"]] * 10
    for session, _ in sessions:
        assert names(services, session) == ["session.opened.v1", "session.refreshed.v1", "session.revoked.v1"]


def test_what_another_process_ends_does_not_stand_here_from_that_moment(services: Services, other: Services) -> None:
    standing = Standing(services)
    for _ in range(20):
        session, _ = opened(services)
        question = {session.id: session.subject_id}
        assert standing.in_force(question) == {session.id}
        assert standing.in_force({session.id: uuid4()}) == set()

        revoke_session(other, session.id, reason="left", act=other.act("token:admin", "http"))

        assert standing.in_force(question) == set()


def test_a_session_does_not_stand_while_its_account_is_suspended(services: Services, other: Services) -> None:
    standing = Standing(services)
    session, _ = opened(services)
    question = {session.id: session.subject_id}
    for change, stands in (("suspend", False), ("reinstate", True)):
        account = other.store.get(Account, Account.create_id(session.subject_id))
        getattr(account, change)(reason="leave", act=other.act("token:idp", "http"))
        other.store.save(account)
        assert bool(standing.in_force(question)) is stands


def test_what_has_not_changed_is_not_read_again(services: Services, monkeypatch: pytest.MonkeyPatch) -> None:
    standing, reads = Standing(services), list[object]()
    session, _ = opened(services)
    question = {session.id: session.subject_id}
    standing.in_force(question)
    real = services.store.get

    def get(*args: Any) -> Any:
        reads.append(args)
        return real(*args)

    monkeypatch.setattr(services.store, "get", get)

    assert standing.in_force(question) == {session.id}
    assert reads == []
    revoke_session(services, session.id, reason="left", act=services.act("token:admin", "http"))
    reads.clear()
    assert standing.in_force(question) == set()
    assert len(reads) == 1
