"""What tests of rotation campaigns share."""

from __future__ import annotations

from datetime import timedelta
from typing import TYPE_CHECKING, Any

from application import rotate
from domain.enrollment import Enrollment
from domain.rotation import Rotation
from tests.house import House

if TYPE_CHECKING:
    from collections.abc import Callable
    from uuid import UUID

    from application.campaigns import Report

FIRST = "transform-1"


class Killed(BaseException):
    """What the operating system does to a process."""


def plan(house: House, reason: str = "transform_renewal", **scope: str) -> Rotation:
    house.clock.advance(timedelta(seconds=1))
    return rotate.plan(house.services, reason=reason, act=house.act(), **scope)


def run(house: House, **kwargs: Any) -> Report:
    house.clock.advance(timedelta(seconds=1))
    report = rotate.run(house.services, act=house.act(), **kwargs)
    assert report is not None
    return report


def enrolment(house: House, subject: UUID) -> Enrollment:
    found = live_of(house, subject)
    assert found is not None
    return found


def live_of(house: House, subject: UUID) -> Enrollment | None:
    rows = house.rows("enrollment_rows", subject_id=subject)
    return house.store.get(Enrollment, rows[-1]["enrollment_id"]) if rows else None


def transforms(house: House) -> dict[str, str]:
    return {transform.key_id: transform.state for transform in house.keys.status().transforms}


def journal(house: House) -> list[tuple[str, str, str]]:
    events = [event.fields for event in house.store.read(0, 10_000) if event.name == "journal.recorded.v1"]
    return [(fields["kind"], fields["outcome"], fields["code"]) for fields in events]


def killed_after(people: int) -> Callable[[int, int], None]:
    def progress(done: int, _total: int) -> None:
        if done >= people:
            raise Killed

    return progress
