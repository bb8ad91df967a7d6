"""The network edge over a house of memory twins: an App, its ASGI application, and ways to talk to both."""

from __future__ import annotations

import base64
import contextlib
import json
import threading
import time
import warnings
from dataclasses import dataclass, replace
from datetime import timedelta
from typing import TYPE_CHECKING, Any

import uvicorn
from websockets.sync.client import connect

from adapters.crypto.key_ring import KeyRing
from adapters.postgres.database import Database
from application.enroll import Enrolling
from application.notice import BUILT_IN
from entrypoints.app import App
from entrypoints.http.server import create_app, uvicorn_config
from entrypoints.http.socket import BACKLOG
from entrypoints.opening import Opened
from entrypoints.settings import Settings
from tests.house import ICU, build_house, pictures

with warnings.catch_warnings():
    # starlette 1.x asks for httpx2, which the lock does not have
    warnings.simplefilter("ignore")
    from starlette.testclient import TestClient

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Sequence
    from pathlib import Path

    from httpx import Response
    from starlette.testclient import WebSocketTestSession
    from websockets.sync.client import ClientConnection

    from application.ports.vision import FaceCrop, FrameJudge
    from application.services import Policies
    from domain.biometrics import Embedding, FrameFindings, ModelId
    from tests.house import House

SUBPROTOCOL = "faceauth.v1"
SECRET_NUMBERS = ("threshold", "margin", "similarity", "runner_up", "gallery", "pad", "score")
"""Words that no message to a client may hold."""


class CountingJudge:
    """A judge that remembers which frames reached it and counts those that it is done with."""

    def __init__(self, judge: FrameJudge) -> None:
        self._judge = judge
        self.seen: list[bytes] = []
        self.done = 0

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
        self.seen.append(payload)
        try:
            return self._judge.judge(payload, **kwargs)
        finally:
            self.done += 1

    def flat_picture(self, one: FaceCrop, other: FaceCrop) -> bool:
        return self._judge.flat_picture(one, other)

    def same_picture(self, one: FaceCrop, other: FaceCrop) -> bool:
        return self._judge.same_picture(one, other)

    def embed(self, crop: FaceCrop, model: ModelId | None = None) -> Embedding:
        return self._judge.embed(crop, model)


class SlowJudge(CountingJudge):
    """A judge that lets a frame through only when told."""

    def __init__(self, judge: FrameJudge) -> None:
        super().__init__(judge)
        self.tickets = threading.Semaphore(0)

    def judge(self, payload: bytes, **kwargs: Any) -> tuple[FrameFindings, FaceCrop | None]:
        self.seen.append(payload)
        if not self.tickets.acquire(timeout=20):
            raise TimeoutError("the test forgot to let this frame through")
        return self._judge.judge(payload, **kwargs)


@dataclass
class Edge:
    """A house and its front door."""

    house: House
    app: App
    client: TestClient
    judge: Any

    def token(self, role: str = "department_admin", department: str = ICU, hours: float = 1) -> str:
        return self.house.services.tokens.issue_staff(role=role, department=department, ttl=timedelta(hours=hours))

    def headers(self, role: str = "department_admin", department: str = ICU) -> dict[str, str]:
        return {"authorization": f"Bearer {self.token(role, department)}"}

    def post(self, path: str, document: Any, *, department: str = ICU, token: str | None = None) -> Response:
        bearer = token or self.token(department=department)
        response: Response = self.client.post(path, json=document, headers={"authorization": f"Bearer {bearer}"})
        return response

    def enroll(self, name: str, *, department: str = ICU, admin: str | None = None, **changed: Any) -> Response:
        return self.post("/face-auth/enroll", enrollment(name, department, **changed), department=admin or department)

    def connect(self, department: str = ICU, *, plain: bool = False) -> WebSocketTestSession:
        return self.client.websocket_connect(f"/face-auth/{department}", subprotocols=None if plain else [SUBPROTOCOL])

    def sign_in(self, payloads: Sequence[bytes], *, department: str = ICU) -> list[dict[str, Any]]:
        """Show frames, none so fast that it is dropped; return every message, and the close code, as ``rest`` does."""
        judged = self.judge.done
        with self.connect(department) as socket:
            for place, payload in enumerate(payloads):
                if place >= BACKLOG:
                    wait_until(lambda done=judged + place - BACKLOG: self.judge.done > done)
                socket.send_bytes(payload)
            return rest(socket)

    def session_token(self, face: str, department: str = ICU) -> str:
        (result,) = [m for m in self.sign_in(frames_of(face), department=department) if m.get("type") == "result"]
        token: str = result["tokens"]["access_token"]
        return token

    def ended(self) -> dict[str, Any]:
        """The fields of the newest end of an attempt that had no decision."""
        fields: dict[str, Any] = self.house.last("attempt.abandoned.v1")
        return fields


def frames_of(face: str, count: int = 3, **facts: Any) -> list[bytes]:
    return [json.dumps({"face": face, "take": 100 + take, **facts}).encode() for take in range(count)]


def enrollment(name: str, department: str = ICU, *, images: Sequence[bytes] | None = None, **changed: Any) -> Any:
    """The body of the brief's call; a change to None leaves the field out."""
    document = {
        "user_id": f"EMP-{name}",
        "username": f"{name}.souza",
        "display_name": f"Dra. {name.title()} Souza",
        "department": department,
        "face_images": [base64.b64encode(image).decode() for image in (pictures(name) if images is None else images)],
        "consent": {"notice_version": BUILT_IN.version, "accepted": True, "channel": "paper"},
    } | changed
    return {key: value for key, value in document.items() if value is not None}


def rest(socket: WebSocketTestSession) -> list[dict[str, Any]]:
    """Everything that the server still says, its close code and reason last."""
    said: list[dict[str, Any]] = []
    while True:
        message = socket.receive()
        if message["type"] == "websocket.close":
            return [*said, {"close": message["code"], "reason": message.get("reason") or ""}]
        said.append(json.loads(message["text"]))


def build_edge(
    home: Path,
    *,
    judge: Callable[[FrameJudge], FrameJudge] = CountingJudge,
    policies: Policies | None = None,
    steps: Sequence[str] = (),
    **settings: Any,
) -> Edge:
    """An edge over a new house, whose judge ``judge`` wraps or replaces, and which asks for ``steps`` where it asks."""
    house = build_house(policies, steps=steps)
    wrapped = judge(house.judge)
    configured = Settings(home=home, **({"max_fps": 60.0, "judge_threads": 2, "attempts_per_minute": 1000} | settings))
    rules = replace(house.services.policies, lockout=configured.lockout_policy)
    house.services = replace(house.services, judge=wrapped, policies=rules)
    house.enrolling = Enrolling(house.services)
    app = App(
        settings=configured,
        services=house.services,
        enrolling=house.enrolling,
        gallery=house.gallery,
        ring=KeyRing.open(home / "keys" / "ring.json"),
        database=Database("dbname=none"),
        opened=Opened("", "", None),
        vision_ready=True,
        _closing=contextlib.ExitStack(),
    )
    return Edge(house, app, client_of(app), wrapped)


def client_of(app: App) -> TestClient:
    """A client of what an App serves."""
    return TestClient(create_app(app), raise_server_exceptions=False)


@dataclass
class Served:
    """An edge that a real uvicorn serves, without TLS, on a port of its own."""

    edge: Edge
    port: int

    def connect(self, department: str = ICU, *, plain: bool = False) -> ClientConnection:
        return connect(
            f"ws://127.0.0.1:{self.port}/face-auth/{department}",
            subprotocols=None if plain else [SUBPROTOCOL],  # type: ignore[list-item]
            compression=None,
            max_queue=None,
        )


@contextlib.contextmanager
def serving(edge: Edge) -> Iterator[Served]:
    with served_on(edge.app) as port:
        yield Served(edge, port)


@contextlib.contextmanager
def served_on(app: App) -> Iterator[int]:
    """Serve an App with a real uvicorn, without TLS; yield its port."""
    config = uvicorn_config(app, create_app(app))
    config.ssl_certfile = config.ssl_keyfile = None
    config.port = 0
    server = uvicorn.Server(config)
    thread = threading.Thread(target=server.run, name="uvicorn")
    thread.start()
    try:
        wait_until(lambda: server.started)
        yield server.servers[0].sockets[0].getsockname()[1]
    finally:
        server.should_exit = True
        thread.join(20)


def wait_until(condition: Any, seconds: float = 5.0) -> None:
    deadline = time.monotonic() + seconds
    while not condition():
        assert time.monotonic() < deadline, "waited too long"
        time.sleep(0.01)
