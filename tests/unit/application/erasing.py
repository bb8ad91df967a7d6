"""What tests of erasure share."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

from application import erase
from domain.erasure import Erasure

if TYPE_CHECKING:
    from uuid import UUID

    from eventsourcing.domain import Aggregate

    from application.erase import Erased
    from tests.house import House


def forget(house: House, subject_id: UUID, **kwargs: Any) -> Erased:
    return erase.erase(house.services, subject_id, act=house.act(), **kwargs)


def erasure_of(house: House, subject_id: UUID) -> Erasure:
    return house.store.get(Erasure, Erasure.create_id(subject_id))


def claims_of(erased: Erased) -> dict[str, Any]:
    """What a certificate of the memory issuer says: it is not signed."""
    claims: dict[str, Any] = json.loads(erased.certificate)
    return claims


def damage(house: House, aggregate: Aggregate) -> None:
    """Flip a bit in the newest row of that aggregate, once the read models have seen it whole."""
    house.services.projector.catch_up()
    row = [row for row in house.store._listenable._stored_events if row.originator_id == aggregate.id][-1]
    object.__setattr__(row, "state", row.state[:-1] + bytes([row.state[-1] ^ 1]))
