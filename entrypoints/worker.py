"""What has to be done without anybody asking: ends of attempts and sessions, deadlines of keys and templates.

Every task can be cut off at any moment and done again. Of several processes on one database, one at a time does a task.
"""

from __future__ import annotations

import threading
import time
from collections.abc import Callable
from dataclasses import dataclass
from datetime import timedelta
from typing import Final

from application import (
    answering,
    consent_codes,
    consent_periods,
    erase,
    incidents,
    lockout,
    rekey,
    requests,
    retention,
    rotate,
)
from application.devices import forget_pairings
from application.interrupted import abandon_interrupted, expire_sessions
from application.journal import UNATTENDED
from application.services import Services
from application.signals import streams
from application.signing import retire_signing_keys
from application.transforms import destroy_retired_transforms
from domain.act import Act
from domain.errors import InProgressError

CHANNEL: Final = UNATTENDED
ACTOR: Final = "service"
LOST_ATTEMPT_AFTER: Final = timedelta(minutes=2)
LOOK_EVERY_S: Final = 1.0
MINUTE: Final = 60.0
HOUR: Final = 3600.0


@dataclass(frozen=True, slots=True)
class Task:
    """Something to do every so many seconds; ``run`` takes the provenance of what it does."""

    name: str
    every_s: float
    run: Callable[[Services, Act], object]


def _requests(services: Services, act: Act) -> None:
    answering.resume(services, act=act)
    answering.carry_out_released(services, act=act)


TASKS: Final = (
    Task(
        "attempts",
        MINUTE,
        lambda services, _: abandon_interrupted(services, older_than=LOST_ATTEMPT_AFTER, channel=CHANNEL),
    ),
    Task("sessions", MINUTE, lambda services, _: expire_sessions(services, channel=CHANNEL)),
    Task("lockouts", MINUTE, lambda services, act: lockout.forget(services, act=act)),
    Task("once", MINUTE, lambda services, act: services.once.forget(act.at)),
    Task("erasures", MINUTE, lambda services, act: erase.resume_erasures(services, act=act)),
    Task("deadlines", MINUTE, lambda services, act: requests.warn(services, act=act)),
    Task("requests", MINUTE, _requests),
    Task("finality", 5 * MINUTE, lambda services, act: erase.finalise(services, act=act)),
    Task("pairings", HOUR, lambda services, _: forget_pairings(services)),
    Task("consents", HOUR, lambda services, act: consent_periods.expire_due(services, act=act)),
    Task("consent_codes", HOUR, lambda services, _: consent_codes.forget_codes(services)),
    Task("epochs", HOUR, lambda services, act: rekey.destroy_old_epochs(services, act=act)),
    Task("templates", HOUR, lambda services, act: rotate.rotate_by_age(services, act=act)),
    Task("retention", HOUR, retention.run_due),
    Task("signals", HOUR, lambda services, _: streams.tidy(services)),
    Task("transforms", HOUR, lambda services, act: destroy_retired_transforms(services, act=act)),
    Task("incidents", HOUR, lambda services, act: incidents.watch(services, act=act)),
    Task("incident_keys", HOUR, lambda services, act: incidents.forget_old(services, act=act)),
    Task("signing_keys", HOUR, lambda services, act: retire_signing_keys(services, act=act)),
)


class Worker:
    """A thread that does tasks when they are due, one after the other; a task that fails is tried again in its turn."""

    def __init__(
        self, services: Services, on_fault: Callable[[Exception], None], tasks: tuple[Task, ...] = TASKS
    ) -> None:
        """Do ``tasks`` on those services; ``on_fault`` hears of what failed."""
        self._services = services
        self._on_fault = on_fault
        self._tasks = tasks
        self._due = dict.fromkeys((task.name for task in tasks), 0.0)
        self._stop = threading.Event()
        self._thread = threading.Thread(target=self._run, name="worker", daemon=True)

    def start(self) -> None:
        """Begin."""
        self._thread.start()

    def stop_soon(self) -> None:
        """Ask the thread to end after the task at hand."""
        self._stop.set()

    def stop(self, timeout_s: float = 5.0) -> None:
        """End the thread; a task that takes longer is left to its own end, which may be the process's."""
        self._stop.set()
        if self._thread.is_alive():
            self._thread.join(timeout_s)

    def work(self, now: float) -> None:
        """Do everything that is due at ``now`` (seconds of a monotonic clock)."""
        for task in self._tasks:
            if now < self._due[task.name] or self._stop.is_set():
                continue
            self._due[task.name] = now + task.every_s
            try:
                with self._services.store.mutex(f"worker:{task.name}", wait=False):
                    task.run(self._services, self._services.act(ACTOR, CHANNEL))
            except InProgressError:
                continue  # another process is at it, or an operator
            except Exception as error:  # noqa: BLE001 - reported; the tasks after it must still be done
                self._on_fault(error)

    def _run(self) -> None:
        while not self._stop.wait(LOOK_EVERY_S):
            self.work(time.monotonic())
