"""The officer's questions over HTTP: filters, pages, walls, and a line for the person whose data was shown."""

from __future__ import annotations

from typing import Any
from uuid import uuid4

import pytest

from application import history
from domain.errors import UnavailableError
from tests.house import ICU, LAB
from tests.unit.http.edge import Edge, frames_of

EVENTS = "/face-auth/audit/events"


def ask(edge: Edge, path: str = EVENTS, department: str = "*", **query: str) -> Any:
    return edge.client.get(path, params=query, headers=edge.headers("compliance_officer", department))


def positions(answer: Any) -> list[int]:
    assert answer.status_code == 200, answer.text
    return [event["position"] for event in answer.json()["events"]]


def attempt_of(edge: Edge) -> str:
    (started, *_) = ask(edge, event="attempt.started", order="newest").json()["events"]
    return str(started["aggregate_id"])


def looks(edge: Edge) -> list[tuple[str, str]]:
    """Who was looked at, and in what, in order."""
    found = history.events(edge.house.services, event="viewing")
    return [(str(event.fields["subject_id"]), event.fields["what"]) for event in found]


def test_filters_narrow_the_history(edge: Edge) -> None:
    edge.enroll("ana")
    edge.sign_in(frames_of("ana"))
    edge.sign_in(frames_of("stranger"))

    refused = ask(edge, outcome="refused").json()["events"]
    assert [event["event"] for event in refused] == ["attempt.refused.v1"]
    assert ask(edge, outcome="face_not_recognised").json()["events"] == refused
    assert {e["aggregate"] for e in ask(edge, event="consent").json()["events"]} == {"consent"}
    assert {e["actor"] for e in ask(edge, actor="anonymous").json()["events"]} == {"anonymous"}
    assert ask(edge, since="2999-01-01T00:00:00Z").json()["events"] == []
    assert ask(edge, department=LAB).json()["events"] == []
    assert ask(edge, department=ICU, event="consent").json()["events"]


def test_pages_meet_from_either_end(edge: Edge) -> None:
    edge.enroll("ana")
    whole = positions(ask(edge, before="11"))
    assert whole == list(range(1, 11))

    newest = ask(edge, before="11", limit="4", order="newest")
    assert positions(newest) == [10, 9, 8, 7]
    assert newest.json()["next"] == {"before": 7}
    assert positions(ask(edge, limit="4", order="newest", before="7")) == [6, 5, 4, 3]
    oldest = ask(edge, after="0", limit="4", before="11")
    assert (positions(oldest), oldest.json()["next"], oldest.json()["truncated"]) == ([1, 2, 3, 4], {"after": 4}, True)
    last = ask(edge, after="8", before="11")
    assert (positions(last), last.json()["next"], last.json()["truncated"]) == ([9, 10], None, False)


@pytest.mark.parametrize(
    "query",
    [
        {"limit": "0"},
        {"limit": "10001"},
        {"limit": "ten"},
        {"after": "-1"},
        {"before": "9" * 19},
        {"order": "sideways"},
        {"since": "yesterday"},
        {"until": "2030-01-01T00:00:00"},
        {"attempt": "1"},
        {"actor": "x" * 201},
        {"event": "a\0b"},
    ],
    ids=str,
)
def test_a_question_of_the_wrong_form_is_refused_with_what_is_right(edge: Edge, query: dict[str, str]) -> None:
    answer = ask(edge, **query)

    assert (answer.status_code, answer.json()["code"]) == (422, "invalid_input")


def test_a_question_with_odd_characters_is_only_a_question(edge: Edge) -> None:
    edge.enroll("ana")

    for text in ("'; DROP TABLE event_index_rows; --", "%", "_", "attempt.%"):
        assert ask(edge, event=text).json()["events"] == []
        assert ask(edge, outcome=text).json()["events"] == []


def test_whose_data_an_officer_is_shown_is_in_that_person_s_history(edge: Edge) -> None:
    ana = edge.enroll("ana").json()["subject_id"]
    bia = edge.enroll("bia").json()["subject_id"]
    edge.sign_in(frames_of("ana"))
    attempt = attempt_of(edge)
    assert looks(edge) == []

    ask(edge, subject=ana, event="session")
    ask(edge, attempt=attempt)
    ask(edge, f"/face-auth/audit/attempts/{attempt}/explanation")
    ask(edge, f"/face-auth/audit/subjects/{ana}/timeline")
    assert looks(edge) == [(ana, "events"), (ana, "events"), (ana, "attempt"), (ana, "timeline")]

    ask(edge, event="enrollment.opened")  # opens two people's names
    assert sorted(looks(edge)[4:]) == sorted([(ana, "events"), (bia, "events")])
    assert [line["event"] for line in ask(edge, subject=ana, event="viewing").json()["events"]][:1] == [
        "viewing.recorded.v1"
    ]


def test_nothing_is_shown_where_the_look_cannot_be_recorded(edge: Edge) -> None:
    ana = edge.enroll("ana").json()["subject_id"]
    edge.house.services.projector.catch_up()

    def refuse() -> None:
        raise UnavailableError("the event store cannot be reached")

    edge.house.store.before_next_save = refuse
    answer = ask(edge, f"/face-auth/audit/subjects/{ana}/timeline")

    assert answer.status_code == 503
    assert "days" not in answer.json()


def test_an_attempt_is_explained_to_its_department_alone(edge: Edge) -> None:
    edge.enroll("ana")
    edge.sign_in(frames_of("ana"))
    path, never = (f"/face-auth/audit/attempts/{one}/explanation" for one in (attempt_of(edge), uuid4()))

    here, there, nowhere = (
        ask(edge, path, ICU),
        ask(edge, path, LAB),
        ask(edge, never, LAB),
    )

    assert (here.status_code, here.json()["admitted"]) == (200, True)
    assert here.json()["verdict"]["pt-BR"] == "acesso permitido"
    assert (there.status_code, there.json()) == (nowhere.status_code, nowhere.json())
    assert there.status_code == 404


def test_a_timeline_over_the_wall_is_nobody_s(edge: Edge) -> None:
    ana = edge.enroll("ana").json()["subject_id"]

    mine = ask(edge, f"/face-auth/audit/subjects/{ana}/timeline", ICU)
    there = ask(edge, f"/face-auth/audit/subjects/{ana}/timeline", LAB)
    nobody = ask(edge, f"/face-auth/audit/subjects/{uuid4()}/timeline", LAB)

    assert mine.json()["events"] == 10
    assert (there.status_code, there.json()) == (nobody.status_code, nobody.json()) == (404, nobody.json())
