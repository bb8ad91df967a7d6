"""The service as a strange client meets it: a process, HTTPS, a WebSocket, a state directory to look into."""

from __future__ import annotations

import asyncio
import base64
import contextlib
import json
import os
import re
import signal
import ssl
import subprocess
import sys
import time
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import httpx
import websockets

ROOT = Path(__file__).resolve().parents[2]
LAUNCHER = ROOT / "faceauth.py"
READY_WITHIN_S = 60.0


def trusting() -> ssl.SSLContext:
    context = ssl.create_default_context()
    context.check_hostname = False
    context.verify_mode = ssl.CERT_NONE
    return context


@dataclass
class Service:
    """One ``faceauth serve`` over one state directory."""

    home: Path
    department: str = "cardiologia"
    extra: Mapping[str, str] = field(default_factory=dict)
    process: subprocess.Popen[str] | None = None
    url: str = ""

    @property
    def environment(self) -> dict[str, str]:
        # Photographs cannot follow movements; test_active_sign_in.py has clips that can.
        own = {"FACEAUTH_HOME": str(self.home), "TMPDIR": str(self.home.parent / "tmp"), "FACEAUTH_LIVENESS": "passive"}
        # One test is a whole hospital behind one address.
        many = {"FACEAUTH_ATTEMPTS_PER_MINUTE": "100000", "FACEAUTH_LOCKOUT_ADDRESS_MULTIPLE": "1000"}
        return {**os.environ, **own, **many, **self.extra}

    @property
    def log(self) -> Path:
        return self.home.parent / "serve.log"

    def start(self) -> float:
        """Start and wait until ready; return the seconds that took."""
        begun = time.monotonic()
        (self.home.parent / "tmp").mkdir(exist_ok=True)
        with self.log.open("a", encoding="utf-8") as log:
            offset = log.tell()
            self.process = subprocess.Popen(  # noqa: S603 - our own launcher
                [sys.executable, str(LAUNCHER), "serve", "--port", "0"],
                stdout=log,
                stderr=subprocess.STDOUT,
                text=True,
                env=self.environment,
                cwd=self.home.parent,
            )
        while time.monotonic() - begun < READY_WITHIN_S:
            if self.process.poll() is not None:
                break
            found = re.search(r"URL: (https://\S+)", self.log.read_text(encoding="utf-8")[offset:])
            if found:
                self.url = found[1]
                if self.get("/face-auth/ready").status_code == 200:
                    return time.monotonic() - begun
            time.sleep(0.05)
        raise AssertionError(f"the service did not become ready: {self.log.read_text(encoding='utf-8')[offset:]}")

    def stop(self, number: signal.Signals = signal.SIGTERM) -> int:
        if self.process is None:
            return 0
        self.process.send_signal(number)
        return self.process.wait(30)

    def command(self, *arguments: str) -> subprocess.CompletedProcess[str]:
        return subprocess.run(  # noqa: S603 - our own launcher
            [sys.executable, str(LAUNCHER), *arguments],
            capture_output=True,
            text=True,
            env=self.environment,
            cwd=self.home.parent,
            timeout=120,
            check=False,
        )

    def json(self, *arguments: str) -> Any:
        done = self.command(*arguments, "--json")
        assert done.returncode == 0, done.stderr
        return json.loads(done.stdout)

    def token(self, role: str = "department_admin") -> str:
        issued = self.json("token", "issue", "--role", role, "--department", self.department)
        return str(issued["token"])

    def get(self, path: str, token: str = "") -> httpx.Response:
        return httpx.get(self.url + path, verify=trusting(), headers=bearer(token), timeout=30)

    def post(self, path: str, body: Any, token: str = "") -> httpx.Response:
        return httpx.post(self.url + path, json=body, verify=trusting(), headers=bearer(token), timeout=60)

    def enroll(self, name: str, pictures: Sequence[bytes], token: str) -> httpx.Response:
        notice = self.get("/face-auth/consent/notice").json()
        body = {
            "user_id": f"id-{name}",
            "username": name,
            "display_name": f"Pessoa {name}",
            "department": self.department,
            "face_images": [base64.b64encode(picture).decode() for picture in pictures],
            "consent": {"notice_version": notice["version"], "accepted": True, "channel": "paper"},
        }
        return self.post("/face-auth/enroll", body, token)

    def sign_in(self, pictures: Sequence[bytes], *, frames: int = 5) -> dict[str, Any]:
        """Stream pictures, over and over, until there is a result."""
        return asyncio.run(self._sign_in(pictures, frames))

    async def _sign_in(self, pictures: Sequence[bytes], frames: int) -> dict[str, Any]:
        address = f"{self.url.replace('https', 'wss')}/face-auth/{self.department}"
        async with websockets.connect(
            address, ssl=trusting(), subprotocols=[websockets.Subprotocol("faceauth.v1")]
        ) as socket:
            stream = asyncio.create_task(self._stream(socket, pictures, frames))
            try:
                async for message in socket:
                    document: dict[str, Any] = json.loads(message)
                    if document["type"] == "result":
                        return document
            finally:
                stream.cancel()
        raise AssertionError("the connection ended without a result")

    @staticmethod
    async def _stream(socket: websockets.ClientConnection, pictures: Sequence[bytes], frames: int) -> None:
        with contextlib.suppress(websockets.ConnectionClosed):
            for index in range(frames):
                await socket.send(pictures[index % len(pictures)])
                await asyncio.sleep(0.07)


def bearer(token: str) -> dict[str, str]:
    return {"authorization": f"Bearer {token}"} if token else {}
