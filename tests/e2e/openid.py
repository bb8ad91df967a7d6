"""A real OpenID provider with two realms: the npm package ``oidc-provider``, started by the test."""

from __future__ import annotations

import hashlib
import json
import os
import queue
import shutil
import signal
import subprocess
import tempfile
import threading
import time
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, Any

import httpx

from tests.needs import missing

if TYPE_CHECKING:
    from collections.abc import Iterator

FOLDER = Path(__file__).parent / "identity_provider"
FILES = ("package.json", "package-lock.json", ".npmrc", "provider.mjs")
INSTALL_WITHIN_S, STARTS_WITHIN_S = 180, 30
SECRET, USERNAME, PASSWORD = "client-secret-of-a-test", "ana.souza", "senha de um teste"
DEFAULT_CLIENTS: list[dict[str, Any]] = [
    {"id": "console", "secret": SECRET, "alg": "ES256", "claims": {"roles": ["auditoria"], "department": "cardiologia"}}
]


@dataclass
class OpenIdProvider:
    """Two realms in one process. ``issuers`` stay the same from start to start, the keys do not."""

    installed: Path
    node: str
    clients: list[dict[str, Any]] = field(default_factory=lambda: list(DEFAULT_CLIENTS))
    ttl_s: int = 300
    issuers: list[str] = field(default_factory=list)
    process: subprocess.Popen[str] | None = None

    def start(self) -> None:
        """Start with new keys, on free ports or on those of the former start; wait for discovery."""
        wanted = {
            "ports": [int(issuer.rpartition(":")[2]) for issuer in self.issuers] or [0, 0],
            "ttl": self.ttl_s,
            "username": USERNAME,
            "password": PASSWORD,
            "clients": self.clients,
        }
        self.process = subprocess.Popen(  # noqa: S603 - node, found on this machine, with our own script
            [self.node, "provider.mjs"],
            cwd=self.installed,
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=subprocess.DEVNULL,
            text=True,
        )
        assert self.process.stdin is not None
        self.process.stdin.write(json.dumps(wanted))
        self.process.stdin.close()
        self.issuers = json.loads(self._first_line())["issuers"]
        for issuer in self.issuers:
            found = httpx.get(f"{issuer}/.well-known/openid-configuration", timeout=10).json()
            assert found["issuer"] == issuer

    def freeze(self) -> None:
        """Let it hang: it takes connections and answers nothing."""
        assert self.process is not None
        self.process.send_signal(signal.SIGSTOP)

    def stop(self) -> None:
        """Stop; the next start has new keys."""
        if self.process is not None:
            self.process.kill()
            self.process.wait(10)
            assert self.process.stdout is not None
            self.process.stdout.close()
            self.process = None

    def token(self, client: str = "console", *, resource: str, realm: int = 0) -> str:
        """Return an access token by the client credentials grant (RFC 6749, section 4.4) for a resource (RFC 8707)."""
        return str(self.grant(client, realm, grant_type="client_credentials", resource=resource)["access_token"])

    def grant(self, client: str, realm: int = 0, **form: str) -> dict[str, Any]:
        """Return what the token endpoint answers."""
        (secret,) = [known["secret"] for known in self.clients if known["id"] == client]
        answer = httpx.post(f"{self.issuers[realm]}/token", data=form, auth=(client, secret), timeout=10)
        document: dict[str, Any] = answer.json()
        return document

    def _first_line(self) -> str:
        assert self.process is not None
        assert self.process.stdout is not None
        lines: queue.Queue[str] = queue.Queue()
        threading.Thread(target=lambda out=self.process.stdout: lines.put(out.readline()), daemon=True).start()
        line = lines.get(timeout=STARTS_WITHIN_S)
        assert line, "the identity provider ended at once"
        return line


@contextmanager
def openid_provider(clients: list[dict[str, Any]] | None = None, *, ttl_s: int = 300) -> Iterator[OpenIdProvider]:
    """Run the provider with clients ({id, secret, alg, claims, ttl?}); skips, on CI fails, without npm or node.

    ``USERNAME`` and ``PASSWORD`` are good for the password grant of any client.
    """
    node, npm = shutil.which("node"), shutil.which("npm")
    if node is None or npm is None:
        missing("the OpenID provider needs node and npm (Debian: nodejs, npm)")
    provider = OpenIdProvider(_installed(npm), node, clients or list(DEFAULT_CLIENTS), ttl_s)
    try:
        provider.start()
        yield provider
    finally:
        provider.stop()


def _installed(npm: str) -> Path:
    """Return the folder where the locked packages are, installed once for each lock: outside of the checkout."""
    digest = hashlib.sha256(b"".join((FOLDER / name).read_bytes() for name in FILES)).hexdigest()[:16]
    cache = Path(os.environ.get("XDG_CACHE_HOME") or Path.home() / ".cache") / "faceauth-tests"
    ready = cache / f"openid-{digest}"
    if ready.is_dir():
        return ready
    cache.mkdir(mode=0o700, parents=True, exist_ok=True)
    with tempfile.TemporaryDirectory(dir=cache) as scratch:
        fresh = Path(scratch) / "openid"
        fresh.mkdir()
        for name in FILES:
            shutil.copy(FOLDER / name, fresh)
        try:
            done = subprocess.run(  # noqa: S603 - npm, found on this machine
                [npm, "ci", "--ignore-scripts", "--no-audit", "--no-fund", "--prefer-offline"],
                cwd=fresh,
                capture_output=True,
                text=True,
                timeout=INSTALL_WITHIN_S,
                check=False,
            )
        except subprocess.TimeoutExpired:
            missing(f"npm ci took longer than {INSTALL_WITHIN_S} s: the OpenID provider cannot be installed")
        if done.returncode != 0:
            missing("npm ci failed: the OpenID provider cannot be installed without its packages")
        try:
            fresh.rename(ready)
        except OSError:
            assert ready.is_dir()  # another test process was faster
    return ready


def wait_for(condition: Any, seconds: float) -> None:
    """Wait until a condition holds."""
    deadline = time.monotonic() + seconds
    while not condition():
        assert time.monotonic() < deadline, "waited too long"
        time.sleep(0.1)
