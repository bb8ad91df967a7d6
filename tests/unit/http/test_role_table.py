"""Who may call what, from where: every endpoint, by every role, in every department.

An endpoint that is not in ``role_table.TABLE`` fails the first test. To add one: one line there, and in
``role_requests`` a function that makes a request which is valid for somebody of the target's department (none where a
bare request is).
"""

from __future__ import annotations

import re
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from typing import TYPE_CHECKING, Any

import pytest
from starlette.routing import Route, WebSocketRoute

from domain.roles import (
    COMPLIANCE_OFFICER,
    DEPARTMENT_ADMIN,
    EVERYWHERE,
    PROVISIONER,
    SIGNAL_RECEIVER,
    STAFF_ROLES,
    SUBJECT,
)
from entrypoints.http.api import all_endpoints
from entrypoints.http.endpoint import ANYONE, Desk, Endpoint
from entrypoints.http.pages import FILES
from entrypoints.http.server import create_app
from tests.house import ICU
from tests.unit.http.role_requests import Row, stranger_like
from tests.unit.http.role_table import EVERYWHERE_ONLY, FORBIDDEN, INTROSPECT, MORE, OWN, SAME, STRANGER, TABLE, UNSEEN
from tests.unit.http.role_world import HERE, NOBODY, PLACES, REVOKED, THERE, World, said, world_in

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from httpx import Response

    from tests.unit.http.edge import Edge

CALLERS = [
    *((role, place) for role in sorted(STAFF_ROLES) for place in PLACES),
    *((role, place) for role in (SUBJECT, REVOKED) for place in (HERE, THERE)),
    (NOBODY, HERE),
]
ROWS = [*TABLE, *MORE]
GUARDED = [row for row in ROWS if row.roles != ANYONE]
OPEN = [row for row in ROWS if row.roles == ANYONE]


def expected(row: Row, who: str, place: str) -> int:
    if row.roles == ANYONE:
        return row.answers
    if who in {NOBODY, REVOKED}:
        return 401
    if who not in row.roles:
        return 403
    if row.wall in {EVERYWHERE_ONLY, OWN}:
        return row.answers if place == EVERYWHERE else 403
    walls = {SAME: row.answers, UNSEEN: row.answers, FORBIDDEN: 403, STRANGER: 404}
    return walls[row.wall] if place == THERE else row.answers


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
    assert {row.name: row.roles for row in MORE}.items() <= there.items()


def told(case: object) -> str:
    return f"{case.name} {case.wall}" if isinstance(case, Row) else str(case)


def cases(*, allowed: bool, reading: bool) -> list[tuple[Row, str, str]]:
    return [
        (row, who, place)
        for row in GUARDED
        for who, place in CALLERS
        if (expected(row, who, place) == row.answers) is allowed and (not allowed or reads(row) is reading)
    ]


def reads(row: Row) -> bool:
    return row.method == "GET" and not row.journalled


@pytest.mark.parametrize(("row", "who", "place"), cases(allowed=False, reading=False), ids=told)
def test_who_may_not_is_refused_and_changes_nothing(untouched: World, row: Row, who: str, place: str) -> None:
    headers = untouched.headers(who, place)
    before = untouched.standing()

    answer = untouched.ask(row, untouched.target, who, headers)

    assert answer.status_code == expected(row, who, place)
    assert untouched.standing() == before
    if expected(row, who, place) in {403, 404}:
        stranger = untouched.ask(row, stranger_like(untouched.target), who, headers)
        assert (stranger.status_code, said(stranger)) == (answer.status_code, said(answer))


@pytest.mark.parametrize(("row", "who", "place"), cases(allowed=True, reading=False), ids=told)
def test_who_may_is_let_through(world: World, row: Row, who: str, place: str) -> None:
    assert world.ask(row, world.target, who, world.headers(who, place)).status_code == row.answers


@pytest.mark.parametrize(("row", "who", "place"), cases(allowed=True, reading=True), ids=told)
def test_who_may_see_sees_and_changes_nothing(untouched: World, row: Row, who: str, place: str) -> None:
    headers = untouched.headers(who, place)
    before, viewed = untouched.standing(), untouched.viewings()

    assert untouched.ask(row, untouched.target, who, headers).status_code == row.answers
    assert untouched.standing() == before
    if row.viewing and who != SUBJECT and not (row.wall == UNSEEN and place == THERE):
        assert untouched.viewings() > viewed


@pytest.mark.parametrize(
    ("row", "who"), [(row, who) for row in GUARDED if row.wall == UNSEEN for who in sorted(row.roles)]
)
def test_an_answer_over_the_wall_has_not_a_word_of_what_is_behind_it(world: World, row: Row, who: str) -> None:
    headers = world.headers(who, THERE)
    stranger = said(world.ask(row, stranger_like(world.target), who, headers))

    there = world.ask(row, world.target, who, headers)
    here = world.ask(row, world.target, who, world.headers(who, HERE))

    assert said(there) == stranger
    assert not [each for each in world.target.ids if each in there.text]
    assert said(here) != stranger
    only_counts = row.path == "/console"
    assert row.method == "POST" or only_counts or [each for each in world.target.ids if each in here.text]


HELD = [(row, SIGNAL_RECEIVER) for row in GUARDED if row.wall == OWN]
HELD += [(row, SUBJECT) for row in GUARDED if row.wall == STRANGER and SUBJECT in row.roles]


@pytest.mark.parametrize(("row", "who"), HELD, ids=told)
def test_what_has_one_holder_is_strange_to_all_others_however_near_they_are(
    untouched: World, row: Row, who: str
) -> None:
    receiver = untouched.edge.headers(SIGNAL_RECEIVER, EVERYWHERE)
    headers = receiver if who == SIGNAL_RECEIVER else untouched.session_of("fia", ICU, who)
    before = untouched.standing()

    answer = untouched.ask(row, untouched.target, who, headers)
    stranger = untouched.ask(row, stranger_like(untouched.target), who, headers)

    assert (answer.status_code, said(answer)) == (404, said(stranger))
    assert untouched.standing() == before


OF_PEOPLE = [
    row
    for row in GUARDED
    if row.wall == STRANGER and DEPARTMENT_ADMIN in row.roles and ("subject" in row.path or "consent" in row.path)
]


@pytest.mark.parametrize("row", OF_PEOPLE, ids=told)
def test_who_was_erased_is_strange_over_the_wall_too(untouched: World, row: Row) -> None:
    headers, gone = untouched.headers(DEPARTMENT_ADMIN, THERE), untouched.target.erased_id
    before = untouched.standing()

    answer = untouched.ask(row, replace(untouched.target, subject_id=gone), DEPARTMENT_ADMIN, headers)
    stranger = untouched.ask(row, stranger_like(untouched.target), DEPARTMENT_ADMIN, headers)

    assert (answer.status_code, said(answer)) == (404, said(stranger))
    assert untouched.standing() == before


@pytest.mark.parametrize("row", OPEN, ids=told)
def test_what_is_for_anyone_asks_for_nothing_and_no_token_opens_more(untouched: World, row: Row) -> None:
    before = untouched.ask(row, untouched.target, NOBODY, {})
    assert before.status_code == row.answers

    for who, place in CALLERS:
        answer = untouched.ask(row, untouched.target, who, untouched.headers(who, place))
        if row.path != INTROSPECT:
            assert (answer.status_code, said(answer)) == (row.answers, said(before))


def code(answer: Response) -> str:
    """The code of a problem, or (SCIM has none) the one that is told in words."""
    if "html" in answer.headers["content-type"]:
        found = re.search(r"<code>(\w+)</code>", answer.text)
        return found[1] if found else "invalid_token"
    document = answer.json()
    words = {
        "this needs the role": "not_allowed",
        "the token does not reach any department": "department_forbidden",
        "the token is not valid": "invalid_token",
    }
    return str(document.get("code") or next(word for text, word in words.items() if text in document["detail"]))


@pytest.mark.parametrize("role", sorted(STAFF_ROLES))
@pytest.mark.parametrize("row", GUARDED, ids=told)
def test_a_role_that_the_hospitals_provider_gave_counts_like_ours(
    request: pytest.FixtureRequest, row: Row, role: str
) -> None:
    lasting = row.method != "GET" and expected(row, role, HERE) == row.answers
    world: World = request.getfixturevalue("world" if lasting else "untouched")

    answer = world.ask(row, world.target, role, world.hospital(frozenset({role}), ICU))

    assert answer.status_code == expected(row, role, HERE)


@pytest.mark.parametrize("row", [row for row in GUARDED if row.wall == EVERYWHERE_ONLY], ids=told)
def test_so_does_its_reach(world: World, row: Row) -> None:
    answer = world.ask(row, world.target, "", world.hospital(row.roles, EVERYWHERE))

    assert answer.status_code == row.answers


@pytest.mark.parametrize(
    ("roles", "department", "said"),
    [
        (frozenset(), EVERYWHERE, "not_allowed"),
        (frozenset({"root", "*", "anyone"}), EVERYWHERE, "not_allowed"),
        (STAFF_ROLES, "", "department_forbidden"),
    ],
    ids=["no role", "no role of ours", "no department"],
)
@pytest.mark.parametrize("row", GUARDED, ids=told)
def test_a_token_of_the_hospital_that_grants_nothing_opens_nothing(
    untouched: World, row: Row, roles: frozenset[str], department: str, said: str
) -> None:
    answer = untouched.ask(row, untouched.target, "", untouched.hospital(roles, department))

    if row.roles == {SUBJECT}:
        said = "not_allowed"
    assert (answer.status_code, code(answer)) == (403, said)


@pytest.mark.parametrize("row", GUARDED, ids=told)
def test_a_token_that_only_claims_to_be_the_hospitals_opens_nothing(untouched: World, row: Row) -> None:
    answer = untouched.ask(row, untouched.target, "", {"authorization": "Bearer idp.forged"})

    assert (answer.status_code, code(answer)) == (401, "invalid_token")


@pytest.mark.parametrize(
    "roles",
    [frozenset(), frozenset({"administrator"}), ANYONE | {SUBJECT}, frozenset({"*"}), frozenset({""})],
    ids=["none", "unknown", "anyone and more", "star", "blank"],
)
def test_an_endpoint_that_does_not_say_for_whom_cannot_be_built(roles: frozenset[str]) -> None:
    async def handler(_request: Any) -> Any: ...

    with pytest.raises(ValueError, match="does not say who may call it"):
        Endpoint("GET", "/new", handler, roles)


@pytest.mark.parametrize("method", ["", "get", "OPTIONS", "HEAD", "TRACE", "*"])
def test_an_endpoint_has_one_ordinary_method(method: str) -> None:
    async def handler(_request: Any) -> Any: ...

    with pytest.raises(ValueError, match="is none of"):
        Endpoint(method, "/new", handler, STAFF_ROLES)


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
    before = untouched.standing()
    row = next(row for row in TABLE if row.path == path)

    for method in unknown(path):
        for who in (DEPARTMENT_ADMIN, COMPLIANCE_OFFICER, PROVISIONER, NOBODY):
            headers = untouched.headers(who, EVERYWHERE)
            answer = untouched.ask(replace(row, method=method), untouched.target, who, headers)
            assert answer.status_code == 405
    assert untouched.standing() == before


@pytest.mark.parametrize("row", [row for row in GUARDED if row.method == "GET"], ids=told)
def test_head_is_guarded_like_get(untouched: World, row: Row) -> None:
    head = replace(row, method="HEAD")

    assert untouched.ask(head, untouched.target, NOBODY, {}).status_code == 401
    for who, place in CALLERS:
        headers = untouched.headers(who, place)
        answer = untouched.ask(head, untouched.target, who, headers)
        assert answer.status_code == expected(row, who, place)
