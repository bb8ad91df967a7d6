"""The composition root: settings in, a wired App out. Nothing is built at import time."""

from __future__ import annotations

import contextlib
import os
import threading
from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import timedelta
from functools import partial
from pathlib import Path
from typing import Any, Final, Self
from uuid import UUID

import structlog

from adapters.crypto.entropy import SystemChallenges, SystemClock, SystemIds
from adapters.crypto.keeper import RingKeeper
from adapters.crypto.key_ring import KeyRing
from adapters.crypto.signing_keys import SigningKeys
from adapters.crypto.tokens import JwtIssuer
from adapters.crypto.transform import RingProtection
from adapters.crypto.vault import EnvelopeVault
from adapters.memory.gallery import Gallery
from adapters.postgres.data_keys import PostgresDataKeyStore
from adapters.postgres.database import Database
from adapters.postgres.deployment import (
    claim_ring,
    forget_refusals,
    knows_a_ring,
    note_generation,
    note_refusal,
    refusals,
)
from adapters.postgres.embedded import EmbeddedPostgres
from adapters.postgres.migrate import migrate
from adapters.postgres.read_models import PostgresDepartments, PostgresReadModels
from adapters.postgres.serving import Presence
from adapters.postgres.store import PostgresEventStore
from adapters.vision.decoder import ENROLMENT_BYTES
from adapters.vision.load import load_pipeline
from application.consent import live_enrollment
from application.departments import check_department
from application.enroll import Enrolling
from application.journal import record_broken
from application.ports.vision import FrameJudge
from application.projecting import Projector
from application.services import Policies, Services
from domain.act import Act
from domain.attempt import Attempt, Evidence, MatchFacts
from domain.consent import Consent
from domain.enrollment import Enrollment
from domain.erasure import Erasure
from domain.errors import ConfigurationError, FaceauthError, KeyRingError, SealBrokenError, UnavailableError
from domain.journal import JournalEntry
from domain.policies.liveness import EvidencePolicy
from domain.policies.retention import RetentionPolicy
from domain.rotation import Rotation
from domain.session import Session
from entrypoints import key_backups
from entrypoints.absent import AbsentJudge
from entrypoints.faults import trail
from entrypoints.key_providers import provider_factory
from entrypoints.measured import matching_policy
from entrypoints.restoring import finish_restore
from entrypoints.settings import Settings
from entrypoints.worker import ACTOR, CHANNEL, HOUR, TASKS, Task, Worker

AGGREGATES: Final = (Consent, Enrollment, Attempt, Session, JournalEntry, Rotation, Erasure)
VALUES: Final = (Act, Evidence, MatchFacts)
SUPERVISE_EVERY_S: Final = 1.0
MAX_LAG_EVENTS: Final = 1000

log = structlog.get_logger("faceauth")


@dataclass(slots=True)
class App:
    """Everything wired. ``close`` it, or use it as a context manager."""

    settings: Settings
    services: Services
    enrolling: Enrolling
    gallery: Gallery
    ring: KeyRing = field(repr=False)
    database: Database = field(repr=False)
    dsn: str = field(repr=False)
    postgres: EmbeddedPostgres | None
    vision_ready: bool
    _closing: contextlib.ExitStack = field(repr=False)
    _presence: Presence | None = field(default=None, repr=False)
    _stop: threading.Event = field(default_factory=threading.Event, repr=False)

    def __enter__(self) -> Self:
        """Enter: nothing to do, it is wired already."""
        return self

    def __exit__(self, *_: object) -> None:
        """Close."""
        self.close()

    def close(self) -> None:
        """Stop threads, wipe vectors, close connections, stop our PostgreSQL if nobody else uses it. Idempotent."""
        self._stop.set()
        self.services.projector.stop_soon()
        self.gallery.stop_soon()
        self._closing.close()

    def supervise(self) -> None:
        """Keep an eye on things: bring a lost database back, let go of destroyed keys, do what is due."""
        purge = Task("key_backups", HOUR, lambda services, act: key_backups.purge(services, self.settings, act=act))
        worker = Worker(self.services, _fault("worker"), (*TASKS, purge))
        worker.start()
        self._closing.callback(worker.stop)
        thread = threading.Thread(target=self._watch, name="supervisor", daemon=True)
        thread.start()
        self._closing.callback(thread.join, 5.0)
        self._closing.callback(self._stop.set)

    def readiness(self) -> dict[str, dict[str, Any]]:
        """Return what must hold for people to sign in, each with "ok" and what is known."""
        checks: dict[str, dict[str, Any]] = {"models": {"ok": self.vision_ready}}
        try:
            lag = self.services.projector.lag()
            newest = max((newest for _, newest in lag.values()), default=0)
            behind = {name: newest - position for name, (position, newest) in lag.items()}
            checks["store"] = {"ok": True, "position": newest}
            checks["projections"] = {"ok": max(behind.values(), default=0) <= MAX_LAG_EVENTS, "events_behind": behind}
            gallery_lag = newest - self.gallery.position
            checks["gallery"] = {"ok": gallery_lag <= MAX_LAG_EVENTS, "events_behind": max(0, gallery_lag)}
        except UnavailableError:
            checks["store"] = {"ok": False}
        return checks

    def departments_of(self, subject_id: UUID) -> set[str]:
        """Return the department a subject is enrolled in; with no live enrolment, the last one it was enrolled in."""
        with contextlib.suppress(SealBrokenError):  # a damaged enrolment must not keep its person from being erased
            live = live_enrollment(self.services, subject_id)
            if live is not None:
                return {live.department}
        rows = self.services.read_models.rows("enrollment_rows", {"subject_id": subject_id})
        newest = max(rows, key=lambda row: (row["created_at"], row["position"]), default=None)
        return {newest["department"]} if newest else set()

    def _watch(self) -> None:
        while not self._stop.wait(SUPERVISE_EVERY_S):
            try:
                if self.postgres is not None:
                    self.postgres.ensure_running()
                self.ring.refresh()
                if self._presence is not None:
                    self._presence.renew()
            except Exception as error:  # noqa: BLE001 - reported; without a supervisor a lost database stays lost
                _fault("supervisor")(error)


def bootstrap(settings: Settings, *, vision: bool = True, follow: bool = False, **overrides: Any) -> App:
    """Wire an App.

    Args:
        settings: where and how.
        vision: load the models (and the gallery); without, nothing can be judged or matched.
        follow: keep read models and gallery up in threads (a server); otherwise they are brought up when needed.
        overrides: ``judge``, ``clock``, ``ids``, ``challenges``, ``policies`` in place of the real ones, for tests.

    Raises what the parts raise: ``ConfigurationError``, ``UnavailableError``, ``KeyRingError``, ``ModelError``.
    """
    with contextlib.ExitStack() as stack:
        prepare_home(settings.home)
        dsn, postgres = open_database(settings, stack)
        migrate(dsn)
        database = Database(dsn)
        stack.callback(database.close)
        clock, ids = overrides.get("clock") or SystemClock(), overrides.get("ids") or SystemIds()
        ring = _open_ring(settings, database)
        stack.callback(ring.close)
        data_keys = PostgresDataKeyStore(database)
        vault, protection = EnvelopeVault(ring, data_keys), RingProtection(ring)
        keys = RingKeeper(ring, data_keys, on_change=partial(note_generation, database))
        store = PostgresEventStore(database, store_key=ring.store_key, aggregates=AGGREGATES, values=VALUES)
        read_models, departments = PostgresReadModels(database), PostgresDepartments(database)
        for name in settings.departments:
            departments.add(check_department(name))
        judge: FrameJudge = overrides.get("judge") or (_judge(settings) if vision else AbsentJudge())
        projector = Projector(store, read_models, on_fault=_fault("projector"))
        models = [model for model in (judge.model, judge.former) if model]
        gallery = Gallery(
            store,
            read_models,
            vault,
            protection,
            models,
            on_fault=_fault("gallery"),
            on_broken=lambda enrollment, subject, code: record_broken(
                services, "template", place=str(enrollment), code=code, subject_id=subject, act=_own_act(services)
            ),
        )
        services = Services(
            store=store,
            vault=vault,
            keys=keys,
            protection=protection,
            index=gallery,
            judge=judge,
            tokens=JwtIssuer(
                keys=SigningKeys.open(settings.keys_dir / "signing.json"),
                pairwise_key=ring.pairwise_key,
                issuer=settings.issuer,
                audience=settings.audience,
                client_id=settings.client_id,
                clock=clock,
                ids=ids,
            ),
            clock=clock,
            ids=ids,
            challenges=overrides.get("challenges") or SystemChallenges(),
            departments=departments,
            read_models=read_models,
            projector=projector,
            policies=overrides.get("policies") or _policies(settings, judge),
        )
        for at, code in refusals(database):
            record_broken(services, "key_ring", place=at.isoformat(), code=code, act=_own_act(services))
            forget_refusals(database, at)
        stack.callback(gallery.stop)
        stack.callback(projector.stop)
        presence = Presence(database) if follow else None
        if presence is not None:
            stack.callback(presence.close)
        finish_restore(services, database, act=_own_act(services))
        if follow:
            projector.start()
            projector.catch_up()
            gallery.start()
        else:
            stack.callback(_bring_up_if_possible, projector)
            if vision:
                gallery.load()
        vision_ready = not isinstance(judge, AbsentJudge)
        return App(
            settings,
            services,
            Enrolling(services),
            gallery,
            ring,
            database,
            dsn,
            postgres,
            vision_ready,
            stack.pop_all(),
            presence,
        )


def prepare_home(home: Path) -> None:
    """Make the state directory, and whatever this process creates from now on its owner's alone.

    Run by root, the directory lets others pass (not list): the embedded PostgreSQL lives in it under a user of its own.
    """
    try:
        home.parent.mkdir(parents=True, exist_ok=True)
        os.umask(0o077)
        if not home.exists():
            home.mkdir(exist_ok=True)
            home.chmod(0o711 if os.geteuid() == 0 else 0o700)
    except OSError as error:
        raise ConfigurationError(f"FACEAUTH_HOME {home} cannot be made ({error.strerror}): name another") from error
    if not home.is_dir():
        raise ConfigurationError(f"FACEAUTH_HOME {home} is not a directory: name another")


def ring_path(settings: Settings) -> Path:
    """Return where the key ring lives."""
    return settings.keys_dir / "ring.json"


def open_database(settings: Settings, stack: contextlib.ExitStack) -> tuple[str, EmbeddedPostgres | None]:
    """Return the connection string of the settings' database; where it is our own, start it first."""
    if settings.database_url:
        return settings.database_url, None
    postgres = EmbeddedPostgres(settings.home)
    stack.callback(postgres.close)
    return postgres.start(), postgres


def _open_ring(settings: Settings, database: Database) -> KeyRing:
    """Open the ring that belongs to the database; never make a new one beside data that another one sealed."""
    make_provider = provider_factory(settings)
    try:
        ring = KeyRing.open(ring_path(settings), create=not knows_a_ring(database), make_provider=make_provider)
        claim_ring(database, ring.fingerprint, ring.document.generation)
    except KeyRingError as error:
        note_refusal(database, error.code)
        raise type(error)(f"{error} ({ring_path(settings)})") from error
    return ring


def _policies(settings: Settings, judge: FrameJudge) -> Policies:
    retention = RetentionPolicy(
        erasure_final=timedelta(hours=settings.erasure_final_hours),
        epoch_keys=timedelta(days=settings.epoch_key_days),
        templates=timedelta(days=settings.template_days),
        retired_transforms=timedelta(days=settings.retired_transform_days),
        key_backups=timedelta(days=settings.key_backup_days),
    )
    return Policies(
        evidence=EvidencePolicy(mode=settings.liveness),
        matching=matching_policy(settings, {model for model in (judge.model, judge.former) if model}),
        retention=retention,
        session_lifetime=timedelta(hours=settings.session_hours),
    )


def _own_act(services: Services) -> Act:
    return services.act(ACTOR, CHANNEL)


def _judge(settings: Settings) -> FrameJudge:
    return load_pipeline(
        settings.models or settings.models_dir,
        default_bundle=settings.models_dir,
        former=settings.former_models,
        accept_licence=settings.accept_insightface_licence,
        max_bytes=ENROLMENT_BYTES,
    )


def _fault(part: str) -> Callable[[Exception], None]:
    def report(error: Exception) -> None:
        if isinstance(error, FaceauthError):
            log.warning("interrupted, resuming", part=part, code=error.code)
        else:
            log.error("failed, trying again", part=part, trail=trail(error))

    return report


def _bring_up_if_possible(projector: Projector) -> None:
    """Leave the read models up to date behind a command; a server will do it where this cannot."""
    with contextlib.suppress(UnavailableError):
        projector.catch_up()
