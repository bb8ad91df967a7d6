"""Whoever looks over the wall of a department sees what a stranger sees, word for word."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any
from uuid import uuid4

import pytest

from application.ports.tokens import Principal
from domain.enrollment import Enrollment
from domain.errors import DepartmentForbiddenError
from entrypoints.http import access
from tests.house import ICU, LAB
from tests.unit.http.edge import Edge

if TYPE_CHECKING:
    from httpx import Response

EVENTS = "/face-auth/audit/events"


def events(edge: Edge, department: str, **query: str) -> Response:
    answer: Response = edge.client.get(EVENTS, params=query, headers=edge.headers("compliance_officer", department))
    return answer


def names(answer: Response) -> list[str]:
    return [event["event"] for event in answer.json()["events"]]


@pytest.mark.parametrize("by", ["id", "username"])
def test_the_history_of_somebody_next_door_is_that_of_nobody(edge: Edge, by: str) -> None:
    ana = edge.enroll("ana", department=ICU).json()["subject_id"]
    edge.enroll("bia", department=LAB)
    here, nowhere = (ana, str(uuid4())) if by == "id" else ("ana.souza", "nobody.souza")

    seen, stranger = events(edge, LAB, subject=here), events(edge, LAB, subject=nowhere)

    assert (seen.status_code, seen.json()) == (stranger.status_code, stranger.json())
    assert events(edge, ICU, subject=here).status_code == 200


def test_an_attempt_next_door_is_an_attempt_that_never_was(edge: Edge) -> None:
    with edge.connect(ICU) as socket:
        attempt = socket.receive_json()["attempt_id"]

    assert events(edge, LAB, attempt=attempt).json() == events(edge, LAB, attempt=str(uuid4())).json()
    assert names(events(edge, ICU, attempt=attempt))


def test_of_whoever_moved_each_department_sees_its_own_time(edge: Edge) -> None:
    done = edge.enroll("ana", department=ICU).json()
    house = edge.house
    enrollment: Any = house.store.get(Enrollment, done["enrollment_id"])
    enrollment.change_department(LAB, act=house.act())
    house.store.save(enrollment)
    enrollment.suspend(reason="leave", act=house.act())
    house.store.save(enrollment)

    former, latter = names(events(edge, ICU)), names(events(edge, LAB))

    assert "enrollment.activated.v1" in former
    assert "enrollment.department_changed.v1" in former
    assert "enrollment.suspended.v1" not in former
    assert "enrollment.activated.v1" not in latter
    assert "enrollment.suspended.v1" in latter


@pytest.mark.parametrize(
    ("own", "other", "reached"),
    [
        (ICU, ICU, True),
        (ICU, LAB, False),
        ("*", LAB, True),
        ("*", "", True),
        (ICU, "", False),
        ("", "", False),
        ("", ICU, False),
        (ICU, "*", False),
        (ICU, "ICU", False),
    ],
)
def test_a_blank_department_is_no_department(own: str, other: str, reached: bool) -> None:
    principal = Principal("a", frozenset(), own, "t")

    assert access.reaches(principal, other) is reached
    if not reached:
        with pytest.raises(DepartmentForbiddenError):
            access.require_department(principal, other)
