"""Somebody who is locked out, asks for everything, and is answered, refused and looked at."""

from __future__ import annotations

from typing import TYPE_CHECKING

from application import answering, lockout, lockout_history
from application import requests as desk
from application.lockout import FACE, Origin
from application.requests import Asked
from tests.house import ICU

if TYPE_CHECKING:
    from uuid import UUID

    from tests.house import House


def rights_used(house: House, subject_id: UUID) -> None:
    """Fill every row of what rights leave behind: lockouts, requests of all states, viewings."""
    services, act = house.services, house.act()
    for _ in range(5):
        lockout.failed(services, Origin(FACE, ICU, "192.0.2.1", subject_id=subject_id), act=house.act())
    (locked, _), *_ = services.lockouts.locked(department=ICU, limit=9)
    lockout_history.release(services, locked.lockout_id, reason="known", department=None, act=act)
    kinds = ("access", "objection", "correction")
    given, objection, correction = (
        desk.open_request(services, subject_id, Asked(kind), department=ICU, act=act).id for kind in kinds
    )
    answering.answer(services, given, act=act)
    answering.answer(services, objection, act=act)
    desk.refuse(services, correction, reason="fact_prevents", act=act)
