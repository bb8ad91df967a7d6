"""Everything a use case may need, in one frozen place filled by the composition root."""

from __future__ import annotations

from dataclasses import dataclass, field, replace
from datetime import timedelta
from uuid import UUID

from application.client_registry import Registry
from application.controller import Controller
from application.notice import NoticeShelf
from application.ports.anchor import Anchor
from application.ports.business_days import BusinessDays
from application.ports.challenges import Challenges
from application.ports.clock import Clock, Ids
from application.ports.consent_codes import ConsentCodes
from application.ports.event_index import EventIndex
from application.ports.event_log import EventLog, LogMemory
from application.ports.event_store import EventStore
from application.ports.identity import IdentityProvider
from application.ports.keys import KeyKeeper
from application.ports.lockouts import Lockouts
from application.ports.notary import Notary
from application.ports.once import Once
from application.ports.pairings import Pairings
from application.ports.passwords import Passwords
from application.ports.proofs import Proofs
from application.ports.protection import TemplateProtection
from application.ports.read_models import Departments, ReadModels
from application.ports.signal_verifier import Reception
from application.ports.signatures import Signatures
from application.ports.signing import SigningKeyStore
from application.ports.template_index import TemplateIndex
from application.ports.tokens import TokenIssuer
from application.ports.vault import TemplateVault
from application.ports.vision import FrameJudge
from application.projecting import Projector
from application.signals.ports import SignalPorts
from domain.act import Act
from domain.policies.enrolling import EnrollmentPolicy
from domain.policies.liveness import EvidencePolicy
from domain.policies.lockout import LockoutPolicy
from domain.policies.matching import MatchingPolicy
from domain.policies.movement import ENABLED
from domain.policies.passwords import PasswordPolicy
from domain.policies.retention import RetentionPolicy, SweepGuard
from domain.roles import EVERYWHERE


@dataclass(frozen=True, slots=True)
class Policies:
    """The rules in force."""

    matching: MatchingPolicy = field(default_factory=MatchingPolicy)
    evidence: EvidencePolicy = field(default_factory=EvidencePolicy)
    movements: tuple[str, ...] = ENABLED
    enrollment: EnrollmentPolicy = field(default_factory=EnrollmentPolicy)
    retention: RetentionPolicy = field(default_factory=RetentionPolicy)
    sweeping: SweepGuard = field(default_factory=SweepGuard)
    lockout: LockoutPolicy = field(default_factory=LockoutPolicy)
    passwords: PasswordPolicy = field(default_factory=PasswordPolicy)
    session_lifetime: timedelta = timedelta(hours=8)
    session_idle: timedelta = timedelta(minutes=30)
    device_required: frozenset[str] = frozenset()
    paper_consent: bool = True
    controller: Controller = field(default_factory=Controller)

    def requires_device(self, department: str) -> bool:
        """Whether nobody of that department signs in by face without a paired device."""
        return not self.device_required.isdisjoint({department, EVERYWHERE})

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
    identity: IdentityProvider
    signing: SigningKeyStore
    notary: Notary
    log: EventLog
    log_memory: LogMemory
    clients: Registry
    proofs: Proofs
    clock: Clock
    ids: Ids
    challenges: Challenges
    once: Once
    pairings: Pairings
    consent_codes: ConsentCodes
    signatures: Signatures
    lockouts: Lockouts
    departments: Departments
    read_models: ReadModels
    calendar: BusinessDays
    event_index: EventIndex
    projector: Projector
    signals: SignalPorts
    reception: Reception | None = None
    anchors: tuple[Anchor, ...] = ()
    origin: str = "faceauth"
    policies: Policies = field(default_factory=Policies)
    passwords: Passwords = field(default_factory=Passwords)
    notices: NoticeShelf = field(default_factory=NoticeShelf)

    def act(self, actor: str, channel: str, *, correlation_id: UUID | None = None, cause: UUID | None = None) -> Act:
        """Return the provenance of a command given now."""
        return Act(actor, channel, self.clock.now(), correlation_id or self.ids.new(), cause)
