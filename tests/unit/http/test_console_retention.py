"""The console's pages of retention and holds."""

from __future__ import annotations

from datetime import timedelta
from typing import TYPE_CHECKING
from uuid import UUID

import pytest

from application import holds
from application import retention as keeping
from domain.roles import EVERYWHERE
from tests.house import ICU, LAB
from tests.unit.http.console import visitor, words
from tests.unit.http.edge import frames_of

if TYPE_CHECKING:
    from tests.unit.http.console import Visitor
    from tests.unit.http.edge import Edge

PATH = "/console/retention"
HOLDS = f"{PATH}/holds"
SCRIPT = "<script>alert(1)</script>"
NOBODY = str(UUID(int=7))
PLACE = {"action": "place", "hold_over": "department", "value": ICU, "reason": "incident"}


def officer(edge: Edge) -> Visitor:
    return visitor(edge, "encarregado", EVERYWHERE)


def waiting(edge: Edge) -> str:
    """An announced sweep of attempts: their first."""
    edge.enroll("ana")
    edge.sign_in(frames_of("stranger"))
    edge.house.clock.advance(timedelta(days=400))
    keeping.run(edge.house.services, act=edge.house.act())
    found = [each for each in keeping.waiting(edge.house.services) if each["category"] == "attempts"]
    return str(found[0]["sweep_id"])


def status_of(edge: Edge, sweep_id: str) -> tuple[str, bool, str | None]:
    (found,) = [each for each in keeping.history(edge.house.services) if each["sweep_id"] == sweep_id]
    return found["status"], found["approved"], found["reason"]


def test_the_periods_are_shown_with_their_law_in_the_language_of_the_page(edge: Edge) -> None:
    come = visitor(edge, department=ICU)

    pt, en = words(come.get(PATH)), words(come.get(PATH, lang="en"))

    assert "Marco Civil da Internet, art. 15" in pt
    assert "modelos faciais sem uso" in pt
    assert "face templates that nobody used" in en
    assert "Próximas varreduras" not in pt


def test_a_sweep_that_waits_is_approved(edge: Edge) -> None:
    sweep_id = waiting(edge)
    come = officer(edge)
    assert "anunciada" in words(come.get(PATH))
    assert "varreduras à espera" in words(come.get("/console"))

    done = come.post(PATH, {"action": "approve", "sweep": sweep_id})

    assert "Liberada" in words(come.get(done.headers["location"]))
    assert status_of(edge, sweep_id)[1] is True


def test_a_sweep_that_waits_is_cancelled_with_a_reason(edge: Edge) -> None:
    sweep_id = waiting(edge)
    come = officer(edge)

    without = come.post(PATH, {"action": "cancel", "sweep": sweep_id})
    assert (without.status_code, status_of(edge, sweep_id)[0]) == (422, "planned")
    assert 'id="reason-fault"' in without.text
    done = come.post(PATH, {"action": "cancel", "sweep": sweep_id, "reason": "wrong_clock"})

    assert done.headers["location"] == f"{PATH}?done=cancel"
    assert status_of(edge, sweep_id) == ("cancelled", False, "wrong_clock")
    assert "cancelada" in words(come.get(PATH))
    again = come.post(PATH, {"action": "approve", "sweep": sweep_id})
    assert again.status_code == 409
    assert "já terminou" in words(again)


@pytest.mark.parametrize(
    "form",
    [
        {},
        {"action": "delete", "sweep": NOBODY},
        {"action": "approve", "sweep": "x"},
        {"action": "approve", "sweep": NOBODY},
        {"action": "cancel", "sweep": NOBODY, "reason": SCRIPT},
    ],
    ids=["nothing", "another action", "no id", "nobody's", "script for a reason"],
)
def test_a_form_with_a_fault_does_nothing(edge: Edge, form: dict[str, str]) -> None:
    answer = officer(edge).post(PATH, form)

    assert answer.status_code == 422
    assert "Corrija antes de continuar" in answer.text
    assert SCRIPT not in answer.text
    assert edge.house.names() == []


def test_looking_at_what_would_go_deletes_nothing(edge: Edge) -> None:
    waiting(edge)
    before = edge.house.names()

    assert "O que sairia agora" in words(officer(edge).get(PATH, dry_run="1"))
    assert officer(edge).get(PATH, dry_run="1").text.count("<caption>") == 4
    assert visitor(edge, department=LAB).get(PATH, dry_run="1").status_code == 200
    assert officer(edge).get(PATH, dry_run="2").status_code == 422
    assert edge.house.names() == before


def test_an_officer_of_one_department_changes_nothing_of_the_house(edge: Edge) -> None:
    sweep_id = waiting(edge)
    narrow = visitor(edge, department=ICU)

    assert narrow.post(PATH, {"action": "approve", "sweep": sweep_id}).status_code == 403
    assert narrow.get(HOLDS).status_code == 403
    assert narrow.post(HOLDS, PLACE).status_code == 403
    assert sweep_id not in narrow.get(PATH).text
    assert holds.listing(edge.house.services) == []


def test_a_hold_is_placed_and_ended_by_codes(edge: Edge) -> None:
    come = officer(edge)

    done = come.post(HOLDS, PLACE)

    assert "A suspensão está em vigor" in words(come.get(done.headers["location"]))
    (hold,) = holds.listing(edge.house.services)
    end = {"action": "release", "hold": str(hold["hold_id"])}
    without = come.post(HOLDS, end)
    assert (without.status_code, 'id="end-fault"' in without.text) == (422, True)
    assert come.post(HOLDS, end | {"release_reason": "closed"}).status_code == 303
    assert holds.listing(edge.house.services) == []
    assert "encerrada" in words(come.get(HOLDS, ended="1"))
    assert come.post(HOLDS, end | {"release_reason": "closed"}).status_code == 409


def test_a_hold_over_a_person_is_looked_at_on_record(edge: Edge) -> None:
    ana = edge.enroll("ana").json()["subject_id"]
    come = officer(edge)
    come.get(HOLDS)
    assert "viewing.recorded.v1" not in edge.house.names()

    assert come.post(HOLDS, PLACE | {"hold_over": "subject", "value": ana}).status_code == 303

    assert f'href="/console/people/{ana}"' in come.get(HOLDS).text
    viewing = edge.house.last("viewing.recorded.v1")
    assert (str(viewing["subject_id"]), viewing["what"]) == (ana, "retention_holds")


@pytest.mark.parametrize(
    ("wrong", "field"),
    [
        ({"hold_over": ""}, "hold_over"),
        ({"hold_over": "house"}, "hold_over"),
        ({"value": ""}, "value"),
        ({"value": "nowhere"}, "value"),
        ({"value": SCRIPT}, "value"),
        ({"hold_over": "subject"}, "value"),
        ({"hold_over": "subject", "value": NOBODY}, "value"),
        ({"hold_over": "all"}, "value"),
        ({"reason": ""}, "reason"),
        ({"reason": "Ana pediu"}, "reason"),
        ({"action": "forget"}, "action"),
    ],
    ids=str,
)
def test_a_hold_with_a_fault_is_told_at_its_field(edge: Edge, wrong: dict[str, str], field: str) -> None:
    answer = officer(edge).post(HOLDS, PLACE | wrong)

    assert answer.status_code == 422
    assert f'href="#{field}"' in answer.text
    assert SCRIPT not in answer.text
    assert holds.listing(edge.house.services) == []
