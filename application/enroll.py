"""Enrol a person: consent, captures, one template, nobody twice."""

from __future__ import annotations

import contextlib
import threading
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Final
from uuid import UUID

from application import consent as consents
from application.captures import Capture, CaptureResult, Captures
from application.confirm import enrollable
from application.enroll_consent import NO_FORM, Form, check_form, consents_for
from application.erase import end_strays
from application.person import Person
from application.ports.event_store import Claim
from application.ports.vault import subject_owner
from application.ports.vision import FaceCrop
from application.services import Services
from application.sessions import revoke_sessions
from application.templates import seal_template
from domain.act import Act
from domain.biometrics import Embedding, FrameFindings
from domain.consent import ENROLLMENT
from domain.enrollment import ACTIVE, OPEN, SUSPENDED, Enrollment
from domain.errors import (
    AlreadyEnrolledError,
    CapturesInconsistentError,
    ClaimTakenError,
    ConcurrencyError,
    DepartmentUnknownError,
    DomainRuleError,
    DuplicatePersonError,
    EnrollmentStateError,
    FaceauthError,
    ImageError,
    KeyDestroyedError,
    NotFoundError,
    TooFewCapturesError,
    UsernameTakenError,
)
from domain.policies.enrolling import mean_template
from domain.policies.liveness import PRESENTATION_ATTACK
from domain.roles import EVERYWHERE

ENROLLMENT_MUTEX: Final = "enrollment"
PENDING_LIFETIME: Final = timedelta(minutes=30)
MAX_PENDING: Final = 500
"""Step-by-step enrolments in progress at once; their captures live in memory only."""


@dataclass(frozen=True, slots=True)
class Enrolled:
    """A person who can sign in from now on."""

    subject_id: UUID
    enrollment_id: UUID
    template_id: UUID
    captures: list[CaptureResult]


class EnrollmentRefusedError(DomainRuleError):
    """The captures make no template; ``code`` says why and ``captures`` what became of each picture."""

    def __init__(self, cause: DomainRuleError, captures: list[CaptureResult]) -> None:
        """Take over the code and the text of the cause."""
        super().__init__(str(cause))
        self.code = cause.code
        self.captures = captures


class Enrolling:
    """The brief's one call, and the same step by step. Synchronous; call it off the event loop."""

    def __init__(self, services: Services) -> None:
        """Work on those services."""
        self._services = services
        self._pending: dict[UUID, Captures] = {}
        self._lock = threading.Lock()

    def enroll(
        self,
        person: Person,
        *,
        department: str,
        pictures: Sequence[bytes],
        notice_version: str | None,
        act: Act,
        form: Form = NO_FORM,
    ) -> Enrolled:
        """Enrol from 5-10 pictures at once, on a signed form of that notice; without one on the person's own consents.

        Raises ``CaptureCountError``, ``NoticeOutdatedError``, ``DepartmentUnknownError``, ``AlreadyEnrolledError``,
        ``UsernameTakenError``, ``ConsentMissingError``, ``PaperConsentForbiddenError``; and ``EnrollmentRefusedError``,
        with the refused enrolment in the history.
        """
        self._services.policies.enrollment.check_count(len(pictures))
        enrollment = self._open(person, department, notice_version, form, act)
        captures = Captures(act.at)
        try:
            for picture in pictures:
                captures.keep(*self._judge(enrollment, captures, picture, act))
            return self._finish(enrollment, captures, act)
        finally:
            captures.wipe()

    def open(
        self, person: Person, *, department: str, notice_version: str | None, act: Act, form: Form = NO_FORM
    ) -> Enrollment:
        """Open an enrolment whose captures come one by one. Raises as ``enroll`` does."""
        enrollment = self._open(person, department, notice_version, form, act)
        with self._lock:
            self._drop_stale(act.at)
            self._pending[enrollment.id] = Captures(act.at)
        return enrollment

    def capture(self, enrollment_id: UUID, picture: bytes, *, department: str, act: Act) -> CaptureResult:
        """Judge one more picture. Raises ``NotFoundError``, ``EnrollmentStateError``, ``CaptureCountError``."""
        _, captures = self._resume(enrollment_id, department)
        # Clients send several at once: one after the other, each on what the one before left.
        with captures.lock:
            enrollment = self._get(enrollment_id, department)
            result, good = self._judge(enrollment, captures, picture, act)
            try:
                self._services.store.save(enrollment)
            except FaceauthError:
                if good is not None:
                    good.wipe()
                raise
            captures.keep(result, good)
        return result

    def complete(self, enrollment_id: UUID, *, department: str, act: Act) -> Enrolled:
        """Make the template and let it serve. Raises as ``enroll`` does; a refusal ends the enrolment."""
        _, captures = self._resume(enrollment_id, department)
        with captures.lock:
            try:
                return self._finish(self._get(enrollment_id, department), captures, act)
            finally:
                with self._lock:
                    self._pending.pop(enrollment_id, None)
                captures.wipe()

    def cancel(self, enrollment_id: UUID, *, department: str, reason: str, act: Act) -> None:
        """End an enrolment, in progress or active. Raises ``NotFoundError``, ``EnrollmentStateError``."""
        services, enrollment = self._services, self._get(enrollment_id, department)
        with self._lock:
            captures = self._pending.pop(enrollment_id, None)
        if captures is not None:
            captures.wipe()
        consents.revoke_enrollment(services, enrollment, reason=reason, act=act)
        services.projector.catch_up()
        revoke_sessions(services, {"subject_id": enrollment.subject_id}, reason=reason, act=act)
        services.index.catch_up(services.store.position())

    def _open(self, person: Person, department: str, notice_version: str | None, form: Form, act: Act) -> Enrollment:
        """Save the consents, the claims and the opened enrolment in one commit."""
        services, person = self._services, person.check()
        if notice_version is not None:
            check_form(services, notice_version, form)
        if not services.departments.exists(department):
            raise DepartmentUnknownError("no such department; add it first: faceauth department add NAME")
        user_id, username = (services.vault.digest(kind, getattr(person, kind)) for kind in ("user_id", "username"))
        subject_id = services.store.claimant("user_id", user_id) or services.ids.new()
        if services.store.claimant("username", username) not in {None, subject_id}:
            raise UsernameTakenError("another person holds that username")
        account = enrollable(services, subject_id, department, username)
        given = consents_for(services, subject_id, notice_version, form, act)
        self._supersede(subject_id, department, act)
        services.vault.create_key(subject_owner(subject_id))
        enrollment = Enrollment.open(
            services.ids.new(),
            subject_id=subject_id,
            department=department,
            act=act,
            **person.sealed(services.vault, subject_id),
        )
        now, before = [c for c in given if c.pending_events], [c for c in given if not c.pending_events]
        claims = [
            Claim("user_id", user_id, subject_id),
            Claim("username", username, subject_id),
            consents.live_claim(services, subject_id, enrollment.id),
        ]
        try:
            services.store.save(*now, enrollment, unchanged=(*account, *before), claim=claims)
        except ClaimTakenError as error:
            if error.kind == "username":
                raise UsernameTakenError("another person holds that username") from error
            raise AlreadyEnrolledError("this person is being enrolled by somebody else right now") from error
        except ConcurrencyError:
            self._check_not_erased(enrollment, act)
            raise
        self._check_not_erased(enrollment, act)
        return enrollment

    def _check_not_erased(self, enrollment: Enrollment, act: Act) -> None:
        """End an enrolment whose person was erased while it was opened: that name is free for a new subject."""
        services, subject_id = self._services, enrollment.subject_id
        if services.vault.has_key(subject_owner(subject_id)):
            return
        end_strays(services, subject_id, act)
        raise KeyDestroyedError("this person was erased at this moment: enrol anew")

    def _supersede(self, subject_id: UUID, department: str, act: Act) -> None:
        """Make room: an enrolment that never came to serve gives way in its own department, or once it is stale."""
        existing = consents.live_enrollment(self._services, subject_id)
        if existing is None:
            return
        stale = act.at - existing.created_on > PENDING_LIFETIME
        if existing.status in {ACTIVE, SUSPENDED} or not (stale or existing.department == department):
            raise AlreadyEnrolledError("this person is enrolled already; revoke that enrolment first")
        consents.revoke_enrollment(self._services, existing, reason="superseded", act=act)

    def _judge(
        self, enrollment: Enrollment, captures: Captures, picture: bytes, act: Act
    ) -> tuple[CaptureResult, Capture | None]:
        """Judge one picture; its outcome is an event on the enrolment. The capture, if good, is the caller's."""
        enrollment.check_room()
        quality, crop, good = None, None, None
        reason: str | None
        try:
            findings, crop = self._services.judge.judge(picture)
            quality = round(findings.quality.score, 4) if findings.quality else None
            reason = findings.reason or self._fault(findings, crop, captures)
            if crop is not None and reason is None:
                good = Capture(self._services.judge.embed(crop), crop)
                enrollment.accept_capture(quality=quality or 0.0, pad=round(findings.pad or 0.0, 4), act=act)
        except ImageError as error:
            reason = error.code
        finally:
            if crop is not None and good is None:
                crop.wipe()
        if reason is not None:
            enrollment.reject_capture(reason=reason, act=act)
        return CaptureResult(accepted=reason is None, reason=reason, quality=quality), good

    def _fault(self, findings: FrameFindings, crop: FaceCrop | None, captures: Captures) -> str | None:
        """Return why a usable picture is not taken: nobody is to be told by it, it looks not alive, it was sent before.

        Different angles are wanted, so ``look_straight`` means a head turned too far to be recognised by.
        """
        if findings.quality is not None and findings.quality.unfit is not None:
            return findings.quality.unfit
        if not (findings.pad or 0.0) >= self._services.judge.pad_threshold:
            return PRESENTATION_ATTACK
        same = self._services.judge.same_picture
        seen = crop is not None and any(same(crop, other.crop) for other in captures.good)
        return "captures_must_differ" if seen else None

    def _finish(self, enrollment: Enrollment, captures: Captures, act: Act) -> Enrolled:
        """Seal, activate and save; or save the refusal, and raise it."""
        services, policy = self._services, self._services.policies.enrollment
        required = consents.required(services, enrollment.subject_id, ENROLLMENT)
        try:
            kept = [captures.good[i] for i in policy.consistent([capture.embedding for capture in captures.good])]
            template = mean_template([capture.embedding for capture in kept])
            try:
                with services.store.mutex(ENROLLMENT_MUTEX):
                    services.index.catch_up(services.store.position())
                    self._check_unique(enrollment, template, kept)
                    template_id = self._seal(enrollment, template, len(kept), act)
                    position = services.store.save(enrollment, unchanged=[required])
            finally:
                template.wipe()
        except (TooFewCapturesError, CapturesInconsistentError, DuplicatePersonError) as error:
            consents.revoke_enrollment(services, enrollment, reason=error.code, act=act)
            raise EnrollmentRefusedError(error, list(captures.results)) from error
        services.index.catch_up(position)
        return Enrolled(enrollment.subject_id, enrollment.id, template_id, list(captures.results))

    def _check_unique(self, enrollment: Enrollment, template: Embedding, kept: Sequence[Capture]) -> None:
        """Raise ``DuplicatePersonError`` for a face that is enrolled already, be it with the former model."""
        services, policy = self._services, self._services.policies.enrollment
        nearest = services.index.search_everywhere(template)
        if services.judge.former is not None:
            with contextlib.ExitStack() as wiping:
                former: list[Embedding] = []
                for capture in kept:
                    former.append(services.judge.embed(capture.crop, services.judge.former))
                    wiping.callback(former[-1].wipe)
                probe = mean_template(former)
                wiping.callback(probe.wipe)
                nearest = [*nearest, *services.index.search_everywhere(probe)]
        policy.check_unique([c for c in nearest if c.subject_id != enrollment.subject_id])

    def _seal(self, enrollment: Enrollment, template: Embedding, used: int, act: Act) -> UUID:
        services = self._services
        protected = services.protection.protect(template, services.protection.active())
        try:
            sealed = seal_template(services.vault, enrollment.subject_id, services.ids.new(), protected)
        finally:
            protected.wipe()
        enrollment.seal_template(sealed, used=used, act=act)
        enrollment.activate(act=act)
        return sealed.template_id

    def _get(self, enrollment_id: UUID, department: str) -> Enrollment:
        with contextlib.suppress(NotFoundError):  # somebody of another department hears the same words as a stranger
            enrollment = self._services.store.get(Enrollment, enrollment_id)
            if department in {EVERYWHERE, enrollment.department}:
                return enrollment
        raise NotFoundError("no such enrolment")

    def _resume(self, enrollment_id: UUID, department: str) -> tuple[Enrollment, Captures]:
        enrollment = self._get(enrollment_id, department)
        with self._lock:
            captures = self._pending.get(enrollment_id)
        if enrollment.status != OPEN:
            raise EnrollmentStateError(f"the enrolment is {enrollment.status}")
        if captures is None:
            raise EnrollmentStateError("the captures are gone (too old, or the service restarted): enrol anew")
        return enrollment, captures

    def _drop_stale(self, now: datetime) -> None:
        oldest_first = sorted(self._pending, key=lambda key: self._pending[key].since)
        surplus = oldest_first[: max(0, len(self._pending) - MAX_PENDING + 1)]
        stale = [key for key in oldest_first if now - self._pending[key].since > PENDING_LIFETIME]
        for key in {*stale, *surplus}:
            self._pending.pop(key).wipe()
