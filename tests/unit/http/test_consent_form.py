"""The page without a script on which a person reads the notice and decides with a code."""

from __future__ import annotations

import re
from dataclasses import replace
from typing import TYPE_CHECKING, Any

import pytest

from application import notice as notices
from application.erase import erase
from application.notice import BUILT_IN
from entrypoints.http.consent_form import FAILED, PATH
from tests.house import person

if TYPE_CHECKING:
    from uuid import UUID

    from httpx import Response

    from tests.unit.http.edge import Edge

HERE = {"origin": "http://testserver"}
SCRIPT = "<script>alert(1)</script>"


def invited(edge: Edge, name: str = "ana") -> str:
    who = person(name)
    somebody = {"user_id": who.user_id, "username": who.username, "display_name": SCRIPT, "department": "icu"}
    answer = edge.post("/face-auth/consent/invitations", {"person": somebody})
    assert answer.status_code == 201
    code: str = answer.json()["code"]
    return code


def send(edge: Edge, code: str, decision: str = "accept", *, headers: Any = HERE, **changed: str) -> Response:
    fields = {"code": code, "decision": decision, "notice_version": BUILT_IN.version} | changed
    answer: Response = edge.client.post(PATH, data=fields, headers=headers)
    return answer


def statuses(edge: Edge) -> set[str]:
    return {row["status"] for row in edge.house.rows("consent_rows")}


def test_the_page_shows_the_notice_in_both_languages_and_runs_nothing(edge: Edge) -> None:
    answer = edge.client.get(PATH)

    assert answer.status_code == 200
    assert BUILT_IN.pt_br[:60] in answer.text
    assert BUILT_IN.en[:60] in answer.text
    assert "script" not in answer.headers["content-security-policy"]
    assert "default-src 'none'" in answer.headers["content-security-policy"]
    assert "form-action 'self'" in answer.headers["content-security-policy"]
    assert answer.headers["cache-control"] == "no-store"
    assert not re.findall(r"<script|style=|onclick|https?://", answer.text)


def test_every_field_of_the_page_has_a_label_and_every_language_its_mark(edge: Edge) -> None:
    text = edge.client.get(PATH).text

    assert '<html lang="pt-BR">' in text
    assert '<section lang="en"' in text
    assert 'for="code"' in text
    assert text.count("<label>") == text.count('type="radio"') == 3
    assert "<legend>" in text


def test_a_person_consents_and_is_enrolled_under_that_consent(edge: Edge) -> None:
    answer = send(edge, invited(edge))

    assert (answer.status_code, "está registrado" in answer.text) == (200, True)
    enrolled = edge.enroll("ana", consent=None)
    assert enrolled.status_code == 201
    assert {row["channel"] for row in edge.house.rows("consent_rows")} == {"code"}


@pytest.mark.parametrize(("decision", "status"), [("withdraw", "withdrawn"), ("object", "objected")])
def test_a_person_ends_it_there_too(edge: Edge, decision: str, status: str) -> None:
    subject_id = edge.enroll("ana").json()["subject_id"]
    code = edge.post("/face-auth/consent/invitations", {"subject_id": subject_id}).json()["code"]

    assert send(edge, code, decision).status_code == 200

    assert statuses(edge) == {status}


@pytest.mark.parametrize(
    "headers",
    [
        {},
        {"origin": "https://evil.example"},
        {"origin": "null"},
        {"origin": "http://testserver.evil.example"},
        HERE | {"sec-fetch-site": "cross-site"},
        {"sec-fetch-site": "none"},
    ],
)
def test_a_form_from_another_page_decides_nothing_and_costs_no_code(edge: Edge, headers: dict[str, str]) -> None:
    code = invited(edge)

    assert send(edge, code, headers=headers).status_code == 403

    assert statuses(edge) == set()
    assert send(edge, code, headers={"sec-fetch-site": "same-origin"}).status_code == 200


@pytest.mark.parametrize("code", ["AAAAA-AAAAA", SCRIPT, "x" * 40])
def test_a_wrong_code_is_told_and_not_shown_again(edge: Edge, code: str) -> None:
    answer = send(edge, code)

    assert answer.status_code == 403
    assert "Peça outro" in answer.text
    assert code not in answer.text
    assert 'role="alert"' in answer.text


def test_a_used_code_is_refused_like_a_wrong_one(edge: Edge) -> None:
    code = invited(edge)
    send(edge, code)

    assert send(edge, code).text == send(edge, "AAAAA-AAAAA").text


def test_the_code_of_somebody_erased_is_refused_like_a_wrong_one(edge: Edge) -> None:
    code = invited(edge)
    subject_id: UUID = edge.house.rows("account_rows")[0]["subject_id"]
    erase(edge.house.services, subject_id, act=edge.house.act())

    assert send(edge, code).text == send(edge, "AAAAA-AAAAA").text


def test_a_notice_that_changed_meanwhile_is_shown_and_the_code_is_still_good(edge: Edge) -> None:
    code = invited(edge)
    notices.publish(edge.house.services, replace(BUILT_IN, version="2027-01"), act=edge.house.act())

    answer = send(edge, code)

    assert (answer.status_code, 'value="2027-01"' in answer.text) == (409, True)
    assert send(edge, code, notice_version="2027-01").status_code == 200


def test_a_script_in_a_notice_is_text(edge: Edge) -> None:
    text = f"# Aviso\n\n{SCRIPT}\n\n[x](javascript:alert(1)) ![y](https://evil.example/y.png)\n\n<img src=x onerror=a>"
    notices.publish(edge.house.services, replace(BUILT_IN, version="2027-01", pt_br=text), act=edge.house.act())

    page = edge.client.get(PATH).text
    rendered = edge.client.get("/face-auth/consent/notice").json()["html"]["pt-BR"]

    for shown in (page, rendered):
        assert "<script" not in shown
        assert "<img" not in shown
        assert 'href="javascript' not in shown
        assert "<h1>Aviso</h1>" in shown


@pytest.mark.parametrize(
    "body",
    [
        b"",
        b"\xff\xfe",
        b"code=A&code=B&decision=accept&notice_version=1",
        b"code=A&decision=perhaps&notice_version=1",
        b"code=&decision=accept&notice_version=1",
        b"decision=accept&notice_version=1",
        b"code=A&decision=accept&notice_version=1&more=1",
        b"code=" + b"A" * 41 + b"&decision=accept&notice_version=1",
        b"&".join(b"a%d=1" % n for n in range(50)),
        b"code=%00&decision=accept&notice_version=%C3%28",
    ],
)
def test_anything_but_this_form_is_told_without_quoting_it(edge: Edge, body: bytes) -> None:
    answer = edge.client.post(PATH, content=body, headers=HERE)

    assert answer.status_code in {403, 409, 422}
    assert "perhaps" not in answer.text
    assert any(message.pt in answer.text for message in FAILED.values())


def test_a_body_that_is_too_large_is_not_read(edge: Edge) -> None:
    assert edge.client.post(PATH, content=b"x" * 20_000, headers=HERE).status_code == 413


def test_a_code_in_the_address_is_not_looked_at(edge: Edge) -> None:
    code = invited(edge)

    assert code not in edge.client.get(PATH, params={"code": code}).text
