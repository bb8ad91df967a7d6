"""Access tokens of the hospital's OpenID provider."""

from __future__ import annotations

import math
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import timedelta
from typing import Any, Final

import jwt

from adapters.identity.grants import Grants
from adapters.identity.public_keys import ALGORITHMS, MAX_KID_CHARACTERS, CachedKeys, PublicKey
from application.ports.clock import Clock
from application.ports.tokens import Principal
from domain.errors import ConfigurationError, TokenInvalidError

MAX_TOKEN_CHARACTERS: Final = 16 * 1024
"""More than our own tokens take: providers put groups in."""
MAX_CLOCK_SKEW: Final = timedelta(seconds=299)
"""Clocks that are five minutes apart are broken, not skewed."""
REQUIRED: Final = ("iss", "sub", "aud", "exp", "iat")
"""RFC 9068, section 2.2, without client_id and jti: providers that write typ JWT leave them out."""
MAX_SUB_CHARACTERS: Final = 255
"""OpenID Connect Core 1.0, section 2."""


@dataclass(frozen=True, slots=True)
class Trust:
    """Whose tokens are believed, for whom, and by which rules. ``types`` are values of ``typ``, in lower case."""

    issuer: str
    audience: str
    grants: Grants
    types: frozenset[str] = frozenset({"at+jwt"})
    clock_skew: timedelta = timedelta(seconds=60)

    def __post_init__(self) -> None:
        """Raise ``ConfigurationError`` for rules that would let too much in."""
        if not timedelta(0) <= self.clock_skew <= MAX_CLOCK_SKEW:
            raise ConfigurationError("clocks may differ by less than five minutes")
        if not self.audience or not self.types:
            raise ConfigurationError("name the audience and the types of the identity provider's tokens")


class OidcProvider:
    """``application.ports.identity.IdentityProvider`` for JWT access tokens (RFC 9068, RFC 8725)."""

    def __init__(self, trust: Trust, *, keys: CachedKeys, clock: Clock, digest: Callable[[str, str], str]) -> None:
        """``digest`` is the vault's: (kind, value) to a keyed digest, under which people go into the history."""
        self._trust = trust
        self._keys = keys
        self._clock = clock
        self._digest = digest

    def issued(self, token: str) -> bool:
        """Say whether ``iss`` is this provider's. See the port."""
        try:
            return bool(_unverified(token).get("iss") == self._trust.issuer)
        except (jwt.PyJWTError, ValueError, TypeError, RecursionError):
            return False

    def verify(self, token: str) -> Principal:
        """Return who a token speaks for. See the port."""
        try:
            return self._verified(token)
        except (jwt.PyJWTError, ValueError, TypeError, ArithmeticError, RecursionError):
            # Left before raising: not even __context__ says what was wrong.
            pass
        raise TokenInvalidError("the token is not valid")

    def _verified(self, token: str) -> Principal:
        trust = self._trust
        key, algorithm = self._key_for(token)
        claims = jwt.decode(
            token,
            key,
            algorithms=[algorithm],
            issuer=trust.issuer,
            audience=trust.audience,
            # Times are checked below, on our own clock.
            options={"require": list(REQUIRED), "verify_exp": False, "verify_iat": False, "verify_nbf": False},
        )
        self._check_times(claims)
        sub = claims["sub"]
        # A token bound to a key of its holder (RFC 7800) is worth nothing without the proof, which is not ours to ask.
        if not isinstance(sub, str) or not 0 < len(sub) <= MAX_SUB_CHARACTERS or "cnf" in claims:
            raise ValueError("nobody that we know how to name")
        token_id = claims.get("jti")
        return Principal(
            actor=f"idp:{self._digest('idp_subject', f'{trust.issuer}|{sub}')}",
            roles=trust.grants.roles_of(claims),
            department=trust.grants.department_of(claims),
            token_id=self._digest("idp_token", token_id if isinstance(token_id, str) else token),
        )

    def _key_for(self, token: str) -> tuple[PublicKey, str]:
        """Return the provider's key that a token names, and the algorithm: it only picks among what we allow."""
        if len(token) > MAX_TOKEN_CHARACTERS:
            raise ValueError("too long")
        header = jwt.get_unverified_header(token)
        kind, algorithm, kid = header.get("typ"), header.get("alg"), header.get("kid")
        # RFC 7515, section 4.1.9: "application/" may be left out.
        if not isinstance(kind, str) or kind.lower().removeprefix("application/") not in self._trust.types:
            raise ValueError("another type of token")
        if algorithm not in ALGORITHMS or "crit" in header:
            raise ValueError("signed in a way that we do not take")
        if not isinstance(kid, str) or not 0 < len(kid) <= MAX_KID_CHARACTERS:
            raise ValueError("no key named")
        key = self._keys.find(kid, algorithm)
        if key is None:
            raise ValueError("unknown key")
        return key, algorithm

    def _check_times(self, claims: Mapping[str, Any]) -> None:
        now, skew = self._clock.now().timestamp(), self._trust.clock_skew.total_seconds()
        begins = max(_seconds(claims["iat"]), _seconds(claims.get("nbf", 0)))
        if not begins - skew <= now < _seconds(claims["exp"]) + skew:
            raise ValueError("not now")


def _seconds(value: object) -> float:
    """Return a NumericDate (RFC 7519, section 2). Raises ``ValueError`` for what is none: NaN compares with nothing."""
    if isinstance(value, bool) or not isinstance(value, (int, float)) or not math.isfinite(value):
        raise ValueError("not a time")
    return float(value)


def _unverified(token: str) -> dict[str, Any]:
    if len(token) > MAX_TOKEN_CHARACTERS:
        raise ValueError("too long")
    claims: dict[str, Any] = jwt.decode(token, options={"verify_signature": False})
    return claims
