"""The consent form in a real browser: its own headers let it be sent, and nothing but it."""

from __future__ import annotations

import json
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

from application import consent_codes
from tests.chromium import Page, browsing
from tests.unit.http.edge import Served, build_edge, serving

if TYPE_CHECKING:
    from collections.abc import Iterator

FORM = "/face-auth/consent/form"


@pytest.fixture
def served(tmp_path: Path) -> Iterator[Served]:
    with serving(build_edge(tmp_path / "home")) as served:
        yield served


def decide(page: Page, decision: str, code: str) -> str:
    page.run(f"document.querySelector('input[value={decision}]').checked = true")
    page.run(f"document.getElementById('code').value = {json.dumps(code)}")
    page.run("document.querySelector('[role=alert]')?.remove()")
    page.run("document.querySelector('form').requestSubmit()")
    page.wait_for("document.readyState === 'complete' && document.querySelector('[role=alert]') !== null")
    said: str = page.run("document.querySelector('[role=alert]').innerText")
    return said


def test_a_person_withdraws_with_a_code_and_without_a_script(served: Served, tmp_path: Path) -> None:
    house = served.edge.house
    ana = house.enroll("ana")
    code = consent_codes.invite(house.services, ana.subject_id, act=house.act()).shown
    with browsing(tmp_path / "profile") as page:
        page.open(f"http://127.0.0.1:{served.port}{FORM}")
        assert page.run("document.scripts.length") == 0
        assert page.run("getComputedStyle(document.querySelector('main')).maxWidth") != "none", "the style is loaded"

        assert "Peça outro" in decide(page, "withdraw", "AAAAA-AAAAA")
        assert "foi retirado" in decide(page, "withdraw", code)

        assert page.run("location.search") == ""
        assert code not in page.run("document.documentElement.outerHTML")
    assert {row["status"] for row in house.rows("consent_rows")} == {"withdrawn"}
