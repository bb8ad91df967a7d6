"""Getting into the console, staying in, and getting out."""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor
from datetime import timedelta
from typing import TYPE_CHECKING, Any
from uuid import UUID

import pytest

from application import console_link
from application.ports.tokens import Principal
from domain.errors import DepartmentUnknownError, InvalidInputError, LinkRefusedError
from domain.roles import COMPLIANCE_OFFICER, DEPARTMENT_ADMIN, ENCARREGADO, EVERYWHERE, OPERATOR
from entrypoints.http.console.guard import COOKIE, MAX_TOKEN_CHARACTERS
from entrypoints.http.console.rendering import POLICY
from tests.house import ICU
from tests.unit.http.console import OURS, Visitor, visitor, words

if TYPE_CHECKING:
    from httpx import Response

    from tests.unit.http.edge import Edge


def link(edge: Edge, role: str = COMPLIANCE_OFFICER, department: str = EVERYWHERE, name: str = "") -> console_link.Link:
    services = edge.house.services
    return console_link.invite(
        services, role=role, department=department, name=name, act=services.act("operator:cli", "cli")
    )


def enter(edge: Edge, credential: str, headers: dict[str, str] | None = None, **form: str) -> Response:
    answer: Response = edge.client.post(
        "/console/sign-in",
        data={"credential": credential} | form,
        headers=OURS if headers is None else headers,
        follow_redirects=False,
    )
    return answer


def cookie_of(answer: Response) -> str:
    return answer.headers["set-cookie"].partition(";")[0].removeprefix(f"{COOKIE}=")


def test_a_link_opens_the_console_once(edge: Edge) -> None:
    made = link(edge)

    first, second = enter(edge, made.code), enter(edge, made.code)

    assert (first.status_code, first.headers["location"]) == (303, "/console")
    assert Visitor(edge, cookie_of(first)).get("/console").status_code == 200
    assert (second.status_code, "set-cookie" in second.headers) == (403, False)
    assert "já foi usado" in second.text


def test_of_many_who_bring_the_same_code_at_once_one_gets_in(edge: Edge) -> None:
    code = link(edge).code

    def bring(_: int) -> bool:
        try:
            return bool(console_link.redeem(edge.house.services, code, channel="http"))
        except LinkRefusedError:
            return False

    with ThreadPoolExecutor(8) as pool:
        assert sum(pool.map(bring, range(16))) == 1


def test_the_cookie_is_for_this_host_over_tls_and_no_script_sees_it(edge: Edge) -> None:
    cookie = enter(edge, link(edge).code).headers["set-cookie"].lower()

    assert cookie.startswith(COOKIE.lower())
    assert all(word in cookie for word in ("; secure", "; httponly", "; samesite=strict", "; path=/"))
    assert "domain=" not in cookie
    assert "max-age" not in cookie


def test_a_whole_link_may_be_pasted_and_its_case_does_not_matter(edge: Edge) -> None:
    assert enter(edge, f" https://hospital.example/console/sign-in#{link(edge).code.upper()}\n").status_code == 303


def test_a_link_is_good_for_five_minutes(edge: Edge) -> None:
    early, late = link(edge), link(edge)

    edge.house.clock.advance(timedelta(minutes=4, seconds=59))
    assert enter(edge, early.code).status_code == 303
    edge.house.clock.advance(timedelta(seconds=1))
    assert enter(edge, late.code).status_code == 403


@pytest.mark.parametrize(
    "change",
    [lambda c: c[:-1], lambda c: c.replace("link-", "link-a"), lambda c: c.replace(".", ".0"), lambda _c: "link-x.y"],
)
def test_a_code_that_was_changed_is_no_code(edge: Edge, change: Any) -> None:
    assert enter(edge, change(link(edge).code)).status_code == 403
    assert "console_sign_in" not in [entry.get("kind") for entry in journal(edge)]


def journal(edge: Edge) -> list[dict[str, Any]]:
    return [dict(event.fields) for event in edge.house.store.read(0, 1000) if event.name == "journal.recorded.v1"]


def test_a_link_and_a_sign_in_are_on_record_and_nobody_is_named(edge: Edge) -> None:
    made = link(edge, name="Dra. Ana Souza")
    enter(edge, made.code)

    invited, entered = journal(edge)
    assert (invited["kind"], invited["facts"]["officer"]) == ("console_link", made.officer)
    assert (entered["kind"], entered["act"].actor) == ("console_sign_in", f"officer:{made.officer}")
    assert not any(word in str([invited, entered]) for word in ("Ana", "Souza", made.code))


def test_the_same_officer_is_the_same_actor_whichever_link_they_came_by(edge: Edge) -> None:
    edge.enroll("ana")
    (row,) = edge.house.rows("enrollment_rows")
    for name in ("Rita Lima", "rita lima ", "João"):
        come = Visitor(edge, cookie_of(enter(edge, link(edge, name=name).code)))
        assert come.get(f"/console/people/{row['subject_id']}").status_code == 200

    actors = [e.fields["act"].actor for e in edge.house.store.read(0, 1000) if e.name == "viewing.recorded.v1"]
    assert actors[0] == actors[1] != actors[2]


@pytest.mark.parametrize("role", [OPERATOR, "subject", "root", ""])
def test_a_link_is_for_officers_and_administrators(edge: Edge, role: str) -> None:
    with pytest.raises(InvalidInputError):
        link(edge, role=role)


def test_a_link_is_for_a_department_that_there_is(edge: Edge) -> None:
    with pytest.raises(DepartmentUnknownError):
        link(edge, department="nowhere")


@pytest.mark.parametrize("role", [COMPLIANCE_OFFICER, ENCARREGADO, DEPARTMENT_ADMIN])
def test_a_token_of_the_command_line_or_of_the_hospital_opens_it_too(edge: Edge, role: str) -> None:
    provider: Any = edge.house.services.identity
    principal = Principal("idp:0", frozenset({role}), ICU, "t")

    for token in (edge.token(role, ICU), provider.issue(principal, timedelta(minutes=5))):
        entered = enter(edge, token)
        assert entered.status_code == 303
        assert Visitor(edge, cookie_of(entered)).get("/console").status_code == 200


def test_an_operators_token_does_not(edge: Edge) -> None:
    refused = enter(edge, edge.token(OPERATOR, EVERYWHERE))
    assert (refused.status_code, "set-cookie" in refused.headers) == (403, False)


def test_nor_does_a_token_of_who_signed_in_by_face(edge: Edge) -> None:
    edge.enroll("ana")
    assert enter(edge, edge.session_token("ana")).status_code == 403


@pytest.mark.parametrize("credential", ["", "garbage", "a" * (MAX_TOKEN_CHARACTERS + 1), "üx", "idp.forged.x", "a\nb"])
def test_what_is_no_token_is_told_at_its_field(edge: Edge, credential: str) -> None:
    refused = enter(edge, credential)

    assert refused.status_code == 422
    assert 'aria-invalid="true"' in refused.text
    assert "credential-fault" in refused.text
    assert not credential or credential not in refused.text


def test_every_request_is_verified_anew(edge: Edge) -> None:
    come = visitor(edge)
    assert come.get("/console").status_code == 200

    edge.house.clock.advance(timedelta(hours=1))
    gone = come.get("/console/attempts", state="refused")

    assert gone.status_code == 401
    assert "Entre para continuar" in words(gone)
    assert 'name="back" value="/console/attempts?state=refused"' in gone.text
    assert "max-age=0" in gone.headers["set-cookie"].lower()


def test_a_bearer_token_is_no_cookie_and_a_cookie_no_bearer_token(edge: Edge) -> None:
    token = edge.token(COMPLIANCE_OFFICER, EVERYWHERE)

    assert edge.client.get("/console", headers={"authorization": f"Bearer {token}"}).status_code == 401
    assert Visitor(edge, token).get("/face-auth/audit/events").status_code == 401


@pytest.mark.parametrize(
    ("back", "goes"),
    [
        ("/console/events?kind=consent", "/console/events?kind=consent"),
        ("https://evil.example/console", "/console"),
        ("//evil.example", "/console"),
        ("/console/../face-auth", "/console"),
        ("/consolex", "/console"),
        ("", "/console"),
    ],
)
def test_signing_in_leads_back_to_where_one_was_and_never_elsewhere(edge: Edge, back: str, goes: str) -> None:
    assert enter(edge, link(edge).code, back=back).headers["location"] == goes


def test_signing_out_takes_the_cookie_away(edge: Edge) -> None:
    left = visitor(edge).post("/console/sign-out", {})

    assert (left.status_code, left.headers["location"]) == (303, "/console/sign-in")
    assert cookie_of(left) == '""'


FOREIGN = [
    {},
    {"origin": "null"},
    {"origin": "https://evil.example"},
    {"origin": "http://testserver.evil.example"},
    {"origin": "http://testserver", "sec-fetch-site": "cross-site"},
    {"origin": "http://testserver", "sec-fetch-site": "same-site"},
    {"origin": "http://testserver", "sec-fetch-site": "none"},
]


@pytest.mark.parametrize("headers", FOREIGN, ids=str)
def test_no_other_sites_form_does_anything(edge: Edge, headers: dict[str, str]) -> None:
    before = edge.house.store.position()

    assert visitor(edge).post("/console/people", {"who": "ana"}, headers).status_code == 403
    assert visitor(edge).post("/console/sign-out", {}, headers).status_code == 403
    assert enter(edge, edge.token(COMPLIANCE_OFFICER, ICU), headers).status_code == 403
    assert edge.house.store.position() == before


def test_a_browser_without_fetch_metadata_is_known_by_the_origin(edge: Edge) -> None:
    assert visitor(edge).post("/console/sign-out", {}, {"origin": "http://testserver"}).status_code == 303


@pytest.mark.parametrize("csrf", ["", "0" * 64, "é"])
def test_a_form_needs_the_token_of_its_sign_in(edge: Edge, csrf: str) -> None:
    refused = visitor(edge).post("/console/people", {"who": "ana", "csrf": csrf})

    assert refused.status_code == 403
    assert "origin_refused" in refused.text


def test_a_form_of_another_sign_in_is_refused(edge: Edge) -> None:
    assert visitor(edge).post("/console/people", {"who": "x", "csrf": visitor(edge).csrf}).status_code == 403


def test_a_body_that_is_no_form_or_too_long_is_refused_as_a_page(edge: Edge) -> None:
    come = visitor(edge)
    wrong = edge.client.post("/console/people", json={}, headers=OURS | {"cookie": f"{COOKIE}={come.token}"})
    long = come.post("/console/people", {"who": "x" * 300_000})

    assert (wrong.status_code, long.status_code) == (422, 413)
    assert "text/html" in wrong.headers["content-type"]


@pytest.mark.parametrize("path", ["/console", "/console/sign-in", "/console/nothing", f"/console/people/{UUID(int=7)}"])
def test_every_page_has_the_strict_policy_and_is_not_kept(edge: Edge, path: str) -> None:
    answer = visitor(edge).get(path)

    assert answer.headers["content-security-policy"] == POLICY
    assert "unsafe" not in POLICY
    assert answer.headers["cache-control"] == "no-store"
    assert answer.headers["referrer-policy"] == "same-origin"
    assert "style=" not in answer.text
    assert "<style" not in answer.text
    assert "onclick" not in answer.text


def test_files_are_named_by_what_is_in_them(edge: Edge) -> None:
    for name in ("console.css", "console.js", "htmx.js"):
        first = edge.client.get(f"/console/assets/{name}")
        again = edge.client.get(f"/console/assets/{name}", headers={"if-none-match": first.headers["etag"]})
        assert (first.status_code, again.status_code, again.content) == (200, 304, b"")


def test_htmx_comes_without_django(edge: Edge) -> None:
    import sys  # noqa: PLC0415

    assert edge.client.get("/console/assets/htmx.js").content.startswith(b"var htmx")
    assert not {name.partition(".")[0] for name in sys.modules} & {"django_htmx", "django"}
