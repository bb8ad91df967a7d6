"""Signing in to the console and out of it."""

from __future__ import annotations

from functools import partial

from starlette.requests import Request
from starlette.responses import RedirectResponse, Response

from application import console_link
from domain.errors import FaceauthError, LinkRefusedError, NotAllowedError, TokenInvalidError
from entrypoints.http import access
from entrypoints.http.console import guard
from entrypoints.http.console.errors import CONSOLE, is_console
from entrypoints.http.console.page import CHANNEL
from entrypoints.http.console.rendering import render
from entrypoints.http.endpoint import ANYONE, Desk, Endpoint

SIGN_IN = f"{CONSOLE}/sign-in"
SEE_OTHER = 303


class Entry:
    """The page for whoever is not signed in."""

    def __init__(self, desk: Desk) -> None:
        """Work at that desk."""
        self._desk = desk
        self._services = desk.app.services

    def endpoints(self) -> list[Endpoint]:
        """Return what this answers."""
        return [
            Endpoint("GET", SIGN_IN, self.ask, ANYONE),
            Endpoint("POST", SIGN_IN, self.sign_in, ANYONE),
            Endpoint("POST", f"{CONSOLE}/sign-out", self.sign_out, guard.READERS, page=True),
        ]

    async def ask(self, request: Request) -> Response:
        """Ask for a link's code or a token."""
        return render(request, "sign_in.html", {"back": CONSOLE, "fault": None})

    async def sign_in(self, request: Request) -> Response:
        """Exchange a link's code, or take a token that the API would take, for the cookie."""
        guard.check_origin(request)
        form = await guard.form_of(request)
        given, back = str(form.get("credential", "")).strip(), str(form.get("back", ""))
        back = back if is_console(back.partition("?")[0]) and ".." not in back else CONSOLE
        try:
            token = await self._desk.run(partial(self._token, request, given))
        except FaceauthError as error:
            return self._refused(request, error, back)
        response = RedirectResponse(back, SEE_OTHER)
        guard.let_in(response, token)
        return response

    async def sign_out(self, _request: Request) -> Response:
        """Take the cookie away."""
        response = RedirectResponse(SIGN_IN, SEE_OTHER)
        guard.let_out(response)
        return response

    def _token(self, request: Request, given: str) -> str:
        """Return the token for the cookie. Raises ``LinkRefusedError``, ``TokenInvalidError``, ``NotAllowedError``."""
        if console_link.is_code(given):
            return console_link.redeem(self._services, given, channel=CHANNEL)
        if not given or len(given) > guard.MAX_TOKEN_CHARACTERS or not (given.isascii() and given.isprintable()):
            raise TokenInvalidError("no token")
        access.require(access.principal_by(request, self._services, "bearer", given), guard.READERS)
        return given

    def _refused(self, request: Request, error: FaceauthError, back: str) -> Response:
        match error:
            case LinkRefusedError():
                status, fault = 403, "fault_link_refused"
            case TokenInvalidError():
                status, fault = 422, "fault_credential"
            case NotAllowedError():
                status, fault = 403, "fault_not_allowed"
            case _:
                raise error
        return render(request, "sign_in.html", {"back": back, "fault": fault}, status=status)
