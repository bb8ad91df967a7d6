"""SCIM 2.0 (RFC 7644): the hospital's identity provider creates, changes and removes people."""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping
from typing import Any, Final
from uuid import UUID

from scim2_models import Context
from starlette.requests import Request
from starlette.responses import Response

from application import provisioning
from application.accounts import USER_ID, USERNAME
from application.provisioning import Profile, Provisioned, Reach
from domain.act import Act
from domain.errors import NotFoundError
from domain.roles import EVERYWHERE, PROVISIONER
from entrypoints.http import bodies, scim_description
from entrypoints.http.endpoint import Desk, Endpoint, principal_at
from entrypoints.http.scim_errors import MEDIA_TYPE, SCIM_PATH, scim_error
from entrypoints.http.scim_filter import comparison
from entrypoints.http.scim_users import (
    ScimRefusedError,
    as_document,
    as_user,
    document,
    etag,
    patched,
    profile_of,
    renamed,
    user_of,
)

MAX_BYTES: Final = 64 * 1024
LIST: Final = "urn:ietf:params:scim:api:messages:2.0:ListResponse"
_INTEGER: Final = 10_000_000


class ScimApi:
    """For the provisioner. Its token may reach one department or all of them."""

    def __init__(self, desk: Desk) -> None:
        """Work at that desk."""
        self._desk = desk
        self._services = desk.app.services
        self._base = f"{desk.app.settings.issuer.rstrip('/')}{SCIM_PATH}"

    def endpoints(self) -> list[Endpoint]:
        """Return what this answers."""
        machine, users, one = frozenset({PROVISIONER}), f"{SCIM_PATH}/Users", f"{SCIM_PATH}/Users/{{user_id}}"
        return [
            Endpoint("POST", users, self._within(self._create), machine),
            Endpoint("GET", users, self._within(self._list), machine),
            Endpoint("GET", one, self._within(self._get), machine),
            Endpoint("PUT", one, self._within(self._replace), machine),
            Endpoint("PATCH", one, self._within(self._patch), machine),
            Endpoint("DELETE", one, self._within(self._delete), machine),
            *(
                Endpoint("GET", f"{SCIM_PATH}/{path}", self._within(self._describe), machine)
                for path in (*scim_description.LISTS, *(f"{name}/{{which}}" for name in scim_description.LISTS[1:]))
            ),
        ]

    def _within(self, answer: Callable[[Request, bytes], Response]) -> Callable[[Request], Any]:
        """Return a handler that reads the body, works off the event loop and refuses in the form of SCIM."""

        async def handler(request: Request) -> Response:
            body = await bodies.read_limited(request, MAX_BYTES)
            try:
                return await self._desk.run(answer, request, body)
            except ScimRefusedError as error:
                return scim_error(400, str(error), error.scim_type)

        return handler

    def _create(self, request: Request, body: bytes) -> Response:
        user, reach = user_of(document(body), Context.RESOURCE_CREATION_REQUEST), self._reach(request)
        wanted = profile_of(user, department=None if reach.department == EVERYWHERE else reach.department)
        made = provisioning.provision(self._services, wanted, reach=reach, act=self._act(request))
        return self._user(made, 201)

    def _list(self, request: Request, _body: bytes) -> Response:
        query = request.query_params
        start, count = _number(query, "startIndex", 1), _number(query, "count", scim_description.MAX_RESULTS)
        start, count = max(1, start), min(max(0, count), scim_description.MAX_RESULTS)
        if "filter" in query:
            found = self._find(*comparison(query["filter"]), reach=self._reach(request))
            total, shown = len(found), found[start - 1 :][:count]
        else:
            total, shown = provisioning.page(self._services, start=start - 1, count=count, reach=self._reach(request))
        users = [as_document(as_user(one, self._base)) for one in shown]
        return _answer(scim_description.listed(users, total=total, start=start))

    def _get(self, request: Request, _body: bytes) -> Response:
        return self._user(self._named(request))

    def _replace(self, request: Request, body: bytes) -> Response:
        user, before = user_of(document(body), Context.RESOURCE_REPLACEMENT_REQUEST), self._named(request)
        wanted = profile_of(user, department=before.profile.department)
        return self._changed(request, before, wanted)

    def _patch(self, request: Request, body: bytes) -> Response:
        before = self._named(request)
        user = as_user(before, self._base)
        wanted = profile_of(renamed(user, patched(user, document(body))), department=None)
        return self._changed(request, before, wanted)

    def _delete(self, request: Request, _body: bytes) -> Response:
        """Erase: for good, with a certificate. Who is only to be kept out is made inactive instead."""
        found = self._named(request)
        if (refused := _stale(request, found)) is not None:
            return refused
        provisioning.remove(self._services, found.subject_id, reach=self._reach(request), act=self._act(request))
        return Response(status_code=204)

    def _describe(self, request: Request, _body: bytes) -> Response:
        name = request.url.path.removeprefix(SCIM_PATH).strip("/").split("/")[0]
        described = scim_description.described(name, request.path_params.get("which"), self._base)
        if described is None:
            raise NotFoundError("no such description")
        return _answer(described)

    def _changed(self, request: Request, before: Provisioned, wanted: Profile) -> Response:
        if (refused := _stale(request, before)) is not None:
            return refused
        after = provisioning.change(
            self._services, before.subject_id, wanted, reach=self._reach(request), act=self._act(request)
        )
        return self._user(after)

    def _find(self, attribute: str, value: str, *, reach: Reach) -> list[Provisioned]:
        if attribute in {USER_ID, USERNAME}:
            found = provisioning.find_by(self._services, attribute, value, reach=reach)
            return [] if found is None else [found]
        try:
            return [provisioning.find(self._services, UUID(value), reach=reach)]
        except (ValueError, NotFoundError):
            return []

    def _named(self, request: Request) -> Provisioned:
        try:
            subject_id = UUID(request.path_params["user_id"])
        except ValueError:
            raise NotFoundError("no such user") from None
        return provisioning.find(self._services, subject_id, reach=self._reach(request))

    def _reach(self, request: Request) -> Reach:
        return Reach(principal_at(request).department, adds=self._desk.app.settings.scim_adds_departments)

    def _act(self, request: Request) -> Act:
        return self._desk.act(principal_at(request))

    def _user(self, found: Provisioned, status: int = 200) -> Response:
        shown = as_document(as_user(found, self._base))
        return _answer(shown, status, {"etag": etag(found), "location": shown["meta"]["location"]})


def _answer(shown: Mapping[str, Any], status: int = 200, headers: Mapping[str, str] | None = None) -> Response:
    return Response(json.dumps(shown), status, headers, media_type=MEDIA_TYPE)


def _stale(request: Request, found: Provisioned) -> Response | None:
    """Return the refusal of a change that was meant for another version (RFC 7644, section 3.14)."""
    wanted = request.headers.get("if-match")
    if wanted is None or wanted.strip() == "*" or etag(found) in {tag.strip() for tag in wanted.split(",")}:
        return None
    return scim_error(412, "the user was changed meanwhile")


def _number(query: Mapping[str, str], name: str, default: int) -> int:
    text = query.get(name, str(default)).strip()
    if not text.removeprefix("-").isdecimal() or len(text) > len(str(_INTEGER)):
        raise ScimRefusedError(f"{name} is a whole number", "invalidValue")
    return int(text)
