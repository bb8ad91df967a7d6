"""The moves that stories of refreshing are made of."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from application.refresh import Refreshed, refresh
from domain.session import Session

if TYPE_CHECKING:
    from application.outcome import Admission
    from tests.house import House


def signed_in(house: House) -> Admission:
    admission = house.sign_in("ana").admission
    assert admission is not None
    return admission


def again(house: House, token: str, **changes: Any) -> Refreshed:
    given: dict[str, Any] = {"client": house.services.clients.builtin, "act": house.act("anonymous")} | changes
    return refresh(house.services, token, **given)


def session_of(house: House, admission: Admission) -> Session:
    return house.store.get(Session, admission.session_id)
