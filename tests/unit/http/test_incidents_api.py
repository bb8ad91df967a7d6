"""The incident register and documents at the edge."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any
from uuid import uuid4

import pytest

from domain.roles import EVERYWHERE
from tests.house import ICU

if TYPE_CHECKING:
    from httpx import Response

    from tests.unit.http.edge import Edge

OPEN = {
    "kind": "confidentiality",
    "cause": "key_leak",
    "categories": ["biometric_template"],
    "description": "<script>Ana</script>",
}
ASSESS = {"risk": "relevant", "selector": "everyone", "measures_before": "sealed", "measures_after": "rotated"}


def ask(edge: Edge, method: str, path: str, document: Any = None, *, department: str = EVERYWHERE) -> Response:
    headers = edge.headers("encarregado", department)
    answer: Response = edge.client.request(method, f"/face-auth{path}", json=document, headers=headers)
    return answer


def opened(edge: Edge, **changed: Any) -> str:
    answer = ask(edge, "POST", "/incidents", OPEN | changed)
    assert answer.status_code == 201
    return str(answer.json()["incident_id"])


def test_an_incident_goes_its_whole_way(edge: Edge) -> None:
    ana = edge.enroll("ana").json()["subject_id"]
    one = f"/incidents/{opened(edge)}"
    assert ask(edge, "POST", f"{one}/assess", ASSESS).json()["affected"]["subjects"] == 1
    assert ask(edge, "GET", f"{one}/affected").json().get("subject_ids") is None
    assert "viewing.recorded.v1" not in edge.house.names()
    assert ask(edge, "GET", f"{one}/affected?ids=true").json()["subject_ids"] == [ana]
    assert str(edge.house.last("viewing.recorded.v1")["subject_id"]) == ana
    assert ask(edge, "POST", f"{one}/close", {}).status_code == 409
    assert ask(edge, "POST", f"{one}/notify-authority", {"reference": "1/2026", "preliminary": True}).status_code == 200
    assert ask(edge, "POST", f"{one}/notify-subjects", {"means": ["email"], "count": 1}).status_code == 200
    assert ask(edge, "POST", f"{one}/supplement", {}).status_code == 200
    closed = ask(edge, "POST", f"{one}/close", {}).json()
    assert (closed["status"], [clock["state"] for clock in closed["clocks"]]) == ("closed", ["done"] * 3)
    shown = ask(edge, "GET", one)
    assert shown.json()["texts"]["description"] == OPEN["description"]
    assert shown.headers["cache-control"] == "no-store"


def test_the_list_shows_no_words(edge: Edge) -> None:
    opened(edge)
    answer = ask(edge, "GET", "/incidents")
    assert "Ana" not in answer.text
    assert [one["clocks"][0]["state"] for one in answer.json()["incidents"]] == ["due"]


@pytest.mark.parametrize(
    "wrong",
    [
        {"kind": "x"},
        {"categories": []},
        {"categories": ["face"] * 17},
        {"known_at": "2026-01-01T00:00:00"},
        {"known_at": "2999-01-01T00:00:00Z"},
        {"description": ""},
        {"description": "x" * 5001},
        {"extra": 1},
    ],
)
def test_what_cannot_be_entered_is_said_so_and_not_echoed(edge: Edge, wrong: dict[str, Any]) -> None:
    answer = ask(edge, "POST", "/incidents", OPEN | wrong)
    assert answer.status_code == 422
    assert "<script>" not in answer.text
    assert edge.house.names() == []


def test_an_officer_of_one_department_sees_no_incident_and_no_document(edge: Edge) -> None:
    one = opened(edge)
    for path in (
        "/incidents",
        f"/incidents/{one}",
        f"/incidents/{uuid4()}",
        "/reports/ropa",
        f"/incidents/{one}/draft",
    ):
        assert ask(edge, "GET", path, department=ICU).status_code == 403
    assert ask(edge, "POST", "/incidents", OPEN, department=ICU).status_code == 403


def test_a_stranger_is_not_found(edge: Edge) -> None:
    for path in (f"/incidents/{uuid4()}", f"/incidents/{uuid4()}/draft", f"/reports/incident?incident={uuid4()}"):
        assert ask(edge, "GET", path).status_code == 404


@pytest.mark.parametrize(
    ("query", "kind"),
    [("", "text/markdown"), ("?to=subjects&format=html", "text/html"), ("?format=pdf", "application/pdf")],
)
def test_a_draft_comes_as_markdown_html_or_pdf_without_script(edge: Edge, query: str, kind: str) -> None:
    answer = ask(edge, "GET", f"/incidents/{opened(edge)}/draft{query}")
    assert (answer.status_code, answer.headers["content-type"].split(";")[0]) == (200, kind)
    assert b"<script>" not in answer.content


@pytest.mark.parametrize("query", ["?to=press", "?format=docx", "?to=subjects&format=json"])
def test_a_draft_that_there_is_not_is_refused(edge: Edge, query: str) -> None:
    assert ask(edge, "GET", f"/incidents/{opened(edge)}/draft{query}").status_code == 422


def test_documents_come_in_three_formats_and_sandboxed(edge: Edge) -> None:
    page = ask(edge, "GET", "/reports/encarregado")
    assert "sandbox" in page.headers["content-security-policy"]
    assert page.text.startswith("<!doctype html>")
    assert ask(edge, "GET", "/reports/encarregado?format=pdf").content.startswith(b"%PDF-")
    facts = json.loads(ask(edge, "GET", "/reports/monthly?format=json").content)
    assert facts["deployment"]["findings"] is None
    incident = ask(edge, "GET", f"/reports/incident?incident={opened(edge)}")
    assert "&lt;script&gt;Ana" in incident.text


@pytest.mark.parametrize("path", ["gossip", "incident", "incident?incident=x", "monthly?month=13", "ropa?format=docx"])
def test_a_document_that_there_is_not_is_refused(edge: Edge, path: str) -> None:
    assert ask(edge, "GET", f"/reports/{path}").status_code == 422
