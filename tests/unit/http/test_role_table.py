"""Who may call what, from where: every endpoint, by every role, in every department.

An endpoint that is not in ``TABLE`` fails the first test. To add one: one line, and in ``role_world`` a function that
makes a request which is valid for somebody of the target's department (none where a bare request is).
"""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from datetime import timedelta
from typing import TYPE_CHECKING, Any

import pytest
from starlette.routing import Route, WebSocketRoute

from application.ports.tokens import Principal
from domain.roles import COMPLIANCE_OFFICER, DEPARTMENT_ADMIN, ENCARREGADO, EVERYWHERE, STAFF_ROLES, SUBJECT
from entrypoints.http.api import all_endpoints
from entrypoints.http.endpoint import ANYONE, Desk, Endpoint
from entrypoints.http.pages import FILES
from entrypoints.http.server import create_app
from tests.house import ICU
from tests.unit.http import role_world as a
from tests.unit.http.role_world import HERE, NOBODY, PLACES, REVOKED, THERE, Row, World, stranger_like, world_in

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from tests.unit.http.edge import Edge

# What somebody of another department gets.
SAME = "same"  # what they get does not depend on the department
FORBIDDEN = "forbidden"  # 403: the request itself names the department
STRANGER = "stranger"  # 404, word for word as for what never was
EVERYWHERE_ONLY = "everywhere only"  # 403, in one's own department too: it is for who reaches all of them

ADMIN = frozenset({DEPARTMENT_ADMIN})
OFFICERS = frozenset({COMPLIANCE_OFFICER, ENCARREGADO})
OWN = frozenset({SUBJECT, DEPARTMENT_ADMIN})


ONE = "/face-auth/enrollments/{enrollment_id:uuid}"
PERSON = "/face-auth/subjects/{subject_id:uuid}"
TABLE = [
    Row("POST", "/face-auth/enroll", ADMIN, FORBIDDEN, a.enrolling, 201),
    Row("POST", "/face-auth/enrollments", ADMIN, FORBIDDEN, a.opening, 201),
    Row("POST", f"{ONE}/captures", ADMIN, STRANGER, a.capturing),
    Row("POST", f"{ONE}/complete", ADMIN, STRANGER, a.pending, 201),
    Row("DELETE", ONE, ADMIN, STRANGER, a.enrolled, 204),
    Row("GET", "/face-auth/consent/notice", ANYONE, SAME),
    Row("POST", "/face-auth/consent", OWN, STRANGER, a.consenting),
    Row("POST", "/face-auth/consent/withdraw", OWN, STRANGER, a.naming_by_username),
    Row("POST", "/face-auth/subjects/erase", OWN, STRANGER, a.naming),
    Row("POST", f"{PERSON}/erase", OWN, STRANGER, a.person_in_path),
    Row("GET", f"{PERSON}/erasure", OFFICERS | ADMIN, STRANGER, a.erased_in_path),
    Row("GET", "/face-auth/audit/events", OFFICERS, STRANGER, a.asking_for),
    Row("GET", "/face-auth/health", ANYONE, SAME),
    Row("GET", "/face-auth/ready", ANYONE, SAME),
    Row("GET", "/.well-known/jwks.json", ANYONE, SAME),
]

CALLERS = [
    *((role, place) for role in sorted(STAFF_ROLES) for place in PLACES),
    *((role, place) for role in (SUBJECT, REVOKED) for place in (HERE, THERE)),
    (NOBODY, HERE),
]


def expected(row: Row, who: str, place: str) -> int:
    if row.roles == ANYONE:
        return row.answers
    if who in {NOBODY, REVOKED}:
        return 401
    if who not in row.roles:
        return 403
    if row.wall == EVERYWHERE_ONLY:
        return row.answers if place == EVERYWHERE else 403
    return {SAME: row.answers, FORBIDDEN: 403, STRANGER: 404}[row.wall] if place == THERE else row.answers


@pytest.fixture(scope="module")
def untouched(tmp_path_factory: pytest.TempPathFactory) -> Iterator[World]:
    """A world for requests that change nothing."""
    world = world_in(tmp_path_factory.mktemp("untouched"))
    with world.edge.client:
        yield world


@pytest.fixture
def world(tmp_path: Path) -> Iterator[World]:
    world = world_in(tmp_path)
    with world.edge.client:
        yield world


def endpoints_of(edge: Edge) -> list[Endpoint]:
    pool = ThreadPoolExecutor(1)  # nothing is called
    return all_endpoints(Desk(edge.app, pool, pool, pool), lambda: 0)


def test_every_endpoint_is_in_the_table_with_its_roles(untouched: World) -> None:
    there = {f"{e.method} {e.path}": e.roles for e in endpoints_of(untouched.edge)}

    assert there == {row.name: row.roles for row in TABLE}
    assert len(endpoints_of(untouched.edge)) == len(TABLE)


REFUSED = [(row, who, place) for row in TABLE for who, place in CALLERS if expected(row, who, place) != row.answers]
ALLOWED = [(row, who, place) for row in TABLE for who, place in CALLERS if expected(row, who, place) == row.answers]


def told(case: object) -> str:
    return case.name if isinstance(case, Row) else str(case)


@pytest.mark.parametrize(("row", "who", "place"), REFUSED, ids=told)
def test_who_may_not_is_refused_and_changes_nothing(untouched: World, row: Row, who: str, place: str) -> None:
    headers = untouched.headers(who, place)
    before = untouched.edge.house.store.position()

    answer = untouched.ask(row, untouched.target, who, headers)

    assert answer.status_code == expected(row, who, place)
    assert untouched.edge.house.store.position() == before
    if expected(row, who, place) in {403, 404}:
        stranger = untouched.ask(row, stranger_like(untouched.target), who, headers)
        assert (stranger.status_code, stranger.json()) == (answer.status_code, answer.json())


@pytest.mark.parametrize(("row", "who", "place"), [case for case in ALLOWED if case[0].roles != ANYONE], ids=told)
def test_who_may_is_let_through(world: World, row: Row, who: str, place: str) -> None:
    assert world.ask(row, world.target, who, world.headers(who, place)).status_code == row.answers


@pytest.mark.parametrize(("row", "who", "place"), [case for case in ALLOWED if case[0].roles == ANYONE], ids=told)
def test_what_is_for_anyone_asks_for_nothing(untouched: World, row: Row, who: str, place: str) -> None:
    headers = untouched.headers(who, place)

    assert untouched.ask(row, untouched.target, who, headers).status_code == row.answers


GUARDED = [row for row in TABLE if row.roles != ANYONE]


def hospital_token(world: World, roles: frozenset[str], department: str) -> dict[str, str]:
    provider: Any = world.edge.house.services.identity
    token = provider.issue(Principal("idp:0", roles, department, "t"), timedelta(minutes=5))
    return {"authorization": f"Bearer {token}"}


@pytest.mark.parametrize("role", sorted(STAFF_ROLES))
@pytest.mark.parametrize("row", GUARDED, ids=told)
def test_a_role_that_the_hospitals_provider_gave_counts_like_ours(world: World, row: Row, role: str) -> None:
    headers = hospital_token(world, frozenset({role}), ICU)

    assert world.ask(row, world.target, role, headers).status_code == expected(row, role, HERE)


@pytest.mark.parametrize(
    ("roles", "department", "code"),
    [
        (frozenset(), EVERYWHERE, "not_allowed"),
        (frozenset({"root", "*", "anyone"}), EVERYWHERE, "not_allowed"),
        (STAFF_ROLES, "", "department_forbidden"),
    ],
    ids=["no role", "no role of ours", "no department"],
)
@pytest.mark.parametrize("row", GUARDED, ids=told)
def test_a_token_of_the_hospital_that_grants_nothing_opens_nothing(
    untouched: World, row: Row, roles: frozenset[str], department: str, code: str
) -> None:
    headers = hospital_token(untouched, roles, department)

    answer = untouched.ask(row, untouched.target, "", headers)

    if row.roles == {SUBJECT}:
        code = "not_allowed"
    assert (answer.status_code, answer.json()["code"]) == (403, code)


@pytest.mark.parametrize("row", GUARDED, ids=told)
def test_a_token_that_only_claims_to_be_the_hospitals_opens_nothing(untouched: World, row: Row) -> None:
    answer = untouched.ask(row, untouched.target, "", {"authorization": "Bearer idp.forged"})

    assert (answer.status_code, answer.json()["code"]) == (401, "invalid_token")


@pytest.mark.parametrize(
    "roles",
    [frozenset(), frozenset({"administrator"}), ANYONE | {SUBJECT}, frozenset({"*"}), frozenset({""})],
    ids=str,
)
def test_an_endpoint_that_does_not_say_for_whom_cannot_be_built(roles: frozenset[str]) -> None:
    async def handler(_request: Any) -> Any: ...

    with pytest.raises(ValueError, match="does not say who may call it"):
        Endpoint("GET", "/new", handler, roles)


@pytest.mark.parametrize("method", ["", "get", "OPTIONS", "HEAD", "TRACE", "*"])
def test_an_endpoint_has_one_ordinary_method(method: str) -> None:
    async def handler(_request: Any) -> Any: ...

    with pytest.raises(ValueError, match="is none of"):
        Endpoint(method, "/new", handler, ADMIN)


def test_beside_the_endpoints_there_are_the_page_and_the_socket_and_nothing_else(untouched: World) -> None:
    routes = create_app(untouched.edge.app).routes

    others = [r for r in routes if not isinstance(r, Route) or r.path not in {row.path for row in TABLE}]
    assert {r.path for r in others if isinstance(r, Route)} == set(FILES)
    assert [r.path for r in others if isinstance(r, WebSocketRoute)] == ["/face-auth/{department}"]
    assert len(others) == len(FILES) + 1
    assert {method for r in others if isinstance(r, Route) for method in r.methods or ()} == {"GET", "HEAD"}


METHODS = ("GET", "HEAD", "POST", "PUT", "PATCH", "DELETE", "OPTIONS", "TRACE", "PROPFIND", "X" * 100)
PATHS = sorted({row.path for row in TABLE})


def unknown(path: str) -> list[str]:
    known = {row.method for row in TABLE if row.path == path}
    return [m for m in METHODS if m not in known | ({"HEAD"} if "GET" in known else set())]


@pytest.mark.parametrize("path", PATHS)
def test_no_other_method_opens_anything_whoever_asks(untouched: World, path: str) -> None:
    before = untouched.edge.house.store.position()
    row = next(row for row in TABLE if row.path == path)

    for method in unknown(path):
        for who in (DEPARTMENT_ADMIN, COMPLIANCE_OFFICER, NOBODY):
            headers = untouched.headers(who, EVERYWHERE)
            answer = untouched.ask(replace(row, method=method), untouched.target, who, headers)
            assert answer.status_code == 405
    assert untouched.edge.house.store.position() == before


@pytest.mark.parametrize("row", [row for row in GUARDED if row.method == "GET"], ids=told)
def test_head_is_guarded_like_get(untouched: World, row: Row) -> None:
    head = replace(row, method="HEAD")

    assert untouched.ask(head, untouched.target, NOBODY, {}).status_code == 401
    for who, place in CALLERS:
        headers = untouched.headers(who, place)
        answer = untouched.ask(head, untouched.target, who, headers)
        assert answer.status_code == expected(row, who, place)
