"""DPoP proofs (RFC 9449): a JSON Web Token for one request, signed by the key that it brings along."""

from __future__ import annotations

import hashlib
import hmac
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any, Final
from urllib.parse import urlsplit

import jwt

from adapters.crypto.signing_file import base64url, loaded_public, thumbprint
from application.ports.proofs import Proof
from domain.errors import ProofInvalidError

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping

ALGORITHM: Final = "ES256"
PROOF_TYPE: Final = "dpop+jwt"
MAX_PROOF_CHARACTERS: Final = 4096
MAX_ID_CHARACTERS: Final = 256
KEY_MEMBERS: Final = frozenset({"kty", "crv", "x", "y", "kid", "use", "alg", "key_ops", "ext"})
"""What a public key may come with. A private one (d) is refused: whoever sends it does not keep it."""
DEFAULT_PORTS: Final = {"https": 443, "http": 80}
FAULTS: Final = (jwt.PyJWTError, KeyError, TypeError, ValueError, OverflowError, RecursionError)


class KeyProofs:
    """``application.ports.proofs.Proofs`` with ES256 and P-256 keys. Safe from any thread; computes only."""

    def __init__(self, origins: Iterable[str]) -> None:
        """Take proofs for requests to those origins, never for whatever a Host header says."""
        self._origins = frozenset(_origin(origin) for origin in origins)

    def read(self, proof: str, *, method: str, path: str, access_token: str | None = None) -> Proof:
        """Return what a proof proves for that request (RFC 9449, section 4.3). See the port."""
        try:
            return self._read(proof, method, path, access_token)
        except FAULTS:
            pass
        raise ProofInvalidError("the proof of the key is not valid")

    def _read(self, proof: str, method: str, path: str, access_token: str | None) -> Proof:
        if len(proof) > MAX_PROOF_CHARACTERS:
            raise ValueError("too long")
        header = jwt.get_unverified_header(proof)
        if header.get("typ") != PROOF_TYPE or header.get("alg") != ALGORITHM or header.keys() - {"typ", "alg", "jwk"}:
            raise ValueError("not the header of a proof")
        if not isinstance(header["jwk"], dict) or header["jwk"].keys() - KEY_MEMBERS:
            raise ValueError("not a public key")
        public = loaded_public(header["jwk"])
        claims = jwt.decode(
            proof,
            public,
            algorithms=[ALGORITHM],
            options={
                "require": ["jti", "htm", "htu", "iat"],
                "verify_exp": False,
                "verify_iat": False,
                "verify_nbf": False,
                "verify_aud": False,
                "verify_iss": False,
            },
        )
        self._check_request(claims, method, path)
        if access_token is not None:
            digest = base64url(hashlib.sha256(access_token.encode()).digest())
            if not hmac.compare_digest(digest, claims["ath"]):
                raise ValueError("for another token")
        proof_id, made = claims["jti"], claims["iat"]
        named = isinstance(proof_id, str) and 0 < len(proof_id) <= MAX_ID_CHARACTERS
        if not named or type(made) not in {int, float}:
            raise ValueError("no id or no time")
        return Proof(thumbprint(public), proof_id, datetime.fromtimestamp(made, UTC))

    def _check_request(self, claims: Mapping[str, Any], method: str, path: str) -> None:
        if claims["htm"] != method:
            raise ValueError("for another method")
        # Query and fragment do not count (section 4.3, check 9).
        if _origin(claims["htu"]) not in self._origins or urlsplit(claims["htu"]).path != path:
            raise ValueError("for another address")


def _origin(url: str) -> tuple[str, str, int | None]:
    parts = urlsplit(url)
    scheme = parts.scheme.lower()
    if parts.username is not None or parts.password is not None:
        raise ValueError("no origin")
    return scheme, (parts.hostname or "").lower(), parts.port or DEFAULT_PORTS.get(scheme)
