"""The composition root: settings in, a wired App out. Nothing is built at import time."""

from __future__ import annotations

import contextlib
from datetime import timedelta
from functools import partial
from typing import Any, Final

from adapters.calendar.brazil import BrazilianDays
from adapters.crypto.entropy import SystemChallenges, SystemClock, SystemIds
from adapters.crypto.keeper import RingKeeper
from adapters.crypto.log_memory import FILE as LOG_FILE
from adapters.crypto.log_memory import FileLogMemory
from adapters.crypto.notary import FILE as NOTARY_FILE
from adapters.crypto.notary import FileNotary
from adapters.crypto.proofs import KeyProofs
from adapters.crypto.signatures import EcdsaSignatures
from adapters.crypto.signing_keys import SigningKeys
from adapters.crypto.tokens import JwtIssuer
from adapters.crypto.transform import RingProtection
from adapters.crypto.vault import EnvelopeVault
from adapters.memory.gallery import Gallery
from adapters.postgres.clients import PostgresClients
from adapters.postgres.consent_codes import PostgresConsentCodes
from adapters.postgres.data_keys import PostgresDataKeyStore
from adapters.postgres.database import Database
from adapters.postgres.deployment import (
    forget_refusals,
    note_generation,
    refusals,
)
from adapters.postgres.event_index import PostgresEventIndex
from adapters.postgres.event_log import PostgresEventLog
from adapters.postgres.lockouts import PostgresLockouts
from adapters.postgres.log_writer import backfill
from adapters.postgres.once import PostgresOnce
from adapters.postgres.pairings import PostgresPairings
from adapters.postgres.read_models import PostgresDepartments, PostgresReadModels
from adapters.postgres.serving import Presence
from adapters.postgres.store import PostgresEventStore
from adapters.vision.decoder import ENROLMENT_BYTES
from adapters.vision.load import load_pipeline
from application.client_registry import Registry
from application.departments import check_department
from application.enroll import Enrolling
from application.journal import record_broken
from application.ports.clients import PUBLIC, Client
from application.ports.vision import FrameJudge
from application.projecting import Projector
from application.services import Policies, Services
from domain.account import Account
from domain.act import Act
from domain.attempt import Attempt, Evidence, MatchFacts
from domain.consent import Consent
from domain.device import Device
from domain.enrollment import Enrollment
from domain.erasure import Erasure
from domain.errors import UnavailableError
from domain.incident import Affected, Incident
from domain.journal import JournalEntry
from domain.lockout import Lockout
from domain.notice import Basis, Notice, Notices
from domain.policies.liveness import EvidencePolicy
from domain.request import Request
from domain.retention import Hold, Sweep
from domain.rotation import Rotation
from domain.session import Session
from domain.viewing import Viewing
from entrypoints.absent import AbsentJudge
from entrypoints.anchoring import open_anchors
from entrypoints.app import App, reporter
from entrypoints.identity import open_identity
from entrypoints.measured import matching_policy
from entrypoints.opening import open_database, open_ring, prepare_home
from entrypoints.passwords import open_passwords, password_policy
from entrypoints.reception import reception
from entrypoints.restoring import finish_restore
from entrypoints.retention_settings import sweep_guard
from entrypoints.settings import Settings
from entrypoints.signalling import wired_signals
from entrypoints.worker import ACTOR, CHANNEL

AGGREGATES: Final = (
    Consent,
    Enrollment,
    Attempt,
    Session,
    JournalEntry,
    Rotation,
    Erasure,
    Account,
    Device,
    Lockout,
    Viewing,
    Request,
    Notices,
    Sweep,
    Hold,
    Incident,
)
VALUES: Final = (Act, Evidence, MatchFacts, Notice, Basis, Affected)


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
        opened = open_database(settings, stack)
        database = Database(opened.dsn)
        stack.callback(database.close)
        clock, ids = overrides.get("clock") or SystemClock(), overrides.get("ids") or SystemIds()
        ring = open_ring(settings, database)
        stack.callback(ring.close)
        data_keys = PostgresDataKeyStore(database)
        vault, protection = EnvelopeVault(ring, data_keys), RingProtection(ring)
        keys = RingKeeper(ring, data_keys, on_change=partial(note_generation, database))
        backfill(database)
        store = PostgresEventStore(database, store_key=ring.store_key, aggregates=AGGREGATES, values=VALUES)
        read_models, departments = PostgresReadModels(database), PostgresDepartments(database)
        for name in settings.departments:
            departments.add(check_department(name))
        judge: FrameJudge = overrides.get("judge") or (_judge(settings) if vision else AbsentJudge())
        projector = Projector(store, read_models, on_fault=reporter("projector"))
        signing = SigningKeys.open(settings.keys_dir / "signing.json")
        builtin = Client(settings.client_id, PUBLIC, (settings.audience, *settings.client_audiences), clock.now())
        models = [model for model in (judge.model, judge.former) if model]
        gallery = Gallery(
            store,
            read_models,
            vault,
            protection,
            models,
            on_fault=reporter("gallery"),
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
                keys=signing,
                pairwise_key=ring.pairwise_key,
                issuer=settings.issuer,
                audience=settings.audience,
                client_id=settings.client_id,
                clock=clock,
                ids=ids,
            ),
            identity=open_identity(
                settings, clock=clock, digest=vault.digest, on_fault=reporter("identity provider"), eager=follow
            ),
            signing=signing,
            notary=FileNotary.open(settings.keys_dir / NOTARY_FILE),
            log=PostgresEventLog(database, ring.store_key),
            log_memory=FileLogMemory(settings.log_dir / LOG_FILE, ring.store_key),
            origin=settings.issuer,
            clients=Registry(PostgresClients(database), builtin),
            proofs=KeyProofs(settings.origins),
            clock=clock,
            ids=ids,
            challenges=overrides.get("challenges") or SystemChallenges(),
            once=PostgresOnce(database),
            pairings=PostgresPairings(database),
            consent_codes=PostgresConsentCodes(database),
            signatures=EcdsaSignatures(),
            lockouts=PostgresLockouts(database),
            departments=departments,
            read_models=read_models,
            calendar=BrazilianDays(settings.holidays_state, settings.time_zone),
            event_index=PostgresEventIndex(database),
            projector=projector,
            reception=reception(settings, ring.pairwise_key, clock, reporter("signals")),
            signals=wired_signals(settings, database, ring.pairwise_key, stack),
            policies=overrides.get("policies") or _policies(settings, judge),
            passwords=open_passwords(settings, stack),
            anchors=open_anchors(settings, stack),
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
            opened,
            vision_ready,
            stack.pop_all(),
            presence,
        )


def _policies(settings: Settings, judge: FrameJudge) -> Policies:
    return Policies(
        evidence=EvidencePolicy(mode=settings.liveness),
        matching=matching_policy(settings, {model for model in (judge.model, judge.former) if model}),
        retention=settings.retention_policy,
        sweeping=sweep_guard(settings),
        lockout=settings.lockout_policy,
        passwords=password_policy(settings),
        session_lifetime=timedelta(hours=settings.session_hours),
        session_idle=timedelta(minutes=settings.session_idle_minutes),
        device_required=frozenset(settings.device_required),
        paper_consent=settings.paper_consent == "allowed",
        controller=settings.controller,
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


def _bring_up_if_possible(projector: Projector) -> None:
    """Leave the read models up to date behind a command; a server will do it where this cannot."""
    with contextlib.suppress(UnavailableError):
        projector.catch_up()
