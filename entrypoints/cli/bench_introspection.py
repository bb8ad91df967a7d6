"""What introspection costs under 50 clients, over uvicorn and TLS as in service, the clients in another process."""

from __future__ import annotations

import base64
import json
import subprocess
import sys
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final

import numpy as np
import uvicorn

from application.clients import add_client
from application.ports.clients import CONFIDENTIAL
from application.sessions import new_session
from domain.errors import UnavailableError
from entrypoints.app import App
from entrypoints.cli.bench_loads import DEPARTMENT
from entrypoints.http.tokens import INTROSPECT

CLIENTS: Final = 50
RATE_PER_CLIENT: Final = 5.0
SECONDS: Final = 6.0
WARM_UP_SECONDS: Final = 1.0
BUDGET_P99_MS: Final = 5.0
"""Issue 5, held against the steady loads: clients that ask as fast as they can wait for each other by definition."""
START_SECONDS: Final = 20.0
PROGRAM: Final = Path(__file__).with_name("bench_clients.py")


@dataclass(frozen=True, slots=True)
class Load:
    """How the clients ask: so many times a second each (None: without a pause), each token again or once only."""

    rate: float | None
    fresh: bool = False


LOADS: Final = {
    "steady": Load(RATE_PER_CLIENT),
    "steady_new_tokens": Load(RATE_PER_CLIENT, fresh=True),
    "saturated": Load(None),
}


def measure(app: App, seconds: float = SECONDS) -> dict[str, Any]:
    """Return what every load cost: requests a second and milliseconds, with the budget and whether it is kept."""
    secret = _client(app)
    with _serving(app) as port:
        plan = {
            "host": app.settings.host,
            "port": port,
            "server_name": "localhost",
            "cafile": str(app.settings.tls_dir / "cert.pem"),
            "path": INTROSPECT,
            "clients": CLIENTS,
            "authorization": "Basic " + base64.b64encode(f"bench:{secret}".encode()).decode(),
        }
        _run(plan | {"tokens": _tokens(app, CLIENTS), "rate": None, "seconds": WARM_UP_SECONDS})
        found = {name: _measured(app, plan, load, seconds) for name, load in LOADS.items()}
    return {"clients": CLIENTS, "budget_p99_ms": BUDGET_P99_MS, "loads": found}


def _measured(app: App, plan: dict[str, Any], load: Load, seconds: float) -> dict[str, Any]:
    asked = int(CLIENTS * (load.rate or 0) * (seconds + 1)) if load.fresh else CLIENTS
    times = _run(plan | {"tokens": _tokens(app, asked), "rate": load.rate, "seconds": seconds})
    p50, p95, p99 = (round(float(np.percentile(times, part)), 3) for part in (50, 95, 99))
    return {
        "requests": len(times),
        "requests_per_s": round(len(times) / seconds, 1),
        "median_ms": p50,
        "p95_ms": p95,
        "p99_ms": p99,
        "within": None if load.rate is None else p99 <= BUDGET_P99_MS,
    }


def _client(app: App) -> str:
    act = app.services.act("operator:bench", "cli")
    audience = app.services.clients.builtin.audiences[0]
    secret = add_client(app.services, "bench", kind=CONFIDENTIAL, audiences=[audience], act=act)
    return secret or ""


def _tokens(app: App, count: int) -> list[str]:
    """Return access tokens, at least one of each of as many sessions as there are clients."""
    services, act = app.services, app.services.act("anonymous", "cli")
    opened = [
        new_session(
            services,
            session_id=services.ids.new(),
            subject_id=services.ids.new(),
            attempt_id=services.ids.new(),
            department=DEPARTMENT,
            amr=("face",),
            acr="urn:faceauth:acr:face-passive",
            act=act,
        )
        for _ in range(CLIENTS)
    ]
    services.store.save(*(one.session for one in opened))
    more = [
        services.tokens.issue_access(
            subject_id=session.subject_id,
            session_id=session.id,
            department=DEPARTMENT,
            amr=("face",),
            acr=session.acr,
            authenticated_at=act.at,
        )[0]
        for session in (opened[number % CLIENTS].session for number in range(CLIENTS, count))
    ]
    return [one.access_token for one in opened] + more


def _run(plan: dict[str, Any]) -> list[float]:
    done = subprocess.run(  # noqa: S603 - our own interpreter and program
        [sys.executable, "-P", PROGRAM],
        input=json.dumps(plan),
        capture_output=True,
        text=True,
        timeout=plan["seconds"] + 60,
        check=False,
    )
    if done.returncode != 0:
        raise UnavailableError(f"the bench's clients were not answered: {done.stderr.strip()[-300:]}")
    times: list[float] = json.loads(done.stdout)
    return times


@contextmanager
def _serving(app: App) -> Iterator[int]:
    """Serve the App on a free port of its host."""
    # Most of a second to load: no other command should pay for it.
    from entrypoints.http.server import create_app, settle, uvicorn_config  # noqa: PLC0415

    config = uvicorn_config(app, create_app(app))
    config.port = 0
    settle()
    server = uvicorn.Server(config)
    thread = threading.Thread(target=server.run, name="uvicorn", daemon=True)
    thread.start()
    try:
        deadline = time.monotonic() + START_SECONDS
        while not server.started:
            if time.monotonic() > deadline or not thread.is_alive():
                raise UnavailableError("the bench's server did not start")
            time.sleep(0.01)
        yield server.servers[0].sockets[0].getsockname()[1]
    finally:
        server.should_exit = True
        thread.join(START_SECONDS)
