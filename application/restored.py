"""After an older history was put back: what had ended since then ends again, before anybody is served."""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterable, Mapping
from contextlib import suppress
from dataclasses import dataclass
from typing import Any, Final, TypeVar
from uuid import UUID

from application import consent as consents
from application import erase
from application.journal import record
from application.ports.vault import subject_owner
from application.services import Services
from domain.act import Act
from domain.consent import ENROLLMENT, GRANTED
from domain.enrollment import ACTIVE, ERASED, REVOKED, SUSPENDED, Enrollment
from domain.errors import FaceauthError, NotFoundError, SealBrokenError
from domain.session import OPEN, Session

REASON: Final = "restored_backup"

Id = TypeVar("Id", UUID, tuple[UUID, str])


@dataclass(frozen=True, slots=True)
class Ended:
    """What had ended before a restore, by id: enrolments, (subject, purpose) of consents, and who was to be erased."""

    revoked: tuple[UUID, ...] = ()
    suspended: tuple[UUID, ...] = ()
    consents: tuple[tuple[UUID, str], ...] = ()
    erased: tuple[UUID, ...] = ()

    def as_document(self) -> dict[str, Any]:
        """Return it as JSON values."""
        return {
            "revoked": [str(enrollment_id) for enrollment_id in self.revoked],
            "suspended": [str(enrollment_id) for enrollment_id in self.suspended],
            "consents": [[str(subject_id), purpose] for subject_id, purpose in self.consents],
            "erased": [str(subject_id) for subject_id in self.erased],
        }

    @classmethod
    def from_document(cls, document: Mapping[str, Any]) -> Ended:
        """Return what ``as_document`` returned."""
        return cls(
            tuple(UUID(text) for text in document["revoked"]),
            tuple(UUID(text) for text in document["suspended"]),
            tuple((UUID(subject), purpose) for subject, purpose in document["consents"]),
            tuple(UUID(text) for text in document.get("erased", ())),
        )


@dataclass(frozen=True, slots=True)
class Repeated:
    """What the backup had brought back and has ended again."""

    erased: list[UUID]
    enrollments: int
    consents: int
    sessions: int


def what_ended(services: Services, earlier: Ended) -> Ended:
    """Return what has ended by now and must not come back.

    ``earlier`` is what an earlier restore was told: of what the present history does not know, it still holds.
    """
    services.projector.catch_up()
    rows = services.read_models.rows
    enrollments = {row["enrollment_id"]: row["status"] for row in rows("enrollment_rows")}
    given = {(row["subject_id"], row["purpose"]): row["status"] for row in rows("consent_rows")}
    return Ended(
        _ended(enrollments, {REVOKED, ERASED}, earlier.revoked),
        _ended(enrollments, {SUSPENDED}, earlier.suspended),
        _ended(given, {*given.values()} - {GRANTED}, earlier.consents),
        tuple(sorted({row["subject_id"] for row in rows("erasure_rows")}.union(earlier.erased))),
    )


def _ended(present: Mapping[Id, str], states: Collection[str], earlier: Iterable[Id]) -> tuple[Id, ...]:
    names = [name for name, state in present.items() if state in states]
    names.extend(name for name in earlier if name not in present)
    return tuple(names)


def complete(
    services: Services,
    ended: Ended,
    *,
    facts: Mapping[str, str],
    act: Act,
    progress: Callable[[int, int], None] = lambda _done, _of: None,
) -> Repeated:
    """Rebuild the read models and end again what a restore brought back; then record it.

    Everybody in the erasure ledger is erased again, ended consents and enrolments end again, every session is revoked.
    Can be cut off anywhere and repeated: call it before anything is served.
    """
    for name in services.projector.names:
        services.projector.rebuild(name)
    for subject_id in ended.erased:
        # An erasure that was asked for and not executed yet has no line in the ledger; this writes it.
        services.vault.destroy_key(subject_owner(subject_id))
    erased = erase.repeat_after_restore(services, act=act, progress=progress)
    consents_ended = sum(_withdraw(services, subject_id, purpose, act) for subject_id, purpose in ended.consents)
    enrollments = _end_enrollments(services, ended.revoked, ended.suspended, act)
    sessions = _end_sessions(services, act)
    # Finality is the worker's to try again: whatever refuses it now must not keep the service from coming up.
    with suppress(FaceauthError):
        erase.finalise(services, act=act)
    done = Repeated(erased, enrollments, consents_ended, sessions)
    counts = {
        "erased_again": len(erased),
        "enrollments_ended_again": enrollments,
        "consents_ended_again": consents_ended,
        "sessions_revoked": sessions,
    }
    record(services, "backup.restored", act=act, facts={**facts, **{key: str(count) for key, count in counts.items()}})
    services.projector.catch_up()
    return done


def _withdraw(services: Services, subject_id: UUID, purpose: str, act: Act) -> bool:
    with suppress(SealBrokenError):  # nobody is admitted on what does not open
        consent = consents.find(services, subject_id, purpose)
        if consent is None or not consent.in_force:
            return False
        consent.withdraw(reason=REASON, act=act)
        services.store.save(consent)
        enrollment = consents.live_enrollment(services, subject_id) if purpose == ENROLLMENT else None
        if enrollment is not None:
            consents.revoke_enrollment(services, enrollment, reason=REASON, act=act)
        return True
    return False


def _end_enrollments(services: Services, revoked: Iterable[UUID], suspended: Iterable[UUID], act: Act) -> int:
    ended = 0
    for enrollment_id in revoked:
        enrollment = _living(services, enrollment_id)
        if enrollment is not None:
            consents.revoke_enrollment(services, enrollment, reason=REASON, act=act)
            ended += 1
    for enrollment_id in suspended:
        enrollment = _living(services, enrollment_id)
        if enrollment is not None and enrollment.status == ACTIVE:
            enrollment.suspend(reason=REASON, act=act)
            services.store.save(enrollment)
            ended += 1
    return ended


def _living(services: Services, enrollment_id: UUID) -> Enrollment | None:
    """Return a live enrolment; None where it is over, not there yet, or tampered with (it cannot serve then)."""
    with suppress(NotFoundError, SealBrokenError):
        enrollment = services.store.get(Enrollment, enrollment_id)
        return enrollment if enrollment.live else None
    return None


def _end_sessions(services: Services, act: Act) -> int:
    """Revoke every open session: the one that was revoked since the backup looks like any other in it."""
    services.projector.catch_up()
    revoked = 0
    for row in services.read_models.rows("session_rows", {"status": OPEN}):
        with suppress(SealBrokenError):
            session = services.store.get(Session, row["session_id"])
            if session.status == OPEN:
                session.revoke(reason=REASON, act=act)
                services.store.save(session)
                revoked += 1
    return revoked
