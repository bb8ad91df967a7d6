"""Enrolment of one subject: from the first capture to the last day of the template."""

from __future__ import annotations

from typing import TYPE_CHECKING, ClassVar, Final
from uuid import UUID

from eventsourcing.domain import Aggregate, event

from domain.biometrics import ModelId, SealedTemplate
from domain.errors import CaptureCountError, EnrollmentInactiveError, EnrollmentStateError, TooFewCapturesError

if TYPE_CHECKING:
    from datetime import datetime

    from domain.act import Act

OPEN: Final = "open"
SEALED: Final = "sealed"
ACTIVE: Final = "active"
SUSPENDED: Final = "suspended"
REVOKED: Final = "revoked"
ERASED: Final = "erased"

MIN_USED_CAPTURES: Final = 3
"""Captures that must remain for a template (architecture.md, flow Enroll)."""
MAX_ACCEPTED_CAPTURES: Final = 10
MAX_CAPTURES: Final = 30
"""Accepted and rejected captures together, so that one enrolment's stream stays short."""


class Enrollment(Aggregate):
    """Serves authentication only while active. Personal fields are sealed values."""

    TOPIC: ClassVar[str] = "enrollment"

    @event("Created", topic="enrollment.opened.v1")
    def __init__(
        self,
        enrollment_id: UUID,
        subject_id: UUID,
        department: str,
        user_id_sealed: str,
        username_sealed: str,
        display_name_sealed: str,
        act: Act,
        timestamp: datetime,
    ) -> None:
        self.subject_id = subject_id
        self.department = department
        self.user_id_sealed = user_id_sealed
        self.username_sealed = username_sealed
        self.display_name_sealed = display_name_sealed
        self.status = OPEN
        self.accepted = 0
        self.rejected = 0
        self.template_id: UUID | None = None
        self.model = ""
        self.sealed = ""
        self.transform = ""
        self.threshold_override: float | None = None
        self.changed_by = act.actor

    @staticmethod
    def create_id(enrollment_id: UUID) -> UUID:
        """Take the id given by the id port."""
        return enrollment_id

    @classmethod
    def open(
        cls,
        enrollment_id: UUID,
        *,
        subject_id: UUID,
        department: str,
        user_id_sealed: str,
        username_sealed: str,
        display_name_sealed: str,
        act: Act,
    ) -> Enrollment:
        """Begin; consent to enrolment must have been checked by the caller in the same transaction."""
        return cls(
            enrollment_id=enrollment_id,
            subject_id=subject_id,
            department=department,
            user_id_sealed=user_id_sealed,
            username_sealed=username_sealed,
            display_name_sealed=display_name_sealed,
            act=act,
            timestamp=act.at,
        )

    @property
    def template(self) -> SealedTemplate | None:
        """The sealed template, once there is one."""
        if self.template_id is None:
            return None
        return SealedTemplate(self.template_id, ModelId(self.model), self.sealed, self.transform)

    @property
    def live(self) -> bool:
        """Whether it has not come to its end."""
        return self.status not in {REVOKED, ERASED}

    def check_active(self) -> None:
        """Raise ``EnrollmentInactiveError`` unless it serves authentication."""
        if self.status != ACTIVE:
            raise EnrollmentInactiveError("the enrolment is not active")

    def _check(self, *states: str) -> None:
        if self.status not in states:
            raise EnrollmentStateError(f"the enrolment is {self.status}")

    def check_room(self) -> None:
        """Raise ``EnrollmentStateError`` or ``CaptureCountError`` unless it takes one more capture."""
        self._check(OPEN)
        if self.accepted >= MAX_ACCEPTED_CAPTURES or self.accepted + self.rejected >= MAX_CAPTURES:
            raise CaptureCountError("this enrolment takes no more captures")

    def accept_capture(self, *, quality: float, pad: float, act: Act) -> None:
        """Count a usable capture."""
        self.check_room()
        self._capture_accepted(accepted=self.accepted + 1, quality=quality, pad=pad, act=act, timestamp=act.at)

    def reject_capture(self, *, reason: str, act: Act) -> None:
        """Count a capture that cannot be used, with its reason code."""
        self.check_room()
        self._capture_rejected(rejected=self.rejected + 1, reason=reason, act=act, timestamp=act.at)

    def seal_template(self, template: SealedTemplate, *, used: int, act: Act) -> None:
        """Take the sealed template made of ``used`` captures."""
        self._check(OPEN)
        if used < MIN_USED_CAPTURES or used > self.accepted:
            raise TooFewCapturesError(f"a template takes at least {MIN_USED_CAPTURES} good captures")
        self._template_sealed(
            subject_id=self.subject_id,
            department=self.department,
            template_id=template.template_id,
            model=template.model,
            sealed=template.sealed,
            transform=template.transform,
            used=used,
            act=act,
            timestamp=act.at,
        )

    def rotate_template(self, template: SealedTemplate, *, reason: str, rotation_id: UUID, act: Act) -> None:
        """Replace the template by another of the same person: one serves until here, the other from here on."""
        self._check(ACTIVE, SUSPENDED)
        if self.template_id in {None, template.template_id}:
            raise EnrollmentStateError("a rotated template has an id of its own")
        self._template_rotated(
            subject_id=self.subject_id,
            department=self.department,
            replaces=self.template_id,
            template_id=template.template_id,
            model=template.model,
            sealed=template.sealed,
            transform=template.transform,
            status=self.status,
            reason=reason,
            rotation_id=rotation_id,
            act=act,
            timestamp=act.at,
        )

    def activate(self, *, act: Act) -> None:
        """Let it serve."""
        self._check(SEALED)
        self._activated(act=act, timestamp=act.at)

    def suspend(self, *, reason: str, act: Act) -> None:
        """Stop serving for a while."""
        self._check(ACTIVE)
        self._suspended(reason=reason, act=act, timestamp=act.at)

    def reinstate(self, *, act: Act) -> None:
        """Serve again."""
        self._check(SUSPENDED)
        self._reinstated(act=act, timestamp=act.at)

    def change_department(self, department: str, *, act: Act) -> None:
        """Move to another department."""
        self._check(ACTIVE, SUSPENDED)
        if department == self.department:
            raise EnrollmentStateError("the enrolment is in that department already")
        self._department_changed(department=department, act=act, timestamp=act.at)

    def override_threshold(self, threshold: float, *, act: Act) -> None:
        """Set a personal threshold (cosine similarity); policies use it only where it is stricter."""
        self._check(ACTIVE, SUSPENDED)
        if not 0.0 < threshold < 1.0:
            raise ValueError("a threshold lies between 0 and 1")
        self._threshold_overridden(threshold=threshold, act=act, timestamp=act.at)

    def rename(self, *, user_id_sealed: str, username_sealed: str, display_name_sealed: str, act: Act) -> None:
        """Take other names: all three, sealed anew."""
        self._check(OPEN, SEALED, ACTIVE, SUSPENDED)
        self._renamed(
            user_id_sealed=user_id_sealed,
            username_sealed=username_sealed,
            display_name_sealed=display_name_sealed,
            act=act,
            timestamp=act.at,
        )

    def revoke(self, *, reason: str, act: Act) -> None:
        """End it for good."""
        self._check(OPEN, SEALED, ACTIVE, SUSPENDED)
        self._revoked(reason=reason, act=act, timestamp=act.at)

    def erase(self, *, act: Act) -> None:
        """Record that the data key is destroyed."""
        self._check(REVOKED)
        self._erased(act=act, timestamp=act.at)

    @event("CaptureAccepted", topic="enrollment.capture_accepted.v1")
    def _capture_accepted(self, accepted: int, quality: float, pad: float, act: Act, timestamp: datetime) -> None:
        self.accepted = accepted

    @event("CaptureRejected", topic="enrollment.capture_rejected.v1")
    def _capture_rejected(self, rejected: int, reason: str, act: Act, timestamp: datetime) -> None:
        self.rejected = rejected

    @event("TemplateSealed", topic="enrollment.template_sealed.v1")
    def _template_sealed(
        self,
        subject_id: UUID,
        department: str,
        template_id: UUID,
        model: str,
        sealed: str,
        used: int,
        act: Act,
        timestamp: datetime,
        transform: str = "",
    ) -> None:
        self.template_id = template_id
        self.model = model
        self.sealed = sealed
        self.transform = transform
        self.status = SEALED
        self.changed_by = act.actor

    @event("TemplateRotated", topic="enrollment.template_rotated.v1")
    def _template_rotated(
        self,
        subject_id: UUID,
        department: str,
        replaces: UUID | None,
        template_id: UUID,
        model: str,
        sealed: str,
        transform: str,
        status: str,
        reason: str,
        rotation_id: UUID,
        act: Act,
        timestamp: datetime,
    ) -> None:
        self.template_id = template_id
        self.model = model
        self.sealed = sealed
        self.transform = transform
        self.changed_by = act.actor

    @event("Activated", topic="enrollment.activated.v1")
    def _activated(self, act: Act, timestamp: datetime) -> None:
        self._become(ACTIVE, act)

    @event("Suspended", topic="enrollment.suspended.v1")
    def _suspended(self, reason: str, act: Act, timestamp: datetime) -> None:
        self._become(SUSPENDED, act)

    @event("Reinstated", topic="enrollment.reinstated.v1")
    def _reinstated(self, act: Act, timestamp: datetime) -> None:
        self._become(ACTIVE, act)

    @event("DepartmentChanged", topic="enrollment.department_changed.v1")
    def _department_changed(self, department: str, act: Act, timestamp: datetime) -> None:
        self.department = department
        self.changed_by = act.actor

    @event("ThresholdOverridden", topic="enrollment.threshold_overridden.v1")
    def _threshold_overridden(self, threshold: float, act: Act, timestamp: datetime) -> None:
        self.threshold_override = threshold
        self.changed_by = act.actor

    @event("Renamed", topic="enrollment.renamed.v1")
    def _renamed(
        self, user_id_sealed: str, username_sealed: str, display_name_sealed: str, act: Act, timestamp: datetime
    ) -> None:
        self.user_id_sealed = user_id_sealed
        self.username_sealed = username_sealed
        self.display_name_sealed = display_name_sealed
        self.changed_by = act.actor

    @event("Revoked", topic="enrollment.revoked.v1")
    def _revoked(self, reason: str, act: Act, timestamp: datetime) -> None:
        self._become(REVOKED, act)

    @event("Erased", topic="enrollment.erased.v1")
    def _erased(self, act: Act, timestamp: datetime) -> None:
        self._become(ERASED, act)

    def _become(self, status: str, act: Act) -> None:
        self.status = status
        self.changed_by = act.actor
