"""Introspection (RFC 7662): does this token still stand, and what does it say; and the end of a token (RFC 7009)."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, Final

from application.clients import Credentials, proven
from application.ports.clients import CONFIDENTIAL, Client
from application.ports.tokens import AccessFacts
from application.refresh import client_of, knows, session_of
from application.services import Services
from application.sessions import find_session, refresh_digest, revoke_session
from application.standing import Standing
from domain.act import Act
from domain.errors import ClientUnknownError, GrantInvalidError, TokenInvalidError
from domain.roles import EVERYWHERE

INACTIVE: Final[Mapping[str, Any]] = {"active": False}
"""All that anybody learns of a token that does not stand, or that is none of theirs (RFC 7662, section 2.2)."""
REVOKED_BY_CLIENT: Final = "client_revoked"
SAID: Final = (
    "iss",
    "sub",
    "aud",
    "client_id",
    "exp",
    "iat",
    "jti",
    "auth_time",
    "acr",
    "amr",
    "department",
    "roles",
    "sid",
    "cnf",
)


@dataclass(frozen=True, slots=True)
class Question:
    """A token, and who asks: a confidential client, or (None) an operator, who may ask about every audience.

    ``reach`` is the operator's department, or "*": a token of another one is none of theirs.
    """

    token: str = field(repr=False)
    asker: Credentials | None
    reach: str = EVERYWHERE


Answer = Mapping[str, Any] | ClientUnknownError


def introspect(services: Services, standing: Standing, questions: Sequence[Question]) -> list[Answer]:
    """Answer questions, all at once and in their order, as things are no earlier than now.

    An answer is the document of RFC 7662, or the error of a client that is not who it says. Two small queries,
    whatever the number of questions. Raises ``UnavailableError``.
    """
    known = services.clients.find({question.asker.client_id for question in questions if question.asker is not None})
    everything = services.clients.audiences() if any(question.asker is None for question in questions) else frozenset()
    read = [_read(services, question, known, everything) for question in questions]
    asked = {facts.session_id: facts.subject_id for facts in read if isinstance(facts, AccessFacts)}
    in_force = standing.in_force(asked) if asked else set()
    return [
        (_document(facts) if facts.session_id in in_force else INACTIVE) if isinstance(facts, AccessFacts) else facts
        for facts in read
    ]


def revoke_token(services: Services, token: str, *, client: Client, act: Act) -> bool:
    """End the session that a token of that client belongs to; say whether there was one.

    A refresh token counts whether it is spent or not, an access token while it is good. What is unknown, over, or of
    another client changes nothing, and is no error (RFC 7009, section 2.2). Raises ``UnavailableError``.
    """
    try:
        session_id = session_of(token)
        session = find_session(services, session_id)
        if session is None or not knows(session, refresh_digest(token)):
            return False
    except GrantInvalidError:
        try:
            facts = services.tokens.read_access(token, client.audiences)
        except TokenInvalidError:
            return False
        session_id, session = facts.session_id, find_session(services, facts.session_id)
    if session is None or client_of(services, session) != client.client_id:
        return False
    own = Act(f"subject:{session.subject_id}", act.channel, act.at, act.correlation_id, session.id)
    return revoke_session(services, session_id, reason=REVOKED_BY_CLIENT, act=own)


def _read(
    services: Services, question: Question, known: Mapping[str, Client], everything: frozenset[str]
) -> AccessFacts | Answer:
    audiences: Sequence[str] | frozenset[str] = everything
    if question.asker is not None:
        try:
            client = proven(known.get(question.asker.client_id), question.asker)
        except ClientUnknownError as error:
            return error
        if client.kind != CONFIDENTIAL:
            return ClientUnknownError("only a client with a secret may ask")
        audiences = client.audiences
    try:
        facts = services.tokens.read_access(question.token, audiences)
    except TokenInvalidError:
        return INACTIVE
    return facts if question.reach in {EVERYWHERE, facts.claims.get("department")} else INACTIVE


def _document(facts: AccessFacts) -> Mapping[str, Any]:
    said = {name: facts.claims[name] for name in SAID if name in facts.claims}
    return {"active": True, "token_type": "DPoP" if facts.bound_to else "Bearer", **said}
