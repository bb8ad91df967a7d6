"""A client of the token endpoints, as joserfc and a form would make one."""

from __future__ import annotations

import base64
import hashlib
from typing import TYPE_CHECKING, Any
from uuid import uuid4

from joserfc import jwt
from joserfc.jwk import ECKey

from application.clients import add_client
from application.ports.clients import CONFIDENTIAL
from tests.unit.http.edge import frames_of

if TYPE_CHECKING:
    from httpx import Response

    from tests.unit.http.edge import Edge

ISSUER = "https://localhost:8443"
REFRESH, REVOKE, INTROSPECT = (f"/face-auth/token/{name}" for name in ("refresh", "revoke", "introspect"))


def tokens(edge: Edge, face: str = "ana") -> dict[str, Any]:
    """The tokens of a fresh sign-in."""
    (result,) = [m for m in edge.sign_in(frames_of(face)) if m.get("type") == "result"]
    found: dict[str, Any] = result["tokens"] | {"session_id": result["session"]["session_id"]}
    return found


def form(edge: Edge, path: str, headers: dict[str, str] | None = None, **fields: str) -> Response:
    response: Response = edge.client.post(path, data=fields, headers=headers or {})
    return response


def bearer(token: str) -> dict[str, str]:
    return {"authorization": f"Bearer {token}"}


def basic(name: str, secret: str) -> dict[str, str]:
    return {"authorization": "Basic " + base64.b64encode(f"{name}:{secret}".encode()).decode()}


def client(edge: Edge, name: str = "ehr-server", *audiences: str, **changes: Any) -> dict[str, str]:
    """Register a confidential client; return its header."""
    given: dict[str, Any] = {"kind": CONFIDENTIAL, "audiences": audiences or ("medical-record",)} | changes
    secret = add_client(edge.house.services, name, act=edge.house.act("operator:cli", "cli"), **given)
    return basic(name, secret or "")


def prove(edge: Edge, key: ECKey, method: str, path: str, token: str | None = None, **claims: Any) -> str:
    """A proof for one request, made now by the house's clock."""
    body: dict[str, Any] = {
        "jti": uuid4().hex,
        "htm": method,
        "htu": ISSUER + path,
        "iat": int(edge.house.clock.now().timestamp()),
    }
    if token is not None:
        digest = hashlib.sha256(token.encode()).digest()
        body["ath"] = base64.urlsafe_b64encode(digest).rstrip(b"=").decode()
    return jwt.encode({"alg": "ES256", "typ": "dpop+jwt", "jwk": key.as_dict(private=False)}, body | claims, key)
