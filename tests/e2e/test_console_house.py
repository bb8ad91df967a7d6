"""The forms of the whole house in a real browser: without script, with faults; and a verdict of tampering."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from application.verification import verify
from tests.e2e.axe import GRAVE, engine, faults
from tests.e2e.house_pages import tampered
from tests.e2e.test_console import enter, page, served, visit

if TYPE_CHECKING:
    from tests.chromium import Page
    from tests.unit.http.edge import Served

__all__ = ["page", "served"]


def fill(page: Page, **values: str) -> None:
    for name, value in values.items():
        page.run(f"document.getElementById({name!r}).value = {value!r}; 0")


def send(page: Page, selector: str) -> None:
    """Press a button, and wait for the page that comes."""
    page.run("window.old = true; 0")
    page.run(f"document.querySelector({selector!r}).click(); 0")
    page.wait_for("window.old === undefined && document.readyState === 'complete'")


def test_an_incident_is_entered_and_assessed_without_script(served: Served, page: Page) -> None:
    enter(page, served)
    visit(page, served, "/console/incidents/new?lang=pt")
    page.call("Emulation.setScriptExecutionDisabled", value=True)
    fill(page, nature="integrity", cause="human_error", description="um erro\nde digitação")
    send(page, "main form button")
    assert "Dados atingidos: Preencha." in page.run("document.querySelector('[role=alert]').innerText")
    assert page.run("document.getElementById('description').value") == "um erro\nde digitação"
    page.run("document.querySelector('[name=categories_access_log]').checked = true; 0")
    send(page, "main form button")
    assert "Os prazos correm" in page.run("document.querySelector('[role=status]').innerText")

    send(page, "a[href$='/assess']")
    fill(page, risk="none", measures_before="selo", measures_after="aviso")
    send(page, "main form button")
    assert "avaliado" in page.run("document.body.innerText")
    send(page, "a[href$='/close']")
    fill(page, not_notified="no_relevant_risk")
    send(page, "main form button")

    assert "Está encerrado" in page.run("document.body.innerText")


def test_a_history_is_verified_from_the_page_and_tampering_is_loud(served: Served, page: Page) -> None:
    services = served.edge.house.services
    enter(page, served)
    visit(page, served, "/console/verification?lang=pt")
    send(page, "button[value=log]")
    assert "O histórico é o que foi escrito" in page.run("document.body.innerText")

    result = tampered(verify(services, act=served.edge.house.act()))
    known: dict[str, Any] = dict(services.log_memory.recall())
    services.log_memory.remember(known | {"result": result})
    try:
        for path in ("/console/verification", "/console"):
            visit(page, served, path)
            assert "encontrou adulteração" in page.run("document.body.innerText")
            assert [each for each in faults(page, engine()) if each["impact"] in GRAVE] == []
    finally:
        services.log_memory.remember(known)
    assert page.run("window.faults") == []
