"""Write down who was shown whose data, before it is shown."""

from __future__ import annotations

from collections.abc import Collection
from uuid import UUID

from application.services import Services
from domain.act import Act
from domain.viewing import Viewing

MOST_AT_ONCE = 200


def record_viewing(services: Services, subject_ids: Collection[UUID], *, what: str, act: Act) -> None:
    """Record a look at those people's data; show nothing where this raises (``UnavailableError``).

    ``what`` names the view in a word or two: "timeline", "statement", "attempt", "export".
    """
    looked = [Viewing.record(services.ids.new(), subject_id, what=what, act=act) for subject_id in subject_ids]
    for start in range(0, len(looked), MOST_AT_ONCE):
        services.store.save(*looked[start : start + MOST_AT_ONCE])
