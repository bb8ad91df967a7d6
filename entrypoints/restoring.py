"""The second half of a restore: between the moment history was replaced and the moment anything may be served."""

from __future__ import annotations

import json
from typing import Final

from adapters.postgres.database import Database
from adapters.postgres.deployment import forget, read
from application.restored import Ended, Repeated, complete
from application.services import Services
from domain.act import Act

RESTORING: Final = "restoring"
"""What the deployment remembers until erasures have been repeated on a restored history."""


def finish_restore(services: Services, database: Database, *, act: Act) -> Repeated | None:
    """Do what is left to do of a restore; None where nothing is. Can be cut off anywhere and repeated."""
    if read(database, RESTORING) is None:
        return None
    with database.mutex(RESTORING):
        note = read(database, RESTORING)
        if note is None:
            return None  # another process has done it meanwhile
        document = json.loads(note)
        repeated = complete(services, Ended.from_document(document["ended"]), facts=document["facts"], act=act)
        forget(database, RESTORING)
    return repeated
