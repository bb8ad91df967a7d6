"""Somebody who fails and waits, fails and waits: what stories of lockout are made of."""

from __future__ import annotations

from collections import Counter
from datetime import timedelta
from typing import TYPE_CHECKING, Any
from uuid import UUID

import pytest

from application import lockout, lockout_history
from application.lockout import PASSWORD, Origin
from domain.errors import LockedOutError
from tests.house import ICU

if TYPE_CHECKING:
    from tests.house import House

WARD, HOME = "192.0.2.17", "198.51.100.4"
ANA, BIA = UUID(int=1), UUID(int=2)
GUEST = Origin(PASSWORD, ICU, WARD)


def ana(address: str = WARD, **kwargs: Any) -> Origin:
    return Origin(PASSWORD, ICU, address, subject_id=ANA, **kwargs)


def fail(house: House, origin: Origin, times: int = 1, *, live: bool = False) -> None:
    """Try and fail so often, after whatever wait there is."""
    for _ in range(times):
        waited = wait_of(house, origin)
        if waited is None:
            pytest.fail("it is stopped: there is nothing to wait for")
        house.clock.advance(timedelta(seconds=waited))
        act = house.act("anonymous")
        lockout.check(house.services, origin, act=act)
        lockout.failed(house.services, origin, act=act, pad_passed=live)


def succeed(house: House, origin: Origin) -> None:
    act = house.act("anonymous")
    lockout.check(house.services, origin, act=act)
    lockout.succeeded(house.services, origin, act=act)


def wait_of(house: House, origin: Origin) -> int | None:
    """Seconds that it has to wait; 0 where it need not."""
    act = house.act("anonymous")
    try:
        lockout.check(house.services, origin, act=act)
    except LockedOutError as error:
        return error.retry_after_s
    lockout.undecided(house.services, origin, act=act)
    return 0


def scopes(house: House) -> Counter[str]:
    return Counter(counted.scope for counted, _ in lockout_history.listing(house.services, department=None))
