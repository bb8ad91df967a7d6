"""Crafted requests to the console: odd paths and headers, other people's pages, and texts that would be markup."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from tests.house import ICU, LAB, pictures
from tests.unit.http.console import OURS, visitor
from tests.unit.http.edge import enrollment

if TYPE_CHECKING:
    from tests.unit.http.edge import Edge

SCRIPT = "<script>alert(1)</script>"


@pytest.mark.parametrize(
    "path",
    [
        "/console/%E2%82%AC",
        "/console/%0d%0aset-cookie:%20a=b",
        "/console/a?b=%0d%0ac:d",
        "/console/%00",
        "/console//evil",
    ],
    ids=["euro", "line end", "line end in the query", "nul", "two slashes"],
)
@pytest.mark.parametrize("signed_in", [True, False], ids=["officer", "stranger"])
def test_no_path_puts_a_header_into_an_answer_or_breaks_it(edge: Edge, path: str, signed_in: bool) -> None:
    cookie = visitor(edge)._cookie if signed_in else {}
    answer = edge.client.get(path, headers={**cookie, "hx-request": "true"}, follow_redirects=False)

    assert answer.status_code in {401, 404}
    sent = answer.headers["hx-redirect"]
    assert sent.isascii()
    assert sent.startswith("/console/")
    assert sent.isprintable()
    assert "a=b" not in answer.headers.get("set-cookie", "")
    assert "c" not in answer.headers


@pytest.mark.parametrize(
    "back",
    [
        *("https://evil.example", "//evil.example", "/\\evil.example", "/consoles", "/console/../face-auth/health"),
        *("/console\r\nset-cookie: a=b", "javascript:alert(1)", "/console/%2e%2e/x", "\tjavascript:alert(1)"),
    ],
)
def test_signing_in_leads_nowhere_but_into_the_console(edge: Edge, back: str) -> None:
    form = {"credential": edge.token("compliance_officer", "*"), "back": back}
    answer = edge.client.post("/console/sign-in", data=form, headers=OURS, follow_redirects=False)

    assert answer.status_code == 303
    place = answer.headers["location"]
    assert place == "/console" or place.startswith(("/console/", "/console?", "/console%0D%0A")), place
    assert "a=b" not in answer.headers["set-cookie"]


def test_a_name_that_is_markup_is_words_on_every_page_that_shows_it(edge: Edge) -> None:
    body = enrollment("ana", ICU, images=pictures("f1")) | {"display_name": f"Ana {SCRIPT}"}
    subject_id = edge.post("/face-auth/enroll", body).json()["subject_id"]
    officer = visitor(edge)

    shown = [officer.get(f"/console/people/{subject_id}{page}") for page in ("", "/timeline")]

    assert [page.status_code for page in shown] == [200, 200]
    assert not [page for page in shown if SCRIPT in page.text]
    assert "&lt;script&gt;" in shown[0].text


@pytest.mark.parametrize("role", ["department_admin", "compliance_officer", "encarregado"])
def test_pages_about_somebody_behind_a_wall_look_like_pages_about_nobody(edge: Edge, role: str) -> None:
    subject_id = edge.post("/face-auth/enroll", enrollment("ana", ICU, images=pictures("f1"))).json()["subject_id"]
    officer, nobody = visitor(edge, role, LAB), "00000000-0000-4000-8000-000000000000"
    for path in ("/console/people/{}", "/console/people/{}/timeline", "/console/attempts?subject={}"):
        behind, none = (officer.get(path.format(one)) for one in (subject_id, nobody))
        assert behind.status_code == none.status_code, path
        assert behind.status_code in {403, 404}
        assert behind.text.replace(subject_id, "") == none.text.replace(nobody, "")
    assert "viewing.recorded.v1" not in edge.house.names()
