"""The sign-in page: what a browser is given, and what it is told not to do."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

import pytest

from adapters.vision.quality import REASONS, UNFIT
from application.outcome import HOLD_STILL, NOT_RECOGNISED, UNAVAILABLE
from application.proving import DEVICE_REJECTED, DEVICE_REQUIRED
from domain.errors import (
    DepartmentUnknownError,
    FaceRequiredError,
    InvalidInputError,
    PasswordChangeRequiredError,
    PasswordRejectedError,
    PasswordsElsewhereError,
    PasswordsOffError,
    TicketInvalidError,
    WrongPasswordError,
)
from domain.policies.liveness import LIVENESS_FAILED, PRESENTATION_ATTACK, QUALITY_TOO_LOW
from entrypoints.http.pages import FOLDER

if TYPE_CHECKING:
    from tests.unit.http.edge import Edge

PATHS = {
    "/": "text/html",
    "/page.js": "text/javascript",
    "/device.js": "text/javascript",
    "/page.css": "text/css",
}
GUIDANCE = {
    *REASONS.values(),
    *UNFIT.values(),
    HOLD_STILL,
    "no_face",
    "many_faces",
    "invalid_image",
    # the movements of active liveness
    *("turn_left", "turn_right", "look_up", "look_down", "blink", "come_closer"),
}
REFUSALS = {
    *(NOT_RECOGNISED, PRESENTATION_ATTACK, UNAVAILABLE, LIVENESS_FAILED, QUALITY_TOO_LOW, DepartmentUnknownError.code),
    *(DEVICE_REQUIRED, DEVICE_REJECTED),
    *("challenge_failed", "consent_missing", "enrollment_inactive", "locked_out", "rate_limited", "timeout", "busy"),
    *(WrongPasswordError.code, PasswordChangeRequiredError.code, PasswordRejectedError.code, PasswordsOffError.code),
    *(FaceRequiredError.code, TicketInvalidError.code, PasswordsElsewhereError.code, InvalidInputError.code),
}
NEXT_STEPS = {"retry", "password", "contact_admin"}


def policy(edge: Edge, path: str = "/", host: str = "testserver") -> dict[str, str]:
    text = edge.client.get(path, headers={"host": host}).headers["content-security-policy"]
    return dict(directive.split(" ", 1) for directive in text.split("; "))


def texts(table: str) -> dict[str, tuple[str, str]]:
    """The pairs (pt-BR, English) of one table of page.js, by code."""
    script = (FOLDER / "page.js").read_text(encoding="utf-8")
    found = re.search(rf"^const {table} = {{$(.*?)^}};$", script, re.DOTALL | re.MULTILINE)
    assert found is not None
    pairs = re.findall(r'^  (\w+): \[\s*"([^"]+)",\s*"([^"]+)",?\s*\],$', found[1], re.MULTILINE)
    assert len(pairs) == len(re.findall(r"^  \w+:", found[1], re.MULTILINE))
    return {code: (portuguese, english) for code, portuguese, english in pairs}


@pytest.mark.parametrize(("path", "kind"), PATHS.items())
def test_the_page_is_served_to_anybody(edge: Edge, path: str, kind: str) -> None:
    response = edge.client.get(path)

    assert response.status_code == 200
    assert response.headers["content-type"] == f"{kind}; charset=utf-8"
    assert response.headers["x-content-type-options"] == "nosniff"
    assert response.headers["cache-control"] == "no-store"


@pytest.mark.parametrize("path", PATHS)
def test_the_page_may_load_only_its_own_files_and_talk_only_to_its_own_service(edge: Edge, path: str) -> None:
    assert policy(edge, path, host="faceauth.hospital:8443") == {
        "default-src": "'none'",
        "script-src": "'self'",
        "style-src": "'self'",
        "img-src": "'none'",
        "connect-src": "'self' wss://faceauth.hospital:8443",
        "base-uri": "'none'",
        "form-action": "'none'",
        "frame-ancestors": "'none'",
    }


@pytest.mark.parametrize("host", ["[::1]:8443", "localhost", "10.0.0.7:8443"])
def test_the_policy_names_the_socket_whatever_the_service_is_called(edge: Edge, host: str) -> None:
    assert policy(edge, host=host)["connect-src"] == f"'self' wss://{host}"


@pytest.mark.parametrize("host", ["a; script-src *", "a *", "*", "a, default-src *", "a/../b"])
def test_a_strange_host_header_does_not_get_into_the_policy(edge: Edge, host: str) -> None:
    assert policy(edge, host=host)["connect-src"] == "'self'"


def test_the_page_may_use_the_camera_and_not_the_microphone(edge: Edge) -> None:
    assert edge.client.get("/").headers["permissions-policy"] == "camera=(self), microphone=()"


def test_other_answers_keep_the_strictest_policy(edge: Edge) -> None:
    for path in ("/face-auth/health", "/nothing-here"):
        assert policy(edge, path) == {"default-src": "'none'", "frame-ancestors": "'none'"}


def test_the_page_is_only_read(edge: Edge) -> None:
    assert edge.client.post("/", content=b"x").status_code == 405


@pytest.mark.parametrize("name", ["index.html", "page.js", "device.js", "page.css"])
def test_the_page_refers_to_nothing_outside(name: str) -> None:
    text = (FOLDER / name).read_text(encoding="utf-8")

    assert not re.search(r"(?:https?|wss?):?//[\w$]|//\w+\.\w|@import|url\(", text)


def test_the_page_has_no_script_or_style_within_it() -> None:
    text = (FOLDER / "index.html").read_text(encoding="utf-8")

    assert re.findall(r"<script[^>]*>", text) == [
        '<script src="/device.js" defer>',
        '<script src="/page.js" defer>',
    ]
    assert not re.search(r"<style|\sstyle=|\son\w+=", text)


def test_the_page_stores_nothing_and_shows_no_token() -> None:
    text = (FOLDER / "page.js").read_text(encoding="utf-8")

    assert not re.search(r"localStorage|sessionStorage|indexedDB|document\.cookie|caches\b|tokens|access_token", text)
    assert not re.search(r"innerHTML|outerHTML|insertAdjacentHTML|document\.write|\beval\b", text)


def test_the_key_of_a_device_is_kept_where_no_script_can_read_it() -> None:
    text = (FOLDER / "device.js").read_text(encoding="utf-8")

    assert re.findall(r"generateKey\(([^)]*)\)", text) == ['ECDSA, false, ["sign"]']
    assert not re.search(r"localStorage|sessionStorage|document\.cookie|caches\b|tokens|access_token", text)
    assert not re.search(r"innerHTML|outerHTML|insertAdjacentHTML|document\.write|\beval\b", text)


@pytest.mark.parametrize(("table", "codes"), [("GUIDANCE", GUIDANCE), ("REFUSALS", REFUSALS), ("NEXT", NEXT_STEPS)])
def test_every_code_has_a_text_in_both_languages(table: str, codes: set[str]) -> None:
    said = texts(table)

    assert codes <= said.keys()
    assert all(portuguese != english for portuguese, english in said.values())


def test_the_password_form_is_one_that_password_managers_and_keyboards_know() -> None:
    text = (FOLDER / "index.html").read_text(encoding="utf-8")
    form = text[text.index('<form id="secret"') :]
    form = form[: form.index("</form>")]
    fields = {match[1]: match[0] for match in re.finditer(r'<input id="([\w-]+)"[^>]*>', form)}

    assert fields.keys() == {"username", "password", "new-password"}
    assert [re.search(r'autocomplete="([\w-]+)"', field)[1] for field in fields.values()] == [  # type: ignore[index]
        "username",
        "current-password",
        "new-password",
    ]
    assert all(f'<label for="{name}">' in form for name in fields)
    assert 'type="password"' in fields["password"]
    assert '<button id="send" type="submit">' in form
    assert "Entrar com senha" in text[: text.index('<form id="secret"')]


def test_every_element_that_the_script_asks_for_is_there() -> None:
    page, script = ((FOLDER / name).read_text(encoding="utf-8") for name in ("index.html", "page.js"))
    lists = re.findall(r"= \[\n((?:  \"[\w-]+\",.*\n)+)\]\.map", script)
    asked = {name for names in lists for name in re.findall(r'"([\w-]+)"', names)}

    assert {"preview", "by-password", "new-password"} <= asked
    assert asked <= set(re.findall(r'id="([\w-]+)"', page))
