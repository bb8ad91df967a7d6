"""Documents that prove themselves: JSON signed by the notary as a flattened JSON Web Signature (RFC 7515, 7.2.2).

The signed bytes stand in ``payload``; ``document`` beside it is the same for people to read, and whoever verifies
compares the two. ``faceauth-verify`` does both without this service.
"""

from __future__ import annotations

import base64
import binascii
import json
from collections.abc import Mapping
from typing import Any, Final

from application.ports.notary import Notary, Verifier
from domain.errors import InvalidInputError

CHECKPOINT: Final = "faceauth-checkpoint+json"
CONSENT_RECEIPT: Final = "faceauth-consent-receipt+json"
STATEMENT: Final = "faceauth-statement+json"
PORTABILITY: Final = "faceauth-portability+json"
MANIFEST: Final = "faceauth-export-manifest+json"
PROOF: Final = "faceauth-log-proof+json"
WITNESS_RECEIPT: Final = "faceauth-witness-receipt+json"


def signed(notary: Notary, kind: str, document: Mapping[str, Any]) -> dict[str, Any]:
    """Return the document (plain JSON values) with its signature; ``kind`` is its media type without "application/"."""
    jwk = {name: notary.public_jwk[name] for name in ("crv", "kty", "x")}
    # With the key in it, who has compared its thumbprint over another channel needs nothing else.
    header = {"alg": "EdDSA", "jwk": jwk, "kid": notary.key_id, "typ": kind}
    protected, payload = _encoded(canonical(header)), _encoded(canonical(document))
    signature = _encoded(notary.sign(f"{protected}.{payload}".encode()))
    return {"document": dict(document), "payload": payload, "protected": protected, "signature": signature}


def opened(notary: Verifier, kind: str, envelope: Mapping[str, Any]) -> dict[str, Any]:
    """Return the document of an envelope that this key signed as that kind. Raises ``InvalidInputError``."""
    try:
        protected, payload = str(envelope["protected"]), str(envelope["payload"])
        sound = notary.verify(f"{protected}.{payload}".encode(), _decoded(str(envelope["signature"])))
        header, document = json.loads(_decoded(protected)), json.loads(_decoded(payload))
        sound = sound and header.get("typ") == kind and envelope.get("document", document) == document
    except (KeyError, ValueError, TypeError, AttributeError, RecursionError, binascii.Error):
        sound, document = False, None
    if not sound or not isinstance(document, dict):
        raise InvalidInputError("this document was not signed by this service, or was changed since")
    return document


def canonical(document: Mapping[str, Any]) -> bytes:
    """Return the one way to write plain JSON values here: sorted, without spaces, UTF-8."""
    return json.dumps(document, sort_keys=True, separators=(",", ":"), ensure_ascii=False, allow_nan=False).encode()


def _encoded(raw: bytes) -> str:
    return base64.urlsafe_b64encode(raw).rstrip(b"=").decode()


def _decoded(text: str) -> bytes:
    return base64.b64decode(text + "=" * (-len(text) % 4), altchars=b"-_", validate=True)
