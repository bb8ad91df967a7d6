"""Retention at the edge: what officers see of it, of their department and of the whole house."""

from __future__ import annotations

from datetime import timedelta
from typing import TYPE_CHECKING, Any

import pytest

from application import holds, retention
from domain.roles import COMPLIANCE_OFFICER, EVERYWHERE
from tests.house import ICU, LAB
from tests.unit.http.edge import Edge, build_edge

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path


@pytest.fixture
def edge(tmp_path: Path) -> Iterator[Edge]:
    edge = build_edge(tmp_path)
    with edge.client:
        yield edge


def shown(edge: Edge, department: str = EVERYWHERE) -> dict[str, Any]:
    answer = edge.client.get("/face-auth/retention", headers=edge.headers(COMPLIANCE_OFFICER, department))
    assert answer.status_code == 200
    document: dict[str, Any] = answer.json()
    return document


def counts(edge: Edge, department: str) -> dict[str, tuple[int, int]]:
    headers = edge.headers(COMPLIANCE_OFFICER, department)
    answer = edge.client.post("/face-auth/retention/dry-run", headers=headers)
    assert answer.status_code == 200
    return {each["category"]: (each["count"], each["held"]) for each in answer.json()["dry_run"]}


def test_an_officer_of_the_house_sees_periods_sweeps_and_holds_and_the_person_held_can_see_that(edge: Edge) -> None:
    ana = edge.enroll("ana").json()["subject_id"]
    services, act = edge.house.services, edge.house.act()
    holds.place(services, scope="subject", value=ana, reason="incident", act=act)
    retention.run(services, act=act)

    document = shown(edge)

    assert {"attempts", "incidents"} <= {line["category"] for line in document["policies"]}
    assert {each["last"]["status"] for each in document["sweeps"]} == {"completed"}
    assert {each["next_at"] for each in document["sweeps"]} == {"2030-01-02T00:00:00+00:00"}
    assert [each["value"] for each in document["holds"]] == [ana]
    viewed = edge.house.last("viewing.recorded.v1")
    assert (str(viewed["subject_id"]), viewed["what"]) == (ana, "retention_holds")


def test_an_officer_of_a_department_sees_the_periods_alone(edge: Edge) -> None:
    assert set(shown(edge, ICU)) == {"policies"}


def test_a_dry_run_counts_what_the_officer_reaches_and_deletes_nothing(edge: Edge) -> None:
    edge.enroll("ana")
    edge.house.sign_in("ana")
    edge.house.clock.advance(timedelta(days=185))
    before = edge.house.store.position()

    assert counts(edge, EVERYWHERE)["attempts"] == (1, 0)
    assert counts(edge, ICU)["attempts"] == (1, 0)
    assert set(counts(edge, LAB).values()) == {(0, 0)}
    holds.place(edge.house.services, scope="department", value=ICU, reason="incident", act=edge.house.act())
    assert counts(edge, ICU)["attempts"] == (0, 1)
    assert edge.house.store.position() == before + 1
