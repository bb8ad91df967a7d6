"""The console's own door: a cookie instead of a bearer token, and forms only from our own pages."""

from __future__ import annotations

import hmac
from typing import Final
from urllib.parse import parse_qsl, urlsplit

from starlette.datastructures import FormData
from starlette.requests import Request
from starlette.responses import Response

from application.ports.tokens import Principal
from application.services import Services
from domain.errors import InvalidInputError, OriginRefusedError, TokenInvalidError
from domain.roles import COMPLIANCE_OFFICER, DEPARTMENT_ADMIN, ENCARREGADO
from entrypoints.http import access
from entrypoints.http.bodies import MAX_FORM_BYTES, read_limited

COOKIE: Final = "__Host-faceauth-console"
"""RFC 6265bis, section 4.1.3.2: taken over TLS only, for this host only, on every path."""

MAX_TOKEN_CHARACTERS: Final = 3900
"""Browsers keep cookies of 4,096 bytes, name included (RFC 6265, section 6.1)."""

CSRF_FIELD: Final = "csrf"
OFFICERS: Final = frozenset({COMPLIANCE_OFFICER, ENCARREGADO})
READERS: Final = OFFICERS | {DEPARTMENT_ADMIN}
"""Whom the console is for."""


def principal_of(request: Request, services: Services) -> Principal:
    """Return who is signed in, verified anew as for the API. Raises as ``access.principal_of``."""
    token = request.cookies.get(COOKIE, "")
    if not token:
        raise TokenInvalidError("nobody is signed in")
    return access.principal_by(request, services, "bearer", token)


def csrf_of(request: Request, services: Services) -> str:
    """Return what the forms of this sign-in carry: a keyed digest of its token."""
    return services.vault.digest("console_csrf", request.cookies.get(COOKIE, ""))


async def check_form(request: Request, services: Services, *, most: int = MAX_FORM_BYTES) -> None:
    """Raise ``OriginRefusedError`` unless the form came from a page of this sign-in; keep the form for the handler."""
    check_origin(request)
    form = await form_of(request, most=most)
    if not hmac.compare_digest(str(form.get(CSRF_FIELD, "")).encode(), csrf_of(request, services).encode()):
        raise OriginRefusedError("the form is of another sign-in: open the page again")


def check_origin(request: Request) -> None:
    """Raise ``OriginRefusedError`` for what another site's page sent, and where the browser does not say.

    Fetch Metadata where there is any, the Origin header else (OWASP, Cross-Site Request Forgery Prevention).
    """
    site, origin = request.headers.get("sec-fetch-site"), request.headers.get("origin", "")
    host = request.headers.get("host", "")
    ours = bool(host) and urlsplit(origin).netloc == host if site is None else site == "same-origin"
    if not ours:
        raise OriginRefusedError("the form did not come from the console")


async def form_of(request: Request, *, most: int = MAX_FORM_BYTES) -> FormData:
    """Return the form, read within limits, once. Raises ``BodyTooLargeError``, ``InvalidInputError``."""
    kept: FormData | None = getattr(request.state, "form", None)
    if kept is not None:
        return kept
    if request.headers.get("content-type", "").partition(";")[0].strip() != "application/x-www-form-urlencoded":
        raise InvalidInputError("a form is sent as application/x-www-form-urlencoded")
    form = FormData(_pairs(await read_limited(request, most)))
    request.state.form = form
    return form


def let_in(response: Response, token: str) -> None:
    """Set the cookie, until the browser is closed; the token ends by itself before or after that."""
    response.set_cookie(COOKIE, token, path="/", secure=True, httponly=True, samesite="strict")


def let_out(response: Response) -> None:
    """Take the cookie away."""
    response.delete_cookie(COOKIE, path="/", secure=True, httponly=True, samesite="strict")


def _pairs(body: bytes) -> dict[str, str]:
    try:
        return dict(parse_qsl(body.decode("utf-8"), keep_blank_values=True, max_num_fields=100))
    except ValueError:
        raise InvalidInputError("the form cannot be read") from None
