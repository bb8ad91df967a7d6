"""The ring file's content: read, checked, written back. Format ``faceauth-key-ring/2``."""

from __future__ import annotations

import base64
import binascii
import hmac
import json
import secrets
from dataclasses import dataclass, field, replace
from datetime import datetime
from typing import TYPE_CHECKING, Any, Final

from cryptography.hazmat.primitives.hashes import SHA256
from cryptography.hazmat.primitives.kdf.hkdf import HKDFExpand

from adapters.crypto.aead import encoded
from application.ports.keys import ACTIVE, DESTROYED, RETIRED, RETIRING

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from adapters.crypto.kek_provider import KekProvider

KEY_BYTES: Final = 32
"""AES-256 and HMAC-SHA256 keys, and the seeds of transforms."""

FORMAT: Final = "faceauth-key-ring/2"
FORMER_FORMAT: Final = "faceauth-key-ring/1"
PROVIDERS: Final = frozenset({"file", "environment", "pkcs11"})
STATES: Final = frozenset({ACTIVE, RETIRING, RETIRED, DESTROYED})
SECRETS_FORMAT: Final = "faceauth-key-ring-secrets/1"


@dataclass(frozen=True, slots=True)
class Entry:
    """One key-encryption key or transform, without its key; ``remembered`` is what the provider wants back."""

    key_id: str
    state: str
    created_at: datetime
    changed_at: datetime
    remembered: Mapping[str, str] = field(default_factory=dict, repr=False)


@dataclass(frozen=True, slots=True)
class Secrets:
    """Keys that are the same for the life of a deployment, and the seeds of its living transforms: 32 bytes each."""

    store_key: bytes = field(repr=False)
    digest_key: bytes = field(repr=False)
    pairwise_key: bytes = field(repr=False)
    seeds: Mapping[str, bytes] = field(repr=False)


@dataclass(frozen=True, slots=True)
class RingDocument:
    """A whole ring at one generation."""

    generation: int
    provider: str
    keks: Sequence[Entry]
    transforms: Sequence[Entry]
    secrets: Secrets = field(repr=False)

    def changed(self, **values: Any) -> RingDocument:
        """Return the next generation."""
        return replace(self, generation=self.generation + 1, **values)

    def without_transform(self, transform: str, transforms: Sequence[Entry]) -> RingDocument:
        """Return the next generation: those transforms, and no seed of that one."""
        seeds = {name: seed for name, seed in self.secrets.seeds.items() if name != transform}
        return self.changed(transforms=transforms, secrets=replace(self.secrets, seeds=seeds))


def fresh_secrets() -> Secrets:
    """Return new random keys, without transforms."""
    store_key, digest_key, pairwise_key = (secrets.token_bytes(KEY_BYTES) for _ in range(3))
    return Secrets(store_key, digest_key, pairwise_key, {})


def active(entries: Sequence[Entry]) -> Entry:
    """Return the one entry in charge. Raises ``ValueError`` unless there is exactly one."""
    (only,) = [entry for entry in entries if entry.state == ACTIVE]
    return only


def dump(document: RingDocument, provider: KekProvider) -> bytes:
    """Return the file's content: secrets in the clear for the file provider, else sealed by the active key."""
    plain = {
        "format": FORMAT,
        "generation": document.generation,
        "provider": document.provider,
        "keks": [_entry_out(entry) for entry in document.keks],
        "transforms": [_entry_out(entry) for entry in document.transforms],
    }
    secret = _secrets_out(document.secrets)
    if document.provider == "file":
        plain["secrets"] = secret
    else:
        kek_id = active(document.keks).key_id
        sealed = provider.wrap(kek_id, json.dumps(secret).encode(), encoded(SECRETS_FORMAT, kek_id))
        plain["sealed_secrets"] = base64.b64encode(sealed).decode()
    return json.dumps({**plain, "mac": _mac(plain, document.secrets.store_key)}, indent=2).encode()


def load_entries(raw: Mapping[str, Any]) -> tuple[Sequence[Entry], Sequence[Entry]]:
    """Return (key-encryption keys, transforms). Raises ``ValueError``, ``KeyError``, ``TypeError`` for another form."""
    keks = [_entry_in(item) for item in raw["keks"]]
    transforms = [_entry_in(item) for item in raw.get("transforms", ())]
    for entries in (keks, transforms):
        if len({entry.key_id for entry in entries}) != len(entries):
            raise ValueError("two keys of one id")
    if raw.get("provider", "file") not in PROVIDERS:
        raise ValueError("unknown provider")
    active(keks)
    return keks, transforms


def load(
    raw: Mapping[str, Any], keks: Sequence[Entry], transforms: Sequence[Entry], provider: KekProvider
) -> RingDocument:
    """Return the whole document, authenticated.

    Raises ``ValueError``, ``KeyError`` or ``TypeError`` for anything but what ``dump`` writes, ``KeyRingError`` where
    the provider does not hold its active key, ``SealBrokenError``.
    """
    if "sealed_secrets" in raw:
        kek_id = active(keks).key_id
        sealed = base64.b64decode(raw["sealed_secrets"], validate=True)
        secret = json.loads(provider.unwrap(kek_id, sealed, encoded(SECRETS_FORMAT, kek_id)))
    else:
        secret = raw["secrets"]
    document = RingDocument(int(raw["generation"]), str(raw["provider"]), keks, transforms, _secrets_in(secret))
    plain = {name: value for name, value in raw.items() if name != "mac"}
    if not hmac.compare_digest(str(raw["mac"]), _mac(plain, document.secrets.store_key)):
        raise ValueError("changed")
    active(transforms)
    if {entry.key_id for entry in transforms if entry.state != DESTROYED} != set(document.secrets.seeds):
        raise ValueError("transforms and seeds differ")
    return document


def load_former(raw: Mapping[str, Any], keks: Sequence[Entry]) -> RingDocument:
    """Return a ring of format 1, which knew neither generations nor transforms. Raises as ``load``."""
    return RingDocument(1, "file", keks, (), _secrets_in({**raw, "transforms": {}}))


def _key_in(value: object) -> bytes:
    """Return a key (32 bytes) from base64. Raises ``ValueError``."""
    try:
        key = base64.b64decode(value if isinstance(value, str) else "", validate=True)
    except binascii.Error:
        key = b""
    if len(key) != KEY_BYTES:
        raise ValueError("not a key")
    return key


def derived(store_key: bytes, purpose: str) -> bytes:
    """Return a key (32 bytes) for one purpose (HKDF-Expand, RFC 5869: the store key is uniform already)."""
    return HKDFExpand(SHA256(), KEY_BYTES, f"faceauth {purpose}".encode()).derive(store_key)


def _mac(plain: Mapping[str, Any], store_key: bytes) -> str:
    canonical = json.dumps(plain, sort_keys=True, separators=(",", ":")).encode()
    return hmac.digest(derived(store_key, "key ring document"), canonical, "sha256").hex()


def _entry_in(item: Mapping[str, Any]) -> Entry:
    known = {"id", "state", "created_at", "changed_at"}
    if item["state"] not in STATES or not item["id"]:
        raise ValueError("unknown state")
    created_at = datetime.fromisoformat(item["created_at"])
    changed_at = datetime.fromisoformat(item.get("changed_at", item["created_at"]))
    remembered = {name: str(value) for name, value in item.items() if name not in known}
    return Entry(str(item["id"]), item["state"], created_at, changed_at, remembered)


def _entry_out(entry: Entry) -> dict[str, str]:
    times = {"created_at": entry.created_at.isoformat(), "changed_at": entry.changed_at.isoformat()}
    return {"id": entry.key_id, "state": entry.state, **times, **entry.remembered}


def _secrets_in(secret: Mapping[str, Any]) -> Secrets:
    seeds = {str(name): _key_in(seed) for name, seed in secret["transforms"].items()}
    return Secrets(_key_in(secret["store_key"]), _key_in(secret["digest_key"]), _key_in(secret["pairwise_key"]), seeds)


def _secrets_out(secret: Secrets) -> dict[str, Any]:
    def out(key: bytes) -> str:
        return base64.b64encode(key).decode()

    return {
        "store_key": out(secret.store_key),
        "digest_key": out(secret.digest_key),
        "pairwise_key": out(secret.pairwise_key),
        "transforms": {name: out(seed) for name, seed in secret.seeds.items()},
    }
