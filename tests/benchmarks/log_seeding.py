"""A large history made quickly: rows that this service's key really sealed, and the log that belongs to them."""

from __future__ import annotations

import os
from dataclasses import replace
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Final
from uuid import UUID

import psycopg
from cryptography.hazmat.primitives.ciphers.aead import AESGCM

from adapters.eventstore.log import TailKeeper
from adapters.eventstore.mapper import FORMAT, NONCE_BYTES
from application.ports.event_log import StoredRow
from domain.merkle import Frontier

if TYPE_CHECKING:
    from collections.abc import Iterator

    from application.ports.event_log import Tail

TOPIC: Final = "attempt.evidence_assessed.v1"
BATCH: Final = 10_000
STATE_BYTES: Final = 700
"""Like the events of an attempt."""
EVENTS_PER_STREAM: Final = 5


def seed(dsn: str, store_key: bytes, events: int) -> None:
    """Fill an empty, migrated database; nothing of it can be decoded, all of it opens."""
    keeper, aead = TailKeeper(store_key), AESGCM(store_key)
    tail = TailKeeper.begin(datetime.now(UTC), Frontier(), 0)
    with psycopg.connect(dsn) as connection:
        connection.execute("SET synchronous_commit = off")
        for first in range(1, events + 1, BATCH):
            rows = list(_rows(aead, first, min(BATCH, events + 1 - first)))
            tail = _store(connection, tail, rows)
        connection.execute("SELECT setval('stored_events_notification_id_seq', %s)", (events,))
        sealed = keeper.sealed(replace(tail, begun_size=0))
        connection.execute("INSERT INTO log_tail (sealed) VALUES (%s)", (sealed,))
    with psycopg.connect(dsn, autocommit=True) as connection:
        connection.execute("VACUUM ANALYZE")


def _rows(aead: AESGCM, first: int, count: int) -> Iterator[StoredRow]:
    filler = b"x" * STATE_BYTES
    for position in range(first, first + count):
        stream, version = divmod(position - 1, EVENTS_PER_STREAM)
        name = UUID(int=(stream + 1) * 0x9E3779B97F4A7C15F39CC0605CEDC835 % (1 << 128))
        nonce = os.urandom(NONCE_BYTES)
        state = FORMAT + nonce + aead.encrypt(nonce, filler, f"{name}|{version + 1}|{TOPIC}".encode())
        yield StoredRow(position, name.bytes, version + 1, TOPIC, state)


def _store(connection: psycopg.Connection[tuple[object, ...]], tail: Tail, rows: list[StoredRow]) -> Tail:
    growth = TailKeeper.grow(tail, rows)
    columns = "originator_id, originator_version, topic, state, notification_id"
    with connection.cursor().copy(f"COPY stored_events ({columns}) FROM STDIN (FORMAT BINARY)".encode()) as copy:
        copy.set_types(["uuid", "int8", "text", "bytea", "int8"])
        for row in rows:
            copy.write_row((UUID(bytes=row.stream), row.version, row.topic, row.state, row.position))
    with connection.cursor().copy("COPY log_leaves (index, position, hash) FROM STDIN (FORMAT BINARY)") as copy:
        copy.set_types(["int8", "int8", "bytea"])
        for leaf in growth.leaves:
            copy.write_row(leaf)
    with connection.cursor().copy("COPY log_nodes (level, index, hash) FROM STDIN (FORMAT BINARY)") as copy:
        copy.set_types(["int2", "int8", "bytea"])
        for node in growth.nodes:
            copy.write_row(node)
    return growth.tail
