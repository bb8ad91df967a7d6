"""Requests for the table of roles: one that is valid for somebody of the target's department, of every kind."""

from __future__ import annotations

import base64
import re
from dataclasses import dataclass, field, fields, replace
from typing import TYPE_CHECKING, Any, Final
from uuid import uuid4

from adapters.memory.vision import picture
from application.ports.signal_streams import POLL
from domain.roles import SUBJECT
from tests.receivers import ENDPOINT, ISSUER
from tests.unit.http.edge import enrollment
from tests.unit.http.provisioner import CORE, ENTERPRISE, PATCH, user

if TYPE_CHECKING:
    from collections.abc import Callable

SECRET: Final = "seis caixas de gaze azul"
OTHER: Final = "nove frascos de soro frio"


@dataclass(frozen=True)
class Target:
    """What a request is about."""

    department: str
    username: str
    subject_id: str
    enrollment_id: str
    pending_id: str
    erased_id: str
    session_id: str
    attempt_id: str
    device_id: str
    lockout_id: str
    stream_id: str
    webhook_id: str
    incident_id: str
    letter_id: int
    request_id: str
    review_id: str
    refused_attempt_id: str

    @property
    def ids(self) -> set[str]:
        """All by which it could be told, in an answer about something else too."""
        return {getattr(self, each.name) for each in fields(self) if each.name.endswith("_id")} - {self.letter_id}


def stranger_like(target: Target) -> Target:
    """Nobody and nothing that ever was."""
    ids: dict[str, Any] = {each.name: str(uuid4()) for each in fields(target) if each.name.endswith("_id")}
    return replace(target, **ids | {"department": "nowhere", "username": "nobody", "letter_id": 10**9})


@dataclass(frozen=True)
class Ask:
    """A request: what goes into the path, the query and the JSON body."""

    path: dict[str, str | int] = field(default_factory=dict)
    query: dict[str, str] = field(default_factory=dict)
    json: Any = None
    form: dict[str, str] = field(default_factory=dict)


def nothing(_target: Target, _who: str) -> Ask:
    return Ask()


@dataclass(frozen=True)
class Row:
    """An endpoint as it has to be. ``answers`` is the status of a valid request by somebody who may."""

    method: str
    path: str
    roles: frozenset[str]
    wall: str
    make: Callable[[Target, str], Ask] = nothing
    answers: int = 200
    viewing: bool = False
    """Reading it is itself on record, for the person to see."""
    journalled: bool = False
    """That it was read stands in the journal."""

    @property
    def page(self) -> bool:
        """Whether it is one of the console's: a cookie, forms, HTML."""
        return self.path.startswith("/console")

    @property
    def name(self) -> str:
        return f"{self.method} {self.path}"

    def url(self, made: Ask) -> str:
        return re.sub(r":\w+}", "}", self.path).format(**made.path)


def enrolling(target: Target, _who: str) -> Ask:
    return Ask(json=enrollment("cleo", target.department))


def opening(target: Target, _who: str) -> Ask:
    return Ask(json=enrollment("cleo", target.department, face_images=None))


def capturing(target: Target, _who: str) -> Ask:
    image = base64.b64encode(picture("dora", take=50)).decode()
    return Ask({"enrollment_id": target.pending_id}, json={"image": image})


def capturing_again(target: Target, _who: str) -> Ask:
    image = base64.b64encode(picture("ana", take=50)).decode()
    return Ask({"enrollment_id": target.enrollment_id}, json={"image": image})


def asking_for_a_proof(_target: Target, _who: str) -> Ask:
    return Ask(query={"position": "3"})


def pending(target: Target, _who: str) -> Ask:
    return Ask({"enrollment_id": target.pending_id})


def enrolled(target: Target, _who: str) -> Ask:
    return Ask({"enrollment_id": target.enrollment_id})


def naming(target: Target, _who: str) -> Ask:
    return Ask(json={"subject_id": target.subject_id})


def naming_by_username(target: Target, who: str) -> Ask:
    return naming(target, who) if who == SUBJECT else Ask(json={"username": target.username})


def inviting_somebody_new(target: Target, _who: str) -> Ask:
    names = {"user_id": "EMP-hugo", "username": "hugo.souza", "display_name": "Hugo Souza"}
    return Ask(json={"person": names | {"department": target.department}})


def person_in_path(target: Target, _who: str) -> Ask:
    return Ask({"subject_id": target.subject_id}, json={})


def setting_a_weak_one(target: Target, _who: str) -> Ask:
    return Ask({"subject_id": target.subject_id}, json={"password": "a"})


def erased_in_path(target: Target, _who: str) -> Ask:
    return Ask({"subject_id": target.erased_id})


def asking_for(target: Target, _who: str) -> Ask:
    return Ask(query={"subject": target.subject_id})


def asking_for_the_erased(target: Target, _who: str) -> Ask:
    return Ask(query={"subject": target.erased_id})


def asking_for_department(target: Target, _who: str) -> Ask:
    return Ask(query={"department": target.department})


def requesting(target: Target, who: str) -> Ask:
    given = {"kind": "statement", "subject_id": target.subject_id}
    return Ask(json=given if who == SUBJECT else given | {"identity_check": "badge"})


def requesting_a_review(target: Target, who: str) -> Ask:
    return Ask(json=requesting(target, who).json | {"kind": "review", "attempt_id": target.refused_attempt_id})


def request(target: Target, _who: str) -> Ask:
    return Ask({"request_id": target.request_id}, json={})


def refusing_a_request(target: Target, _who: str) -> Ask:
    return Ask({"request_id": target.request_id}, json={"reason": "fact_prevents"})


def review(target: Target, _who: str) -> Ask:
    decided = {"decision": "upheld", "reason": "decision_correct"}
    return Ask({"request_id": target.review_id}, json=decided)


def statement_of(target: Target, _who: str) -> Ask:
    return Ask({"subject_id": target.subject_id})


def statement_of_the_erased(target: Target, _who: str) -> Ask:
    return Ask({"subject_id": target.erased_id})


def inviting(target: Target, _who: str) -> Ask:
    return Ask(json={"department": target.department, "label": "ward 5"})


def device(target: Target, _who: str) -> Ask:
    return Ask({"device_id": target.device_id}, json={"reason": "lost"})


def lockout(target: Target, _who: str) -> Ask:
    return Ask({"lockout_id": target.lockout_id}, json={"reason": "known"})


def proving(_target: Target, _who: str) -> Ask:
    return Ask(json={"password": SECRET})


def choosing(_target: Target, _who: str) -> Ask:
    return Ask(json={"current": SECRET, "new": OTHER})


def attempt_in_path(target: Target, _who: str) -> Ask:
    return Ask({"attempt_id": target.attempt_id})


def session(target: Target, _who: str) -> Ask:
    return Ask({"session_id": target.session_id})


def department(target: Target, _who: str) -> Ask:
    return Ask(json={"department": target.department})


def stream(target: Target, _who: str) -> Ask:
    return Ask(query={"stream_id": target.stream_id})


def beginning_a_stream(_target: Target, _who: str) -> Ask:
    return Ask(json={"delivery": {"method": POLL}})


def of_stream(**more: Any) -> Callable[[Target, str], Ask]:
    return lambda target, _who: Ask({"stream_id": target.stream_id}, json={"stream_id": target.stream_id} | more)


changing = of_stream(delivery={"method": POLL}, description="ours")
pausing = of_stream(status="paused")
about_somebody = of_stream(subject={"format": "iss_sub", "iss": ISSUER, "sub": "somebody"})
verifying = of_stream(state="x")
polling = of_stream(returnImmediately=True)


def letter(target: Target, _who: str) -> Ask:
    return Ask({"letter_id": target.letter_id})


def hooking(_target: Target, _who: str) -> Ask:
    return Ask(json={"endpoint_url": ENDPOINT})


def webhook(target: Target, _who: str) -> Ask:
    return Ask({"stream_id": target.webhook_id})


def provisioning(target: Target, _who: str) -> Ask:
    return Ask(json=user("gil", **{ENTERPRISE: {"department": target.department}}))


def user_in_path(target: Target, _who: str) -> Ask:
    return Ask({"user_id": target.subject_id})


def replacing(target: Target, _who: str) -> Ask:
    return Ask({"user_id": target.subject_id}, json=user("ana", displayName="Ana"))


def patching(target: Target, _who: str) -> Ask:
    operation = {"op": "replace", "path": "displayName", "value": "Ana"}
    return Ask({"user_id": target.subject_id}, json={"schemas": [PATCH], "Operations": [operation]})


def filtering(target: Target, _who: str) -> Ask:
    return Ask(query={"filter": f'userName eq "{target.username}"'})


def filtering_by_id(target: Target, _who: str) -> Ask:
    return Ask(query={"filter": f'id eq "{target.subject_id}"'})


def describing_users(_target: Target, _who: str) -> Ask:
    return Ask({"which": "User"})


def describing_the_schema(_target: Target, _who: str) -> Ask:
    return Ask({"which": CORE})


def incident(target: Target, _who: str) -> Ask:
    return Ask({"incident_id": target.incident_id})


def opening_an_incident(_target: Target, _who: str) -> Ask:
    entry = {"kind": "confidentiality", "cause": "key_leak", "categories": ["access_log"], "description": "a key"}
    return Ask(json=entry)


def assessing(target: Target, _who: str) -> Ask:
    said = {"risk": "high", "measures_before": "sealed", "measures_after": "rotated"}
    return Ask({"incident_id": target.incident_id}, json=said)


def telling_the_authority(target: Target, _who: str) -> Ask:
    return Ask({"incident_id": target.incident_id}, json={"reference": "1/2026"})


def telling_the_subjects(target: Target, _who: str) -> Ask:
    return Ask({"incident_id": target.incident_id}, json={"means": ["email"], "count": 1})


def supplementing(target: Target, _who: str) -> Ask:
    return Ask({"incident_id": target.incident_id}, json={})


def closing_an_incident(target: Target, _who: str) -> Ask:
    return Ask({"incident_id": target.incident_id}, json={"not_notified": "false_alarm"})


def reporting(_target: Target, _who: str) -> Ask:
    return Ask({"kind": "encarregado"}, query={"format": "json"})


def looking_for(target: Target, _who: str) -> Ask:
    return Ask(form={"who": target.username})


def looking_for_id(target: Target, _who: str) -> Ask:
    return Ask(form={"who": target.subject_id})


def releasing(target: Target, _who: str) -> Ask:
    return Ask(form={"lockout_id": target.lockout_id, "reason": "known"})
