"""After an outage there is a lot to send: finding the next letters must not take the longer the more there are."""

from __future__ import annotations

import statistics
import time
from datetime import UTC, datetime
from uuid import uuid4

import pytest

from adapters.postgres.database import Database
from adapters.postgres.signal_outbox import PostgresSignalOutbox
from adapters.postgres.signal_streams import PostgresSignalStreams
from application.ports.signal_outbox import Letter, Signal
from application.ports.signal_streams import PUSH, Stream

pytestmark = pytest.mark.database


def test_the_next_letters_of_twenty_thousand_are_found_at_once_on_a_table_nobody_analysed(database: Database) -> None:
    now, outbox = datetime.now(UTC), PostgresSignalOutbox(database)
    stream = Stream(uuid4(), "receiver:ehr", "ehr", PUSH, "https://ehr.test/", ("a",), "", 0, now)
    PostgresSignalStreams(database).add(stream, at_most=1)
    outbox.begin(0)
    subjects = [uuid4() for _ in range(500)]
    for place in range(0, 20_000, 2_000):
        letters = [
            Letter(
                stream.stream_id,
                uuid4(),
                Signal("session.opened.v1", number, now, uuid4(), uuid4(), subjects[number % 500]),
                due_at=now,
            )
            for number in range(place, place + 2_000)
        ]
        assert outbox.put(letters, expected=place, position=place + 2_000)

    took = []
    for _ in range(7):
        begin = time.perf_counter()
        heads = outbox.heads(stream.stream_id, now=now, limit=32)
        took.append(time.perf_counter() - begin)

    assert len({head.signal.order_key for head in heads}) == 32
    assert statistics.median(took) < 0.1
