"""The world in which the table of roles is walked: who asks, for what, and a valid request of every kind."""

from __future__ import annotations

import base64
from dataclasses import dataclass, field, replace
from typing import TYPE_CHECKING, Any
from uuid import uuid4

from adapters.memory.vision import picture
from application.notice import CURRENT
from application.sessions import revoke_sessions
from domain.roles import EVERYWHERE, STAFF_ROLES, SUBJECT
from tests.house import ICU, LAB
from tests.unit.http.edge import Edge, build_edge, enrollment

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

    from httpx import Response

REVOKED, NOBODY = "subject with a revoked session", "nobody"
HERE, THERE = "own department", "another department"
PLACES = {HERE: ICU, THERE: LAB, EVERYWHERE: EVERYWHERE}


@dataclass(frozen=True)
class Target:
    """What a request is about."""

    department: str
    username: str
    subject_id: str
    enrollment_id: str
    pending_id: str
    erased_id: str


@dataclass(frozen=True)
class Ask:
    """A request: what goes into the path, the query and the JSON body."""

    path: dict[str, str] = field(default_factory=dict)
    query: dict[str, str] = field(default_factory=dict)
    json: Any = None


def nothing(_target: Target, _who: str) -> Ask:
    return Ask()


def enrolling(target: Target, _who: str) -> Ask:
    return Ask(json=enrollment("cleo", target.department))


def opening(target: Target, _who: str) -> Ask:
    return Ask(json=enrollment("cleo", target.department, face_images=None))


def capturing(target: Target, _who: str) -> Ask:
    image = base64.b64encode(picture("dora", take=50)).decode()
    return Ask({"enrollment_id": target.pending_id}, json={"image": image})


def pending(target: Target, _who: str) -> Ask:
    return Ask({"enrollment_id": target.pending_id})


def enrolled(target: Target, _who: str) -> Ask:
    return Ask({"enrollment_id": target.enrollment_id})


def naming(target: Target, _who: str) -> Ask:
    return Ask(json={"subject_id": target.subject_id})


def naming_by_username(target: Target, who: str) -> Ask:
    return naming(target, who) if who == SUBJECT else Ask(json={"username": target.username})


def consenting(target: Target, _who: str) -> Ask:
    given = {"notice_version": CURRENT.version, "accepted": True}
    return Ask(json=given | {"subject_id": target.subject_id})


def person_in_path(target: Target, _who: str) -> Ask:
    return Ask({"subject_id": target.subject_id}, json={})


def erased_in_path(target: Target, _who: str) -> Ask:
    return Ask({"subject_id": target.erased_id})


def asking_for(target: Target, _who: str) -> Ask:
    return Ask(query={"subject": target.subject_id})


@dataclass(frozen=True)
class Row:
    """An endpoint as it has to be. ``answers`` is the status of a valid request by somebody who may."""

    method: str
    path: str
    roles: frozenset[str]
    wall: str
    make: Callable[[Target, str], Ask] = nothing
    answers: int = 200

    @property
    def name(self) -> str:
        return f"{self.method} {self.path}"


@dataclass
class World:
    """An edge where ana is enrolled in the ICU and bia in the laboratory, with an open and an erased enrolment."""

    edge: Edge
    target: Target

    def headers(self, who: str, place: str) -> dict[str, str]:
        if who == NOBODY:
            return {}
        if who in STAFF_ROLES:
            return self.edge.headers(who, PLACES[place])
        return {"authorization": f"Bearer {self._session(who, place)}"}

    def ask(self, row: Row, target: Target, who: str, headers: dict[str, str]) -> Response:
        made = row.make(target, who)
        path = row.path.replace(":uuid}", "}").format(**made.path)
        answer: Response = self.edge.client.request(
            row.method, path, params=made.query, json=made.json, headers=headers
        )
        return answer

    def _session(self, who: str, place: str) -> str:
        token = self.edge.session_token("ana" if place == HERE else "bia", PLACES[place])
        if who == REVOKED:
            house = self.edge.house
            house.services.projector.catch_up()
            assert revoke_sessions(house.services, {}, reason="test", act=house.act())
        return token


def world_in(home: Path) -> World:
    edge = build_edge(home)
    ana, bia, eva = (
        edge.enroll(name, department=place).json() for name, place in (("ana", ICU), ("bia", LAB), ("eva", ICU))
    )
    assert bia["success"]
    edge.post("/face-auth/subjects/erase", {"subject_id": eva["subject_id"]})
    opened = edge.post("/face-auth/enrollments", enrollment("dora", face_images=None)).json()
    for take in range(5):
        image = base64.b64encode(picture("dora", take=take)).decode()
        captures = f"/face-auth/enrollments/{opened['enrollment_id']}/captures"
        assert edge.post(captures, {"image": image}).json()["success"]
    return World(
        edge,
        Target(ICU, "ana.souza", ana["subject_id"], ana["enrollment_id"], opened["enrollment_id"], eva["subject_id"]),
    )


def stranger_like(target: Target) -> Target:
    """Nobody and nothing that ever was."""
    ids = {name: str(uuid4()) for name in ("subject_id", "enrollment_id", "pending_id", "erased_id")}
    return replace(target, department="nowhere", username="nobody", **ids)
