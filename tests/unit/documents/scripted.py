"""A house with a scripted month, and documents of it."""

from __future__ import annotations

import io
from dataclasses import replace
from datetime import UTC, datetime
from types import SimpleNamespace
from typing import TYPE_CHECKING, Any

from pypdf import PdfReader

from application import consent as consents
from application import erase, lockout, rotate
from application.lockout import PASSWORD, Origin
from application.notice import BUILT_IN
from entrypoints.settings import Settings
from tests.house import ICU, LAB, House, build_house, frames
from tests.unit.application.incident_stories import assessed, later, opened, told

if TYPE_CHECKING:
    from pathlib import Path

    from entrypoints.app import App

NAMES = ("ana", "bia", "caio", "davi", "souza", "dra.")
"""What no document may hold: parts of names and usernames of everybody in the house."""
MARCH = "2030-03"


def scripted() -> House:
    """February: ana enrolled. March: everything else. The clock ends on 20 March 2030."""
    house = build_house()
    house.clock.set(datetime(2030, 2, 10, 12, 0, tzinfo=UTC))
    ana = house.enroll("ana").subject_id
    house.sign_in("ana")
    house.clock.set(datetime(2030, 3, 1, 2, 59, tzinfo=UTC))
    house.sign_in("ana")  # still February in São Paulo
    house.clock.set(datetime(2030, 3, 1, 3, 0, tzinfo=UTC))
    house.sign_in("ana")
    later(house, days=2)
    bia = house.enroll("bia", department=LAB).subject_id
    house.enroll("caio")
    house.sign_in("bia", department=LAB)
    house.sign_in("stranger")
    house.shown(frames("ana", [0.01] * 6)).decide()
    house.shown([b"garbage"] * 3).decide()
    house.shown([]).abandon("client_gone")
    house.shown([])
    consents.withdraw(house.services, ana, reason="mine", act=house.act())
    consents.grant(house.services, ana, notice_version=BUILT_IN.version, act=house.act())
    erase.erase(house.services, bia, act=house.act())
    for _ in range(5):
        lockout.failed(house.services, Origin(PASSWORD, ICU, "192.0.2.1", claim_digest="0" * 64), act=house.act())
    rotate.plan(house.services, reason="transform_renewal", act=house.act())
    rotate.run(house.services, act=house.act())
    told(house, assessed(house, opened(house)))
    opened(house, cause="device_loss")
    house.clock.set(datetime(2030, 3, 20, 12, 0, tzinfo=UTC))
    return house


def app_over(house: House, home: Path, **settings: Any) -> App:
    """What documents take of an App: its settings and services."""
    made: Any = SimpleNamespace(settings=Settings(home=home, **settings), services=house.services)
    found: App = made
    return found


def passive(house: House) -> House:
    """The same house without movements asked for, and with them."""
    policies = house.services.policies
    mode = replace(policies, evidence=replace(policies.evidence, mode="passive"))
    return replace(house, services=replace(house.services, policies=mode))


def active(house: House) -> House:
    policies = house.services.policies
    mode = replace(policies, evidence=replace(policies.evidence, mode="active"))
    return replace(house, services=replace(house.services, policies=mode))


def text_of(pdf: bytes) -> str:
    """The text of a PDF, as another reader finds it."""
    return "\n".join(page.extract_text() for page in PdfReader(io.BytesIO(pdf)).pages)
