"""The end of template transforms: retired when nobody's template goes through them, destroyed some time after."""

from __future__ import annotations

import contextlib
from collections.abc import Sequence
from datetime import datetime
from typing import Any, Final
from uuid import NAMESPACE_URL, UUID, uuid5

from application.enroll import ENROLLMENT_MUTEX
from application.journal import record
from application.ports.keys import RETIRED, RETIRING, KeyFacts
from application.services import Services
from application.templates import open_template
from domain.act import Act
from domain.enrollment import Enrollment
from domain.errors import ConcurrencyError, KeyDestroyedError, NotFoundError, SealBrokenError
from domain.journal import JournalEntry
from domain.rotation import KEY_COMPROMISE

_NAMESPACE: Final = uuid5(NAMESPACE_URL, "urn:faceauth:transform-retired")


def destroy_retired_transforms(services: Services, act: Act) -> list[str]:
    """Retire transforms that no living template goes through; destroy those whose time is over; return the latter.

    Until then an older data backup can be restored with templates that serve. Transforms from before a campaign for
    compromised keys are destroyed as soon as they are retired. Safe to repeat, and to cut off at any point.
    """
    retire_unused(services, act)
    lifetime = services.policies.retention.retired_transforms
    destroyed = []
    services.projector.catch_up()
    rows = services.read_models.rows("active_template_rows")
    for transform in _in_state(services, RETIRED):
        retired_at = _note_retired(services, transform.key_id, act)
        if _serves(services, rows, transform.key_id):
            continue  # a restored backup brought templates of it back: it stays until they have been renewed
        if act.at - retired_at >= lifetime or _compromised(services, transform):
            services.keys.destroy_transform(transform.key_id)
            record(services, "transform.destroyed", act=act, facts={"transform": transform.key_id})
            destroyed.append(transform.key_id)
    return destroyed


def retire_unused(services: Services, act: Act) -> list[str]:
    """Retire every former transform that no living template goes through; return them.

    Templates that do not open any more serve nobody and keep nothing alive.
    """
    retiring = _in_state(services, RETIRING)
    if not retiring:
        return []
    # An enrolment seals under the transform that it found active: none is on its way while this is held.
    with services.store.mutex(ENROLLMENT_MUTEX):
        services.projector.catch_up()
        rows = services.read_models.rows("active_template_rows")
        unused = [transform.key_id for transform in retiring if not _serves(services, rows, transform.key_id)]
        for transform in unused:
            services.keys.retire_transform(transform)
            _note_retired(services, transform, act)
    return unused


def _in_state(services: Services, state: str) -> list[KeyFacts]:
    return [transform for transform in services.keys.status().transforms if transform.state == state]


def _serves(services: Services, rows: Sequence[dict[str, Any]], transform: str) -> bool:
    return any(_opens(services, row["enrollment_id"], transform) for row in rows if row["transform"] == transform)


def _opens(services: Services, enrollment_id: UUID, transform: str) -> bool:
    try:
        enrollment = services.store.get(Enrollment, enrollment_id)
        template = enrollment.template
        if not enrollment.live or template is None or template.transform != transform:
            return False
        open_template(services.vault, enrollment.subject_id, template).wipe()
    except (KeyDestroyedError, NotFoundError, SealBrokenError):
        return False
    return True


def _note_retired(services: Services, transform: str, act: Act) -> datetime:
    """Return when that transform was retired, by the journal; write it down where it is not there yet."""
    entry_id = uuid5(_NAMESPACE, transform)
    entry = JournalEntry.record(entry_id, "transform.retired", facts={"transform": transform}, act=act)
    with contextlib.suppress(ConcurrencyError):
        services.store.save(entry)
        return act.at
    return services.store.get(JournalEntry, entry_id).created_on


def _compromised(services: Services, transform: KeyFacts) -> bool:
    """Say whether that transform is older than a campaign for compromised keys, and not the one that it made."""
    campaigns = services.read_models.rows("rotation_rows", {"reason": KEY_COMPROMISE})
    return any(row["planned_at"] >= transform.created_at and row["transform"] != transform.key_id for row in campaigns)
