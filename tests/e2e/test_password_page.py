"""The other way in, in a real browser: a wrong password, a temporary one, a better one, a session."""

from __future__ import annotations

import json
from collections.abc import Iterator
from pathlib import Path
from uuid import UUID

import pytest

from application import account_passwords
from tests.chromium import Page, browsing
from tests.house import ICU
from tests.unit.http.edge import Served, build_edge, serving

CHOSEN = "doze luvas de borracha"


@pytest.fixture
def served(tmp_path: Path) -> Iterator[Served]:
    with serving(build_edge(tmp_path / "home")) as served:
        yield served


def typed(page: Page, **fields: str) -> str:
    """Type, send, and return what the page says."""
    page.run("document.getElementById('message').dataset.mood = ''")
    for name, text in fields.items():
        page.run(f"document.getElementById('{name.replace('_', '-')}').value = {json.dumps(text)}")
    page.run("document.getElementById('secret').requestSubmit()")
    page.wait_for("['good', 'bad'].includes(document.getElementById('message').dataset.mood)")
    said: str = page.run("document.getElementById('message').innerText")
    return said


def temporary(served: Served, subject_id: UUID) -> str:
    house = served.edge.house
    given = account_passwords.set_password(house.services, subject_id, None, act=house.act())
    assert given is not None
    return given


def test_somebody_comes_in_by_password_and_has_to_choose_their_own(served: Served, tmp_path: Path) -> None:
    given = temporary(served, served.edge.house.enroll("ana").subject_id)
    with browsing(tmp_path / "profile") as page:
        page.open(f"http://127.0.0.1:{served.port}/?department={ICU}")
        page.run("document.getElementById('by-password').click()")

        assert "Usuário ou senha incorretos" in typed(page, username="ana.souza", password="wrong")
        assert page.run("document.getElementById('renewal').hidden")
        typed(page, password=given)
        assert not page.run("document.getElementById('renewal').hidden")
        typed(page, password=given, new_password="short")
        assert served.edge.house.rows("session_rows") == []

        said = typed(page, password=given, new_password=CHOSEN)

        assert "Sessão aberta" in said
        assert "Dra. Ana Souza" in said
        (session,) = served.edge.house.rows("session_rows")
        assert (session["amr"], session["status"]) == ("pwd", "open")
        assert (
            page.run("document.getElementById('password').value + localStorage.length + sessionStorage.length") == "00"
        )
