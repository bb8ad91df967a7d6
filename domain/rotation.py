"""A rotation campaign: every template of a scope taken to another transform, or asked for again by a camera."""

from __future__ import annotations

from typing import TYPE_CHECKING, ClassVar, Final
from uuid import UUID

from eventsourcing.domain import Aggregate, event

from domain.errors import InvalidInputError, RotationStateError

if TYPE_CHECKING:
    from collections.abc import Collection, Mapping
    from datetime import datetime

    from domain.act import Act
    from domain.enrollment import Enrollment

SCHEDULE: Final = "schedule"
KEY_COMPROMISE: Final = "key_compromise"
MODEL_UPGRADE: Final = "model_upgrade"
TRANSFORM_RENEWAL: Final = "transform_renewal"
POLICY: Final = "policy"
REASONS: Final = (SCHEDULE, KEY_COMPROMISE, MODEL_UPGRADE, TRANSFORM_RENEWAL, POLICY)

ALL: Final = "all"
DEPARTMENT: Final = "department"
SUBJECT: Final = "subject"
SCOPES: Final = (ALL, DEPARTMENT, SUBJECT)

OPEN: Final = "open"
COMPLETED: Final = "completed"
CANCELLED: Final = "cancelled"


class Rotation(Aggregate):
    """Knows whom it has done and whom it waits for, by enrolment; nobody is done twice.

    Holds no list of the people in its scope: who is left is whoever lives in the scope and is not at the target.
    """

    TOPIC: ClassVar[str] = "rotation"

    @event("Created", topic="rotation.planned.v1")
    def __init__(
        self,
        rotation_id: UUID,
        reason: str,
        scope: str,
        value: str,
        transform: str,
        model: str,
        total: int,
        act: Act,
        timestamp: datetime,
    ) -> None:
        self.reason = reason
        self.scope = scope
        self.value = value
        self.transform = transform
        self.model = model
        self.total = total
        self.status = OPEN
        self.rotated: set[UUID] = set()
        self.awaited: set[UUID] = set()
        self.skipped: dict[str, int] = {}
        self.changed_by = act.actor

    @staticmethod
    def create_id(rotation_id: UUID) -> UUID:
        """Take the id given by the id port."""
        return rotation_id

    @classmethod
    def plan(
        cls,
        rotation_id: UUID,
        *,
        reason: str,
        scope: str,
        value: str,
        transform: str,
        model: str,
        total: int,
        act: Act,
    ) -> Rotation:
        """Set the target: templates of that transform, and of that model ("": whatever model they are of).

        ``scope`` is all, department or subject, ``value`` the department's name or the subject's id ("" for all);
        ``total`` is how many people were in it. Raises ``InvalidInputError``.
        """
        if reason not in REASONS:
            raise InvalidInputError(f"reasons are {', '.join(REASONS)}")
        if scope not in SCOPES or bool(value) != (scope != ALL):
            raise InvalidInputError("the scope is all, or one department, or one subject")
        if not transform or bool(model) != (reason == MODEL_UPGRADE):
            raise InvalidInputError("a campaign has a target transform, and a target model where that is its reason")
        return cls(
            rotation_id=rotation_id,
            reason=reason,
            scope=scope,
            value=value,
            transform=transform,
            model=model,
            total=total,
            act=act,
            timestamp=act.at,
        )

    @property
    def begun(self) -> bool:
        """Whether it has done anything yet."""
        return bool(self.rotated or self.awaited)

    @property
    def where(self) -> dict[str, str | UUID]:
        """The scope as columns and their values."""
        return columns_of(self.scope, self.value)

    def covers(self, enrollment: Enrollment) -> bool:
        """Say whether that enrolment is in the scope."""
        return all(getattr(enrollment, name) == value for name, value in self.where.items())

    def reached(self, transform: str, model: str) -> bool:
        """Say whether a template of that transform and model needs nothing more."""
        return transform == self.transform and not self.wants_camera(model)

    def wants_camera(self, model: str) -> bool:
        """Say whether a template of that model can only be replaced by new captures."""
        return self.model not in {"", model}

    def check_open(self) -> None:
        """Raise ``RotationStateError`` once it is over."""
        if self.status != OPEN:
            raise RotationStateError(f"this rotation campaign is {self.status}")

    def template_rotated(
        self,
        enrollment_id: UUID,
        *,
        subject_id: UUID,
        old_template_id: UUID,
        new_template_id: UUID,
        model: str,
        act: Act,
    ) -> None:
        """Record that somebody's template was replaced by one at the target."""
        self.check_open()
        if enrollment_id in self.rotated or old_template_id == new_template_id:
            raise RotationStateError("this campaign rotated that template already")
        self._template_rotated(
            enrollment_id=enrollment_id,
            subject_id=subject_id,
            old_template_id=old_template_id,
            new_template_id=new_template_id,
            transform=self.transform,
            model=model,
            rotated=len(self.rotated) + 1,
            awaited=len(self.awaited) - (enrollment_id in self.awaited),
            act=act,
            timestamp=act.at,
        )

    def require_recapture(self, enrollment_id: UUID, *, subject_id: UUID, template_id: UUID, act: Act) -> None:
        """Record that somebody's template serves until the next successful visit brings captures for another."""
        self.check_open()
        if enrollment_id in self.rotated or enrollment_id in self.awaited:
            raise RotationStateError("this campaign asked for that already")
        self._recapture_required(
            enrollment_id=enrollment_id,
            subject_id=subject_id,
            template_id=template_id,
            awaited=len(self.awaited) + 1,
            act=act,
            timestamp=act.at,
        )

    def complete(self, *, gone: Collection[UUID], skipped: Mapping[str, int], act: Act) -> None:
        """End it: everybody is done, was skipped (count by reason code), or is awaited but ``gone`` (enrolments)."""
        self.check_open()
        if not self.awaited <= set(gone):
            raise RotationStateError("this campaign still waits for captures")
        self._completed(
            rotated=len(self.rotated),
            recapture_required=len(self.awaited),
            skipped=dict(skipped),
            act=act,
            timestamp=act.at,
        )

    def cancel(self, *, reason: str, act: Act) -> None:
        """End it early: whoever was rotated stays so, everybody else keeps the template they have."""
        self.check_open()
        self._cancelled(reason=reason, rotated=len(self.rotated), act=act, timestamp=act.at)

    @event("TemplateRotated", topic="rotation.template_rotated.v1")
    def _template_rotated(
        self,
        enrollment_id: UUID,
        subject_id: UUID,
        old_template_id: UUID,
        new_template_id: UUID,
        transform: str,
        model: str,
        rotated: int,
        awaited: int,
        act: Act,
        timestamp: datetime,
    ) -> None:
        self.rotated.add(enrollment_id)
        self.awaited.discard(enrollment_id)
        self.changed_by = act.actor

    @event("RecaptureRequired", topic="rotation.recapture_required.v1")
    def _recapture_required(
        self,
        enrollment_id: UUID,
        subject_id: UUID,
        template_id: UUID,
        awaited: int,
        act: Act,
        timestamp: datetime,
    ) -> None:
        self.awaited.add(enrollment_id)
        self.changed_by = act.actor

    @event("Completed", topic="rotation.completed.v1")
    def _completed(
        self, rotated: int, recapture_required: int, skipped: Mapping[str, int], act: Act, timestamp: datetime
    ) -> None:
        self.status = COMPLETED
        self.skipped = dict(skipped)
        self.changed_by = act.actor

    @event("Cancelled", topic="rotation.cancelled.v1")
    def _cancelled(self, reason: str, rotated: int, act: Act, timestamp: datetime) -> None:
        self.status = CANCELLED
        self.changed_by = act.actor


def columns_of(scope: str, value: str) -> dict[str, str | UUID]:
    """Return what enrolments of a scope have in common, as columns and their values."""
    if scope == SUBJECT:
        return {"subject_id": UUID(value)}
    return {"department": value} if scope == DEPARTMENT else {}
