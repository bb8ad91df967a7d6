"""The public keys of another issuer: from a file or an address that was configured, never from a token."""

from __future__ import annotations

import contextlib
import json
import threading
import time
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any, Final

import httpx
import jwt
from cryptography.hazmat.primitives.asymmetric.ec import SECP256R1, EllipticCurvePublicKey
from cryptography.hazmat.primitives.asymmetric.rsa import RSAPublicKey

from domain.errors import UnavailableError

MAX_BYTES: Final = 256 * 1024
MAX_KEYS: Final = 100
MIN_RSA_BITS: Final = 2048
"""RFC 7518, section 3.3."""

FETCH_SECONDS: Final = 5.0
MAX_AGE_S: Final = 3600.0
"""How long keys are used before they are asked for again; a withdrawn key serves no longer than that."""

MAX_STALE_S: Final = 24 * 3600.0
"""How long the keys of an issuer that cannot be reached go on serving."""

REFETCH_EVERY_S: Final = 30.0
"""An unknown key id has the keys fetched again, no more often than this: anybody can make up key ids."""

WAIT_S: Final = 0.5
"""How long a thread waits for another one that is fetching."""

RSA_ALGORITHMS: Final = frozenset({"RS256", "PS256"})
EC_ALGORITHMS: Final = frozenset({"ES256"})

Fetch = Callable[[], bytes]


class KeySet:
    """The keys of one issuer, by key id. Safe from several threads; at most one of them fetches, none waits long."""

    def __init__(
        self,
        fetch: Fetch,
        *,
        refetch_every_s: float = REFETCH_EVERY_S,
        timer: Callable[[], float] = time.monotonic,
    ) -> None:
        """``fetch`` returns a JSON Web Key Set (RFC 7517) or raises ``UnavailableError``; ``timer`` counts seconds."""
        self._fetch = fetch
        self._refetch_every_s = refetch_every_s
        self._timer = timer
        self._keys: dict[str, _Key] = {}
        self._fetched = -float("inf")
        self._tried = -float("inf")
        self._fetching = threading.Lock()

    def key(self, kid: str | None, algorithm: str) -> Any | None:
        """Return the public key of that id for that algorithm, None where the issuer has none such.

        Without an id, the only key that fits. Raises ``UnavailableError`` while it cannot be told: the keys cannot be
        fetched, or were fetched a moment ago.
        """
        now = self._timer()
        fresh = False
        if now - self._fetched > MAX_AGE_S:
            with contextlib.suppress(UnavailableError):  # what is known goes on serving
                self._refetch(now)
                fresh = True
        found = self._find(kid, algorithm)
        if found is None and not fresh:
            self._refetch(now)
            found = self._find(kid, algorithm)
        elif now - self._fetched > MAX_STALE_S:
            raise UnavailableError("the issuer's keys are too old, and cannot be fetched")
        return found

    def _find(self, kid: str | None, algorithm: str) -> Any | None:
        if kid is not None:
            key = self._keys.get(kid)
            return key.public if key is not None and algorithm in key.algorithms else None
        fitting = [key.public for key in self._keys.values() if algorithm in key.algorithms]
        return fitting[0] if len(fitting) == 1 else None

    def _refetch(self, now: float) -> None:
        before = self._fetched
        if not self._fetching.acquire(timeout=WAIT_S):
            raise UnavailableError("the issuer's keys are being fetched")
        try:
            if self._fetched != before:
                return  # by somebody else, a moment ago
            if now - self._tried < self._refetch_every_s:
                raise UnavailableError("the issuer's keys were asked for a moment ago")
            self._tried = now
            self._keys = _parsed(self._fetch())
            self._fetched = now
        finally:
            self._fetching.release()


class _Key:
    """A public key and the algorithms that it may be used with."""

    __slots__ = ("algorithms", "public")

    def __init__(self, public: Any, algorithms: frozenset[str]) -> None:
        self.public = public
        self.algorithms = algorithms


def from_file(path: Path) -> Fetch:
    """Return what reads a key set from a file."""

    def fetch() -> bytes:
        try:
            return path.read_bytes()[: MAX_BYTES + 1]
        except OSError as error:
            raise UnavailableError(f"the issuer's keys cannot be read: {error.strerror}") from None

    return fetch


def from_url(url: str, client: httpx.Client) -> Fetch:
    """Return what fetches a key set: no redirects, a few seconds, a few bytes."""

    def fetch() -> bytes:
        try:
            return fetched(client, "GET", url, max_bytes=MAX_BYTES, seconds=FETCH_SECONDS)
        except httpx.HTTPError as error:
            raise UnavailableError(f"the issuer's keys cannot be fetched: {type(error).__name__}") from None

    return fetch


def fetched(client: httpx.Client, method: str, url: str, *, max_bytes: int, seconds: float, **more: Any) -> bytes:
    """Return the body of a successful answer. Raises ``httpx.HTTPError``; ``UnavailableError`` for any other answer.

    ``seconds`` bounds the connection, each pause and the whole body, however slowly it trickles.
    """
    deadline = time.monotonic() + seconds
    # As it comes, and uncompressed: a few bytes must not become many, and a trickle not be waited for.
    more["headers"] = {**more.get("headers", {}), "accept-encoding": "identity"}
    with client.stream(method, url, timeout=seconds, follow_redirects=False, **more) as answer:
        if answer.status_code != httpx.codes.OK or "content-encoding" in answer.headers:
            raise UnavailableError(f"the issuer answers {answer.status_code}, or compressed")
        body = bytearray()
        for chunk in answer.iter_bytes():
            body += chunk
            if len(body) > max_bytes:
                raise UnavailableError("the issuer answers too much")
            if time.monotonic() > deadline:
                raise UnavailableError("the issuer answers too slowly")
        return bytes(body)


def _parsed(raw: bytes) -> dict[str, _Key]:
    """Return the signing keys of a set; what is no usable public key is left out."""
    try:
        document = json.loads(raw) if len(raw) <= MAX_BYTES else None
        listed = document["keys"] if isinstance(document, Mapping) else None
    except (ValueError, RecursionError, KeyError):
        listed = None
    if not isinstance(listed, list):
        raise UnavailableError("the issuer's keys are no key set")
    keys: dict[str, _Key] = {}
    for number, entry in enumerate(listed[:MAX_KEYS]):
        key = _usable(entry) if isinstance(entry, Mapping) else None
        if key is not None:
            kid = entry.get("kid")
            keys[kid if isinstance(kid, str) else f"\0{number}"] = key
    return keys


def _usable(entry: Mapping[str, Any]) -> _Key | None:
    """Return a key for signatures, None for any other: symmetric, for encryption, too short, broken."""
    if entry.get("kty") not in {"RSA", "EC"} or entry.get("use", "sig") != "sig":
        return None
    try:
        public = jwt.PyJWK(dict(entry), algorithm="RS256" if entry["kty"] == "RSA" else "ES256").key
    except (jwt.PyJWTError, ValueError, TypeError):
        return None
    if isinstance(public, RSAPublicKey) and public.key_size >= MIN_RSA_BITS:
        able = RSA_ALGORITHMS
    elif isinstance(public, EllipticCurvePublicKey) and isinstance(public.curve, SECP256R1):
        able = EC_ALGORITHMS
    else:
        return None
    named = entry.get("alg")
    return _Key(public, able if named is None else able & {named} if isinstance(named, str) else frozenset())
