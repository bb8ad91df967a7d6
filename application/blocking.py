"""What cannot be erased yet because a court or a duty in law keeps it is blocked: kept, and of no use to anybody."""

from __future__ import annotations

from collections.abc import Sequence
from contextlib import suppress
from typing import Final
from uuid import UUID

from application import consent as consents
from application import holds
from application.confirm import find_account
from application.services import Services
from application.sessions import revoke_sessions
from domain.account import CLOSED, SUSPENDED
from domain.act import Act
from domain.errors import ConsentMissingError, ErasureHeldError

BLOCKED: Final = "erasure_held"


def check_not_held(services: Services, subject_id: UUID, *, departments: Sequence[str], act: Act) -> None:
    """Raise ``ErasureHeldError`` where a court or a duty in law keeps the data (LGPD art. 16, I), and block them.

    Blocked (art. 5, XIII): consents, enrolment, sessions and the account end or are suspended, so that nobody is let in
    on the data and nothing is added to them; they are kept. Other holds do not keep off a person's own erasure.
    """
    if not holds.binding(services, subject_id, departments[-1] if departments else None):
        return
    with suppress(ConsentMissingError):
        consents.withdraw(services, subject_id, reason=BLOCKED, act=act)
    account = find_account(services, subject_id)
    if account is not None and account.status not in {CLOSED, SUSPENDED}:
        account.suspend(reason=BLOCKED, act=act)
        services.store.save(account)
    services.projector.catch_up()
    revoke_sessions(services, {"subject_id": subject_id}, reason=BLOCKED, act=act)
    raise ErasureHeldError(
        "a court or a duty in law keeps these data: they are blocked now; refuse the request with kept_by_legal_duty, "
        "and it is carried out when the hold is released ('faceauth retention holds')"
    )
