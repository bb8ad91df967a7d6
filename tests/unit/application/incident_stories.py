"""Moves that stories about incidents share."""

from __future__ import annotations

from datetime import timedelta
from typing import TYPE_CHECKING, Any

from application import incidents
from application.affected import Question
from application.incidents import Assessment

if TYPE_CHECKING:
    from domain.incident import Incident
    from tests.house import House

LEAK: dict[str, Any] = {
    "kind": "confidentiality",
    "cause": "key_leak",
    "categories": ("biometric_template", "authentication"),
}
SAID = Assessment("relevant", "ring sealed, backups sealed", "keys rotated")


def opened(house: House, **kwargs: Any) -> Incident:
    given: dict[str, Any] = (
        {"known_at": house.clock.now(), "description": "uma chave foi copiada por Ana"} | LEAK | kwargs
    )
    return incidents.open_incident(house.services, **given, act=house.act())


def assessed(house: House, incident: Incident, question: Question | None = None, said: Assessment = SAID) -> Incident:
    question = question or Question("everyone")
    return incidents.assess(house.services, incident.id, question, said, act=house.act())


def told(house: House, incident: Incident, *, preliminary: bool = False) -> Incident:
    now = house.clock.now()
    services, act = house.services, house.act()
    incidents.notify_authority(
        services, incident.id, told_at=now, reference="00261.000123/2026-11", preliminary=preliminary, act=act
    )
    return incidents.notify_subjects(services, incident.id, told_at=now, means=["email"], count=2, act=act)


def later(house: House, **kwargs: float) -> None:
    house.clock.advance(timedelta(**kwargs))
