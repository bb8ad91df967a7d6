"""The fast way from a row to an event says the same as the library's way, and refuses the same rows."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING
from uuid import UUID

import pytest

from adapters.eventstore.mapper import SealingMapper
from adapters.eventstore.reading import DAMAGED, RowReader
from adapters.eventstore.topics import TopicRegistry
from adapters.eventstore.transcoding import FaithfulTranscoder
from domain.errors import SealBrokenError
from entrypoints.bootstrap import AGGREGATES, VALUES
from tests.benchmarks.seeding import Hospital

if TYPE_CHECKING:
    from eventsourcing.persistence import StoredEvent

    from application.ports.event_store import RecordedEvent

KEY = bytes(range(32))
TOPICS, TRANSCODER = TopicRegistry(AGGREGATES), FaithfulTranscoder(VALUES)
MAPPER = SealingMapper(TRANSCODER, TOPICS, KEY)
READER = RowReader(KEY, TOPICS, TRANSCODER, MAPPER)


def rows() -> list[StoredEvent]:
    hospital = Hospital(2)
    aggregates = [
        *hospital.consents(),
        *(one for n in range(8) for one in hospital.attempt(n, hospital.people[0], "a")),
    ]
    return [MAPPER.to_stored_event(event) for aggregate in aggregates for event in aggregate.collect_events()]


def read(row: StoredEvent) -> RecordedEvent:
    (event,) = READER.events([(7, row.originator_id, row.originator_version, row.topic, row.state)])  # type: ignore[list-item]
    return event


def refused_by_both(row: StoredEvent) -> bool:
    with pytest.raises(SealBrokenError):
        MAPPER.to_domain_event(row)
    return read(row).name == DAMAGED


def test_it_says_what_the_mapper_says() -> None:
    for row in rows():
        theirs, ours = vars(MAPPER.to_domain_event(row)), read(row)
        own = {"originator_id", "originator_version", "originator_topic", "timestamp"}
        assert dict(ours.fields) == {name: value for name, value in theirs.items() if name not in own}
        assert (ours.at, ours.name, ours.version) == (theirs["timestamp"], row.topic, row.originator_version)
        assert ours.aggregate == TOPICS.aggregate_of(row.topic)


def test_what_the_mapper_refuses_is_damaged() -> None:
    first, second, *_ = rows()
    assert refused_by_both(replace(first, state=second.state))
    assert refused_by_both(replace(first, originator_version=2))
    assert refused_by_both(replace(first, originator_id=UUID(int=5)))
    assert refused_by_both(replace(first, topic="consent.withdrawn.v1"))
    assert refused_by_both(replace(first, topic="os.system"))
    assert refused_by_both(replace(first, topic=""))
    for state in (b"", b"\x01", b"\x01" + bytes(12), b"\x02" + first.state[1:], first.state[:-1]):
        assert refused_by_both(replace(first, state=state))


@pytest.mark.parametrize(
    "inside",
    [
        b"",
        b"{",
        b"\xff",
        b'{"a":{"_type_":"nobody","_data_":1}}',
        b'{"timestamp":{"_type_":"datetime_iso","_data_":"x"}}',
        b'{"act":{"_type_":"Act","_data_":{"nothing":1}}}',
        b'{"act":{"_type_":"Act","_data_":7}}',
        b'{"act":{"_type_":[],"_data_":7}}',
    ],
    ids=range(8),
)
def test_what_cannot_be_decoded_is_damaged_whatever_it_is(inside: bytes) -> None:
    assert refused_by_both(sealed(inside))


@pytest.mark.parametrize("inside", [b"[]", b"7", b"{}", b'{"timestamp":"yesterday"}'], ids=range(4))
def test_what_has_no_time_is_damaged(inside: bytes) -> None:
    assert read(sealed(inside)).name == DAMAGED


def sealed(inside: bytes) -> StoredEvent:
    """A row of ours with anything inside: as a bug of another version could have written it."""
    row = rows()[0]
    nonce = bytes(12)
    binding = f"{row.originator_id}|{row.originator_version}|{row.topic}".encode()
    return replace(row, state=b"\x01" + nonce + MAPPER._aead.encrypt(nonce, inside, binding))
