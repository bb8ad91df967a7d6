"""A store, a vault and galleries over them: what the promises of the gallery are tried on."""

from __future__ import annotations

import itertools
from dataclasses import dataclass, field
from typing import TYPE_CHECKING
from uuid import UUID

import numpy as np

from adapters.memory.clock import FixedClock
from adapters.memory.gallery import Gallery
from adapters.memory.keys import MemoryKeys
from adapters.memory.protection import MemoryProtection
from adapters.memory.vault import MemoryVault
from application.ports.vault import subject_owner
from application.projecting import Projector
from application.projections.changes import Amend
from application.projections.rows import ACTIVE_TEMPLATES
from application.templates import seal_template
from domain.act import Act
from domain.biometrics import Embedding, ModelId
from domain.enrollment import Enrollment
from tests.contract.stores import NOW

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from application.ports.read_models import ReadModels
    from tests.contract.stores import Store

MODEL = ModelId("memory/4")
ACT = Act("token:admin", "http", NOW, UUID(int=1))
EAST, NORTH, NORTH_EAST, WEST = (1, 0, 0, 0), (0, 1, 0, 0), (1, 1, 0, 0), (-1, 0, 0, 0)

Direction = tuple[float, ...]


def towards(direction: Direction, model: ModelId = MODEL) -> Embedding:
    vector = np.array(direction, np.float32)
    return Embedding(model, vector / np.linalg.norm(vector))


@dataclass
class Ground:
    """A store, read models and a vault, and galleries over them."""

    store: Store
    read_models: ReadModels
    keys: MemoryKeys = field(default_factory=lambda: MemoryKeys(FixedClock()))
    vault: MemoryVault = field(init=False)
    protection: MemoryProtection = field(init=False)
    faults: list[Exception] = field(default_factory=list)
    galleries: list[Gallery] = field(default_factory=list)
    numbers: Iterator[int] = field(default_factory=lambda: itertools.count(1000))

    def __post_init__(self) -> None:
        self.vault, self.protection = MemoryVault(self.keys), MemoryProtection(self.keys)

    def gallery(self) -> Gallery:
        gallery = Gallery(
            self.store, self.read_models, self.vault, self.protection, [MODEL], on_fault=self.faults.append
        )
        self.galleries.append(gallery)
        return gallery

    def serve(self, subject: int, direction: Direction, department: str = "icu", model: ModelId = MODEL) -> Enrollment:
        """An active enrolment of that subject, saved."""
        subject_id, template_id = UUID(int=subject), UUID(int=next(self.numbers))
        self.vault.create_key(subject_owner(subject_id))
        enrollment = Enrollment.open(
            UUID(int=next(self.numbers)),
            subject_id=subject_id,
            department=department,
            user_id_sealed="s1",
            username_sealed="s2",
            display_name_sealed="s3",
            act=ACT,
        )
        for _ in range(3):
            enrollment.accept_capture(quality=0.9, pad=0.9, act=ACT)
        face = self.protection.protect(towards(direction, model), self.protection.active())
        enrollment.seal_template(seal_template(self.vault, subject_id, template_id, face), used=3, act=ACT)
        enrollment.activate(act=ACT)
        self.store.save(enrollment)
        return enrollment

    def change(self, enrollment: Enrollment, command: Callable[[Enrollment], None]) -> int:
        command(enrollment)
        return self.store.save(enrollment)

    def project(self) -> None:
        Projector(self.store, self.read_models).catch_up()

    def paste(self, sealed: str, *, into: Enrollment) -> None:
        """What somebody with write access to the read model could do."""
        at = self.read_models.checkpoint(ACTIVE_TEMPLATES.name)
        change = Amend("active_template_rows", {"enrollment_id": into.id}, {"sealed": sealed})
        assert self.read_models.apply(ACTIVE_TEMPLATES.name, [change], expected=at, position=at)
