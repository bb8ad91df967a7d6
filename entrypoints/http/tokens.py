"""Tokens over HTTP: refresh, revoke, introspect, and the document that says what of OAuth we offer."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Final

from starlette.requests import Request
from starlette.responses import JSONResponse, Response

from application.clients import Credentials, authenticated
from application.introspect import Answer, Question, introspect, revoke_token
from application.ports.clients import Client
from application.refresh import Refreshed, refresh
from application.standing import Standing
from domain.errors import ClientUnknownError
from domain.roles import OPERATOR
from entrypoints.http import access, dpop
from entrypoints.http.endpoint import ANYONE, Desk, Endpoint
from entrypoints.http.oauth import (
    GrantUnsupportedError,
    basic_credentials,
    credentials_in,
    needed,
    read_parameters,
    refusal,
    speaks_oauth,
)
from entrypoints.http.together import Together

REFRESH: Final = "/face-auth/token/refresh"
REVOKE: Final = "/face-auth/token/revoke"
INTROSPECT: Final = "/face-auth/token/introspect"
JWKS: Final = "/.well-known/jwks.json"
GRANT: Final = "refresh_token"
MOST_TOGETHER: Final = 64
"""Introspections in one batch: a few milliseconds of checking signatures where all tokens are new."""


class TokenApi:
    """What clients and resource servers ask. Each of these checks a credential of its own: no bearer token of ours."""

    def __init__(self, desk: Desk) -> None:
        """Work at that desk."""
        self._desk = desk
        self._services = desk.app.services
        self._standing = Standing(self._services)
        self._together = Together[Question, Answer](self._introspected, most=MOST_TOGETHER)

    def endpoints(self) -> list[Endpoint]:
        """Return what this answers."""
        return [
            Endpoint("POST", REFRESH, self.refresh, ANYONE),
            Endpoint("POST", REVOKE, self.revoke, ANYONE),
            Endpoint("POST", INTROSPECT, self.introspect, ANYONE),
            Endpoint("GET", "/.well-known/oauth-authorization-server", self.metadata, ANYONE),
            Endpoint("GET", "/.well-known/openid-configuration", self.metadata, ANYONE),
        ]

    async def refresh(self, request: Request) -> Response:
        """Spend a refresh token for new tokens (RFC 6749, section 6)."""
        return await speaks_oauth(self._refresh, request)

    async def revoke(self, request: Request) -> Response:
        """End the session of a token (RFC 7009)."""
        return await speaks_oauth(self._revoke, request)

    async def introspect(self, request: Request) -> Response:
        """Say whether a token stands, and what it says (RFC 7662)."""
        return await speaks_oauth(self._introspect, request)

    async def metadata(self, _request: Request) -> Response:
        """What we offer (RFC 8414, section 2), and nothing that we do not: there is no authorization endpoint."""
        settings = self._desk.app.settings
        base = settings.issuer.rstrip("/")
        methods = ["client_secret_basic", "client_secret_post"]
        document = {
            "issuer": settings.issuer,
            "jwks_uri": base + JWKS,
            "token_endpoint": base + REFRESH,
            "revocation_endpoint": base + REVOKE,
            "introspection_endpoint": base + INTROSPECT,
            "response_types_supported": [],
            "grant_types_supported": [GRANT],
            "token_endpoint_auth_methods_supported": ["none", *methods],
            "revocation_endpoint_auth_methods_supported": ["none", *methods],
            "introspection_endpoint_auth_methods_supported": ["client_secret_basic"],
            "dpop_signing_alg_values_supported": ["ES256"],
            "subject_types_supported": ["pairwise"],
        }
        return JSONResponse(document, headers={"cache-control": "public, max-age=300"})

    async def _refresh(self, request: Request) -> Response:
        parameters = await read_parameters(request)
        if parameters.get("grant_type", GRANT) != GRANT:
            raise GrantUnsupportedError(f"the one grant is {GRANT}")
        token = needed(parameters, GRANT)
        shown = credentials_in(request, parameters)
        done = await self._desk.run(self._refreshed, request, token, shown, parameters.get("resource"))
        document = {
            "access_token": done.access_token,
            "token_type": done.token_type,
            "expires_in": done.expires_in,
            "refresh_token": done.refresh_token,
        }
        return JSONResponse(document, headers={"pragma": "no-cache"})

    def _refreshed(self, request: Request, token: str, shown: Credentials | None, audience: str | None) -> Refreshed:
        client = self._client(shown)
        key = dpop.key_of(request, self._services)
        act = self._services.act("anonymous", "http")
        return refresh(self._services, token, client=client, audience=audience, key=key, act=act)

    async def _revoke(self, request: Request) -> Response:
        parameters = await read_parameters(request)
        token = needed(parameters, "token")
        shown = credentials_in(request, parameters)
        await self._desk.run(self._revoked, token, shown)
        return Response(status_code=200)

    def _revoked(self, token: str, shown: Credentials | None) -> None:
        act = self._services.act("anonymous", "http")
        revoke_token(self._services, token, client=self._client(shown), act=act)

    async def _introspect(self, request: Request) -> Response:
        asker = basic_credentials(request)
        if asker is None:
            principal = await self._desk.run(access.principal_of, request, self._services)
            access.require(principal, frozenset({OPERATOR}))
        parameters = await read_parameters(request)
        answer = await self._together.ask(Question(needed(parameters, "token"), asker))
        return refusal(answer) if isinstance(answer, ClientUnknownError) else JSONResponse(dict(answer))

    async def _introspected(self, questions: Sequence[Question]) -> Sequence[Answer]:
        return await self._desk.run(introspect, self._services, self._standing, questions)

    def _client(self, shown: Credentials | None) -> Client:
        """Return the client that those credentials are of; whoever shows none is the built-in one, which is public."""
        return self._services.clients.builtin if shown is None else authenticated(self._services, shown)
