"""Forget a person: at once nothing serves or reads them; finally, no copy of their key opens anywhere."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any, Final
from uuid import UUID

from application import consent as consents
from application import lockout_history
from application.blocking import check_not_held
from application.confirm import find_account
from application.journal import record_broken, refusals_recorded
from application.ports.event_store import Holder
from application.ports.keys import DestroyedKey
from application.ports.vault import subject_owner
from application.rekey import Progress, finalise_erasures
from application.services import Services
from application.sessions import positions_of, revoke_sessions
from domain.account import CLOSED
from domain.act import Act, reason_code
from domain.consent import PURPOSES, Consent
from domain.enrollment import ERASED, Enrollment
from domain.erasure import REQUESTED, Erasure
from domain.errors import ConcurrencyError, NotFoundError, SealBrokenError

CERTIFICATE_TYPE: Final = "erasure-certificate+jwt"
REASON: Final = "erasure"
TRIES: Final = 5
"""Somebody else may change the same enrolment meanwhile: a rotation, an administrator."""
_PREFIX: Final = subject_owner(UUID(int=0)).removesuffix(str(UUID(int=0)))


@dataclass(frozen=True, slots=True)
class Erased:
    """How an erasure stands. ``final_by`` is the latest moment at which it becomes final; ``certificate`` is signed.

    After ``horizon`` no backup of keys that could open anything of the person exists either.
    """

    subject_id: UUID
    erased_at: datetime
    final: bool
    final_at: datetime | None
    final_by: datetime
    horizon: datetime
    certificate: str


@dataclass(slots=True)
class _Ended:
    """What a pass over everything of a person ended."""

    enrollments: list[UUID] = field(default_factory=list)
    consents: int = 0
    sessions: int = 0
    positions: list[int] = field(default_factory=list)

    def __bool__(self) -> bool:
        return bool(self.enrollments or self.consents or self.sessions)


def erase(
    services: Services,
    subject_id: UUID,
    *,
    act: Act,
    reason: str = "request",
    now: bool = False,
    progress: Progress = lambda _done, _of: None,
) -> Erased:
    """Erase a person: consents, enrolments and sessions end, the data key is destroyed; ``now`` also makes it final.

    Nobody is admitted on anything of that person once this returns. Cut off anywhere, it is completed by calling it
    again, or by the worker. Raises ``ErasureHeldError``, ``NotFoundError``, ``AlreadyErasedError`` (unless ``now``
    still has something to do), and what ``rekey.rotate_keks`` raises where it is executed but could not be made
    final.
    """
    with (
        refusals_recorded(services, "erasure", act=act, subject_id=subject_id),
        services.store.mutex(f"erasure:{subject_id}"),
    ):
        erasure = find(services, subject_id)
        if erasure is None:
            check_not_held(services, subject_id, departments=departments_of(services, subject_id), act=act)
        erasure = erasure or _requested(services, subject_id, reason_code(reason), act)
        if not (now and erasure.executed and erasure.final_at is None):
            erasure.check_pending()
            _execute(services, erasure, act)
    if now:
        finalise(services, act=act, force=True, progress=progress)
    return standing(services, subject_id)


def find(services: Services, subject_id: UUID) -> Erasure | None:
    """Return the erasure of that subject, strongly consistent."""
    try:
        return services.store.get(Erasure, Erasure.create_id(subject_id))
    except NotFoundError:
        return None


def standing(services: Services, subject_id: UUID) -> Erased:
    """Return how the erasure stands, with a certificate that says so. Raises ``NotFoundError``."""
    erasure = find(services, subject_id)
    if erasure is None or erasure.executed_at is None:
        raise NotFoundError("that person was not erased")
    retention = services.policies.retention
    final_by = erasure.final_at or erasure.executed_at + retention.erasure_final
    horizon = final_by + retention.key_backups
    claims = {
        "subject_id": str(subject_id),
        "reason": erasure.reason,
        "requested_at": erasure.requested_at.isoformat(),
        "erased_at": erasure.executed_at.isoformat(),
        "destroyed": {
            "data_key": subject_owner(subject_id),
            "enrollments": [str(enrollment_id) for enrollment_id in erasure.enrollments],
            "consents": erasure.consents,
            "sessions": erasure.sessions,
        },
        "key_encryption_keys": list(erasure.wrapped_under),
        "event_positions": list(erasure.positions),
        "final": erasure.final_at is not None,
        "final_at" if erasure.final_at else "final_expected_by": final_by.isoformat(),
        "key_backup_horizon": horizon.isoformat(),
    }
    return Erased(
        subject_id=subject_id,
        erased_at=erasure.executed_at,
        final=erasure.final_at is not None,
        final_at=erasure.final_at,
        final_by=final_by,
        horizon=horizon,
        certificate=services.tokens.certify(CERTIFICATE_TYPE, claims),
    )


def as_document(erased: Erased) -> dict[str, Any]:
    """Return it as JSON values."""
    return {
        "success": True,
        "subject_id": str(erased.subject_id),
        "erased_at": erased.erased_at.isoformat(),
        "final": erased.final,
        "final_at": erased.final_at.isoformat() if erased.final_at else None,
        "final_expected_by": None if erased.final else erased.final_by.isoformat(),
        "key_backup_horizon": erased.horizon.isoformat(),
        "certificate": erased.certificate,
    }


def resume_erasures(services: Services, *, act: Act) -> list[UUID]:
    """Complete the erasures that were cut off; return whose."""
    services.projector.catch_up()
    found = [row["subject_id"] for row in services.read_models.rows("erasure_rows", {"status": REQUESTED})]
    for subject_id in found:
        with _damage_recorded(services, subject_id, act), services.store.mutex(f"erasure:{subject_id}"):
            erasure = find(services, subject_id)
            if erasure is not None and not erasure.executed:
                _execute(services, erasure, act)
    return found


def finalise(
    services: Services, *, act: Act, force: bool = False, progress: Progress = lambda _done, _of: None
) -> list[UUID]:
    """Make pending erasures final where it is time, or at once by ``force``; return whose became final.

    Raises what ``rekey.rotate_keks`` raises.
    """
    finalise_erasures(services, act=act, force=force, progress=progress)
    services.projector.catch_up()
    executed = {row["subject_id"] for row in services.read_models.rows("erasure_rows", {"status": "executed"})}
    final = {line.owner for line in services.keys.destroyed_data_keys() if line.final_at is not None}
    done = [subject_id for subject_id in sorted(executed) if subject_owner(subject_id) in final]
    for subject_id in done:
        with _damage_recorded(services, subject_id, act):
            erasure = services.store.get(Erasure, Erasure.create_id(subject_id))
            erasure.finalise(act=act)
            services.store.save(erasure)
    return done


def repeat_after_restore(
    services: Services, *, act: Act, progress: Callable[[int, int], None] = lambda _done, _of: None
) -> list[UUID]:
    """Erase again everybody whom a restored backup brought back; return whose erasure that was.

    Who was erased is told by the ledger, which no data backup contains, and by the erasures in the history itself.
    """
    services.projector.catch_up()
    subjects = {s for line in services.keys.destroyed_data_keys() if (s := _subject_of(line.owner)) is not None}
    subjects |= {row["subject_id"] for row in services.read_models.rows("erasure_rows")}
    repeated = []
    for done, subject_id in enumerate(sorted(subjects)):
        progress(done, len(subjects))
        erasure = find(services, subject_id)
        if erasure is None and not departments_of(services, subject_id):
            continue  # the backup is older than the person
        if erasure is None or not erasure.executed:
            _execute(services, erasure or _requested(services, subject_id, "restored_backup", act), act)
        elif not _end_everything(services, subject_id, act):
            continue
        again = services.store.get(Erasure, Erasure.create_id(subject_id))
        again.repeat(reason="restored_backup", act=act)
        services.store.save(again)
        repeated.append(subject_id)
    return repeated


@contextmanager
def _damage_recorded(services: Services, subject_id: UUID, act: Act) -> Iterator[None]:
    """Record an erasure that cannot be read, and go on: the others must not wait for it."""
    try:
        yield
    except SealBrokenError as error:
        record_broken(services, "erasure", place=str(subject_id), code=error.code, subject_id=subject_id, act=act)


def _subject_of(owner: str) -> UUID | None:
    """Return whose data key that was; None for a month's, and for a line that nobody here wrote."""
    with suppress(ValueError):
        return UUID(owner.removeprefix(_PREFIX)) if owner.startswith(_PREFIX) else None
    return None


def _requested(services: Services, subject_id: UUID, reason: str, act: Act) -> Erasure:
    """Return the erasure, on record now. Raises ``NotFoundError`` for somebody who was never here.

    Somebody enrolled after a backup that was restored since is known by the key alone, and can be forgotten too.
    """
    services.projector.catch_up()
    departments = departments_of(services, subject_id)
    if not departments and not services.vault.has_key(subject_owner(subject_id)):
        raise NotFoundError("no such subject")
    erasure = Erasure.request(subject_id, reason=reason, department=departments[-1] if departments else "", act=act)
    services.store.save(erasure)
    return erasure


def departments_of(services: Services, subject_id: UUID) -> list[str]:
    """Return the departments of a subject's account and enrolments, the one that changed last at the end."""
    rows = [
        row
        for table in ("account_rows", "enrollment_rows")
        for row in services.read_models.rows(table, {"subject_id": subject_id})
    ]
    return [row["department"] for row in sorted(rows, key=lambda row: row["position"])]


def _execute(services: Services, erasure: Erasure, act: Act) -> None:
    ended = _end_everything(services, erasure.subject_id, act)
    line = _ledger_line(services, subject_owner(erasure.subject_id))
    erasure.execute(
        enrollments=ended.enrollments,
        consents=ended.consents,
        sessions=ended.sessions,
        wrapped_under=line.wrapped_under,
        positions=ended.positions,
        act=act,
    )
    services.store.save(erasure, release=[Holder(erasure.subject_id)])


def _end_everything(services: Services, subject_id: UUID, act: Act) -> _Ended:
    """End consents, enrolments and sessions, destroy the data key, and look again for what slipped in before that."""
    ended = _Ended()
    _end_what_stands(services, subject_id, act, ended)
    services.vault.destroy_key(subject_owner(subject_id))
    # From here on nothing can be sealed for that person; what was on its way is in the store by now, or refused.
    _end_what_stands(services, subject_id, act, ended)
    lockout_history.forget_subject(services, subject_id, act=act)
    services.index.catch_up(services.store.position())
    return ended


def end_strays(services: Services, subject_id: UUID, act: Act) -> None:
    """End what came to stand for an erased person after all: somebody was half-way through enrolling them."""
    _end_what_stands(services, subject_id, act, _Ended())


def _end_what_stands(services: Services, subject_id: UUID, act: Act, ended: _Ended) -> None:
    given = [c for p in PURPOSES if (c := _consent(services, subject_id, p)) is not None and c.in_force]
    for consent in given:
        consent.withdraw(reason=REASON, act=act)
    if given:
        ended.positions += positions_of(services.store.save(*given), len(given))
        ended.consents += len(given)
    services.projector.catch_up()
    for row in services.read_models.rows("enrollment_rows", {"subject_id": subject_id}):
        position = _end_enrollment(services, row["enrollment_id"], act)
        if position is not None:
            ended.enrollments.append(row["enrollment_id"])
            ended.positions.append(position)
    _close_account(services, subject_id, act)
    revoked = revoke_sessions(services, {"subject_id": subject_id}, reason=REASON, act=act)
    ended.sessions += len(revoked)
    ended.positions += revoked


def _consent(services: Services, subject_id: UUID, purpose: str) -> Consent | None:
    try:
        return consents.find(services, subject_id, purpose)
    except SealBrokenError:
        return None  # tampered with: nobody is admitted on it, and the key goes all the same


def _end_enrollment(services: Services, enrollment_id: UUID, act: Act) -> int | None:
    """Revoke and erase an enrolment; return the position, None where it is erased already or cannot be read."""
    for attempt in range(TRIES):
        try:
            enrollment = services.store.get(Enrollment, enrollment_id)
        except SealBrokenError:
            return None  # tampered with: it cannot serve, and its key goes all the same
        if enrollment.status == ERASED:
            return None
        if enrollment.live:
            enrollment.revoke(reason=REASON, act=act)
        enrollment.erase(act=act)
        claim = consents.live_claim(services, enrollment.subject_id, enrollment.id)
        try:
            return services.store.save(enrollment, release=[claim, Holder(enrollment.subject_id)])
        except ConcurrencyError:
            if attempt == TRIES - 1:
                raise
    return None


def _close_account(services: Services, subject_id: UUID, act: Act) -> None:
    """Close the account, if there is one; tampered with, it lets nobody in, and its key goes all the same."""
    with suppress(SealBrokenError):
        account = find_account(services, subject_id)
        if account is not None and account.status != CLOSED:
            account.close(reason=REASON, act=act)
            services.store.save(account, release=[Holder(subject_id)])


def _ledger_line(services: Services, owner: str) -> DestroyedKey:
    return next(line for line in services.keys.destroyed_data_keys() if line.owner == owner)
