"""What the API consists of: endpoints that say who may call them, and the desk at which their handlers work."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable
from concurrent.futures import Executor
from dataclasses import dataclass
from functools import partial
from typing import Any, Final, TypeVar

from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route

from application.ports.tokens import Principal
from domain.act import Act
from domain.roles import STAFF_ROLES, SUBJECT
from entrypoints.app import App
from entrypoints.http import access, bodies
from entrypoints.http.console import guard

T = TypeVar("T")
B = TypeVar("B", bound=bodies.Body)

Handler = Callable[[Request], Awaitable[Response]]

ANYONE: Final = frozenset({"anyone"})
"""For what needs no bearer token: public by its nature, or guarded by a credential of its own that it checks itself."""

ROLES: Final = STAFF_ROLES | {SUBJECT}
METHODS: Final = frozenset({"GET", "POST", "PUT", "PATCH", "DELETE"})
"""HEAD comes with GET, through the same guard; OPTIONS and the others open nothing."""


@dataclass(frozen=True, slots=True)
class Endpoint:
    """One method on one path, for whoever has one of ``roles``. Nothing is open that does not say ``ANYONE``.

    The handler of a guarded endpoint finds the verified principal with ``principal_at``; what of the hospital that
    principal reaches is for the handler to see to. A ``page`` of the console takes the cookie of its sign-in and no
    bearer token, and a form only from its own pages, of ``form_bytes`` at most.
    """

    method: str
    path: str
    handler: Handler
    roles: frozenset[str]
    page: bool = False
    form_bytes: int = bodies.MAX_FORM_BYTES

    def __post_init__(self) -> None:
        """Refuse an endpoint that nobody thought about: no role, a role that there is not, several or odd methods."""
        if not self.roles or not (self.roles == ANYONE or self.roles <= ROLES):
            raise ValueError(f"{self.method} {self.path} does not say who may call it")
        if self.method not in METHODS:
            raise ValueError(f"{self.method} {self.path} is none of {', '.join(sorted(METHODS))}")


class Desk:
    """What handlers work with. Everything that touches the store or a model runs in a pool, off the event loop."""

    def __init__(self, app: App, workers: Executor, enrollers: Executor, guards: Executor) -> None:
        """``workers`` bounds the calls to the store at once, ``enrollers`` the pictures, ``guards`` the passwords."""
        self.app = app
        self._workers = workers
        self._enrollers = enrollers
        self._guards = guards

    def route(self, endpoint: Endpoint) -> Route:
        """Return the route of an endpoint, which lets through only whom it is for."""
        return Route(endpoint.path, self._guarded(endpoint), methods=[endpoint.method])

    async def run(self, function: Callable[..., T], *args: Any, **kwargs: Any) -> T:
        """Call something that touches the store."""
        return await asyncio.get_running_loop().run_in_executor(self._workers, partial(function, *args, **kwargs))

    async def judge(self, function: Callable[..., T], *args: Any, **kwargs: Any) -> T:
        """Call something that judges pictures."""
        return await asyncio.get_running_loop().run_in_executor(self._enrollers, partial(function, *args, **kwargs))

    async def verify(self, function: Callable[..., T], *args: Any, **kwargs: Any) -> T:
        """Call something that verifies a password, and may wait for a directory."""
        return await asyncio.get_running_loop().run_in_executor(self._guards, partial(function, *args, **kwargs))

    async def body(self, form: type[B], request: Request) -> B:
        """Read and parse off the event loop: with ten photographs in it, a body takes a while."""
        return await self.run(form.model_validate_json, await bodies.read_limited(request, form.max_bytes))

    def act(self, principal: Principal) -> Act:
        """Return the provenance of what a principal asks for."""
        return self.app.services.act(principal.actor, "http")

    def _guarded(self, endpoint: Endpoint) -> Handler:
        if endpoint.roles == ANYONE:
            return endpoint.handler

        principal_of = guard.principal_of if endpoint.page else access.principal_of

        async def guarded(request: Request) -> Response:
            principal = await self.run(principal_of, request, self.app.services)
            access.require(principal, endpoint.roles)
            request.state.principal = principal
            if endpoint.page and endpoint.method != "GET":
                await guard.check_form(request, self.app.services, most=endpoint.form_bytes)
            return await endpoint.handler(request)

        return guarded


def principal_at(request: Request) -> Principal:
    """Return whom a guarded endpoint let through."""
    principal = request.state.principal
    if not isinstance(principal, Principal):
        raise TypeError("the endpoint is not guarded")
    return principal
