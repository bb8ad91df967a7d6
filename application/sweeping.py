"""What each category of retention takes: what is old enough, and how it goes. One entry per category that is swept."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from datetime import datetime
from typing import Any, Final
from uuid import UUID

from application import consent as consents
from application import erase
from application.confirm import find_account
from application.journal import record_broken
from application.services import Services
from domain.account import SUSPENDED, Account
from domain.act import Act
from domain.enrollment import ACTIVE, OPEN, REVOKED, SEALED, Enrollment
from domain.enrollment import SUSPENDED as ENROLLMENT_SUSPENDED
from domain.erasure import Erasure
from domain.errors import AlreadyErasedError, SealBrokenError
from domain.retention import Sweep

PAGE: Final = 200
LIVE: Final = frozenset({OPEN, SEALED, ACTIVE, ENROLLMENT_SUSPENDED})
UNUSED_REASON: Final = "retention_unused"
UNFINISHED_REASON: Final = "retention_unfinished"
LEAVER_REASON: Final = "retention"

Row = dict[str, Any]


@dataclass(frozen=True, slots=True)
class Old:
    """Something past its time: the id that the sweep records, since when it is old, whose it is and of where."""

    id: UUID
    at: datetime
    subject_id: UUID | None
    department: str | None


@dataclass(frozen=True, slots=True)
class Swept:
    """How one category is found and taken. ``take`` commits the record of the sweep with what makes it go.

    ``total`` counts what there is, old or not. ``take`` returns how many it took: what changed meanwhile stays.
    """

    name: str
    find: Callable[[Services, datetime], Iterator[Old]]
    total: Callable[[Services], int]
    take: Callable[[Services, Sweep, Sequence[Old], Act], int]


def rows_before(services: Services, table: str, column: str, cutoff: datetime) -> Iterator[Row]:
    """Yield the rows of a table that are older than that, the oldest first, a page at a time."""
    key = {"auth_log_rows": "attempt_id", "session_rows": "session_id", "consent_rows": "consent_id"}
    named, after = key.get(table, "enrollment_id" if table != "account_rows" else "account_id"), None
    while page := services.read_models.older(table, column, cutoff, limit=PAGE, after=after):
        yield from page
        after = (page[-1][column], page[-1][named])


def _ended(table: str, key: str) -> Callable[[Services, datetime], Iterator[Old]]:
    def find(services: Services, cutoff: datetime) -> Iterator[Old]:
        for row in rows_before(services, table, "ended_at", cutoff):
            yield Old(row[key], row["ended_at"], row["subject_id"], row["department"])

    return find


def _consents(services: Services, cutoff: datetime) -> Iterator[Old]:
    """Yield ended consents of the erased: nobody else's, who could give it again and would miss its row."""
    for row in rows_before(services, "consent_rows", "withdrawn_at", cutoff):
        if services.read_models.rows("erasure_rows", {"subject_id": row["subject_id"]}):
            yield Old(row["consent_id"], row["withdrawn_at"], row["subject_id"], None)


def _unused(services: Services, cutoff: datetime) -> Iterator[Old]:
    for row in rows_before(services, "template_use_rows", "last_used_at", cutoff):
        yield Old(row["enrollment_id"], row["last_used_at"], row["subject_id"], row["department"])


def _unfinished(services: Services, cutoff: datetime) -> Iterator[Old]:
    for row in rows_before(services, "enrollment_rows", "created_at", cutoff):
        if row["status"] in {OPEN, SEALED}:
            yield Old(row["enrollment_id"], row["created_at"], row["subject_id"], row["department"])


def _leavers(services: Services, cutoff: datetime) -> Iterator[Old]:
    """Yield who may not come in any more: a suspended account; or no account, and no enrolment that lives."""
    for row in rows_before(services, "account_rows", "updated_at", cutoff):
        if row["status"] == SUSPENDED and not _erased(services, row["subject_id"]):
            yield Old(row["subject_id"], row["updated_at"], row["subject_id"], row["department"])
    for row in rows_before(services, "enrollment_rows", "updated_at", cutoff):
        if row["status"] == REVOKED and _gone(services, row):
            yield Old(row["subject_id"], row["updated_at"], row["subject_id"], row["department"])


def _gone(services: Services, row: Row) -> bool:
    """Say whether that ended enrolment was the last thing its person had here."""
    whose = {"subject_id": row["subject_id"]}
    others = services.read_models.rows("enrollment_rows", whose)
    last = max(others, key=lambda each: each["position"])
    return (
        last["enrollment_id"] == row["enrollment_id"]
        and not any(each["status"] in LIVE for each in others)
        and not services.read_models.rows("account_rows", whose)
        and not _erased(services, row["subject_id"])
    )


def _erased(services: Services, subject_id: UUID) -> bool:
    return bool(services.read_models.rows("erasure_rows", {"subject_id": subject_id}))


def _take_rows(services: Services, sweep: Sweep, old: Sequence[Old], act: Act) -> int:
    sweep.delete([each.id for each in old], act=act)
    services.store.save(sweep)
    return len(old)


def _take_enrollments(
    reason: str, states: frozenset[str], still: Callable[[Services, datetime, UUID], bool]
) -> Callable[[Services, Sweep, Sequence[Old], Act], int]:
    """Return what revokes enrolments, each in the commit that says so; one that changed meanwhile stays."""

    def take(services: Services, sweep: Sweep, old: Sequence[Old], act: Act) -> int:
        taken = 0
        for each in old:
            with _damage_recorded(services, each, act):
                enrollment = services.store.get(Enrollment, each.id)
                services.projector.catch_up()
                if enrollment.status in states and still(services, sweep.cutoff, each.id):
                    sweep.delete([each.id], act=act)
                    consents.revoke_enrollment(services, enrollment, reason=reason, act=act, beside=[sweep])
                    taken += 1
        if taken:
            services.index.catch_up(services.store.position())
        return taken

    return take


def _still_unused(services: Services, cutoff: datetime, enrollment_id: UUID) -> bool:
    rows = services.read_models.rows("template_use_rows", {"enrollment_id": enrollment_id})
    return any(row["last_used_at"] < cutoff for row in rows)


def _take_people(services: Services, sweep: Sweep, old: Sequence[Old], act: Act) -> int:
    """Erase each. Once the request is on record beside the sweep, it is carried through whatever is cut off."""
    taken = 0
    for each in old:
        with _damage_recorded(services, each, act):
            account = find_account(services, each.id)
            if _back(services, each.id, account, sweep.cutoff) or erase.find(services, each.id) is not None:
                continue
            erasure = Erasure.request(each.id, reason=LEAVER_REASON, department=each.department or "", act=act)
            sweep.delete([each.id], act=act)
            services.store.save(erasure, sweep, unchanged=[] if account is None else [account])
            with suppress(AlreadyErasedError):  # the worker of another process was faster
                erase.erase(services, each.id, act=act, reason=LEAVER_REASON)
            taken += 1
    return taken


def _back(services: Services, subject_id: UUID, account: Account | None, cutoff: datetime) -> bool:
    """Say whether a leaver may come in again since the view was read."""
    if account is None:
        return consents.live_enrollment(services, subject_id) is not None
    return account.status != SUSPENDED or account.modified_on >= cutoff


@contextmanager
def _damage_recorded(services: Services, old: Old, act: Act) -> Iterator[None]:
    """Record what cannot be read, and go on: it lets nobody in, and the others must not wait for it."""
    try:
        yield
    except SealBrokenError as error:
        record_broken(services, "retention", place=str(old.id), code=error.code, subject_id=old.subject_id, act=act)


def _count(*tables: str) -> Callable[[Services], int]:
    return lambda services: max(services.read_models.count(table) for table in tables)


SWEPT: Final = (
    Swept(
        "unfinished",
        _unfinished,
        _count("enrollment_rows"),
        _take_enrollments(UNFINISHED_REASON, frozenset({OPEN, SEALED}), lambda _services, _cutoff, _id: True),
    ),
    Swept(
        "unused_templates",
        _unused,
        _count("template_use_rows"),
        _take_enrollments(UNUSED_REASON, frozenset({ACTIVE, ENROLLMENT_SUSPENDED}), _still_unused),
    ),
    Swept("leavers", _leavers, _count("account_rows", "enrollment_rows"), _take_people),
    Swept("attempts", _ended("auth_log_rows", "attempt_id"), _count("auth_log_rows"), _take_rows),
    Swept("sessions", _ended("session_rows", "session_id"), _count("session_rows"), _take_rows),
    Swept("consents", _consents, _count("consent_rows"), _take_rows),
)
"""In the order in which they are swept: who is not used becomes a leaver, whose consents are proof for years."""
