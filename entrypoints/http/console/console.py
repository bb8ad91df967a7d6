"""The console as endpoints: pages, forms, signing in and out, and the files that pages need."""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from typing import Any
from urllib.parse import urlencode

from starlette.datastructures import FormData
from starlette.requests import Request
from starlette.responses import RedirectResponse, Response

from entrypoints.http.console import guard
from entrypoints.http.console.assets import ASSETS
from entrypoints.http.console.downloads import Download
from entrypoints.http.console.entry import SEE_OTHER, Entry
from entrypoints.http.console.errors import address_of
from entrypoints.http.console.export_files import ExportFiles
from entrypoints.http.console.files import HandedFile
from entrypoints.http.console.page import Look, Page
from entrypoints.http.console.pages import DOWNLOADS, PAGES
from entrypoints.http.console.rendering import language_of, render
from entrypoints.http.console.strings import LANGUAGES
from entrypoints.http.endpoint import ANYONE, Desk, Endpoint, principal_at


class Console:
    """Every page there is."""

    def __init__(self, desk: Desk) -> None:
        """Work at that desk."""
        self._desk = desk

    def endpoints(self) -> list[Endpoint]:
        """Return what this answers."""
        pages = [kind() for kind in PAGES]
        return [
            *(Endpoint("GET", each.path, self._shown(each), each.roles, page=True) for each in pages),
            *(
                Endpoint("POST", each.path, self._taken(each), each.form_roles, page=True, form_bytes=each.form_bytes)
                for each in pages
                if each.form_roles
            ),
            *(Endpoint("GET", each.path, self._given(each), each.roles, page=True) for each in DOWNLOADS),
            *ExportFiles(self._desk).endpoints(),
            *Entry(self._desk).endpoints(),
            *(Endpoint("GET", asset.path, asset.serve, ANYONE) for asset in ASSETS),
        ]

    def _shown(self, page: Page) -> Callable[[Request], Awaitable[Response]]:
        async def show(request: Request) -> Response:
            look = self._look(request)

            def work() -> Response:
                _check_reach(page, look)
                shown = page.show(look)
                if isinstance(shown, HandedFile):
                    return shown.response()
                return self._render(request, page, shown, look)

            return await self._desk.run(work)

        return show

    def _taken(self, page: Page) -> Callable[[Request], Awaitable[Response]]:
        async def take(request: Request) -> Response:
            look = self._look(request)

            def work() -> Response:
                _check_reach(page, look)
                said = page.take(look)
                if isinstance(said, str):
                    return RedirectResponse(said, SEE_OTHER)
                return self._render(request, page, said, look)

            return await self._desk.run(work)

        return take

    def _given(self, download: type[Download]) -> Callable[[Request], Awaitable[Response]]:
        async def give(request: Request) -> Response:
            look = self._look(request)
            look.check_whole_house()
            return await self._desk.run(lambda: download().give(look))

        return give

    def _look(self, request: Request) -> Look:
        return Look(
            self._desk.app,
            principal_at(request),
            language_of(request),
            request.query_params,
            dict(request.path_params),
            getattr(request.state, "form", None) or FormData(),
        )

    def _render(self, request: Request, page: Page, shown: dict[str, Any], look: Look) -> Response:
        nav = [each for each in PAGES if each.in_nav and each.roles & look.principal.roles]
        nav = [each for each in nav if look.reach is None or not each.whole_house]
        context = {
            "page": page,
            "nav": nav,
            "csrf": guard.csrf_of(request, look.services),
            "departments": look.departments(),
            "departments_named": [(name, name) for name in look.departments()],
            "everywhere": look.reach is None,
            "officer": look.officer,
            "here": address_of(request),
            "language_link": _other_language(request, look.language),
        }
        status = shown.get("status", 422 if shown.get("errors") else 200)
        return render(request, page.template, context | shown, principal=look.principal, status=status)


def _check_reach(page: Page, look: Look) -> None:
    if page.whole_house:
        look.check_whole_house()


def _other_language(request: Request, language: str) -> str:
    """Return the same page in the other language; a page that answers a form is asked for anew."""
    query = dict(request.query_params) if request.method == "GET" else {}
    return "?" + urlencode(query | {"lang": next(other for other in LANGUAGES if other != language)})
