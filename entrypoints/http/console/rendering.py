"""Templates to answers, with the headers of a page."""

from __future__ import annotations

from datetime import date
from functools import cache
from pathlib import Path
from typing import Any, Final

import jinja2
from markupsafe import Markup
from starlette.requests import Request
from starlette.responses import HTMLResponse, Response

from application.ports.tokens import Principal
from entrypoints.http.console import times
from entrypoints.http.console.assets import CSS, HTMX, JS
from entrypoints.http.console.codes import say
from entrypoints.http.console.guard import CSRF_FIELD
from entrypoints.http.console.strings import LANGUAGES, STRINGS

FOLDER: Final = Path(__file__).parent / "templates"
POLICY: Final = (
    "default-src 'none'; style-src 'self'; script-src 'self'; img-src 'self' data:; connect-src 'self'; "
    "form-action 'self'; frame-ancestors 'none'; base-uri 'none'"
)
"""Content Security Policy Level 3. connect-src: htmx fetches pages of our own."""
HEADERS: Final = {
    "content-security-policy": POLICY,
    # With no-referrer, a browser sends "Origin: null" with forms (Fetch Standard), and theirs would be refused.
    "referrer-policy": "same-origin",
    "cross-origin-opener-policy": "same-origin",
    "permissions-policy": "camera=(), microphone=(), geolocation=()",
}
LANGUAGE_COOKIE: Final = "faceauth-language"
LANGUAGE_SECONDS: Final = 365 * 24 * 3600
TAGS: Final = {"pt": "pt-BR", "en": "en"}


def language_of(request: Request) -> str:
    """Return the language asked for, else the one chosen before, else Portuguese."""
    for value in (request.query_params.get("lang"), request.cookies.get(LANGUAGE_COOKIE)):
        if value in LANGUAGES:
            return str(value)
    return LANGUAGES[0]


def render(
    request: Request,
    template: str,
    context: dict[str, Any],
    *,
    principal: Principal | None = None,
    status: int = 200,
) -> Response:
    """Return a page. Templates have ``t`` (a string by its key), ``when``, ``day`` and ``say`` (a code in words)."""
    language = language_of(request)
    words = {
        "lang": language,
        "html_lang": TAGS[language],
        "t": lambda key, **values: STRINGS[key][LANGUAGES.index(language)].format(**values),
        "when": lambda moment: times.when(moment, language),
        "day": lambda value: times.day(value, language),
        "iso_day": lambda value: times.day(date.fromisoformat(value), language),
        "broken": broken,
        "say": lambda code: say(code, language),
        "has": lambda key: key in STRINGS,
        "said": lambda words: words[TAGS[language]],
        "principal": principal,
        "csrf_field": CSRF_FIELD,
        "assets": {"css": CSS.path, "js": JS.path, "htmx": HTMX.path},
        "errors": {},
    }
    html = _environment().get_template(template).render(words | context)
    response = HTMLResponse(html, status, HEADERS)
    if request.query_params.get("lang") in LANGUAGES:
        response.set_cookie(
            LANGUAGE_COOKIE, language, LANGUAGE_SECONDS, path="/console", secure=True, httponly=True, samesite="lax"
        )
    return response


def broken(name: str) -> Markup:
    """Return a long name that may go on in the next line after each of its parts."""
    return Markup("_<wbr>").join(name.split("_"))


@cache
def _environment() -> jinja2.Environment:
    environment = jinja2.Environment(
        loader=jinja2.FileSystemLoader(FOLDER),
        autoescape=True,
        undefined=jinja2.StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
        auto_reload=False,
    )
    environment.filters["say_in"] = say
    return environment
