"""Keys and transforms change under people who sign in: nobody is refused, nothing goes down, a kill undoes nothing."""

from __future__ import annotations

import signal
import subprocess
import sys
import threading
import time
from typing import TYPE_CHECKING, Any, Self

import pytest

from adapters.vision.embedder import DIMENSION, FR_FEATURE_ID, SFACE_ID
from domain.biometrics import ModelId
from entrypoints.bootstrap import bootstrap
from entrypoints.cli import demo_faces
from entrypoints.settings import Settings
from tests.e2e.service import LAUNCHER, Service
from tests.synthetic import populate

if TYPE_CHECKING:
    from collections.abc import Callable

pytestmark = [pytest.mark.models, pytest.mark.database]

MODEL = ModelId(f"{SFACE_ID}+{FR_FEATURE_ID}/{DIMENSION}")
PEOPLE = 1000
KILL_AFTER = 300
"""Templates renewed, or data keys rewrapped, before the kill."""


class Visitors:
    """Two people who sign in again and again until told to stop."""

    def __init__(self, service: Service) -> None:
        self._service = service
        self._stop = threading.Event()
        self.results: list[dict[str, Any]] = []
        self.unready: list[int] = []
        self._threads = [threading.Thread(target=self._visit, args=(person,)) for person in (0, 1)]
        self._threads.append(threading.Thread(target=self._watch))

    def __enter__(self) -> Self:
        for thread in self._threads:
            thread.start()
        return self

    def __exit__(self, *_: object) -> None:
        self._stop.set()
        for thread in self._threads:
            thread.join(60)

    def _visit(self, person: int) -> None:
        pictures = demo_faces.captures(demo_faces.photograph(), person, demo_faces.SIGN_IN)
        while not self._stop.is_set():
            self.results.append(self._service.sign_in(pictures))

    def _watch(self) -> None:
        while not self._stop.wait(0.25):
            status = self._service.get("/face-auth/health").status_code
            if status != 200:
                self.unready.append(status)


def killed_half_way(service: Service, *arguments: str, when: Callable[[], bool]) -> None:
    """Run a command and kill it once it is half through."""
    process = subprocess.Popen(  # noqa: S603 - our own launcher
        [sys.executable, str(LAUNCHER), *arguments],
        env=service.environment,
        cwd=service.home.parent,
        stdout=subprocess.DEVNULL,
        stderr=subprocess.DEVNULL,
    )
    deadline = time.monotonic() + 60
    while not when():
        assert process.poll() is None, "the command was through before it could be killed"
        assert time.monotonic() < deadline
    process.send_signal(signal.SIGKILL)
    process.wait(30)


def test_keys_and_a_thousand_templates_are_renewed_under_continuous_sign_ins(service: Service) -> None:
    admin = service.token()
    for person, name in enumerate(("ana", "bruno")):
        pictures = demo_faces.captures(demo_faces.photograph(), person, demo_faces.ENROLMENT)
        assert service.enroll(name, pictures, admin).status_code == 201
    with bootstrap(Settings(home=service.home), vision=False) as beside:
        populate(beside.services, PEOPLE, department=service.department, model=MODEL, dimension=DIMENSION)
        before = service.json("keys", "status")
        with Visitors(service) as visitors:
            rotated = service.json("keys", "rotate")
            planned = service.json("rotation", "plan", "--reason", "transform_renewal")
            rows = beside.services.read_models.rows
            killed_half_way(
                service,
                "rotation",
                "run",
                when=lambda: len(rows("template_history_rows", {"reason": "transform_renewal"})) > KILL_AFTER,
            )
            service.json("rotation", "run")
        beside.services.projector.catch_up()
        active = rows("active_template_rows", {"active": True})
        renewed = [row for row in rows("template_history_rows", {}) if row["reason"] == "transform_renewal"]
        after = service.json("keys", "status")

    refused = [result["code"] for result in visitors.results if not result["success"]]
    assert len(visitors.results) > 10, "sign-ins went on all the time"
    assert refused == []
    assert visitors.unready == []
    assert {row["transform"] for row in active} == {planned["transform"]}
    assert len(active) == PEOPLE + 2
    assert len(renewed) == PEOPLE + 2, "somebody was renewed twice, or not at all"
    assert rotated["rewrapped"] >= PEOPLE + 2
    old = next(kek["id"] for kek in before["keks"] if kek["state"] == "active")
    assert {kek["id"]: kek["state"] for kek in after["keks"]}[old] == "destroyed"
    assert service.sign_in(demo_faces.captures(demo_faces.photograph(), 0, demo_faces.SIGN_IN))["success"]
