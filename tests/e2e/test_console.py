"""The console in a real browser: entered by a link, walked by keyboard, without a fault against policy or access."""

from __future__ import annotations

import json
from datetime import timedelta
from typing import TYPE_CHECKING, Any
from uuid import UUID

import pytest

from application import console_link, lockout
from application.lockout import PASSWORD, Origin
from application.notice import BUILT_IN
from application.requests import Asked, open_request
from domain.roles import COMPLIANCE_OFFICER, DEPARTMENT_ADMIN, EVERYWHERE
from tests.chromium import Page, browsing
from tests.e2e.axe import GRAVE, engine, faults
from tests.e2e.house_pages import furnish, house_pages
from tests.house import ICU, LAB, frames
from tests.tablet import Tablet
from tests.unit.http.edge import Served, build_edge, serving

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

SCRIPT = "<img src=x onerror=alert(1)><script>alert(1)</script>"
WATCH = """
  window.faults = [];
  addEventListener('securitypolicyviolation', (e) => window.faults.push(e.violatedDirective + ' ' + e.blockedURI));
  addEventListener('error', (e) => window.faults.push(String(e.message || e.target?.src)), true);
  const complain = console.error;
  console.error = (...words) => { window.faults.push(words.join(' ')); complain(...words); };
  window.alert = (word) => window.faults.push('alert ' + word);
"""
KEYS = {"Tab": 9, "Enter": 13, "End": 35, "Home": 36, "ArrowLeft": 37}


@pytest.fixture(scope="module")
def served(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Served]:
    edge = build_edge(tmp_path_factory.mktemp("console") / "home")
    with serving(edge) as served:
        house = edge.house
        edge.enroll("ana", display_name=f"Ana {SCRIPT}")
        edge.enroll("bia", department=LAB)
        for day in range(6):
            for n in range(day % 3 + 1):
                house.sign_in("ana" if n % 2 == 0 else "eva")
            house.shown(frames("bia"), department=LAB).decide()
            house.clock.advance(timedelta(days=1))
        Tablet().pair(house.services, ICU)
        for _ in range(5):
            lockout.failed(house.services, Origin(PASSWORD, ICU, "192.0.2.1", claim_digest="0" * 64), act=house.act())
        furnish(edge)
        _requests(served)
        house.services.projector.catch_up()
        yield served


def _requests(served: Served) -> None:
    """One request with words of the person's own, and one for the review of a refusal."""
    services, act = served.edge.house.services, served.edge.house.act()
    whose = UUID(subject(served))
    refused = next(row for row in served.edge.house.rows("auth_log_rows") if row["success"] is False)
    correction = Asked("correction", "badge", text=SCRIPT, correction={"display_name": f"Ana {SCRIPT}"})
    for asked in (correction, Asked("review", "badge", attempt_id=refused["attempt_id"])):
        open_request(services, whose, asked, department=ICU, act=act)


def asked(served: Served, kind: str) -> str:
    """The id of the request of that kind."""
    return str(served.edge.house.rows("request_rows", kind=kind)[0]["request_id"])


@pytest.fixture
def page(tmp_path: Path) -> Iterator[Page]:
    with browsing(tmp_path / "profile") as page:
        page.call("Page.enable")
        page.call("Page.addScriptToEvaluateOnNewDocument", source=WATCH)
        yield page


def link(served: Served, role: str = COMPLIANCE_OFFICER, department: str = EVERYWHERE) -> str:
    services = served.edge.house.services
    act = services.act("operator:cli", "cli")
    code = console_link.invite(services, role=role, department=department, name="Rita", act=act).code
    return f"http://127.0.0.1:{served.port}/console/sign-in#{code}"


def enter(page: Page, served: Served, **who: str) -> None:
    page.call("Page.navigate", url=link(served, **who))
    page.wait_for("document.getElementById('credential')?.value.length > 50")
    press(page, "Enter")
    page.wait_for("location.pathname === '/console' && document.readyState === 'complete'")


def press(page: Page, key: str, times: int = 1) -> None:
    for _ in range(times):
        text = {"text": "\r"} if key == "Enter" else {}
        named: dict[str, Any] = {"key": key, "code": key, "windowsVirtualKeyCode": KEYS[key]}
        page.call("Input.dispatchKeyEvent", type="keyDown", **named, **text)
        page.call("Input.dispatchKeyEvent", type="keyUp", **named)


def tab_to(page: Page, condition: str) -> None:
    """Press Tab until what has the focus is meant, and is seen to have it."""
    for _ in range(60):
        press(page, "Tab")
        if page.run(f"(() => {{ const it = document.activeElement; return {condition}; }})()"):
            assert page.run("getComputedStyle(document.activeElement).outlineStyle") != "none"
            return
    raise AssertionError(f"never reached by Tab: {condition}")


def visit(page: Page, served: Served, path: str) -> None:
    page.call("Page.navigate", url="about:blank")
    page.wait_for("location.href === 'about:blank'")
    page.open(f"http://127.0.0.1:{served.port}{path}")


def subject(served: Served) -> str:
    return str(served.edge.house.rows("enrollment_rows", department=ICU)[0]["subject_id"])


def attempt(served: Served) -> str:
    return str(served.edge.house.rows("auth_log_rows", department=ICU)[0]["attempt_id"])


def test_by_keyboard_alone_from_a_link_to_somebodys_timeline(served: Served, page: Page) -> None:
    enter(page, served)
    assert page.run("location.hash") == ""

    press(page, "Tab")
    assert page.run("document.activeElement.className") == "skip"
    tab_to(page, "it.getAttribute('href') === '/console/people'")
    press(page, "Enter")
    page.wait_for("location.pathname === '/console/people' && document.readyState === 'complete'")
    tab_to(page, "it.id === 'who'")
    page.call("Input.insertText", text="ana.souza")
    press(page, "Enter")
    page.wait_for("/people\\/[0-9a-f-]{36}$/.test(location.pathname) && document.readyState === 'complete'")
    assert SCRIPT in page.run("document.querySelector('h1').textContent")
    tab_to(page, "it.getAttribute('href')?.endsWith('/timeline')")
    press(page, "Enter")
    page.wait_for("location.pathname.endsWith('/timeline') && document.readyState === 'complete'")

    assert "enrollment.activated.v1" in page.run("document.body.innerText")
    assert served.edge.house.last("viewing.recorded.v1")["what"] == "timeline"
    assert page.run("window.faults") == []


def test_filters_and_slider_work_in_place_and_the_address_says_what_is_shown(served: Served, page: Page) -> None:
    enter(page, served)
    visit(page, served, "/console/attempts")
    page.run("window.stays = true; document.getElementById('state').value = 'succeeded'; 0")
    page.run("document.getElementById('ask').click()")
    page.wait_for("location.search.includes('state=succeeded') && document.readyState === 'complete'")
    page.wait_for("!document.querySelector('tbody').innerText.includes('senha oferecida')")
    assert page.run("window.stays") is True

    visit(page, served, "/console/replay")
    page.run("window.stays = true; document.getElementById('step').focus()")
    before = page.run("document.getElementById('at').value")
    press(page, "Home")
    page.wait_for("location.search.includes('step=0')")
    page.wait_for("document.body.innerText.includes('2 linhas')")
    assert page.run("window.stays") is True
    assert page.run("document.getElementById('at').value") < before
    assert page.run("document.activeElement.id") == "step"
    assert page.run("window.faults") == []


def test_everything_works_without_script(served: Served, page: Page) -> None:
    enter(page, served)
    page.call("Emulation.setScriptExecutionDisabled", value=True)
    for path in ("/console/attempts?state=succeeded", "/console/replay?step=0&was=1000", "/console/events"):
        page.call("Page.navigate", url=f"http://127.0.0.1:{served.port}{path}")
        page.wait_for(f"location.href.endsWith({json.dumps(path)}) && document.readyState === 'complete'")
        assert page.run("document.querySelectorAll('table').length") == 1


def pages_of(served: Served) -> list[str]:
    return [
        "/console",
        "/console/people",
        f"/console/people/{subject(served)}",
        f"/console/people/{subject(served)}/timeline",
        f"/console/people/{subject(served)}/viewings",
        "/console/requests",
        f"/console/requests/new?subject={subject(served)}",
        f"/console/requests/{asked(served, 'correction')}",
        f"/console/requests/{asked(served, 'review')}",
        f"/console/requests/{asked(served, 'review')}/review",
        "/console/consents",
        "/console/consents/invite",
        "/console/notices",
        f"/console/notices/{BUILT_IN.version}",
        "/console/attempts",
        f"/console/attempts/{attempt(served)}",
        "/console/sessions",
        "/console/lockouts",
        "/console/devices",
        "/console/events",
        "/console/replay",
        *house_pages(served.edge),
        "/console/attempts?state=x&since=y",
        "/console/nothing",
        "/console/sign-in",
    ]


@pytest.mark.parametrize("width", [1280, 320])
@pytest.mark.parametrize("language", ["pt", "en"])
@pytest.mark.parametrize("scheme", ["light", "dark"])
def test_no_page_has_a_grave_fault(served: Served, page: Page, language: str, width: int, scheme: str) -> None:
    script = engine()
    page.call("Emulation.setDeviceMetricsOverride", width=width, height=900, deviceScaleFactor=1, mobile=False)
    page.call("Emulation.setEmulatedMedia", features=[{"name": "prefers-color-scheme", "value": scheme}])
    enter(page, served, role=DEPARTMENT_ADMIN if width == 1280 and scheme == "dark" else COMPLIANCE_OFFICER)
    for path in pages_of(served):
        visit(page, served, f"{path}{'&' if '?' in path else '?'}lang={language}")
        page.run("document.querySelectorAll('details').forEach((d) => { d.open = true; })")
        assert page.run("document.documentElement.lang") == {"pt": "pt-BR", "en": "en"}[language]
        found = faults(page, script)
        assert [each for each in found if each["impact"] in GRAVE] == [], path
        assert page.run("document.documentElement.scrollWidth <= innerWidth"), f"{path} scrolls sideways at {width}"
        assert page.run("window.faults") == [], path
