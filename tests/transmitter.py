"""A transmitter of security events that is written with another library (joserfc) than the one that verifies them."""

from __future__ import annotations

import json
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

from joserfc import jwk, jws

from adapters.identity.public_keys import CachedKeys
from adapters.identity.set_verifier import Expectations, JwtSignalVerifier
from application.ports.signal_verifier import Reception

if TYPE_CHECKING:
    from pathlib import Path

    from application.ports.clock import Clock

ISSUER, AUDIENCE, OURS = (
    "https://idp.hospital.example",
    "https://faceauth.hospital.example/ssf",
    "https://localhost:8443",
)
CAEP = "https://schemas.openid.net/secevent/caep/event-type/"
RISC = "https://schemas.openid.net/secevent/risc/event-type/"
SSF = "https://schemas.openid.net/secevent/ssf/event-type/"
REGISTRY = jws.JWSRegistry(algorithms=["ES256", "RS256", "PS256", "HS256", "ES384", "none"])


def ec_key(kid: str = "ec-1", curve: str = "P-256") -> jwk.ECKey:
    return jwk.ECKey.generate_key(curve, {"kid": kid, "use": "sig"})


def rsa_key(kid: str = "rsa-1", bits: int = 2048) -> jwk.RSAKey:
    return jwk.RSAKey.generate_key(bits, {"kid": kid, "use": "sig"})


def iss_sub(name: str) -> dict[str, str]:
    return {"format": "iss_sub", "iss": ISSUER, "sub": f"EMP-{name}"}


def key_set(*keys: Any) -> bytes:
    return json.dumps({"keys": [key.as_dict(private=False) for key in keys]}).encode()


@dataclass
class Transmitter:
    clock: Clock
    key: Any = field(default_factory=ec_key)
    number: int = 0

    def claims(self, event: str, subject: Any = None, *, payload: Any = None, **changed: Any) -> dict[str, Any]:
        """The claims of a token; a change to None leaves one out."""
        self.number += 1
        claims = {
            "iss": ISSUER,
            "aud": AUDIENCE,
            "iat": int(self.clock.now().timestamp()),
            "jti": f"jti-{self.number}",
            "sub_id": subject,
            "events": {event: payload or {}},
        } | changed
        return {name: value for name, value in claims.items() if value is not None}

    def sign(self, claims: Any, *, key: Any = None, **header: Any) -> bytes:
        head = {"alg": "ES256", "typ": "secevent+jwt", "kid": (key or self.key).kid} | header
        head = {name: value for name, value in head.items() if value is not None}
        raw = claims if isinstance(claims, bytes) else json.dumps(claims).encode()
        return jws.serialize_compact(head, raw, key or self.key, registry=REGISTRY).encode()

    def token(self, event: str, subject: Any = None, **more: Any) -> bytes:
        return self.sign(self.claims(event, subject, **more))

    def keys(self, *keys: Any) -> CachedKeys:
        """What we know of its keys: these, or the one that it signs with."""

        def fetch() -> list[Any]:
            return list(json.loads(key_set(*(keys or (self.key,))))["keys"])

        return CachedKeys(fetch, clock=self.clock, on_fault=lambda _: None, retry_s=0.0)

    def verifier(self, credential_file: Path | None = None) -> JwtSignalVerifier:
        return JwtSignalVerifier(self.keys(), Expectations(ISSUER, AUDIENCE), self.clock, credential_file)

    def reception(self, **changed: Any) -> Reception:
        given: dict[str, Any] = {
            "verifier": self.verifier(),
            "issuer": ISSUER,
            "own_issuer": OURS,
            "subject_kind": "user_id",
            "pseudonym": lambda subject_id: f"pairwise-{subject_id.hex}",
        }
        return Reception(**(given | changed))
