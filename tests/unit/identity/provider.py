"""A provider on this machine that answers as badly as a test wants, and tokens made by a library that is not ours."""

from __future__ import annotations

import json
import ssl
import threading
import time
import warnings
from contextlib import contextmanager
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import TYPE_CHECKING, Any

from joserfc import jwt
from joserfc.jwk import ECKey, OctKey, OKPKey, RSAKey

from adapters.identity.documents import ProviderDocuments
from adapters.identity.grants import Grants
from adapters.identity.oidc import OidcProvider, Trust
from adapters.identity.public_keys import CachedKeys
from adapters.memory.clock import FixedClock
from domain.roles import COMPLIANCE_OFFICER, DEPARTMENT_ADMIN, ENCARREGADO

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping
    from pathlib import Path

Key = RSAKey | ECKey | OKPKey | OctKey

AUDIENCE = "https://faceauth.test/face-auth"
DISCOVERY, KEYS = "/.well-known/openid-configuration", "/jwks"
GRANTS = Grants(
    roles={
        "auditor": frozenset({COMPLIANCE_OFFICER}),
        "dpo": frozenset({ENCARREGADO}),
        "chefe": frozenset({DEPARTMENT_ADMIN, COMPLIANCE_OFFICER}),
    },
    roles_claim="realm_access.roles",
)


def rsa_key(kid: str = "one", bits: int = 2048) -> RSAKey:
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # joserfc warns of the short ones that a test wants to be refused
        return RSAKey.generate_key(bits, {"kid": kid})


def ec_key(kid: str = "two", curve: str = "P-256") -> ECKey:
    return ECKey.generate_key(curve, {"kid": kid})


def edwards_key(kid: str = "three") -> OKPKey:
    return OKPKey.generate_key("Ed25519", {"kid": kid})


def signed(claims: Mapping[str, Any], key: Key, alg: str = "ES256", **header: Any) -> str:
    named = {"alg": alg, "typ": "at+jwt", "kid": key.kid} | header
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # joserfc warns of the algorithms that a test wants to be refused
        return jwt.encode({k: v for k, v in named.items() if v is not None}, dict(claims), key, algorithms=[alg])


@dataclass
class Site:
    """What the provider's web server says at each path; ``asked`` counts."""

    url: str = ""
    pages: dict[str, tuple[int, bytes, dict[str, str]]] = field(default_factory=dict)
    asked: list[str] = field(default_factory=list)
    hangs: threading.Event = field(default_factory=threading.Event)
    hanging: bool = False
    trickles: bool = False

    def says(self, path: str, document: Any, status: int = 200, **headers: str) -> None:
        body = document if isinstance(document, bytes) else json.dumps(document).encode()
        self.pages[path] = (status, body, headers)

    def publishes(self, *keys: Key | Mapping[str, Any]) -> None:
        self.says(DISCOVERY, {"issuer": self.url, "jwks_uri": self.url + KEYS})
        self.says(KEYS, {"keys": [k.as_dict(private=False) if isinstance(k, Key) else dict(k) for k in keys]})


class _Pages(BaseHTTPRequestHandler):
    site: Site

    def do_GET(self) -> None:
        self.site.asked.append(self.path)
        if self.site.hanging:
            self.site.hangs.wait(30)
            return
        status, body, headers = self.site.pages.get(self.path, (404, b"", {}))
        self.send_response(status)
        for name, value in {"content-type": "application/json", "content-length": str(len(body)), **headers}.items():
            self.send_header(name.replace("_", "-"), value)
        self.end_headers()
        if not self.site.trickles:
            self.wfile.write(body)
            return
        for byte in body:
            self.wfile.write(bytes([byte]))
            if self.site.hangs.wait(0.05):
                return

    def log_message(self, format: str, *args: object) -> None:  # noqa: A002 - the library's name
        pass


@contextmanager
def served(certificate: tuple[Path, Path] | None = None) -> Iterator[Site]:
    """A provider's web server; with TLS where there is a certificate and its key."""
    site = Site()
    server = ThreadingHTTPServer(("127.0.0.1", 0), type("Pages", (_Pages,), {"site": site}))
    server.handle_error = lambda *_: None  # type: ignore[method-assign]
    if certificate is not None:
        tls = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
        tls.load_cert_chain(*certificate)
        server.socket = tls.wrap_socket(server.socket, server_side=True)
    site.url = f"http{'s' if certificate else ''}://127.0.0.1:{server.server_address[1]}"
    thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.02})
    thread.start()
    try:
        yield site
    finally:
        site.hangs.set()
        server.shutdown()
        server.server_close()
        thread.join(5)


@dataclass
class Realm:
    """An issuer, its key, and our verifier of its tokens."""

    site: Site
    key: Key
    clock: FixedClock
    cache: CachedKeys
    verifier: OidcProvider
    faults: list[Exception]

    def claims(self, **changed: Any) -> dict[str, Any]:
        now = int(self.clock.now().timestamp())
        plain = {
            "iss": self.site.url,
            "aud": AUDIENCE,
            "sub": "ana.souza@hospital.test",
            "client_id": "console",
            "iat": now,
            "exp": now + 300,
            "jti": "7f2c",
            "realm_access": {"roles": ["auditor"]},
            "department": "icu",
        } | changed
        return {name: value for name, value in plain.items() if value is not None}

    def token(
        self, key: Key | None = None, alg: str = "ES256", header: Mapping[str, Any] | None = None, **c: Any
    ) -> str:
        return signed(self.claims(**c), key or self.key, alg, **(header or {}))

    def lands(self) -> None:
        """Wait for the end of a fetch that is under way."""
        deadline = time.monotonic() + 20
        while self.cache._flight is not None:
            assert time.monotonic() < deadline
            time.sleep(0.005)


def realm_on(site: Site, key: Key | None = None, **trust: Any) -> Realm:
    key = key or ec_key()
    site.publishes(key)
    clock, faults = FixedClock(), list[Exception]()
    cache = CachedKeys(ProviderDocuments(site.url).key_set, clock=clock, on_fault=faults.append)
    rules: dict[str, Any] = {"issuer": site.url, "audience": AUDIENCE, "grants": GRANTS} | trust
    verifier = OidcProvider(Trust(**rules), keys=cache, clock=clock, digest=lambda kind, value: f"{kind}#{hash(value)}")
    return Realm(site, key, clock, cache, verifier, faults)
