"""Everything a use case may need, in one frozen place filled by the composition root."""

from __future__ import annotations

from dataclasses import dataclass, field, replace
from datetime import timedelta
from uuid import UUID

from application.client_registry import Registry
from application.ports.challenges import Challenges
from application.ports.clock import Clock, Ids
from application.ports.event_store import EventStore
from application.ports.keys import KeyKeeper
from application.ports.once import Once
from application.ports.proofs import Proofs
from application.ports.protection import TemplateProtection
from application.ports.read_models import Departments, ReadModels
from application.ports.signing import SigningKeyStore
from application.ports.template_index import TemplateIndex
from application.ports.tokens import TokenIssuer
from application.ports.vault import TemplateVault
from application.ports.vision import FrameJudge
from application.projecting import Projector
from domain.act import Act
from domain.policies.enrolling import EnrollmentPolicy
from domain.policies.liveness import EvidencePolicy
from domain.policies.matching import MatchingPolicy
from domain.policies.movement import ENABLED
from domain.policies.retention import RetentionPolicy


@dataclass(frozen=True, slots=True)
class Policies:
    """The rules in force."""

    matching: MatchingPolicy = field(default_factory=MatchingPolicy)
    evidence: EvidencePolicy = field(default_factory=EvidencePolicy)
    movements: tuple[str, ...] = ENABLED
    enrollment: EnrollmentPolicy = field(default_factory=EnrollmentPolicy)
    retention: RetentionPolicy = field(default_factory=RetentionPolicy)
    session_lifetime: timedelta = timedelta(hours=8)
    session_idle: timedelta = timedelta(minutes=30)

    def evidence_for(self, judge: FrameJudge) -> EvidencePolicy:
        """Return the evidence policy with the threshold that belongs to the judge's scores."""
        return replace(self.evidence, pad_threshold=judge.pad_threshold)


@dataclass(frozen=True, slots=True)
class Services:
    """The ports, wired."""

    store: EventStore
    vault: TemplateVault
    keys: KeyKeeper
    protection: TemplateProtection
    index: TemplateIndex
    judge: FrameJudge
    tokens: TokenIssuer
    signing: SigningKeyStore
    clients: Registry
    proofs: Proofs
    clock: Clock
    ids: Ids
    challenges: Challenges
    once: Once
    departments: Departments
    read_models: ReadModels
    projector: Projector
    policies: Policies = field(default_factory=Policies)

    def act(self, actor: str, channel: str, *, correlation_id: UUID | None = None, cause: UUID | None = None) -> Act:
        """Return the provenance of a command given now."""
        return Act(actor, channel, self.clock.now(), correlation_id or self.ids.new(), cause)
