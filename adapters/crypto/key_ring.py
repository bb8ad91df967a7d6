"""The keys that everything else hangs on: a file of the state directory, in generations, and a provider that wraps."""

from __future__ import annotations

import hmac
import secrets
from contextlib import ExitStack, closing
from dataclasses import replace
from threading import RLock
from typing import TYPE_CHECKING, Any, Final, Self

from adapters.crypto.entropy import SystemClock
from adapters.crypto.file_keks import FileKeks
from adapters.crypto.kek_provider import FILE, PROVIDERS
from adapters.crypto.key_files import (
    create_once,
    damaged,
    folder_lock,
    read_document,
    replace_content,
    system_refusals,
)
from adapters.crypto.ring_document import (
    FORMAT,
    FORMER_FORMAT,
    KEY_BYTES,
    Entry,
    RingDocument,
    Secrets,
    active,
    dump,
    fresh_secrets,
    load,
    load_entries,
    load_former,
)
from application.ports.keys import ACTIVE, DESTROYED, RETIRING
from domain.errors import (
    KekUnknownError,
    KeyRingDamagedError,
    KeyRingError,
    SealBrokenError,
    TransformUnknownError,
)

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping, Sequence
    from pathlib import Path

    from adapters.crypto.kek_provider import KekProvider, ProviderFactory

ID_BYTES = 8
MALFORMED: Final = (KeyError, TypeError, ValueError, AttributeError, RecursionError)


class KeyRing:
    """The ring as this process knows it. Safe from several threads; no key appears in its ``repr`` nor in any error.

    ``refresh`` takes in what another process changed; whatever meets an id that it does not know does so by itself.
    Whoever holds this file (and, for the other providers, what they hold) and the database can read everything; losing
    it loses everything.
    """

    def __init__(self, path: Path, make_provider: ProviderFactory) -> None:
        """Use ``open``."""
        self._path = path
        self._make_provider = make_provider
        self._lock = RLock()
        self._seen: tuple[int, ...] = ()
        self._document: RingDocument
        self._provider: KekProvider
        self._load()

    @classmethod
    def open(cls, path: Path, *, create: bool = True, make_provider: ProviderFactory = FileKeks) -> Self:
        """Load the ring; make a new one first where there is none and ``create`` allows it.

        Two processes may open a new ring at once: both get the same keys. Pass ``create=False`` where data sealed under
        a ring exists already. A ring of the former format is rewritten in this one. Raises ``KeyRingMissingError``,
        ``KeyRingDamagedError``, and ``KeyRingError`` where it is within reach of other users of the machine or of
        another provider.
        """
        if create:
            with system_refusals(path), folder_lock(path.parent):
                create_once(path, lambda: _fresh(make_provider))
        ring = cls(path, make_provider)
        if not ring.document.transforms:  # of the former format
            ring.change(
                lambda document, provider: document if document.transforms else with_transform(document, provider)
            )
        return ring

    @property
    def path(self) -> Path:
        """Where the file is."""
        return self._path

    @property
    def document(self) -> RingDocument:
        """The ring at its newest known generation: for those who change it, never for printing."""
        return self._document

    @property
    def provider(self) -> KekProvider:
        """What holds the key-encryption keys."""
        return self._provider

    @property
    def store_key(self) -> bytes:
        """Seals whole event states: 32 bytes."""
        return self._document.secrets.store_key

    @property
    def digest_key(self) -> bytes:
        """Keys the look-up digests of unique personal values: 32 bytes."""
        return self._document.secrets.digest_key

    @property
    def pairwise_key(self) -> bytes:
        """Makes the subjects of tokens: 32 bytes."""
        return self._document.secrets.pairwise_key

    @property
    def fingerprint(self) -> str:
        """Hex HMAC-SHA256 that names this deployment's ring without saying anything about its keys."""
        return hmac.digest(self.store_key, b"faceauth key ring", "sha256").hex()

    def active_kek(self) -> str:
        """Return the id of the key that wraps new data keys."""
        return active(self._document.keks).key_id

    def living_keks(self) -> list[str]:
        """Return the ids of all key-encryption keys that are not destroyed."""
        return [entry.key_id for entry in self._document.keks if entry.state != DESTROYED]

    def wrap(self, kek_id: str, plaintext: bytes, context: bytes) -> bytes:
        """Wrap with that key. See the provider's port."""
        with self._lock:
            return self._provider.wrap(kek_id, plaintext, context)

    def unwrap(self, kek_id: str, wrapped: bytes, context: bytes) -> bytes:
        """Unwrap with that key, looking for a newer generation of the ring first where it is not known.

        Raises ``KekUnknownError`` for one that the newest ring does not know or has destroyed.
        """
        with self._lock:
            if kek_id not in self.living_keks():
                self.refresh()
            if kek_id not in self.living_keks():
                raise KekUnknownError("the ring does not hold the key that a data key names")
            return self._provider.unwrap(kek_id, wrapped, context)

    def active_transform(self) -> str:
        """Return the id of the transform that new templates go through."""
        return active(self._document.transforms).key_id

    def transform_seed(self, transform: str) -> bytes:
        """Return a transform's seed (32 bytes). Raises ``TransformUnknownError``."""
        if transform not in self._document.secrets.seeds:
            self.refresh()
        try:
            return self._document.secrets.seeds[transform]
        except KeyError:
            raise TransformUnknownError("the key ring does not hold the transform of this template") from None

    def refresh(self) -> bool:
        """Take in what another process changed, and let go of keys it destroyed; say whether there was anything.

        Raises ``KeyRingError`` and keeps what it has where the file cannot be used.
        """
        with self._lock:
            if self._stamp() == self._seen:
                return False
            self._load()
            return True

    def change(self, step: Callable[[RingDocument, KekProvider], RingDocument]) -> RingDocument:
        """Take the newest ring through ``step`` and keep what comes out, on disk first.

        ``step`` is given the document and the provider under a lock across processes; returning the same document
        changes nothing. Raises ``KeyRingError``, and what ``step`` raises, with nothing changed in the file.
        """
        with self._lock, system_refusals(self._path), folder_lock(self._path.parent):
            self.refresh()
            changed = step(self._document, self._provider)
            if changed is not self._document:
                replace_content(self._path, dump(changed, self._provider))
                self._document, self._seen = changed, self._stamp()
            return changed

    def close(self) -> None:
        """Let go of the keys in memory."""
        with self._lock:
            self._provider.close()

    def _load(self) -> None:
        stamp = self._stamp()
        raw = read_document(self._path, FORMAT, FORMER_FORMAT)
        try:
            keks, transforms = load_entries(raw)
            self._check_provider(FILE if raw["format"] == FORMER_FORMAT else raw["provider"])
            provider = self._make_provider({e.key_id: e.remembered for e in keks if e.state != DESTROYED})
        except MALFORMED:
            raise damaged(self._path) from None
        with ExitStack() as stack:
            stack.callback(provider.close)
            document = self._document_in(raw, keks, transforms, provider)
            _check_destroyed(keks, provider)
            stack.pop_all()
        former = getattr(self, "_provider", None)
        self._document, self._provider, self._seen = document, provider, stamp
        if former is not None:
            former.close()

    def _check_provider(self, named: str) -> None:
        """Raise ``KeyRingError`` for another provider's ring, before anything is taken for damage."""
        if named != self._make_provider.name:
            if named not in PROVIDERS:
                raise ValueError("no provider")
            raise KeyRingError(f"this ring is of provider {named}: set FACEAUTH_KEYS={named}")

    def _document_in(
        self, raw: Mapping[str, Any], keks: Sequence[Entry], transforms: Sequence[Entry], provider: KekProvider
    ) -> RingDocument:
        try:
            if raw["format"] == FORMER_FORMAT:
                return load_former(raw, keks)
            return load(raw, keks, transforms, provider)
        except SealBrokenError:
            raise KeyRingDamagedError(
                f"{self._path} does not open with the key {active(keks).key_id:.63}: restore it from its backup, or "
                "give back the key that had this id"
            ) from None
        except MALFORMED:
            raise damaged(self._path) from None

    def _stamp(self) -> tuple[int, ...]:
        with system_refusals(self._path):
            status = self._path.stat()
        return status.st_ino, status.st_mtime_ns, status.st_size


def with_kek(document: RingDocument, provider: KekProvider) -> RingDocument:
    """Return the ring with a new key-encryption key in charge. Raises ``KeysReadOnlyError``."""
    entry = new_kek(provider)
    return document.changed(keks=[*_stood_down(document.keks), entry])


def new_kek(provider: KekProvider) -> Entry:
    """Make a key-encryption key. Raises ``KeysReadOnlyError``."""
    kek_id = provider.next_id() or f"kek-{secrets.token_hex(ID_BYTES)}"
    return _new(kek_id, provider.create(kek_id))


def with_transform(document: RingDocument, _provider: KekProvider) -> RingDocument:
    """Return the ring with a new transform in charge."""
    entry = _new(f"t-{secrets.token_hex(ID_BYTES)}", {})
    seeds = {**document.secrets.seeds, entry.key_id: secrets.token_bytes(KEY_BYTES)}
    return document.changed(
        transforms=[*_stood_down(document.transforms), entry], secrets=replace(document.secrets, seeds=seeds)
    )


def in_state(entries: Sequence[Entry], key_id: str, state: str) -> list[Entry]:
    """Return the entries with one of them in another state; what its provider remembered goes when it is destroyed."""
    now = SystemClock().now()
    return [
        replace(entry, state=state, changed_at=now, remembered={} if state == DESTROYED else entry.remembered)
        if entry.key_id == key_id
        else entry
        for entry in entries
    ]


def _stood_down(entries: Sequence[Entry]) -> Sequence[Entry]:
    former = [entry.key_id for entry in entries if entry.state == ACTIVE]
    return in_state(entries, former[0], RETIRING) if former else entries


def _new(key_id: str, remembered: Mapping[str, str]) -> Entry:
    now = SystemClock().now()
    return Entry(key_id, ACTIVE, now, now, remembered)


def _check_destroyed(keks: Sequence[Entry], provider: KekProvider) -> None:
    """Raise ``KeyRingError`` where a key that counts as destroyed is back: erasures that it made final are undone."""
    for entry in keks:
        if entry.state == DESTROYED and provider.holds(entry.key_id):
            raise KeyRingError(
                f"the key {entry.key_id:.63} counts as destroyed, but the {provider.name} provider holds it (again): "
                "take it away from there and restart"
            )


def _fresh(make_provider: ProviderFactory) -> bytes:
    with closing(make_provider({})) as provider:
        secret: Secrets = fresh_secrets()
        document = RingDocument(0, provider.name, [new_kek(provider)], (), secret)
        return dump(with_transform(document, provider), provider)
