"""The world in which the table of roles is walked: who asks, and for what."""

from __future__ import annotations

import base64
import re
from dataclasses import dataclass, field, replace
from datetime import timedelta
from typing import TYPE_CHECKING, Any
from uuid import UUID, uuid4

from adapters.memory.vision import picture
from application import checkpoints, lockout
from application.account_passwords import set_password
from application.lockout import PASSWORD, Origin
from application.ports.signal_outbox import DEAD, Letter, Settled, Signal
from application.ports.signal_streams import POLL
from application.ports.tokens import Principal
from application.requests import Asked, open_request
from application.sessions import revoke_session
from application.signals import streams
from domain.roles import EVERYWHERE, SIGNAL_RECEIVER, STAFF_ROLES
from domain.session import Session
from entrypoints.http.console.guard import COOKIE
from tests.house import ICU, LAB
from tests.receivers import ENDPOINT
from tests.tablet import Tablet
from tests.transmitter import Transmitter
from tests.unit.application.incident_stories import assessed, opened, told
from tests.unit.http.edge import Edge, build_edge, enrollment, frames_of
from tests.unit.http.role_requests import SECRET, Ask, Row, Target

if TYPE_CHECKING:
    from pathlib import Path

    from httpx import Response

REVOKED, NOBODY = "subject with a revoked session", "nobody"
HERE, THERE = "own department", "another department"
PLACES = {HERE: ICU, THERE: LAB, EVERYWHERE: EVERYWHERE}


@dataclass
class World:
    """An edge where ana is enrolled in the ICU and bia in the laboratory, and the ICU has one of everything."""

    edge: Edge
    target: Target
    receiver: str
    _sessions: dict[tuple[str, str, str], str] = field(default_factory=dict)

    def headers(self, who: str, place: str) -> dict[str, str]:
        if who == NOBODY:
            return {}
        if (who, place) == (SIGNAL_RECEIVER, EVERYWHERE):
            return bearer(self.receiver)
        if who in STAFF_ROLES:
            return self.edge.headers(who, PLACES[place])
        return self.session_of("ana" if place == HERE else "bia", PLACES[place], who)

    def session_of(self, face: str, department: str, who: str) -> dict[str, str]:
        """A session of somebody's own, the same one each time."""
        if (face, department, who) not in self._sessions:
            token = self.edge.session_token(face, department)
            self._sessions[face, department, who] = token
            if who == REVOKED:
                services = self.edge.house.services
                session_id = services.tokens.verify(token).session_id
                assert session_id is not None
                assert revoke_session(services, session_id, reason="test", act=self.edge.house.act())
        return bearer(self._sessions[face, department, who])

    def hospital(self, roles: frozenset[str], department: str) -> dict[str, str]:
        provider: Any = self.edge.house.services.identity
        return bearer(provider.issue(Principal("idp:0", roles, department, "t"), timedelta(minutes=5)))

    def ask(self, row: Row, target: Target, who: str, headers: dict[str, str]) -> Response:
        made = row.make(target, who)
        if row.page:
            return self._ask_console(row, made, headers)
        answer: Response = self.edge.client.request(
            row.method, row.url(made), params=made.query, json=made.json, headers=headers
        )
        return answer

    def _ask_console(self, row: Row, made: Ask, headers: dict[str, str]) -> Response:
        """The same as a browser does it: the token in the cookie, a form with the token of its page."""
        token = headers.get("authorization", "").removeprefix("Bearer ")
        csrf = self.edge.house.services.vault.digest("console_csrf", token)
        browser = {"origin": "http://testserver", "sec-fetch-site": "same-origin"}
        answer: Response = self.edge.client.request(
            row.method,
            row.url(made),
            params=made.query,
            data=None if row.method in {"GET", "HEAD"} else made.form | {"csrf": csrf},
            headers=browser | ({"cookie": f"{COOKIE}={token}"} if token else {}),
            follow_redirects=False,
        )
        return answer

    def viewings(self) -> int:
        """How often somebody's data was looked at."""
        return self.edge.house.names().count("viewing.recorded.v1")

    def standing(self) -> tuple[Any, ...]:
        """All that a request could have changed."""
        services = self.edge.house.services
        # Looking at somebody's data leaves a line that the person can see, and nothing else.
        events = sum(event.aggregate != "viewing" for event in services.store.read(0, 1_000_000))
        pairings: Any = services.pairings
        return (
            events,
            services.signals.streams.all(),
            services.signals.outbox.dead(9),
            services.signals.outbox.counts(UUID(self.target.stream_id)),
            services.lockouts.locked(department=None, limit=9),
            len(pairings._open),
        )


def said(answer: Response) -> Any:
    """What an answer says, without what differs from one sign-in to the next."""
    if "json" in answer.headers["content-type"]:
        return answer.json()
    return re.sub(r'name="csrf" value="\w+"', "", answer.text)


def bearer(token: str) -> dict[str, str]:
    return {"authorization": f"Bearer {token}"}


def world_in(home: Path) -> World:
    edge = build_edge(home)
    ana, bia, eva, fia = (
        edge.enroll(name, department=place).json()
        for name, place in (("ana", ICU), ("bia", LAB), ("eva", ICU), ("fia", ICU))
    )
    assert bia["success"]
    assert fia["success"]
    edge.post("/face-auth/subjects/erase", {"subject_id": eva["subject_id"]})
    services, act = edge.house.services, edge.house.act()
    for person in (ana, bia):
        set_password(services, UUID(person["subject_id"]), SECRET, temporary=False, act=act)
    opened = services.tokens.verify(edge.session_token("ana"))
    receiver = edge.token(SIGNAL_RECEIVER, EVERYWHERE)
    edge.app.services = replace(services, reception=Transmitter(edge.house.clock).reception())
    stream_id, webhook_id, letter_id = _signals(edge, receiver)
    checkpoints.make(services, at=edge.house.clock.now())
    return World(
        edge,
        Target(
            department=ICU,
            username="ana.souza",
            subject_id=ana["subject_id"],
            enrollment_id=ana["enrollment_id"],
            pending_id=_pending(edge),
            erased_id=eva["subject_id"],
            session_id=str(opened.session_id),
            attempt_id=str(services.store.get(Session, UUID(str(opened.session_id))).attempt_id),
            device_id=str(Tablet().pair(services, ICU).id),
            lockout_id=_lockout(edge),
            stream_id=stream_id,
            webhook_id=webhook_id,
            letter_id=letter_id,
            **_requests(edge, ana["subject_id"]),
            incident_id=_incident(edge),
        ),
        receiver,
    )


def _requests(edge: Edge, subject_id: str) -> dict[str, str]:
    """A request for a statement, and one for the review of a refusal of nobody in particular."""
    services, act = edge.house.services, edge.house.act()
    edge.sign_in(frames_of("stranger"))
    refused = next(row for row in edge.house.rows("auth_log_rows") if row["success"] is False)
    attempt_id = refused["attempt_id"]
    asked = (Asked("statement", "badge"), Asked("review", "badge", attempt_id))
    opened = [open_request(services, UUID(subject_id), each, department=ICU, act=act) for each in asked]
    return {"request_id": str(opened[0].id), "review_id": str(opened[1].id), "refused_attempt_id": str(attempt_id)}


def _pending(edge: Edge) -> str:
    """An enrolment that only has to be completed."""
    opened: dict[str, str] = edge.post("/face-auth/enrollments", enrollment("dora", face_images=None)).json()
    for take in range(5):
        image = base64.b64encode(picture("dora", take=take)).decode()
        captures = f"/face-auth/enrollments/{opened['enrollment_id']}/captures"
        assert edge.post(captures, {"image": image}).json()["success"]
    return opened["enrollment_id"]


def _lockout(edge: Edge) -> str:
    """Somebody guessed at a name that nobody has, from an address that nobody else has."""
    services = edge.house.services
    for _ in range(5):
        lockout.failed(services, Origin(PASSWORD, ICU, "192.0.2.1", claim_digest="0" * 64), act=edge.house.act())
    (found,) = services.lockouts.locked(department=ICU, limit=9)
    return str(found[0].lockout_id)


def _incident(edge: Edge) -> str:
    """A relevant risk that everybody was told of."""
    incident = assessed(edge.house, opened(edge.house))
    return str(told(edge.house, incident).id)


def _signals(edge: Edge, receiver: str) -> tuple[str, str, int]:
    """A stream of that receiver, a webhook, and a letter that could not be delivered."""
    services = edge.house.services
    holder = streams.receiver_of(services, services.tokens.verify(receiver).actor)
    stream = streams.create(services, holder, streams.Wanted(POLL))
    webhook, _ = streams.add_webhook(services, endpoint_url=ENDPOINT)
    now, outbox = edge.house.clock.now(), services.signals.outbox
    signal = Signal("session.opened.v1", 1, now, uuid4(), uuid4(), None)
    outbox.add(Letter(stream.stream_id, uuid4(), signal, due_at=now))
    (letter,) = outbox.heads(stream.stream_id, now=now, limit=9)
    outbox.settle([Settled(letter.letter_id, DEAD, 1, now, now, "jwtAud")], now=now)
    return str(stream.stream_id), str(webhook.stream_id), letter.letter_id
