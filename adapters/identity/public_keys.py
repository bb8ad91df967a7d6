"""Another issuer's public keys: which we take from a key set, and how long we believe them."""

from __future__ import annotations

import threading
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any, Final

from cryptography.exceptions import UnsupportedAlgorithm
from cryptography.hazmat.primitives.asymmetric import ec, ed25519, rsa
from jwt.algorithms import ECAlgorithm, OKPAlgorithm, RSAAlgorithm
from jwt.exceptions import PyJWTError

from domain.errors import UnavailableError

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Mapping, Sequence

    from application.ports.clock import Clock

FRESH_S: Final = 300.0
"""Older keys are fetched anew, behind the back of whoever asks."""
BELIEVED_S: Final = 4 * 3600.0
"""How long keys serve while the provider cannot be reached: longer than the outage of an hour that it may have, short
enough that keeping us from the provider does not keep a withdrawn key alive for days."""
RETRY_S: Final = 10.0
"""At most one fetch in that time, whatever is asked: forged key ids must not make us hammer the provider."""
WAIT_S: Final = 5.0
"""How long somebody waits for a fetch that is under way."""
MAX_WAITING: Final = 2
"""More do not wait: most threads stay free for those who sign in."""
MAX_KEYS: Final = 100
MAX_KID_CHARACTERS: Final = 256
RSA_BITS: Final = range(2048, 8193)

ALGORITHMS: Final = frozenset({"RS256", "PS256", "ES256", "EdDSA"})
"""Signatures only, and none by a shared secret (RFC 8725, section 3.1)."""
PUBLIC_MEMBERS: Final = ("kty", "crv", "n", "e", "x", "y")

PublicKey = rsa.RSAPublicKey | ec.EllipticCurvePublicKey | ed25519.Ed25519PublicKey


@dataclass(frozen=True, slots=True)
class ProviderKey:
    """A public key, and the algorithms that it verifies."""

    public: PublicKey = field(repr=False)
    algorithms: frozenset[str]


def usable_keys(members: Sequence[Any]) -> dict[str, ProviderKey]:
    """Return what of a key set (RFC 7517) verifies tokens, by key id; whatever else is in there is passed over.

    Of two with one id the first counts. Keys without an id are kept under a number: only a token that names none can
    mean one of them.
    """
    found: dict[str, ProviderKey] = {}
    for number, member in enumerate(members[:MAX_KEYS]):
        kid = member.get("kid", f"\0{number}") if isinstance(member, dict) else None
        if not isinstance(kid, str) or not 0 < len(kid) <= MAX_KID_CHARACTERS or kid in found:
            continue
        key = _key(member)
        if key is not None:
            found[kid] = key
    return found


def _key(member: Mapping[str, Any]) -> ProviderKey | None:
    if member.get("use", "sig") != "sig":
        return None
    # Only the public members: a private key that somebody published by mistake is not ours to load.
    public = {name: member[name] for name in PUBLIC_MEMBERS if name in member}
    try:
        key, algorithms = _read(public)
    except (PyJWTError, ValueError, TypeError, KeyError, UnsupportedAlgorithm):
        return None
    if "alg" in member:
        algorithms &= {member["alg"]} if isinstance(member["alg"], str) else frozenset()
    return ProviderKey(key, algorithms) if algorithms else None


def _read(public: dict[str, Any]) -> tuple[PublicKey, frozenset[str]]:
    match public["kty"], public.get("crv"):
        case "RSA", _:
            key = RSAAlgorithm.from_jwk(public)
            if isinstance(key, rsa.RSAPublicKey) and key.key_size in RSA_BITS:
                return key, frozenset({"RS256", "PS256"})
        case "EC", "P-256":
            curve = ECAlgorithm.from_jwk(public)
            if isinstance(curve, ec.EllipticCurvePublicKey):
                return curve, frozenset({"ES256"})
        case "OKP", "Ed25519":
            edwards = OKPAlgorithm.from_jwk(public)
            if isinstance(edwards, ed25519.Ed25519PublicKey):
                return edwards, frozenset({"EdDSA"})
    raise ValueError("no key for signatures that we verify")


@dataclass(frozen=True, slots=True)
class _Known:
    keys: Mapping[str, ProviderKey]
    fetched_at: float

    def key(self, kid: str | None, algorithm: str) -> PublicKey | None:
        named = self.keys.values() if kid is None else [self.keys[kid]] if kid in self.keys else []
        fitting = [key.public for key in named if algorithm in key.algorithms]
        return fitting[0] if len(fitting) == 1 else None


class CachedKeys:
    """Public keys by id, fetched by one thread at a time. Who asks for a known key never waits for the network."""

    def __init__(
        self,
        fetch: Callable[[], Iterable[Any]],
        *,
        clock: Clock,
        on_fault: Callable[[Exception], None],
        retry_s: float = RETRY_S,
    ) -> None:
        """``fetch`` returns the members of the key set or raises ``UnavailableError``; ``on_fault`` hears of that."""
        self._fetch = fetch
        self._clock = clock
        self._on_fault = on_fault
        self._retry_s = retry_s
        self._lock = threading.Lock()
        self._known: _Known | None = None
        self._tried_at: float | None = None
        self._flight: threading.Event | None = None
        self._places = threading.BoundedSemaphore(MAX_WAITING)

    def find(self, kid: str | None, algorithm: str) -> PublicKey | None:
        """Return the key of that id for that algorithm, None where the issuer has none such.

        Without an id, the only key that fits. Raises ``UnavailableError`` where there are no keys to look among.
        """
        return self._look(kid, algorithm)[0]

    def find_surely(self, kid: str | None, algorithm: str) -> PublicKey | None:
        """Return the same for somebody who can wait and ask again: None only where the issuer was asked just now.

        Keys that are not fresh are confirmed first, as long as the issuer can be reached. Raises ``UnavailableError``
        where it cannot be told whether there is such a key.
        """
        before = self._believed()
        if before is not None and self._age(before) > FRESH_S:
            self._await_refresh()
        key, known = self._look(kid, algorithm)
        if key is None and known is before:
            raise UnavailableError("the issuer's keys cannot be asked for now")
        return key

    def _look(self, kid: str | None, algorithm: str) -> tuple[PublicKey | None, _Known]:
        known = self._believed()
        key = None if known is None else known.key(kid, algorithm)
        if known is not None and key is not None:
            if self._age(known) > FRESH_S:
                self.refresh()
            return key, known
        self._await_refresh()
        known = self._believed()
        if known is None:
            raise UnavailableError("the issuer's keys cannot be had")
        return known.key(kid, algorithm), known

    def refresh(self) -> threading.Event | None:
        """Begin a fetch in a thread of its own unless it is too early; return what is set at the end of the one begun.

        Or of the one that is under way already; None where there is none.
        """
        with self._lock:
            if self._flight is not None:
                return self._flight
            now = self._clock.monotonic()
            if self._tried_at is not None and now - self._tried_at < self._retry_s:
                return None
            self._tried_at = now
            self._flight = landed = threading.Event()
            threading.Thread(target=self._fly, args=(landed,), name="issuer-keys", daemon=True).start()
            return landed

    def _await_refresh(self) -> None:
        landed = self.refresh()
        if landed is None or not self._places.acquire(blocking=False):
            return
        try:
            landed.wait(WAIT_S)
        finally:
            self._places.release()

    def _fly(self, landed: threading.Event) -> None:
        try:
            self._known = _Known(self._fetched(), self._clock.monotonic())
        except Exception as error:  # noqa: BLE001 - told to the operator; the next fetch tries again
            self._on_fault(error)
        finally:
            with self._lock:
                self._flight = None
            landed.set()

    def _fetched(self) -> dict[str, ProviderKey]:
        keys = usable_keys(list(self._fetch()))
        if not keys:
            raise UnavailableError("the issuer's key set has no key that we can use")
        return keys

    def _believed(self) -> _Known | None:
        known = self._known
        return None if known is None or self._age(known) > BELIEVED_S else known

    def _age(self, known: _Known) -> float:
        return self._clock.monotonic() - known.fetched_at
