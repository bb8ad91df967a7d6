"""A whole house over the memory twins: what tests of use cases live in."""

from __future__ import annotations

from contextlib import contextmanager
from dataclasses import dataclass, field, replace
from typing import TYPE_CHECKING, Any

from adapters.calendar.brazil import BrazilianDays
from adapters.crypto.proofs import KeyProofs
from adapters.crypto.signatures import EcdsaSignatures
from adapters.memory.challenges import KnownChallenges
from adapters.memory.clients import MemoryClients
from adapters.memory.clock import FixedClock, SequentialIds
from adapters.memory.consent_codes import MemoryConsentCodes
from adapters.memory.event_index import MemoryEventIndex
from adapters.memory.event_log import MemoryLogMemory
from adapters.memory.event_store import MemoryEventStore
from adapters.memory.gallery import Gallery
from adapters.memory.identity import MemoryIdentityProvider
from adapters.memory.keys import MemoryKeys
from adapters.memory.lockouts import MemoryLockouts
from adapters.memory.notary import MemoryNotary
from adapters.memory.once import MemoryOnce
from adapters.memory.pairings import MemoryPairings
from adapters.memory.passwords import MemoryPasswords
from adapters.memory.protection import MemoryProtection
from adapters.memory.read_models import MemoryDepartments, MemoryReadModels
from adapters.memory.signing import MemorySigningKeys
from adapters.memory.tokens import MemoryTokenIssuer
from adapters.memory.vault import MemoryVault
from adapters.memory.vision import MODEL, picture, scripted_judge
from application.authenticate import Authentication
from application.client_registry import Registry
from application.enroll import Enrolled, Enrolling
from application.notice import BUILT_IN
from application.outcome import Client as Origin
from application.outcome import Outcome
from application.person import Person
from application.ports.clients import PUBLIC, Client
from application.ports.passwords import Passwords
from application.projecting import Projector
from application.services import Policies, Services
from domain.errors import UnavailableError
from entrypoints.bootstrap import AGGREGATES, VALUES
from tests.receivers import memory_signals

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Iterator, Sequence

    from eventsourcing.domain import Aggregate

    from application.ports.vision import FaceCrop
    from domain.act import Act
    from domain.biometrics import Candidate, Embedding, FrameFindings, ModelId

ICU, LAB = "icu", "laboratory"
STORE_KEY = bytes(range(32))
ADDRESS, AGENT = "192.0.2.17", "ward tablet 4"


class WatchedStore(MemoryEventStore):
    """The memory twin, which can be lost (``lost``) and lets something happen just before the next save."""

    def __init__(self) -> None:
        super().__init__(store_key=STORE_KEY, aggregates=AGGREGATES, values=VALUES)
        self.lost = False
        self.before_next_save: Callable[[], object] | None = None

    def save(self, *aggregates: Aggregate, **kwargs: Any) -> int:
        hook, self.before_next_save = self.before_next_save, None
        if hook is not None:
            hook()
        return super().save(*aggregates, **kwargs)

    @contextmanager
    def _errors(self) -> Iterator[None]:
        if self.lost:
            raise UnavailableError("the event store cannot be reached")
        with super()._errors():
            yield


class WatchedJudge:
    """The scripted judge, which remembers every crop and embedding that it handed out."""

    def __init__(self, former: ModelId | None = None, model: ModelId = MODEL) -> None:
        self._judge = scripted_judge(former, model)
        self.crops: list[FaceCrop] = []
        self.embeddings: list[Embedding] = []
        self.bug: Exception | None = None

    @property
    def model(self) -> ModelId:
        return self._judge.model

    @property
    def pad_threshold(self) -> float:
        return self._judge.pad_threshold

    @property
    def former(self) -> ModelId | None:
        return self._judge.former

    def judge(self, payload: bytes, **kwargs: Any) -> tuple[FrameFindings, FaceCrop | None]:
        if self.bug is not None:
            raise self.bug
        findings, crop = self._judge.judge(payload, **kwargs)
        if crop is not None:
            self.crops.append(crop)
        return findings, crop

    def embed(self, crop: FaceCrop, model: ModelId | None = None) -> Embedding:
        self.embeddings.append(self._judge.embed(crop, model))
        return self.embeddings[-1]

    def flat_picture(self, one: FaceCrop, other: FaceCrop) -> bool:
        return self._judge.flat_picture(one, other)

    def same_picture(self, one: FaceCrop, other: FaceCrop) -> bool:
        return self._judge.same_picture(one, other)


class WatchedGallery(Gallery):
    """The gallery, which remembers what it was asked with."""

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.probes: list[Embedding] = []

    def search_everywhere(self, probe: Embedding, limit: int = 5) -> list[Candidate]:
        self.probes.append(probe)
        return super().search_everywhere(probe, limit)


def person(name: str) -> Person:
    return Person(f"EMP-{name}", f"{name}.souza", f"Dra. {name.title()} Souza")


def pictures(face: str, count: int = 5) -> list[bytes]:
    return [picture(face, take=take) for take in range(count)]


def frames(face: str, pads: Sequence[float] = (0.98, 0.97, 0.99)) -> list[bytes]:
    """Frames of a sign-in: other takes than those of the enrolment."""
    return [picture(face, take=100 + place, pad=pad) for place, pad in enumerate(pads)]


@dataclass
class House:
    """Services over twins, and the few moves that most stories are made of."""

    store: WatchedStore
    vault: MemoryVault
    keys: MemoryKeys
    judge: WatchedJudge
    clock: FixedClock
    gallery: WatchedGallery
    services: Services
    enrolling: Enrolling
    faults: list[Exception] = field(default_factory=list)

    @property
    def traces(self) -> int:
        """How many crops and embeddings that passed through vision and search still hold something."""
        embeddings = [*self.judge.embeddings, *self.gallery.probes]
        return sum(bool(c.pixels.any()) for c in self.judge.crops) + sum(bool(e.vector.any()) for e in embeddings)

    def act(self, actor: str = "token:admin", channel: str = "http") -> Act:
        return self.services.act(actor, channel)

    def enroll(self, name: str, *, department: str = ICU, face: str | None = None, **kwargs: Any) -> Enrolled:
        """Enrol a person whose face goes by ``face``, or by the name."""
        given = {"pictures": pictures(face or name), "notice_version": BUILT_IN.version} | kwargs
        return self.enrolling.enroll(person(name), department=department, act=self.act(), **given)

    def attempt(self, department: str = ICU) -> Authentication:
        return Authentication(
            self.services, department=department, mode="faceauth.v1", client=Origin(ADDRESS, AGENT), channel="ws"
        )

    def shown(self, payloads: Iterable[bytes], *, department: str = ICU, claim: str | None = None) -> Authentication:
        """An attempt that is started and was shown those frames, undecided."""
        attempt = self.attempt(department)
        attempt.start()
        if claim is not None:
            attempt.claim(claim)
        for payload in payloads:
            attempt.note_received()
            attempt.take(payload)
        return attempt

    def sign_in(self, face: str, *, department: str = ICU, claim: str | None = None) -> Outcome:
        return self.shown(frames(face), department=department, claim=claim).decide()

    def names(self, after: int = 0) -> list[str]:
        """Names of all events after a position, in order."""
        return [event.name for event in self.store.read(after, 10_000)]

    def last(self, name: str) -> Any:
        """The fields of the newest event of that name."""
        return [event for event in self.store.read(0, 10_000) if event.name == name][-1].fields

    def rows(self, table: str, **where: Any) -> list[dict[str, Any]]:
        self.services.projector.catch_up()
        return self.services.read_models.rows(table, where)


def build_house(
    policies: Policies | None = None, judge: WatchedJudge | None = None, steps: Sequence[str] = ()
) -> House:
    judge = judge or WatchedJudge()
    store, clock, ids = WatchedStore(), FixedClock(), SequentialIds()
    keys = MemoryKeys(clock)
    vault, protection = MemoryVault(keys), MemoryProtection(keys)
    read_models, departments = MemoryReadModels(), MemoryDepartments()
    faults: list[Exception] = []
    for name in (ICU, LAB):
        departments.add(name)
    gallery = WatchedGallery(
        store, read_models, vault, protection, [m for m in (judge.model, judge.former) if m], on_fault=faults.append
    )
    services = Services(
        store=store,
        vault=vault,
        keys=keys,
        protection=protection,
        index=gallery,
        judge=judge,
        tokens=MemoryTokenIssuer(clock, ids),
        identity=MemoryIdentityProvider(clock),
        signing=MemorySigningKeys(clock.now()),
        notary=MemoryNotary(),
        log=store.log,
        log_memory=MemoryLogMemory(),
        clients=Registry(MemoryClients(), Client("faceauth-app", PUBLIC, ("medical-record", "ehr"), clock.now())),
        proofs=KeyProofs(["https://localhost:8443"]),
        clock=clock,
        ids=ids,
        challenges=KnownChallenges(*steps),
        once=MemoryOnce(),
        pairings=MemoryPairings(),
        consent_codes=MemoryConsentCodes(),
        signatures=EcdsaSignatures(),
        lockouts=MemoryLockouts(),
        departments=departments,
        read_models=read_models,
        calendar=BrazilianDays(),
        event_index=MemoryEventIndex(read_models),
        projector=Projector(store, read_models, on_fault=faults.append),
        signals=memory_signals(),
        policies=policies or Policies(),
        passwords=Passwords(verifier=(passwords := MemoryPasswords()), hasher=passwords),
    )
    return House(store, vault, keys, judge, clock, gallery, services, Enrolling(services), faults)


def restarted(house: House, judge: WatchedJudge) -> House:
    """The same house the next morning, with another model loaded."""
    faults: list[Exception] = []
    services = house.services
    gallery = WatchedGallery(
        house.store,
        services.read_models,
        house.vault,
        services.protection,
        [m for m in (judge.model, judge.former) if m],
        on_fault=faults.append,
    )
    gallery.load()
    services = replace(services, judge=judge, index=gallery)
    return replace(house, judge=judge, gallery=gallery, services=services, enrolling=Enrolling(services), faults=faults)
