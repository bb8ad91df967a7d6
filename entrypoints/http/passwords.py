"""Passwords over HTTP: the way in beside the face, the second factor, and whose password it is."""

from __future__ import annotations

from collections.abc import Callable
from typing import Annotated, Any, Final, TypeVar
from uuid import UUID

from pydantic import Field, StringConstraints
from starlette.requests import Request
from starlette.responses import JSONResponse, Response

from application import account_passwords, second_factor
from application.outcome import Client, Outcome
from application.password import PasswordEntry, sign_in
from application.ports.tokens import Principal
from application.second_factor import SecondEntry
from domain.errors import InvalidInputError, TokenInvalidError, UnavailableError
from domain.policies.passwords import LONGEST_INPUT
from domain.roles import DEPARTMENT_ADMIN, SUBJECT
from entrypoints.http.bodies import Body, Department
from entrypoints.http.endpoint import ANYONE, Desk, Endpoint, principal_at
from entrypoints.http.messages import result
from entrypoints.http.peer import client_address

T = TypeVar("T")
MAX_WAITING: Final = 100
"""Passwords that wait to be verified or are being verified; one more is told to come back later."""
LONGEST_USERNAME: Final = 400
LONGEST_TICKET: Final = 100
LONGEST_CLIENT_ID: Final = 64

# Bounds only: what is empty, too long for anybody or of no text is told apart, and refused, further in.
Username = Annotated[str, StringConstraints(max_length=LONGEST_USERNAME)]
Password = Annotated[str, StringConstraints(max_length=LONGEST_INPUT)]
ClientId = Annotated[str, StringConstraints(max_length=LONGEST_CLIENT_ID)]
Ticket = Annotated[str, StringConstraints(max_length=LONGEST_TICKET)]


class SignInBody(Body):
    """A username and its password; or, with the ticket that a face gave, the password alone."""

    department: Department
    password: Password = Field(repr=False)
    username: Username | None = Field(default=None, repr=False)
    attempt_id: UUID | None = None
    client_id: ClientId | None = None
    ticket: Ticket | None = Field(default=None, repr=False)
    new_password: Password | None = Field(default=None, repr=False)


class StepUpBody(Body):
    """The password of who is signed in by face."""

    password: Password = Field(repr=False)


class ChangeBody(Body):
    """The password that is, and the one that is to be."""

    current: Password = Field(repr=False)
    new: Password = Field(repr=False)


class SetBody(Body):
    """A temporary password for somebody; without one, it is made up."""

    password: Password | None = Field(default=None, repr=False)


class PasswordApi:
    """What people with a password ask for, and the administrators who give them one."""

    def __init__(self, desk: Desk) -> None:
        """Work at that desk."""
        self._desk = desk
        self._waiting = 0

    def endpoints(self) -> list[Endpoint]:
        """Return what this answers."""
        subject, admin = frozenset({SUBJECT}), frozenset({DEPARTMENT_ADMIN})
        return [
            Endpoint("POST", "/face-auth/password", self.sign_in, ANYONE),
            Endpoint("POST", "/face-auth/password/step-up", self.step_up, subject),
            Endpoint("POST", "/face-auth/me/password", self.change, subject),
            Endpoint("PUT", "/face-auth/accounts/{subject_id:uuid}/password", self.set, admin),
        ]

    async def sign_in(self, request: Request) -> Response:
        """Sign in by password, or complete a sign-in whose face was accepted: the socket's result, or a problem."""
        body = await self._desk.body(SignInBody, request)
        return JSONResponse(result(await self._verified(_signed_in, self._desk, body, self._client(request))))

    async def step_up(self, request: Request) -> Response:
        """Add the password to a session that a face opened; answers its new access token."""
        subject_id, session_id = _session_of(principal_at(request))
        body = await self._desk.body(StepUpBody, request)
        stepped = await self._verified(
            second_factor.step_up,
            self._desk.app.services,
            subject_id=subject_id,
            session_id=session_id,
            password=body.password,
            client=self._client(request),
            act=self._desk.act(principal_at(request)),
        )
        return JSONResponse(
            {
                "success": True,
                "session_id": str(stepped.session.id),
                "amr": stepped.session.amr.split(),
                "acr": stepped.session.acr,
                "tokens": {
                    "access_token": stepped.access_token,
                    "token_type": stepped.token_type,
                    "expires_in": stepped.expires_in,
                },
            }
        )

    async def change(self, request: Request) -> Response:
        """Choose another password; the other sessions end."""
        principal = principal_at(request)
        subject_id, session_id = _session_of(principal)
        body = await self._desk.body(ChangeBody, request)
        ended = await self._verified(
            account_passwords.change_password,
            self._desk.app.services,
            subject_id,
            current=body.current,
            new=body.new,
            department=principal.department,
            session_id=session_id,
            client=self._client(request),
            act=self._desk.act(principal),
        )
        return JSONResponse({"success": True, "sessions_revoked": ended})

    async def set(self, request: Request) -> Response:
        """Give somebody of the department a temporary password; their sessions end."""
        principal = principal_at(request)
        body = await self._desk.body(SetBody, request)
        made_up = await self._verified(
            account_passwords.set_password,
            self._desk.app.services,
            request.path_params["subject_id"],
            body.password,
            reach=principal.department,
            act=self._desk.act(principal),
        )
        return JSONResponse({"success": True} | ({} if made_up is None else {"temporary_password": made_up}))

    def _client(self, request: Request) -> Client:
        return Client(client_address(request, self._desk.app.settings), request.headers.get("user-agent", ""))

    async def _verified(self, function: Callable[..., T], *args: Any, **kwargs: Any) -> T:
        """Call something that verifies or hashes a password. Raises ``UnavailableError`` where too many wait."""
        if self._waiting >= MAX_WAITING:
            raise UnavailableError("too many passwords are waiting to be verified")
        self._waiting += 1
        try:
            return await self._desk.verify(function, *args, **kwargs)
        finally:
            self._waiting -= 1


def _signed_in(desk: Desk, body: SignInBody, client: Client) -> Outcome:
    services = desk.app.services
    if body.ticket is not None:
        entry = SecondEntry(
            body.department,
            body.ticket,
            body.password,
            client,
            username=body.username,
            new_password=body.new_password,
            client_id=body.client_id,
        )
        return second_factor.complete(services, entry)
    if body.username is None:
        raise InvalidInputError("name the user: username, or the ticket that a face gave")
    return sign_in(
        services,
        PasswordEntry(
            body.department,
            body.username,
            body.password,
            client,
            attempt_id=body.attempt_id,
            new_password=body.new_password,
            client_id=body.client_id,
        ),
    )


def _session_of(principal: Principal) -> tuple[UUID, UUID]:
    if principal.subject_id is None or principal.session_id is None:
        raise TokenInvalidError("that token is of no session")
    return principal.subject_id, principal.session_id
