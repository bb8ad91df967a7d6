"""Rows back to events, fast: opened, parsed and told straight from what the row holds.

The mapper makes the library's event objects, which aggregates need. Whoever follows or replays history needs the fields
alone; making an object of each event first would be half the cost. Both accept and refuse the same rows.
"""

from __future__ import annotations

import json
from datetime import UTC, datetime
from functools import lru_cache
from typing import TYPE_CHECKING, Any, Final
from uuid import UUID

from cryptography.exceptions import InvalidTag
from cryptography.hazmat.primitives.ciphers.aead import AESGCM
from eventsourcing.persistence import StoredEvent

from adapters.eventstore.mapper import FORMAT, NONCE_BYTES
from application.ports.event_store import RecordedEvent
from domain.errors import SealBrokenError

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable

    from eventsourcing.persistence import Notification

    from adapters.eventstore.mapper import SealingMapper
    from adapters.eventstore.topics import TopicRegistry
    from adapters.eventstore.transcoding import FaithfulTranscoder

Row = tuple[int, UUID, int, str, bytes]
"""Position, stream, version, topic, sealed state: a row of stored_events."""
DAMAGED: Final = "damaged"
MOST_OF_A_TOPIC: Final = 100
"""Characters shown of a topic that is none of ours."""
REMEMBERED: Final = 4096
"""Ids and times kept decoded: the events of one attempt share most of theirs."""
_NO_TIME: Final = datetime.fromtimestamp(0, UTC)
_BOOKKEEPING: Final = ("originator_id", "originator_version", "originator_topic", "timestamp", "class_version")


class RowReader:
    """Makes ``RecordedEvent`` of rows. Safe from several threads."""

    def __init__(
        self, store_key: bytes, topics: TopicRegistry, transcoder: FaithfulTranscoder, mapper: SealingMapper
    ) -> None:
        """Read what ``mapper`` writes under that key; rows of classes that have changed go through itself."""
        self._aead = AESGCM(store_key)
        self._topics = topics
        self._mapper = mapper
        self._plain = topics.first_versions()
        decoders: dict[str, Callable[[Any], Any]] = {
            name: transcoding.decode for name, transcoding in transcoder.names.items()
        }
        for name in ("uuid_hex", "datetime_iso"):
            decoders[name] = lru_cache(REMEMBERED)(decoders[name])

        def value_of(found: dict[str, Any]) -> Any:
            if len(found) == 2 and "_type_" in found and "_data_" in found:  # noqa: PLR2004 - a type and its data
                return decoders[found["_type_"]](found["_data_"])
            return found

        self._parse = json.JSONDecoder(object_hook=value_of).decode

    def events(self, rows: Iterable[Row]) -> list[RecordedEvent]:
        """Open rows. Never raises for a bad one: whoever follows the store must get past it, and see it."""
        return [self._event(row) for row in rows]

    def _event(self, row: Row) -> RecordedEvent:
        position, stream, version, topic, state = row
        aggregate = self._topics.aggregate_of(topic)
        try:
            fields, at = self._opened(row, aggregate)
        except SealBrokenError:
            named = topic[:MOST_OF_A_TOPIC] or "?"
            return RecordedEvent(position, aggregate, stream, version, DAMAGED, _NO_TIME, {}, named, len(state))
        return RecordedEvent(position, aggregate, stream, version, topic, at, fields)

    def _opened(self, row: Row, aggregate: str) -> tuple[dict[str, Any], datetime]:
        """Return (fields, recorded time). Raises ``SealBrokenError``."""
        _, stream, version, topic, state = row
        if not aggregate or state[:1] != FORMAT or len(state) <= NONCE_BYTES + 1:
            raise SealBrokenError("a stored event is none of ours")
        try:
            binding = f"{stream}|{version}|{topic}".encode()
            plain = self._aead.decrypt(state[1 : NONCE_BYTES + 1], state[NONCE_BYTES + 1 :], binding)
        except InvalidTag:
            raise SealBrokenError("a stored event was changed or moved, or the store key is another one") from None
        if topic not in self._plain:
            fields: Any = dict(vars(self._mapper.to_domain_event(stored(row))))
        else:
            try:
                fields = self._parse(plain.decode())
            except Exception:  # noqa: BLE001 - a value class may refuse in any way; the message would quote what is inside
                raise SealBrokenError("a stored event cannot be decoded") from None
        if not isinstance(fields, dict) or not isinstance(at := fields.get("timestamp"), datetime):
            raise SealBrokenError("a stored event has no time")
        if not self._topics.knows_aggregate(fields.get("originator_topic", aggregate)):
            raise SealBrokenError("a stored event names an aggregate that is not ours")
        for name in _BOOKKEEPING:
            fields.pop(name, None)
        return fields, at


def row_of(notification: Notification) -> Row:
    """Return the library's notification as a row."""
    return (  # type: ignore[return-value]  # streams are UUIDs here
        notification.id,
        notification.originator_id,
        notification.originator_version,
        notification.topic,
        notification.state,
    )


def stored(row: Row) -> StoredEvent:
    """Return a row as the library's stored event."""
    return StoredEvent(row[1], row[2], row[3], row[4])
