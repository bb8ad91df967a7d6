"""A new model's template without a visit of its own: captures come from a sign-in that the former model recognised."""

from __future__ import annotations

import logging
from collections.abc import Sequence
from contextlib import ExitStack
from typing import Final

from application.campaigns import open_campaign
from application.ports.vision import FaceCrop
from application.services import Services
from application.templates import open_template, seal_template
from domain.act import Act
from domain.biometrics import Candidate, Embedding, SealedTemplate
from domain.enrollment import MIN_USED_CAPTURES, Enrollment
from domain.errors import CapturesInconsistentError, FaceauthError, TooFewCapturesError
from domain.policies.enrolling import mean_template

SPARE_CROPS: Final = 5
"""Crops besides the decision frame's that an attempt holds on to where a former model is loaded."""

log = logging.getLogger(__name__)


def recapture(services: Services, candidate: Candidate, crops: Sequence[FaceCrop], *, act: Act) -> bool:
    """Put a template of the current model in place of the former one's, if a campaign asks for that; say whether.

    ``crops`` are of an attempt that this candidate, an entry of the former model, has just passed. Best effort: what
    cannot be done now is tried again at the next visit. Never raises: the admission stands. The caller wipes ``crops``.
    """
    try:
        return _recapture(services, candidate, crops, act)
    except FaceauthError as error:
        log.warning("no recapture this time: %s", error.code)
    except Exception as error:  # noqa: BLE001 - reported; a bug here must not turn away a person who was recognised
        log.error("no recapture this time: %s", type(error).__name__)  # noqa: TRY400 - a trace could show vectors
    return False


def _recapture(services: Services, candidate: Candidate, crops: Sequence[FaceCrop], act: Act) -> bool:
    rotation = open_campaign(services)
    if rotation is None or candidate.enrollment_id not in rotation.awaited or rotation.model != services.judge.model:
        return False
    enrollment = services.store.get(Enrollment, candidate.enrollment_id)
    old = enrollment.template
    if old is None or old.template_id != candidate.template_id or not rotation.wants_camera(old.model):
        return False
    with ExitStack() as wiping:
        captures = _captures(services, enrollment, old, crops, wiping)
        try:
            kept = services.policies.enrollment.consistent(captures)
        except (TooFewCapturesError, CapturesInconsistentError):
            return False
        template = mean_template([captures[i] for i in kept])
        wiping.callback(template.wipe)
        protected = services.protection.protect(template, rotation.transform)
        wiping.callback(protected.wipe)
        new = seal_template(services.vault, enrollment.subject_id, services.ids.new(), protected)
    enrollment.rotate_template(new, reason=rotation.reason, rotation_id=rotation.id, act=act)
    rotation.template_rotated(
        enrollment.id,
        subject_id=enrollment.subject_id,
        old_template_id=old.template_id,
        new_template_id=new.template_id,
        model=new.model,
        act=act,
    )
    services.store.save(enrollment, rotation)
    return True


def _captures(
    services: Services, enrollment: Enrollment, old: SealedTemplate, crops: Sequence[FaceCrop], wiping: ExitStack
) -> list[Embedding]:
    """Return embeddings, of the current model, of the crops that the former model matches with the old template.

    One attempt could show two people: the template must not become somebody else's by frames that were not decided on.
    One picture sent again is no capture of its own.
    """
    if len(crops) < MIN_USED_CAPTURES:
        return []
    opened = open_template(services.vault, enrollment.subject_id, old)
    wiping.callback(opened.wipe)
    captures: list[Embedding] = []
    for place, crop in enumerate(crops):
        if any(services.judge.same_picture(crop, other) for other in crops[:place]):
            continue
        former = services.judge.embed(crop, old.model)
        wiping.callback(former.wipe)
        seen = services.protection.protect(former, old.transform) if old.transform else former
        wiping.callback(seen.wipe)
        if seen.similarity(opened) >= services.policies.matching.identification_threshold:
            captures.append(services.judge.embed(crop))
            wiping.callback(captures[-1].wipe)
    return captures
