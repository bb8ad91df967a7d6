"""An incident on paper: its entry, and drafts that a person finishes."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

import pytest
from markdown_it import MarkdownIt

from application.affected import Question
from application.incident_drafts import GAP, draft, markdown
from application.reporting.facts import Responsible
from domain.errors import InvalidInputError
from entrypoints.documents import making
from entrypoints.documents.incident import draft_report
from tests.house import ICU, build_house
from tests.unit.application.incident_stories import SAID, assessed, later, opened, told
from tests.unit.documents.scripted import app_over, text_of

if TYPE_CHECKING:
    from pathlib import Path

    from domain.incident import Incident
    from tests.house import House

WHO = Responsible("Hospital das Dores", "Rua 1", "Encarregada X", "dpo@h", "Y")
NASTY = "<script>alert(1)</script> [link](http://x) # não é título\n# nem este\n- nem lista\n1. nem esta"


@pytest.fixture
def house() -> House:
    house = build_house()
    house.enroll("ana")
    return house


def whole(house: House, **kwargs: str) -> Incident:
    said = replace(SAID, minors=0, elderly=1, delay="a perícia demorou")
    return told(house, assessed(house, opened(house, **kwargs), Question("department", ICU), said))


def test_the_draft_to_the_authority_holds_every_field_of_its_form(house: House) -> None:
    text = markdown(draft(house.services, whole(house), "anpd", WHO))
    for fact in (
        "Hospital das Dores", "Encarregada X", "uma chave foi copiada", "modelo biométrico", "Quantidade: 1",
        "Crianças e adolescentes: 0", "Idosos: 1", "Setores: icu", "vazamento de chave", "ring sealed", "keys rotated",
        "Risco avaliado: relevante", "a perícia demorou", "Comunicados em", "# Notice of a security incident to ANPD",
    ):  # fmt: skip
        assert fact in text, fact


def test_the_draft_to_the_people_is_plain_and_says_what_to_do(house: House) -> None:
    text = markdown(draft(house.services, whole(house), "subjects", WHO))
    for fact in ("O que você pode fazer", "Troque sua senha", "dpo@h", "keys rotated"):
        assert fact in text
    assert "ring sealed" not in text
    assert "FPIR" not in text


def test_what_nobody_has_said_yet_is_left_open_and_counted(house: House) -> None:
    found = draft(house.services, opened(house), "anpd", Responsible())
    assert found.gaps >= 6
    assert GAP[0] in markdown(found)
    assert draft(house.services, whole(house), "subjects", WHO).gaps == 0


def test_a_delay_wants_its_reason(house: House) -> None:
    incident = opened(house)
    in_time = markdown(draft(house.services, incident, "anpd", WHO))
    assert "Não houve" in in_time
    later(house, days=20)
    assert "Não houve" not in markdown(draft(house.services, incident, "anpd", WHO))


def test_words_of_staff_cannot_become_markup(house: House) -> None:
    incident = whole(house, description=NASTY)
    for to in ("anpd", "subjects"):
        found = draft(house.services, incident, to, WHO)
        rendered = MarkdownIt("commonmark", {"html": True}).render(markdown(found))
        for tag in ("<script", "<a ", "<ul", "<ol"):
            assert tag not in rendered
        assert rendered.count("<h1>") == 2
        page = making.encoded(draft_report(found), "html", made_at=house.clock.now()).decode()
        assert "<script" not in page
        assert "&lt;script&gt;" in page


def test_the_entry_on_paper_holds_its_facts(house: House, tmp_path: Path) -> None:
    incident = whole(house)
    made = making.make(app_over(house, tmp_path), "incident", incident_id=incident.id)
    pdf = text_of(making.encoded(made.report, "pdf", made_at=made.made_at))
    for fact in ("vazamento de chave", "uma chave foi copiada", "00261.000123/2026-11", "department icu", "2035-01-01"):
        assert fact in pdf, fact
    assert made.facts["affected"]["subjects"] == 1
    assert made.facts["clocks"][0]["state"] == "done"


def test_there_are_two_drafts(house: House) -> None:
    with pytest.raises(InvalidInputError, match="anpd or subjects"):
        draft(house.services, opened(house), "press", WHO)
