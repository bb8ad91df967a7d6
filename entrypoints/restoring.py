"""The second half of a restore: between the moment history was replaced and the moment anything may be served."""

from __future__ import annotations

import json
from typing import Final

from adapters.postgres.database import Database
from adapters.postgres.deployment import forget, read
from application import checkpoints
from application.restored import Ended, Repeated, complete
from application.services import Services
from domain.act import Act

RESTORING: Final = "restoring"
"""What the deployment remembers until erasures have been repeated on a restored history."""

ENDED: Final = "ended_before_restore"
"""What had ended when a history was replaced; kept, because an older history may know nothing of it."""


def ended_before(database: Database) -> Ended:
    """Return what had ended at the last restore; nothing where there was none."""
    note = read(database, ENDED)
    return Ended() if note is None else Ended.from_document(json.loads(note))


def finish_restore(services: Services, database: Database, *, act: Act) -> Repeated | None:
    """Do what is left to do of a restore; None where nothing is. Can be cut off anywhere and repeated.

    Of several processes that start, one does it and the others wait for it.
    """
    if read(database, RESTORING) is None:
        return None
    with services.store.mutex(RESTORING):
        note = read(database, RESTORING)
        if note is None:
            return None
        document = json.loads(note)
        repeated = complete(services, Ended.from_document(document["ended"]), facts=document["facts"], act=act)
        checkpoints.after_restore(services, position=int(document["facts"]["position"]), act=act)
        forget(database, RESTORING)
        return repeated
