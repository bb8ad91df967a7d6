"""Rotate templates: plan a campaign, run it (again, after whatever cut it off), cancel it, start one by age.

Nobody is locked out meanwhile: the gallery serves the templates of both transforms, and a person's template is replaced
in the commit that also says so in the campaign.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable
from datetime import datetime
from typing import Final
from uuid import UUID

from application import rekey
from application.campaigns import Report, left_over, open_campaign, open_claim, report, reports
from application.consent import live_enrollment
from application.enroll import ENROLLMENT_MUTEX
from application.journal import record_broken, refusals_recorded
from application.ports.keys import DESTROYED
from application.services import Services
from application.templates import open_template, seal_template
from application.transforms import destroy_retired_transforms
from domain.act import Act
from domain.biometrics import SealedTemplate
from domain.enrollment import ACTIVE, SUSPENDED, Enrollment
from domain.errors import (
    ConcurrencyError,
    InProgressError,
    InvalidInputError,
    KeyDestroyedError,
    NotFoundError,
    SealBrokenError,
    TransformUnknownError,
)
from domain.rotation import (
    ALL,
    COMPLETED,
    DEPARTMENT,
    KEY_COMPROMISE,
    MODEL_UPGRADE,
    OPEN,
    POLICY,
    REASONS,
    SCOPES,
    SUBJECT,
    Rotation,
    columns_of,
)

MUTEX: Final = "rotation"
PASSAGE: Final = "rotation:passage"
"""Held by whoever has to get a change of the campaign in between the many of a run."""

LET_PASS_EVERY: Final = 25
TRIES: Final = 20

Progress = Callable[[int, int], None]


def plan(services: Services, *, reason: str, scope: str = ALL, value: str = "", act: Act) -> Rotation:
    """Plan a campaign; new templates go through its transform from now on.

    ``scope`` is all, department (``value``: its name) or subject (``value``: the subject's id). A model upgrade keeps
    the active transform, every other reason makes a new one. Raises ``InvalidInputError``, ``NotFoundError`` (no such
    department, nobody enrolled under that id) and ``InProgressError`` while another campaign is open.
    """
    with refusals_recorded(services, "rotation.plan", act=act):
        if reason not in REASONS or scope not in SCOPES:
            raise InvalidInputError(f"reasons are {', '.join(REASONS)}; scopes are {', '.join(SCOPES)}")
        _check_scope(services, scope, value)
        with services.store.mutex(MUTEX, wait=False):
            return _plan(services, reason, scope, value, act)


def run(
    services: Services, rotation_id: UUID | None = None, *, act: Act, progress: Progress = lambda _done, _total: None
) -> Report | None:
    """Run the open campaign to its end, or until only cameras are missing; None where no campaign is open.

    Can be cut off at any moment and repeated. ``progress`` hears (done, total) after each person. Raises
    ``InProgressError`` while another process runs it, ``RotationStateError`` and ``NotFoundError`` for an id that is
    not the open campaign's, ``TransformUnknownError`` where the ring has lost the target.
    """
    with refusals_recorded(services, "rotation.run", act=act):
        if rotation_id is not None:
            services.store.get(Rotation, rotation_id).check_open()
        return _run(services, act, progress)


def cancel(services: Services, rotation_id: UUID, *, reason: str, act: Act) -> Report:
    """End a campaign early: those rotated stay so, both transforms stay live.

    Raises ``NotFoundError``, ``RotationStateError`` where it is over already.
    """
    with refusals_recorded(services, "rotation.cancel", act=act), services.store.mutex(PASSAGE):
        for remaining in reversed(range(TRIES)):
            rotation = services.store.get(Rotation, rotation_id)
            rotation.cancel(reason=reason, act=act)
            try:
                services.store.save(rotation, release=[open_claim(services, rotation_id)])
            except ConcurrencyError:
                if not remaining:
                    raise
                continue
            break
        return report(services, rotation, {})


def status(services: Services, rotation_id: UUID | None = None) -> list[Report]:
    """Return all campaigns, newest first, or the one named. Raises ``NotFoundError``."""
    return reports(services, rotation_id)


def rotate_by_age(services: Services, *, act: Act, progress: Progress = lambda _done, _total: None) -> Report | None:
    """Resume a campaign that was cut off; where none is open and templates are older than the policy allows, run one.

    A campaign that somebody planned and did not begin is left to them.
    """
    rotation = open_campaign(services)
    if rotation is None:
        if not _overdue(services, act.at):
            return None
        with services.store.mutex(MUTEX, wait=False):
            _plan(services, POLICY, ALL, "", act)
    elif not rotation.begun and rotation.reason != POLICY:
        return None
    return _run(services, act, progress)


def _check_scope(services: Services, scope: str, value: str) -> None:
    if (scope == ALL) == bool(value):
        raise InvalidInputError("a department or a subject is named, everybody is not")
    if scope == DEPARTMENT and not services.departments.exists(value):
        raise NotFoundError("no such department")
    if scope == SUBJECT:
        try:
            subject_id = UUID(value)
        except ValueError:
            raise InvalidInputError("a subject is named by its id") from None
        if live_enrollment(services, subject_id) is None:
            raise NotFoundError("nobody is enrolled under that id")


def _plan(services: Services, reason: str, scope: str, value: str, act: Act) -> Rotation:
    if open_campaign(services) is not None:
        raise InProgressError("a rotation campaign is open already: run it to its end, or cancel it, first")
    # Cut off after this, it leaves a transform that the next campaign leaves unused and that is retired like any other.
    transform = services.protection.active() if reason == MODEL_UPGRADE else services.keys.add_transform()
    services.projector.catch_up()
    rotation_id, value = services.ids.new(), str(UUID(value)) if scope == SUBJECT else value
    rotation = Rotation.plan(
        rotation_id,
        reason=reason,
        scope=scope,
        value=value,
        transform=transform,
        model=services.judge.model if reason == MODEL_UPGRADE else "",
        total=len(services.read_models.rows("active_template_rows", columns_of(scope, value))),
        act=act,
    )
    services.store.save(rotation, claim=[open_claim(services, rotation_id)])
    return rotation


def _overdue(services: Services, now: datetime) -> bool:
    """Say whether a template is too old and no campaign over everybody has dealt with it (or was called off) since."""
    services.projector.catch_up()
    rows = services.read_models.rows
    before = now - services.policies.retention.templates
    oldest = [
        row["created_at"] for state in (ACTIVE, SUSPENDED) for row in rows("template_history_rows", {"status": state})
    ]
    dealt_with = any(
        row["planned_at"] >= before
        and (row["reason"] == POLICY or (row["status"] == COMPLETED and row["reason"] != MODEL_UPGRADE))
        for row in rows("rotation_rows", {"scope": ALL})
    )
    return min(oldest, default=now) < before and not dealt_with


def _run(services: Services, act: Act, progress: Progress) -> Report | None:
    with services.store.mutex(MUTEX, wait=False):
        rotation = open_campaign(services)
        if rotation is None:
            return None
        targets = {t.key_id for t in services.keys.status().transforms if t.state != DESTROYED}
        if rotation.transform not in targets:
            raise TransformUnknownError("the ring does not hold the campaign's transform: cancel it and plan another")
        if rotation.reason == KEY_COMPROMISE:
            rekey.replace_keks(services, older_than=rotation.created_on, act=act)
        campaign = Run(services, rotation, act, progress)
        campaign.work()
        if campaign.rotation.status == COMPLETED:
            destroy_retired_transforms(services, campaign.now())
        services.projector.catch_up()
        return report(services, campaign.rotation, campaign.skipped)


class Run:
    """One run over whoever is left. Keeps the campaign in memory and reads it again only when somebody changed it."""

    def __init__(self, services: Services, rotation: Rotation, act: Act, progress: Progress) -> None:
        """Prepare; the caller holds the mutex of campaigns."""
        self.rotation = rotation
        self.skipped: Counter[str] = Counter()
        self._services = services
        self._act = act
        self._progress = progress
        self._settled: set[UUID] = set()

    def now(self) -> Act:
        """Return the act of this run, given now."""
        return self._services.act(self._act.actor, self._act.channel, correlation_id=self._act.correlation_id)

    def work(self) -> None:
        """Pass over those who are left until nobody is: others are reinstated or moved while a pass is under way."""
        while self.rotation.status == OPEN:
            left = self._left()
            done = len(self.rotation.rotated) + len(self.rotation.awaited) + sum(self.skipped.values())
            for number, enrollment_id in enumerate(left, start=1):
                if number % LET_PASS_EVERY == 0:
                    with self._services.store.mutex(PASSAGE):
                        pass
                self._settle(enrollment_id)
                if self.rotation.status != OPEN:
                    return
                self._progress(done + number, done + len(left))
            if not left and self._finish():
                return

    def _left(self) -> list[UUID]:
        self._services.projector.catch_up()
        ids = (row["enrollment_id"] for row in left_over(self._services, self.rotation))
        return [enrollment_id for enrollment_id in ids if enrollment_id not in self._settled]

    def _settle(self, enrollment_id: UUID) -> None:
        """Do one person; a person somebody else changed again and again is left to the next pass."""
        for _ in range(TRIES):
            try:
                code = self._rotate(enrollment_id)
            except ConcurrencyError:
                self._reload()
                if self.rotation.status != OPEN:
                    return
                continue
            self._settled.add(enrollment_id)
            if code:
                self.skipped[code] += 1
            return

    def _rotate(self, enrollment_id: UUID) -> str | None:
        """Bring one person's template to the target; return the code of why not. Raises ``ConcurrencyError``."""
        services, rotation, act = self._services, self.rotation, self.now()
        try:
            enrollment = services.store.get(Enrollment, enrollment_id)
            template = enrollment.template
            if enrollment.status not in {ACTIVE, SUSPENDED} or template is None:
                return enrollment.status
            if not rotation.covers(enrollment) or rotation.reached(template.transform, template.model):
                return None
            if rotation.wants_camera(template.model):
                rotation.require_recapture(
                    enrollment_id, subject_id=enrollment.subject_id, template_id=template.template_id, act=act
                )
                services.store.save(rotation, unchanged=[enrollment])
                return None
            renewed = self._renewed(enrollment.subject_id, template)
        except KeyDestroyedError as error:
            return error.code
        except (SealBrokenError, TransformUnknownError) as error:
            record_broken(services, "rotation.template", place=str(enrollment_id), code=error.code, act=act)
            return error.code
        enrollment.rotate_template(renewed, reason=rotation.reason, rotation_id=rotation.id, act=act)
        rotation.template_rotated(
            enrollment_id,
            subject_id=enrollment.subject_id,
            old_template_id=template.template_id,
            new_template_id=renewed.template_id,
            model=renewed.model,
            act=act,
        )
        services.store.save(enrollment, rotation)
        return None

    def _renewed(self, subject_id: UUID, template: SealedTemplate) -> SealedTemplate:
        """Return the template in the target transform, under an id of its own; nothing unsealed is left behind."""
        services = self._services
        opened = open_template(services.vault, subject_id, template)
        try:
            carried = services.protection.carry(opened, self.rotation.transform)
            try:
                return seal_template(services.vault, subject_id, services.ids.new(), carried)
            finally:
                carried.wipe()
        finally:
            opened.wipe()

    def _finish(self) -> bool:
        """Complete it, unless somebody came in meanwhile; return whether this run has nothing more to do."""
        services, rotation = self._services, self.rotation
        # An enrolment seals under the transform that it found active: none is on its way while this is held.
        with services.store.mutex(ENROLLMENT_MUTEX):
            if self._left():
                return False
            living = {row["enrollment_id"] for row in services.read_models.rows("active_template_rows")}
            if rotation.awaited & living:
                return True
            rotation.complete(gone=rotation.awaited - living, skipped=self.skipped, act=self.now())
            try:
                services.store.save(rotation, release=[open_claim(services, rotation.id)])
            except ConcurrencyError:
                self._reload()
                return False
        return True

    def _reload(self) -> None:
        self.rotation = self._services.store.get(Rotation, self.rotation.id)
