"""Verify security event tokens (RFC 8417) of one transmitter."""

from __future__ import annotations

import hmac
import json
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final, NoReturn

import jwt

from application.ports.signal_verifier import Signal
from domain.errors import SignalRefusedError, UnavailableError
from domain.errors.reception import INVALID_AUDIENCE, INVALID_ISSUER, INVALID_KEY, INVALID_REQUEST

if TYPE_CHECKING:
    from adapters.identity.public_keys import CachedKeys
    from application.ports.clock import Clock

ALGORITHMS: Final = ("ES256", "PS256", "RS256")
TYPES: Final = frozenset({"secevent+jwt", "application/secevent+jwt"})
"""RFC 8417, section 2.3; RFC 7515, section 4.1.9, lets "application/" be left out."""

MAX_TOKEN_BYTES: Final = 64 * 1024
MAX_DEPTH: Final = 12
MAX_EVENTS: Final = 8
MAX_NAME: Final = 256
"""Characters of a jti, a key id or an event type."""


@dataclass(frozen=True, slots=True)
class Expectations:
    """What a token must say. ``skew`` bounds how far ahead the transmitter's clock may be, ``oldest`` its age."""

    issuer: str
    audience: str
    skew: timedelta = timedelta(minutes=5)
    oldest: timedelta = timedelta(days=7)


class JwtSignalVerifier:
    """``application.ports.signal_verifier.SignalVerifier`` over a key set."""

    def __init__(
        self, keys: CachedKeys, expected: Expectations, clock: Clock, credential_file: Path | None = None
    ) -> None:
        """``credential_file`` holds the bearer token that the transmitter has to show as well, if any."""
        self._keys = keys
        self._expected = expected
        self._clock = clock
        self._credential_file = credential_file

    def verify(self, token: bytes) -> Signal:
        """Return what a token says. See the port."""
        if len(token) > MAX_TOKEN_BYTES:
            _refuse(INVALID_REQUEST, "too_large")
        header = _header(token)
        key = self._keys.find_surely(header.get("kid"), header["alg"])
        if key is None:
            _refuse(INVALID_KEY, "unknown_key")
        try:
            # Never the header's algorithm alone, and never its keys: "jwk", "jku", "x5c" and "x5u" are not looked at.
            raw = jwt.api_jws.decode(token, key, algorithms=[header["alg"]])
        except (jwt.PyJWTError, ValueError, TypeError, RecursionError):
            raw = None
        if not isinstance(raw, bytes):
            _refuse(INVALID_KEY, "bad_signature")
        return self._signal(_object(raw, "payload"))

    def admits(self, credential: str) -> bool:
        """Say whether that is the configured bearer credential. See the port."""
        if self._credential_file is None:
            return True
        try:
            wanted = self._credential_file.read_text().strip()
        except (OSError, ValueError):
            raise UnavailableError("the transmitter's credential cannot be read") from None
        return bool(wanted) and hmac.compare_digest(wanted.encode(), credential.encode())

    def _signal(self, claims: Mapping[str, Any]) -> Signal:
        if claims.get("iss") != self._expected.issuer:
            _refuse(INVALID_ISSUER, "wrong_issuer")
        audience = claims.get("aud")
        if self._expected.audience not in (audience if isinstance(audience, list) else [audience]):
            _refuse(INVALID_AUDIENCE, "wrong_audience")
        jti, events = claims.get("jti"), claims.get("events")
        if not isinstance(jti, str) or not 0 < len(jti) <= MAX_NAME:
            _refuse(INVALID_REQUEST, "no_jti")
        if not isinstance(events, Mapping) or not 0 < len(events) <= MAX_EVENTS:
            _refuse(INVALID_REQUEST, "no_events")
        if not all(len(name) <= MAX_NAME and isinstance(payload, Mapping) for name, payload in events.items()):
            _refuse(INVALID_REQUEST, "bad_events")
        subject = claims.get("sub_id", next(iter(events.values())).get("subject", {}))
        if not isinstance(subject, Mapping):
            _refuse(INVALID_REQUEST, "bad_subject")
        return Signal(claims["iss"], jti, self._issued(claims), subject, events)

    def _issued(self, claims: Mapping[str, Any]) -> datetime:
        """Return when the token was issued. Shared Signals 1.0 forbids an expiry; where there is one, it counts."""
        now, issued = self._clock.now().timestamp(), _seconds(claims.get("iat"))
        if issued > now + self._expected.skew.total_seconds():
            _refuse(INVALID_REQUEST, "issued_in_the_future")
        if issued < now - self._expected.oldest.total_seconds():
            _refuse(INVALID_REQUEST, "too_old")
        if "exp" in claims and _seconds(claims["exp"]) <= now - self._expected.skew.total_seconds():
            _refuse(INVALID_REQUEST, "expired")
        if "nbf" in claims and _seconds(claims["nbf"]) > now + self._expected.skew.total_seconds():
            _refuse(INVALID_REQUEST, "not_yet_valid")
        return datetime.fromtimestamp(issued, UTC)


def _header(token: bytes) -> Mapping[str, Any]:
    try:
        header = jwt.get_unverified_header(token)
    except (jwt.PyJWTError, ValueError, TypeError, RecursionError):
        header = {}
    kid, kind = header.get("kid"), header.get("typ")
    if not isinstance(kind, str) or kind.lower() not in TYPES or "crit" in header:
        _refuse(INVALID_REQUEST, "not_a_security_event_token")
    if header.get("alg") not in ALGORITHMS:
        _refuse(INVALID_KEY, "algorithm_not_allowed")
    if kid is not None and not (isinstance(kid, str) and len(kid) <= MAX_NAME and kid.isprintable()):
        _refuse(INVALID_KEY, "unknown_key")
    return header


def _object(raw: bytes, place: str) -> Mapping[str, Any]:
    """Return a JSON object: no name twice, no NaN, not deeper than ``MAX_DEPTH``."""
    try:
        document = json.loads(raw, object_pairs_hook=_unique, parse_constant=_no_constant)
    except (ValueError, RecursionError):
        document = None
    if not isinstance(document, Mapping) or not _shallow(document):
        _refuse(INVALID_REQUEST, f"bad_{place}")
    return document


def _unique(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    document = dict(pairs)
    if len(document) != len(pairs):
        raise ValueError("a name twice")
    return document


def _no_constant(name: str) -> NoReturn:
    raise ValueError(f"{name} is no JSON")


def _shallow(document: Any) -> bool:
    level = [document]
    for _ in range(MAX_DEPTH):
        inner: list[Any] = []
        for value in level:
            if isinstance(value, (Mapping, list)):
                inner += value.values() if isinstance(value, Mapping) else value
        if not inner:
            return True
        level = inner
    return False


def _seconds(value: object) -> float:
    """Return a NumericDate (RFC 7519, section 2)."""
    if isinstance(value, bool) or not isinstance(value, (int, float)) or not 0 < value < 1e11:  # noqa: PLR2004
        _refuse(INVALID_REQUEST, "bad_time")
    return float(value)


def _refuse(err: str, reason: str) -> NoReturn:
    raise SignalRefusedError(err, reason)
