"""The history as a file over HTTP: for officers, within their walls, proven, and written down."""

from __future__ import annotations

import base64
import csv
import hashlib
import io
import json
from typing import TYPE_CHECKING, Any

import pytest

from application.signed_documents import MANIFEST, opened
from domain.errors import UnavailableError
from entrypoints.http import exports
from tests.house import ICU, LAB
from tests.unit.http.edge import Edge

if TYPE_CHECKING:
    from httpx import Response

PATH = "/face-auth/audit/export"


def ask(edge: Edge, reach: str = "*", **query: str) -> Response:
    answer: Response = edge.client.get(PATH, params=query, headers=edge.headers("compliance_officer", reach))
    return answer


def lines(answer: Response) -> list[dict[str, Any]]:
    assert answer.status_code == 200
    return [json.loads(line) for line in answer.text.splitlines()]


def manifest(edge: Edge, answer: Response) -> dict[str, Any]:
    envelope = json.loads(base64.b64decode(answer.headers["faceauth-manifest"]))
    return opened(edge.house.services.notary, MANIFEST, envelope)


@pytest.mark.parametrize(
    ("name", "media_type"),
    [
        ("jsonl", "application/x-ndjson"),
        ("csv", "text/csv; charset=utf-8; header=present"),
        ("fhir", "application/fhir+json"),
        ("cef", "text/plain; charset=utf-8"),
    ],
)
def test_every_form_comes_with_a_manifest_that_proves_it(edge: Edge, name: str, media_type: str) -> None:
    edge.enroll("ana")
    end = edge.house.store.position()

    answer = ask(edge, format=name)
    document = manifest(edge, answer)

    assert answer.headers["content-type"] == media_type
    assert answer.headers["content-length"] == str(len(answer.content))
    assert answer.headers["cache-control"] == "no-store"
    assert (document["format"], document["end_position"], document["events"]) == (name, end, end)
    (part,) = document["files"]
    assert (part["bytes"], part["sha256"]) == (len(answer.content), hashlib.sha256(answer.content).hexdigest())
    assert f'filename="{part["name"]}"' in answer.headers["content-disposition"]
    assert "ouza" not in answer.text


def test_it_is_written_down_before_it_is_shown_with_the_kinds_of_filters_only(edge: Edge) -> None:
    edge.enroll("ana")
    ask(edge, department=ICU, event="enrollment")

    entry = edge.house.last("journal.recorded.v1")

    assert (entry["kind"], entry["outcome"]) == ("audit_export", "done")
    assert entry["facts"] | {"export_id": "", "end": ""} == {
        "export_id": "",
        "end": "",
        "format": "jsonl",
        "filters": "department event",
        "names": "no",
        "resumed_after": "0",
    }
    assert entry["act"].actor.startswith("token:")


def test_whom_it_is_about_can_see_it_where_it_is_about_one(edge: Edge) -> None:
    subject_id = edge.enroll("ana").json()["subject_id"]

    for who in (subject_id, "ana.souza"):
        got = lines(ask(edge, subject=who))
        assert {line["subject_id"] for line in got} == {subject_id}
    assert edge.house.names().count("viewing.recorded.v1") == 2
    assert str(edge.house.last("viewing.recorded.v1")["subject_id"]) == subject_id


def test_nothing_is_shown_where_it_cannot_be_written_down(edge: Edge, monkeypatch: pytest.MonkeyPatch) -> None:
    edge.enroll("ana")
    monkeypatch.setattr(edge.house.store, "save", _down)

    answer = ask(edge)

    assert answer.status_code == 503
    assert "enrollment" not in answer.text


def _down(*_: Any, **__: Any) -> int:
    raise UnavailableError("down")


def test_an_officer_of_a_department_gets_that_department(edge: Edge) -> None:
    edge.enroll("ana")
    bia = edge.enroll("bia", department=LAB, admin=LAB).json()["subject_id"]

    own = lines(ask(edge, LAB))

    assert {line["department"] for line in own} == {LAB, None}
    assert {line["subject_id"] for line in own} == {bia}
    assert ask(edge, LAB, department=ICU).status_code == 403
    assert lines(ask(edge, LAB, department=LAB)) == own
    assert {line["department"] for line in lines(ask(edge, "*", department=ICU))} == {ICU, None}


def test_whoever_is_behind_the_wall_is_as_strange_as_nobody(edge: Edge) -> None:
    subject_id = edge.enroll("ana").json()["subject_id"]
    position = edge.house.store.position()

    answers = [ask(edge, LAB, subject=who) for who in (subject_id, "ana.souza", "nobody", str(exports.MAX_EVENTS))]

    assert {answer.status_code for answer in answers} == {404}
    assert len({answer.text for answer in answers}) == 1
    assert edge.house.store.position() == position


def test_nothing_found_is_an_empty_file(edge: Edge) -> None:
    edge.enroll("ana")
    future = "2050-01-01T00:00:00+00:00"

    assert ask(edge, since=future).text == ""
    assert json.loads(ask(edge, since=future, format="fhir").text)["entry"] == []
    assert len(list(csv.reader(io.StringIO(ask(edge, since=future, format="csv").text)))) == 1
    assert manifest(edge, ask(edge, since=future))["events"] == 0


@pytest.mark.parametrize(
    "query",
    [
        {"format": "xml"},
        {"format": ""},
        {"since": "yesterday"},
        {"since": "2026-11-22T18:00:00"},
        {"until": "x"},
        {"since": "2026-11-22T18:00:00+00:00", "until": "2026-11-21T18:00:00+00:00"},
        {"event": "a b"},
        {"bom": "1"},
        {"subjects": "ana"},
    ],
    ids=str,
)
def test_what_cannot_be_meant_is_refused_and_not_written_down(edge: Edge, query: dict[str, str]) -> None:
    position = edge.house.store.position()

    answer = ask(edge, **query)

    assert (answer.status_code, answer.json()["code"]) == (422, "invalid_input")
    assert edge.house.store.position() == position


def test_more_than_an_answer_holds_is_said_before_anything_is_sent(edge: Edge, monkeypatch: pytest.MonkeyPatch) -> None:
    edge.enroll("ana")
    monkeypatch.setattr(exports, "MAX_EVENTS", 3)

    answer = ask(edge)

    assert (answer.status_code, answer.json()["code"]) == (422, "export_too_large")
    assert "faceauth audit export" in answer.json()["detail"]
    assert ask(edge, event="consent").status_code == 200


def test_so_is_what_takes_too_long(edge: Edge, monkeypatch: pytest.MonkeyPatch) -> None:
    edge.enroll("ana")
    monkeypatch.setattr(exports, "MAX_SECONDS", -1.0)

    assert ask(edge).json()["code"] == "export_too_large"


def test_a_long_file_comes_in_chunks_that_make_the_same_whole(edge: Edge, monkeypatch: pytest.MonkeyPatch) -> None:
    edge.enroll("ana")
    whole = ask(edge, until="2040-01-01T00:00:00+00:00", event="enrollment").content
    monkeypatch.setattr(exports, "AT_ONCE", 2)

    answer = ask(edge, until="2040-01-01T00:00:00+00:00", event="enrollment")

    assert answer.content == whole
    assert manifest(edge, answer)["files"][0]["sha256"] == hashlib.sha256(whole).hexdigest()


def test_excel_gets_its_mark_where_it_is_asked_for(edge: Edge) -> None:
    assert ask(edge, format="csv", bom="1").content.startswith(b"\xef\xbb\xbf")


def test_a_head_shows_nothing_and_so_writes_nothing_down(edge: Edge) -> None:
    edge.enroll("ana")
    position = edge.house.store.position()

    answer = edge.client.head(PATH, headers=edge.headers("encarregado", "*"))

    assert (answer.status_code, answer.content) == (200, b"")
    assert edge.house.store.position() == position
