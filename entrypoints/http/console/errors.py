"""Errors as pages: what happened, its stable code, and what to do."""

from __future__ import annotations

from typing import Final
from urllib.parse import quote

from starlette.requests import Request
from starlette.responses import Response

from entrypoints.http.console.guard import let_out
from entrypoints.http.console.rendering import render
from entrypoints.http.console.strings import STRINGS

CONSOLE: Final = "/console"
UNAUTHENTICATED: Final = 401


def is_console(path: str) -> bool:
    """Say whether a path is the console's."""
    return path == CONSOLE or path.startswith(f"{CONSOLE}/")


def error_page(request: Request, status: int, code: str) -> Response:
    """Return the page for an error; whoever is not, or no longer, signed in gets the page to do so.

    It says nothing of what was asked for: what is not there and what is behind a wall look the same.
    """
    key = next((key for key in (f"fault_{code}", f"fault_{status}") if key in STRINGS), "fault_other")
    if status == UNAUTHENTICATED:
        response = render(request, "sign_in.html", {"back": back_to(request), "fault": key}, status=status)
        response.headers["www-authenticate"] = "Bearer"
        let_out(response)
    else:
        principal = getattr(request.state, "principal", None)
        context = {"code": code, "status": status, "key": key}
        response = render(request, "error.html", context, principal=principal, status=status)
    if "hx-request" in request.headers:
        # Shown as the page that it is, and not put into a part of another.
        response.headers["hx-redirect"] = address_of(request)
    return response


def back_to(request: Request) -> str:
    """Return the page that was asked for, to go on to after signing in."""
    return address_of(request) if request.method == "GET" else CONSOLE


def address_of(request: Request) -> str:
    """Return path and query as they may stand in a header: whatever the path was decoded to is encoded again."""
    path, query = quote(request.url.path, safe="/:@+,;=~"), quote(request.url.query, safe="=&%+/:,;@?~")
    return path + (f"?{query}" if query else "")
