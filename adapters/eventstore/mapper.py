"""Domain events to sealed rows and back."""

from __future__ import annotations

import os
from dataclasses import replace
from typing import TYPE_CHECKING, Final
from uuid import UUID

from cryptography.exceptions import InvalidTag
from cryptography.hazmat.primitives.ciphers.aead import AESGCM
from eventsourcing.persistence import Mapper, MapperDeserialisationError, StoredEvent

from domain.errors import SealBrokenError

if TYPE_CHECKING:
    from eventsourcing.domain import DomainEventProtocol

    from adapters.eventstore.topics import TopicRegistry
    from adapters.eventstore.transcoding import FaithfulTranscoder

STORE_KEY_BYTES: Final = 32
NONCE_BYTES: Final = 12
"""96 random bits a row (NIST SP 800-38D section 8.2.2): good for 2**32 rows under one key."""
FORMAT: Final = b"\x01"
"""First byte of every row: AES-256-GCM, nonce, ciphertext with tag."""


class Opener:
    """Says of rows whether this service sealed them for just that place, without making anything of what is inside."""

    def __init__(self, store_key: bytes) -> None:
        """Take the key (32 bytes). Raises ``ValueError`` for another length."""
        if len(store_key) != STORE_KEY_BYTES:
            raise ValueError(f"the store key has {STORE_KEY_BYTES} bytes")
        self._aead = AESGCM(store_key)

    def opens(self, stream: bytes, version: int, topic: str, state: bytes) -> bool:
        """Say so; ``stream`` are the 16 bytes of the id. False, never an error, for whatever is no row of ours."""
        if state[:1] != FORMAT or len(state) <= NONCE_BYTES + 1:
            return False
        try:
            name = stream.hex()
            binding = f"{name[:8]}-{name[8:12]}-{name[12:16]}-{name[16:20]}-{name[20:]}|{version}|{topic}".encode()
            self._aead.decrypt(state[1 : NONCE_BYTES + 1], state[NONCE_BYTES + 1 :], binding)
        except (InvalidTag, ValueError):
            return False
        return True


class SealingMapper(Mapper[UUID]):
    """Seals the whole state of every event under the store key.

    Associated data is ``originator_id|version|topic``: a row that is changed, moved to another stream, reordered or
    given another topic does not open. Never resolves a topic outside the registry.
    """

    def __init__(self, transcoder: FaithfulTranscoder, topics: TopicRegistry, store_key: bytes) -> None:
        """Take the key (32 bytes). Raises ``ValueError`` for another length."""
        if len(store_key) != STORE_KEY_BYTES:
            raise ValueError(f"the store key has {STORE_KEY_BYTES} bytes")
        super().__init__(transcoder)
        self._topics = topics
        self._aead = AESGCM(store_key)

    def to_stored_event(self, domain_event: DomainEventProtocol[UUID]) -> StoredEvent:
        """Serialise and seal. Raises ``TypeError`` for an event or attribute that could not be read back."""
        plain = super().to_stored_event(domain_event)
        if not self._topics.knows_event(plain.topic):
            raise TypeError(f"{plain.topic} belongs to no registered aggregate")
        nonce = os.urandom(NONCE_BYTES)
        return replace(plain, state=FORMAT + nonce + self._aead.encrypt(nonce, plain.state, _binding(plain)))

    def to_domain_event(self, stored_event: StoredEvent) -> DomainEventProtocol[UUID]:
        """Open and rebuild. Raises ``SealBrokenError`` for a row that was not written here, like this, by this key."""
        if not self._topics.knows_event(stored_event.topic):
            raise SealBrokenError("a stored event names a topic that is not ours")
        try:
            event = super().to_domain_event(replace(stored_event, state=self._open(stored_event)))
        except MapperDeserialisationError:
            # The library's message quotes what it could not decode: it must not travel on.
            raise SealBrokenError("a stored event cannot be decoded") from None
        if not self._topics.knows_aggregate(getattr(event, "originator_topic", self._aggregate(stored_event))):
            raise SealBrokenError("a stored event names an aggregate that is not ours")
        return event

    def _aggregate(self, stored_event: StoredEvent) -> str:
        return self._topics.aggregate_of(stored_event.topic)

    def _open(self, stored_event: StoredEvent) -> bytes:
        sealed = stored_event.state
        if sealed[:1] != FORMAT or len(sealed) <= NONCE_BYTES + 1:
            raise SealBrokenError("a stored event has an unknown form")
        nonce, ciphertext = sealed[1 : NONCE_BYTES + 1], sealed[NONCE_BYTES + 1 :]
        try:
            return self._aead.decrypt(nonce, ciphertext, _binding(stored_event))
        except InvalidTag:
            raise SealBrokenError("a stored event was changed or moved, or the store key is another one") from None


def _binding(event: StoredEvent) -> bytes:
    return f"{event.originator_id}|{event.originator_version}|{event.topic}".encode()
