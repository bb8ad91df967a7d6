"""Many enrolled people without a camera: random faces, written the way an enrolment writes them."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from application.consent import live_claim
from application.person import Person
from application.ports.vault import subject_owner
from application.templates import seal_template
from domain.biometrics import Embedding, ModelId
from domain.consent import PURPOSES, Consent
from domain.enrollment import Enrollment

if TYPE_CHECKING:
    from uuid import UUID

    from eventsourcing.domain import Aggregate

    from application.services import Services
    from domain.act import Act

PER_SAVE = 40
"""People in one commit: 40 times 9 events stays below what one save takes."""


def random_face(seed: int, model: ModelId, dimension: int) -> Embedding:
    vector = np.random.default_rng(seed).standard_normal(dimension).astype(np.float32)
    return Embedding(model, vector / np.linalg.norm(vector))


def populate(
    services: Services, count: int, *, department: str, model: ModelId, dimension: int, first: int = 0
) -> list[UUID]:
    """Enrol that many people with random faces; return their subject ids."""
    subjects: list[UUID] = []
    transform = services.protection.active()
    act = services.act("operator:test", "cli")
    for start in range(first, first + count, PER_SAVE):
        batch: list[Aggregate] = []
        for number in range(start, min(start + PER_SAVE, first + count)):
            face = services.protection.protect(random_face(number, model, dimension), transform)
            enrolment = _enrolled(services, f"p{number:05}", department, face, act)
            batch += [enrolment, *(_consent(enrolment.subject_id, purpose, act) for purpose in PURPOSES)]
            subjects.append(enrolment.subject_id)
        services.store.save(*batch)
    return subjects


def _enrolled(services: Services, name: str, department: str, face: Embedding, act: Act) -> Enrollment:
    subject_id = services.ids.new()
    services.vault.create_key(subject_owner(subject_id))
    sealed = Person(f"id-{name}", name, f"Pessoa {name}").sealed(services.vault, subject_id)
    enrolment = Enrollment.open(services.ids.new(), subject_id=subject_id, department=department, act=act, **sealed)
    for _ in range(3):
        enrolment.accept_capture(quality=0.9, pad=0.9, act=act)
    enrolment.seal_template(seal_template(services.vault, subject_id, services.ids.new(), face), used=3, act=act)
    enrolment.activate(act=act)
    return enrolment


def _consent(subject_id: UUID, purpose: str, act: Act) -> Consent:
    return Consent.grant(subject_id, purpose, legal_basis="art. 11 I", notice=("1", "ab" * 32), act=act)


def enrol_face(services: Services, name: str, department: str, face: Embedding) -> UUID:
    """Enrol somebody with that face, embedded by whatever model; return the subject id."""
    act = services.act("operator:test", "cli")
    protected = services.protection.protect(face, services.protection.active())
    enrolment = _enrolled(services, name, department, protected, act)
    consents = [_consent(enrolment.subject_id, purpose, act) for purpose in PURPOSES]
    services.store.save(enrolment, *consents, claim=[live_claim(services, enrolment.subject_id, enrolment.id)])
    return enrolment.subject_id
