"""The console's incident register: forms, clocks, drafts, and who is shown by whom."""

from __future__ import annotations

from datetime import timedelta
from typing import TYPE_CHECKING
from urllib.parse import urlencode
from uuid import UUID

import pytest

from domain.incident import Incident
from domain.roles import EVERYWHERE
from tests.house import ICU
from tests.unit.application.incident_stories import assessed, told
from tests.unit.application.incident_stories import opened as entered
from tests.unit.http.console import visitor, words

if TYPE_CHECKING:
    from tests.unit.http.console import Visitor
    from tests.unit.http.edge import Edge

PATH = "/console/incidents"
SCRIPT = "<script>alert(1)</script>"
OPEN = {
    "nature": "confidentiality",
    "cause": "key_leak",
    "categories_access_log": "1",
    "categories_authentication": "1",
    "description": f"uma chave\r\nfoi copiada {SCRIPT}",
}
ASSESS = {"risk": "relevant", "selector": "everyone", "measures_before": "selado", "measures_after": "trocada"}


def officer(edge: Edge) -> Visitor:
    return visitor(edge, "encarregado", EVERYWHERE)


def opened(edge: Edge) -> str:
    answer = officer(edge).post(f"{PATH}/new", OPEN)
    assert answer.status_code == 303
    return str(answer.headers["location"]).partition("?")[0]


def incident(edge: Edge, path: str) -> Incident:
    return edge.house.services.store.get(Incident, UUID(path.rpartition("/")[2]))


def test_an_incident_goes_its_whole_way_by_forms(edge: Edge) -> None:
    ana = edge.enroll("ana").json()["subject_id"]
    come, one = officer(edge), opened(edge)
    page = words(come.get(one))
    assert "Avaliar Registrar comunicação à ANPD" in page
    assert "faltam 3 dias úteis" in page

    assert come.post(f"{one}/assess", ASSESS).status_code == 303
    assert come.post(f"{one}/notify-authority", {"reference": "1/2026", "preliminary": "1"}).status_code == 303
    assert come.post(f"{one}/notify-subjects", {"means_email": "1", "told_count": "1"}).status_code == 303
    assert "faltam 20 dias úteis" in words(come.get(one))
    assert f'href="{one}/close"' not in come.get(one).text
    assert come.post(f"{one}/supplement", {}).status_code == 303
    assert f'href="{one}/close"' in come.get(one).text
    assert come.post(f"{one}/close", {}).status_code == 303

    closed = incident(edge, one)
    assert (closed.status, closed.subjects_means, closed.preliminary) == ("closed", ["email"], True)
    assert closed.affected is not None
    assert closed.affected.subjects == 1
    page = words(come.get(one))
    assert "Está encerrado" in page
    assert "feito no prazo" in page
    assert ana not in come.get(one).text
    assert "viewing.recorded.v1" not in edge.house.names()


def test_what_staff_wrote_is_shown_as_text_and_not_in_the_list(edge: Edge) -> None:
    come, one = officer(edge), opened(edge)

    answer = come.get(one)

    assert SCRIPT not in answer.text
    assert "uma chave\nfoi copiada &lt;script&gt;" in answer.text
    assert "copiada" not in come.get(PATH).text


@pytest.mark.parametrize(
    ("wrong", "field"),
    [
        ({"nature": ""}, "nature"),
        ({"nature": "x"}, "nature"),
        ({"cause": SCRIPT}, "cause"),
        ({"categories_access_log": "", "categories_authentication": ""}, "categories"),
        ({"description": ""}, "description"),
        ({"description": "x" * 5001}, "description"),
        ({"description": "a\x00b"}, "description"),
        ({"known_at": "2999-01-01T00:00"}, "known_at"),
        ({"known_at": "yesterday"}, "known_at"),
    ],
    ids=[
        "no nature", "odd nature", "script for a cause", "no data", "no words", "too many words", "a null",
        "in the future", "no time",
    ],
)  # fmt: skip
def test_what_cannot_be_entered_is_told_at_its_field_and_what_was_typed_is_kept(
    edge: Edge, wrong: dict[str, str], field: str
) -> None:
    answer = officer(edge).post(f"{PATH}/new", OPEN | wrong)

    assert answer.status_code == 422
    assert f'href="#{field}"' in answer.text
    assert f'id="{field}-fault"' in answer.text
    assert SCRIPT not in answer.text
    assert edge.house.names() == []
    if field != "description":
        assert "foi copiada &lt;script&gt;" in answer.text
    if field != "categories":
        assert 'name="categories_access_log" value="1" checked' in answer.text


def test_5000_letters_of_any_kind_fit(edge: Edge) -> None:
    assert officer(edge).post(f"{PATH}/new", OPEN | {"description": "ã" * 5000}).status_code == 303


@pytest.mark.parametrize(
    ("wrong", "field"),
    [
        ({"risk": ""}, "risk"),
        ({"risk": "huge"}, "risk"),
        ({"selector": "nobody"}, "selector"),
        ({"selector": "everyone", "value": "x"}, "value"),
        ({"selector": "device", "value": "7"}, "value"),
        ({"selector": "department", "value": "nowhere"}, "value"),
        ({"selector": "dump", "value": "0001-01-01"}, "value"),
        ({"selector": "dump", "value": ""}, "value"),
        ({"selector": "attempts", "value": "a,b"}, "value"),
        ({"selector": "kek", "value": "no-such-key"}, "value"),
        ({"since": "2026-02-01T00:00", "until": "2026-01-01T00:00"}, "until"),
        ({"minors": "-1"}, "minors"),
        ({"minors": "²"}, "minors"),
        ({"minors": "2"}, "minors"),
        ({"elderly": "9"}, "elderly"),
        ({"measures_before": ""}, "measures_before"),
        ({"measures_after": "x" * 5001}, "measures_after"),
    ],
    ids=lambda value: value if isinstance(value, str) else "-".join(f"{k}={v[:12]}" for k, v in value.items()),
)
def test_an_assessment_with_a_fault_is_kept_and_changes_nothing(edge: Edge, wrong: dict[str, str], field: str) -> None:
    edge.enroll("ana")
    one = opened(edge)

    answer = officer(edge).post(f"{one}/assess", ASSESS | {"delay": SCRIPT} | wrong)

    assert answer.status_code == 422
    assert f'href="#{field}"' in answer.text
    assert "&lt;script&gt;alert(1)" in answer.text
    assert SCRIPT not in answer.text
    assert incident(edge, one).status == "open"


def test_a_second_assessment_begins_with_the_first(edge: Edge) -> None:
    one = opened(edge)
    officer(edge).post(f"{one}/assess", ASSESS | {"selector": "dump", "value": "2026-11-22", "measures_before": "abc"})

    answer = officer(edge).get(f"{one}/assess")

    assert 'value="2026-11-22"' in answer.text
    assert '<option value="relevant" selected>' in answer.text
    assert ">\nabc</textarea>" in answer.text


@pytest.mark.parametrize(
    ("step", "form", "field"),
    [
        ("notify-authority", {"reference": SCRIPT}, "reference"),
        ("notify-authority", {"told_at": "2001-01-01T00:00"}, "told_at"),
        ("notify-authority", {"told_at": "2999-01-01T00:00"}, "told_at"),
        ("notify-subjects", {"told_count": "1"}, "means"),
        ("notify-subjects", {"means_email": "1", "told_count": ""}, "told_count"),
        ("notify-subjects", {"means_email": "1", "told_count": "-1"}, "told_count"),
        ("close", {"not_notified": "x"}, "not_notified"),
    ],
)
def test_a_notice_with_a_fault_is_told_at_its_field(edge: Edge, step: str, form: dict[str, str], field: str) -> None:
    one = opened(edge)

    answer = officer(edge).post(f"{one}/{step}", form)

    assert answer.status_code == 422
    assert f'href="#{field}"' in answer.text
    assert SCRIPT not in answer.text


def test_a_step_out_of_turn_is_refused_in_words_with_what_was_typed(edge: Edge) -> None:
    one = opened(edge)

    early = officer(edge).post(f"{one}/supplement", {"reference": "7/2026"})
    unassessed = officer(edge).post(f"{one}/close", {})

    assert (early.status_code, unassessed.status_code) == (409, 409)
    assert "não aceita isso" in words(early)
    assert 'value="7/2026"' in early.text


def test_a_risk_that_is_none_closes_with_a_reason_only(edge: Edge) -> None:
    one = opened(edge)
    officer(edge).post(f"{one}/assess", ASSESS | {"risk": "none"})

    assert 'href="#not_notified"' in officer(edge).post(f"{one}/close", {}).text
    assert officer(edge).post(f"{one}/close", {"not_notified": "false_alarm"}).status_code == 303


def test_whoever_told_them_gives_no_reason_why_not(edge: Edge) -> None:
    it = told(edge.house, assessed(edge.house, entered(edge.house)))

    answer = officer(edge).post(f"{PATH}/{it.id}/close", {"not_notified": "false_alarm"})

    assert "não há motivo a dar" in words(answer)


@pytest.mark.parametrize(
    ("days", "said"),
    [(0, "faltam 3 dias úteis"), (2, "falta 1 dia útil"), (3, "vence hoje"), (4, "VENCIDO há 1 dia útil")],
)
def test_the_clock_says_what_is_left_in_words(edge: Edge, days: int, said: str) -> None:
    # From a Monday on, noon, in a week without holidays.
    now = edge.house.clock.now()
    monday = (now + timedelta(days=(7 - now.weekday()) % 7)).replace(hour=15)
    while not _plain_week(edge, monday):
        monday += timedelta(days=7)
    edge.house.clock.advance(monday - now)
    opened(edge)
    edge.house.clock.advance(timedelta(days=days))

    come = officer(edge)

    assert said in words(come.get(PATH))
    assert said in words(come.get("/console"))


def _plain_week(edge: Edge, monday: object) -> bool:
    calendar = edge.house.services.calendar
    first = calendar.local_day(monday)  # type: ignore[arg-type]
    return not any(calendar.is_holiday(first + timedelta(days=n)) for n in range(5))


def test_ids_are_shown_on_request_alone_and_on_record_for_each(edge: Edge) -> None:
    ana = edge.enroll("ana").json()["subject_id"]
    it = assessed(edge.house, entered(edge.house))
    come, path = officer(edge), f"{PATH}/{it.id}/affected"

    before = come.get(path)
    assert ana not in before.text
    assert "viewing.recorded.v1" not in edge.house.names()
    after = come.post(path, {})

    assert ana in after.text
    assert str(edge.house.last("viewing.recorded.v1")["subject_id"]) == ana


def test_before_the_assessment_there_is_nobody_to_show(edge: Edge) -> None:
    answer = officer(edge).post(f"{opened(edge)}/affected", {})

    assert answer.status_code == 409
    assert "Avalie antes" in words(answer)


@pytest.mark.parametrize("to", ["anpd", "subjects"])
@pytest.mark.parametrize(("form", "begins"), [("html", b"<!doctype html>"), ("pdf", b"%PDF-"), ("md", b"# ")])
def test_drafts_are_files(edge: Edge, to: str, form: str, begins: bytes) -> None:
    one = opened(edge)
    assert f"{one}/draft?to={to}&amp;format={form}" in officer(edge).get(one).text

    answer = officer(edge).get(f"{one}/draft", to=to, format=form)

    assert answer.content.lower().startswith(begins.lower())
    assert answer.headers["content-disposition"].startswith('attachment; filename="faceauth-')
    assert "sandbox" in answer.headers["content-security-policy"]


@pytest.mark.parametrize("query", [{}, {"to": "x", "format": "pdf"}, {"to": "anpd", "format": "exe"}], ids=str)
def test_other_drafts_there_are_none(edge: Edge, query: dict[str, str]) -> None:
    assert officer(edge).get(f"{opened(edge)}/draft?{urlencode(query)}").status_code == 422


def test_the_register_is_for_the_whole_house(edge: Edge) -> None:
    one, narrow = opened(edge), visitor(edge, department=ICU)

    for path in (PATH, f"{PATH}/new", one, f"{one}/assess", f"{one}/affected", f"{one}/draft"):
        assert narrow.get(path).status_code == 403
    assert "prazo correndo" not in words(narrow.get("/console"))
    assert "prazo correndo 1" not in words(visitor(edge, "department_admin", EVERYWHERE).get("/console"))


def test_the_list_is_narrowed_to_a_state(edge: Edge) -> None:
    opened(edge)
    come = officer(edge)

    assert come.get(PATH, status="open").text.count('scope="row"') == 1
    assert come.get(PATH, status="closed").text.count('scope="row"') == 0
    assert come.get(PATH, status="x").status_code == 422
