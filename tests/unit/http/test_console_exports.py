"""The console's exports and documents: asked by a form, given as files, written down."""

from __future__ import annotations

import hashlib
import json
import re
from html import unescape
from typing import TYPE_CHECKING
from urllib.parse import parse_qs, urlencode, urlsplit

import pytest

from application.signed_documents import MANIFEST, opened
from domain.errors import UnavailableError
from domain.roles import EVERYWHERE
from entrypoints.http import exports
from tests.house import ICU, LAB
from tests.unit.http.console import visitor, words

if TYPE_CHECKING:
    from httpx import Response

    from tests.unit.http.console import Visitor
    from tests.unit.http.edge import Edge

PATH = "/console/exports"
DOCUMENTS = "/console/documents"
SCRIPT = "<script>alert(1)</script>"


def officer(edge: Edge) -> Visitor:
    return visitor(edge, "encarregado", EVERYWHERE)


def prepared(come: Visitor, **form: str) -> Response:
    """Send the form, and go where it goes."""
    asked = come.post(PATH, {"format": "jsonl"} | form)
    assert asked.status_code == 303, words(asked)
    back = come.get(asked.headers["location"])
    assert back.status_code == 303
    return come.get(back.headers["location"])


def links(page: Response) -> tuple[str, str]:
    file, manifest = (re.search(rf'href="({PATH}/{each}\?job=[^"]+)"', page.text) for each in ("file", "manifest"))
    assert file
    assert manifest
    return unescape(file[1]), unescape(manifest[1])


def exported(edge: Edge) -> int:
    return sum(event.fields.get("kind") == "audit_export" for event in edge.house.store.read(0, 10_000))


@pytest.mark.parametrize(("form", "suffix"), [("jsonl", "jsonl"), ("csv", "csv"), ("fhir", "ndjson"), ("cef", "cef")])
def test_a_file_is_prepared_taken_and_proven_by_its_manifest(edge: Edge, form: str, suffix: str) -> None:
    edge.enroll("ana")
    come = officer(edge)

    page = prepared(come, format=form)
    assert exported(edge) == 0
    file, manifest = (come.get(link) for link in links(page))

    document = opened(edge.house.services.notary, MANIFEST, manifest.json())
    (part,) = document["files"]
    assert (part["bytes"], part["sha256"]) == (len(file.content), hashlib.sha256(file.content).hexdigest())
    assert part["sha256"] in page.text
    assert file.headers["content-disposition"].startswith('attachment; filename="faceauth-audit-')
    assert part["name"] in file.headers["content-disposition"]
    assert suffix
    assert "ouza" not in file.text
    assert exported(edge) == 1
    shown = words(come.get(PATH))
    assert edge.house.last("journal.recorded.v1")["facts"]["export_id"] == document["export_id"]
    assert document["export_id"][:8] in shown


def test_filters_narrow_it_and_stay_in_the_form(edge: Edge) -> None:
    edge.enroll("ana")
    edge.enroll("bia", department=LAB)
    day = edge.house.clock.now().date().isoformat()
    come = officer(edge)

    page = prepared(come, department=LAB, event="enrollment", since=day, until=day)
    file = come.get(links(page)[0])

    records = [json.loads(line) for line in file.text.splitlines()]
    assert {record["event"].partition(".")[0] for record in records} == {"enrollment"}
    assert 'name="event" type="text" value="enrollment"' in page.text
    assert f'<option value="{LAB}" selected>' in page.text


def test_an_officer_of_one_department_gets_that_alone_and_sees_no_history_of_others(edge: Edge) -> None:
    edge.enroll("ana")
    edge.enroll("bia", department=LAB)
    narrow = visitor(edge, department=LAB)

    page = prepared(narrow)
    file, manifest = (narrow.get(link) for link in links(page))

    assert "Exportações feitas" not in words(page)
    assert opened(edge.house.services.notary, MANIFEST, manifest.json())["filters"]["department"] == LAB
    assert ICU not in file.text
    assert narrow.post(PATH, {"format": "jsonl", "department": ICU}).status_code == 422


def test_what_somebody_else_asked_for_is_not_there(edge: Edge) -> None:
    edge.enroll("ana")
    for link in links(prepared(officer(edge))):
        assert visitor(edge, "compliance_officer", EVERYWHERE).get(link).status_code == 404
        forged = re.sub(r"job=[^.]+\.[^.]+", lambda found: found[0][:-2] + "AA", link)
        assert officer(edge).get(forged).status_code in {404, 422}
        assert officer(edge).get(link.partition("job=")[0] + "job=x.y.z").status_code == 422
        assert officer(edge).get(link.partition("job=")[0] + "job=é" * 9).status_code == 422
    assert exported(edge) == 0


def test_what_was_not_measured_is_not_given(edge: Edge) -> None:
    edge.enroll("ana")
    come = officer(edge)
    asked = come.post(PATH, {"format": "jsonl"}).headers["location"]
    job = parse_qs(urlsplit(asked).query)["job"][0]

    assert come.get(f"{PATH}/file", job=job).status_code == 422
    assert exported(edge) == 0


def test_who_cannot_be_recorded_gets_nothing(edge: Edge, monkeypatch: pytest.MonkeyPatch) -> None:
    edge.enroll("ana")
    come = officer(edge)
    file, _ = links(prepared(come))

    def lost(*_: object) -> None:
        raise UnavailableError("lost")

    monkeypatch.setattr("entrypoints.http.console.export_files.record_export", lost)
    answer = come.get(file)

    assert answer.status_code == 503
    assert "enrollment.opened" not in answer.text


def test_more_than_a_file_holds_is_said_so_and_the_form_is_kept(edge: Edge, monkeypatch: pytest.MonkeyPatch) -> None:
    edge.enroll("ana")
    monkeypatch.setattr(exports, "MAX_EVENTS", 3)
    come = officer(edge)

    page = prepared(come, event="enrollment")

    assert page.status_code == 422
    assert "mais do que cabe" in words(page)
    assert 'value="enrollment"' in page.text


@pytest.mark.parametrize(
    ("wrong", "field"),
    [
        ({"format": ""}, "format"),
        ({"format": "xlsx"}, "format"),
        ({"since": "x"}, "since"),
        ({"since": "2026-02-01", "until": "2026-01-01"}, "until"),
        ({"department": "nowhere"}, "department"),
        ({"event": SCRIPT}, "event"),
        ({"event": "attempt:x"}, "event"),
        ({"actor": "Ana Souza"}, "actor"),
        ({"bom": "1"}, "bom"),
        ({"bom": "yes"}, "bom"),
    ],
    ids=str,
)
def test_a_form_with_a_fault_is_told_at_its_field(edge: Edge, wrong: dict[str, str], field: str) -> None:
    answer = officer(edge).post(PATH, {"format": "jsonl", "event": "attempt"} | wrong)

    assert answer.status_code == 422
    assert f'href="#{field}"' in answer.text
    assert SCRIPT not in answer.text
    assert "event" in wrong or 'value="attempt"' in answer.text


def test_the_history_of_exports_goes_on(edge: Edge) -> None:
    come = officer(edge)
    edge.enroll("ana")
    file, _ = links(prepared(come))
    for _ in range(21):
        come.get(file)

    page = come.get(PATH)
    following = re.search(r'rel="next" href="([^"]+)"', page.text)

    assert page.text.count('<th scope="row">') == 20
    assert following
    assert come.get(f"{PATH}{unescape(following[1])}").text.count('<th scope="row">') == 1


@pytest.mark.parametrize("kind", ["ropa", "ripd", "encarregado"])
@pytest.mark.parametrize(("form", "begins"), [("html", b"<!doctype"), ("pdf", b"%PDF-"), ("json", b"{")])
def test_documents_are_files(edge: Edge, kind: str, form: str, begins: bytes) -> None:
    come = officer(edge)
    link = f"{DOCUMENTS}/file?kind={kind}&format={form}"
    assert link.replace("&", "&amp;") in come.get(DOCUMENTS).text

    answer = come.get(link)

    assert answer.content.lower().startswith(begins.lower())
    assert re.search(rf'filename="faceauth-{kind}-[\d-]+\.{form}"', answer.headers["content-disposition"])
    assert answer.headers["cache-control"] == "no-store"


def test_the_report_of_a_month_is_asked_by_a_form(edge: Edge) -> None:
    come = officer(edge)
    month = f"{edge.house.clock.now():%Y-%m}"

    asked = come.post(DOCUMENTS, {"month": month, "format": "json"})
    answer = come.get(asked.headers["location"])

    assert answer.json()["month"] == month
    assert f"faceauth-monthly-{month}.json" in answer.headers["content-disposition"]


@pytest.mark.parametrize(
    ("wrong", "field"),
    [
        ({"month": each}, "month")
        for each in ("", "x", "2026-13", "2999-01", "2026-1", "0000-01", SCRIPT, "\uff12026-01")
    ]
    + [({"format": "doc"}, "format"), ({"format": ""}, "format")],
    ids=str,
)
def test_a_month_with_a_fault_is_told_at_its_field(edge: Edge, wrong: dict[str, str], field: str) -> None:
    answer = officer(edge).post(DOCUMENTS, {"month": "2026-01", "format": "html"} | wrong)

    assert answer.status_code == 422
    assert f'href="#{field}"' in answer.text
    assert SCRIPT not in answer.text


@pytest.mark.parametrize(
    "query",
    [
        {},
        {"kind": "ropa", "format": "exe"},
        {"kind": "../x", "format": "html"},
        {"kind": "monthly", "format": "html", "month": "x"},
        {"kind": "incident", "format": "html"},
        {"kind": "incident", "format": "html", "incident": "7"},
    ],
    ids=str,
)
def test_other_documents_there_are_none(edge: Edge, query: dict[str, str]) -> None:
    assert officer(edge).get(f"{DOCUMENTS}/file?{urlencode(query)}").status_code == 422


def test_documents_are_for_the_whole_house(edge: Edge) -> None:
    narrow = visitor(edge, department=ICU)

    assert narrow.get(DOCUMENTS).status_code == 403
    assert narrow.get(f"{DOCUMENTS}/file", kind="ropa", format="json").status_code == 403
