"""A real browser pairs itself with a code and signs its own frames with a key that it cannot give away."""

from __future__ import annotations

import itertools
import json
from dataclasses import replace
from typing import TYPE_CHECKING, Any

import pytest

from adapters.memory.vision import picture
from application import devices
from tests.chromium import Page, browsing
from tests.house import ICU
from tests.unit.http.edge import CountingJudge, Edge, Served, build_edge, serving

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from application.ports.vision import FaceCrop, FrameJudge
    from domain.biometrics import FrameFindings


class AnybodyIsAna(CountingJudge):
    """Sees Ana in every JPEG, each time another take of her."""

    def __init__(self, judge: FrameJudge) -> None:
        super().__init__(judge)
        self._takes = itertools.count(100)

    def judge(self, payload: bytes, **kwargs: Any) -> tuple[FrameFindings, FaceCrop | None]:
        camera = payload.startswith(b"\xff\xd8")
        return super().judge(picture("ana", take=next(self._takes)) if camera else payload, **kwargs)


@pytest.fixture
def served(tmp_path: Path) -> Iterator[Served]:
    edge = build_edge(tmp_path / "home", judge=AnybodyIsAna)
    policies = replace(edge.house.services.policies, device_required=frozenset({ICU}))
    edge.house.services = edge.app.services = replace(edge.house.services, policies=policies)
    with serving(edge) as served:
        edge.house.enroll("ana")
        yield served


def code_for(edge: Edge) -> str:
    house = edge.house
    return devices.invite(house.services, department=ICU, label="tablet 7", act=house.act()).shown


def submit(page: Page, form: str, field: str, text: str) -> None:
    page.run(
        f"document.getElementById('{field}').value = {json.dumps(text)};"
        f"document.getElementById('{form}').requestSubmit();"
    )


def sign_in(page: Page) -> str:
    page.run("document.getElementById('message').dataset.mood = ''")
    if page.run("document.body.dataset.state") == "password":
        page.run("document.getElementById('by-face').click()")
    else:
        submit(page, "form", "department", ICU)
    mood: str = page.wait_for(
        "['idle', 'password'].includes(document.body.dataset.state) && document.getElementById('message').dataset.mood"
    )
    return mood


def test_a_browser_pairs_signs_un_pairs_and_is_no_device_any_more(served: Served, tmp_path: Path) -> None:
    edge = served.edge
    with browsing(tmp_path / "profile") as page:
        page.open(f"http://127.0.0.1:{served.port}/")

        assert sign_in(page) == "bad"
        assert "Este setor só aceita aparelhos pareados" in page.run("document.getElementById('message').innerText")

        submit(page, "pair", "code", "00000-00000")
        page.wait_for("document.getElementById('paired').textContent.includes('Código errado')")
        submit(page, "pair", "code", code_for(edge).lower())
        page.wait_for("document.getElementById('paired').textContent.includes('tablet 7')")
        (device,) = devices.known(edge.house.services, department=ICU)

        assert sign_in(page) == "good", page.run("document.getElementById('message').innerText")
        (session,) = edge.house.rows("session_rows")
        assert (session["device_id"], session["amr"]) == (device["device_id"], "face hwk pop mfa")

        exported = page.run("thisDevice().then(({ key }) => crypto.subtle.exportKey('jwk', key)).catch((e) => e.name)")
        assert exported == "InvalidAccessError"
        page.open(f"http://127.0.0.1:{served.port}/?again")
        page.wait_for("document.getElementById('paired').textContent.includes('tablet 7')")
        assert sign_in(page) == "good"

        assert (
            devices.revoke(
                edge.house.services, device["device_id"], department=ICU, reason="stolen", act=edge.house.act()
            )
            == 2
        )
        assert sign_in(page) == "bad"
        assert edge.house.last("attempt.refused.v1")["reason"] == "device_revoked"

        page.run("document.getElementById('unpair').click()")
        page.wait_for("document.getElementById('paired').textContent.includes('Pareamento desfeito')")
        assert page.run("thisDevice()") is None
