"""The sign-in page: static files that let a person try the service in a browser; and the consent form's style."""

from __future__ import annotations

import re
from pathlib import Path
from typing import Final

from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route

FOLDER: Final = Path(__file__).parent / "page"
FILES: Final = {
    "/": ("index.html", "text/html"),
    "/page.js": ("page.js", "text/javascript"),
    "/device.js": ("device.js", "text/javascript"),
    "/page.css": ("page.css", "text/css"),
    "/consent.css": ("consent.css", "text/css"),
}
POLICY: Final = (
    "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'none'; base-uri 'none'; form-action 'none'; "
    "frame-ancestors 'none'; connect-src 'self'"
)
"""Content Security Policy Level 3. The camera's stream is shown as an object and not fetched: no media-src."""
PLAIN_HOST: Final = re.compile(r"[A-Za-z0-9.-]+(:[0-9]{1,5})?|\[[0-9A-Fa-f:.]+\](:[0-9]{1,5})?")
"""What a Host header must look like to be repeated in a policy."""


def page_routes() -> list[Route]:
    """Return the routes of the page; its files are read here, once. Raises ``OSError`` where one is missing."""
    return [_route(path, (FOLDER / name).read_bytes(), kind) for path, (name, kind) in FILES.items()]


def _route(path: str, content: bytes, kind: str) -> Route:
    async def serve(request: Request) -> Response:
        headers = {"content-security-policy": _policy(request), "permissions-policy": "camera=(self), microphone=()"}
        return Response(content, media_type=kind, headers=headers)

    return Route(path, serve, methods=["GET"])


def _policy(request: Request) -> str:
    """Return the policy with the socket's address in it: to older Safari, 'self' of https is not wss."""
    host = request.headers.get("host", "")
    return f"{POLICY} wss://{host}" if PLAIN_HOST.fullmatch(host) else POLICY
