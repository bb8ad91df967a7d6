"""An App with a stream to a receiver, and what carries events to it: here, or in a process that can be killed."""

from __future__ import annotations

import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from application.ports.signal_streams import PUSH, Receiver, Stream
from application.signals import streams
from application.signals.engine import SignalEngine
from entrypoints.app import App
from tests.integration.trial import opened
from tests.ssf_receiver import Receiver as Ssf

ROOT = Path(__file__).parents[2]
AUDIENCE = "ehr"
BEARER = "Bearer of-the-receiver"


@contextmanager
def house(tmp_path: Path, dsn: str, **settings: Any) -> Iterator[tuple[App, Ssf, Stream]]:
    """An App, a receiver, and a stream between them that nobody delivers on yet."""
    keys: dict[str, Any] = {"keys": []}
    receiver = Ssf(lambda: keys, issuer="https://localhost:8443", audience=AUDIENCE)
    receiver.bearer = BEARER
    configured = {"signal_hosts": (receiver.host,), "signal_http_on_loopback": True, **settings}
    try:
        with opened(tmp_path / "home", dsn, **configured) as app:
            keys |= app.services.tokens.jwks()
            wanted = streams.Wanted(PUSH, receiver.url, BEARER)
            stream = streams.create(app.services, Receiver("receiver:ehr", AUDIENCE), wanted)
            yield app, receiver, stream
    finally:
        receiver.stop()


@contextmanager
def engine(app: App) -> Iterator[list[Exception]]:
    faults: list[Exception] = []
    running = SignalEngine(app.services, faults.append, jitter=lambda: 0.0)
    running.start()
    yield faults
    running.stop()


@contextmanager
def engine_process(app: App, host: str) -> Iterator[subprocess.Popen[str]]:
    command = [
        sys.executable,
        "-m",
        "tests.integration.signal_engine",
        str(app.settings.home),
        app.opened.owner_dsn,
        host,
    ]
    process = subprocess.Popen(command, cwd=ROOT, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL, text=True)  # noqa: S603 - our own module
    assert process.stdout is not None
    try:
        assert process.stdout.readline() == "delivering\n"
        yield process
    finally:
        process.kill()
        process.wait()
        process.stdout.close()


def wait_until(condition: Any, seconds: float = 30.0) -> None:
    deadline = time.monotonic() + seconds
    while not condition():
        assert time.monotonic() < deadline, "waited too long"
        time.sleep(0.02)
