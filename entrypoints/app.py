"""The wired whole, and what keeps it going."""

from __future__ import annotations

import contextlib
import threading
from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import timedelta
from typing import Any, Final, Self
from uuid import UUID

import structlog

from adapters.crypto.key_ring import KeyRing
from adapters.memory.gallery import Gallery
from adapters.postgres.database import Database
from adapters.postgres.embedded import EmbeddedPostgres
from adapters.postgres.serving import Presence
from application import checkpoints
from application.confirm import find_account
from application.consent import live_enrollment
from application.enroll import Enrolling
from application.services import Services
from application.signals.engine import SignalEngine
from domain.errors import FaceauthError, SealBrokenError, UnavailableError
from entrypoints import key_backups
from entrypoints.faults import trail
from entrypoints.opening import Opened
from entrypoints.reception import watch_signals
from entrypoints.settings import Settings
from entrypoints.worker import HOUR, MINUTE, TASKS, Task, Worker

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
    opened: Opened = field(repr=False)
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

    @property
    def postgres(self) -> EmbeddedPostgres | None:
        """Our own PostgreSQL, None where the hospital's is used."""
        return self.opened.postgres

    def supervise(self) -> None:
        """Keep an eye on things: bring a lost database back, let go of destroyed keys, do what is due."""
        purge = Task("key_backups", HOUR, lambda services, act: key_backups.purge(services, self.settings, act=act))
        every = timedelta(hours=self.settings.checkpoint_hours)
        sign = Task(
            "checkpoints",
            MINUTE,
            lambda services, act: checkpoints.keep_up(
                services, events=self.settings.checkpoint_events, every=every, act=act
            ),
        )
        worker = Worker(self.services, reporter("worker"), (*TASKS, purge, sign))
        worker.start()
        self._closing.callback(worker.stop)
        watch_signals(self.settings, self.services, reporter("signals"), self._closing)
        engine = SignalEngine(self.services, reporter("signals"))
        engine.start()
        self._closing.callback(engine.stop)
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
        """Return the department a subject is enrolled in; else of its account; else the last one it was enrolled in."""
        with contextlib.suppress(SealBrokenError):  # a damaged enrolment must not keep its person from being erased
            live = live_enrollment(self.services, subject_id)
            if live is not None:
                return {live.department}
            account = find_account(self.services, subject_id)
            if account is not None:
                return {account.department}
        rows = self.services.read_models.rows("enrollment_rows", {"subject_id": subject_id})
        newest = max(rows, key=lambda row: (row["created_at"], row["position"]), default=None)
        return {newest["department"]} if newest else set()

    def _watch(self) -> None:
        while not self._stop.wait(SUPERVISE_EVERY_S):
            try:
                if self.postgres is not None:
                    self.postgres.ensure_running()
                self.ring.refresh()
                self.services.signing.refresh()
                if self._presence is not None:
                    self._presence.renew()
            except Exception as error:  # noqa: BLE001 - reported; without a supervisor a lost database stays lost
                reporter("supervisor")(error)


def reporter(part: str) -> Callable[[Exception], None]:
    """Return what hears of the faults of a part that goes on by itself."""

    def report(error: Exception) -> None:
        if isinstance(error, FaceauthError):
            log.warning("interrupted, resuming", part=part, code=error.code)
        else:
            log.error("failed, trying again", part=part, trail=trail(error))

    return report
