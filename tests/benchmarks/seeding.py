"""A store of many real, sealed events, made fast: aggregates as the service makes them, rows copied into the table."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from itertools import count
from typing import TYPE_CHECKING, Any
from uuid import UUID

from adapters.eventstore.mapper import SealingMapper
from adapters.eventstore.topics import TopicRegistry
from adapters.eventstore.transcoding import FaithfulTranscoder
from domain.act import Act
from domain.attempt import Attempt, Evidence, MatchFacts
from domain.consent import PURPOSES, Consent
from domain.session import Session
from entrypoints.bootstrap import AGGREGATES, VALUES

if TYPE_CHECKING:
    from eventsourcing.domain import Aggregate

    from adapters.postgres.database import Database

START = datetime(2026, 1, 5, 6, tzinfo=UTC)
RULES = {"version": "1", "model": "m", "evidence": "a" * 12, "matching": "b" * 12, "pad_threshold": "0.2"}
REFUSED_EVERY = 7


class Quick(FaithfulTranscoder):
    """Without the look back after each encoding, which the service pays and a seeder need not."""

    def encode(self, obj: Any) -> bytes:
        return self.encoder.encode(obj).encode()


class Hospital:
    """Attempts and sessions of ``people``, one after the other, a second apart."""

    def __init__(self, people: int, departments: int = 10) -> None:
        self.people = [UUID(int=(1 << 100) + number) for number in range(people)]
        self._departments = [f"setor {number}" for number in range(departments)]
        self._ids = (UUID(int=(2 << 100) + number) for number in count())
        self._now = START

    def act(self, actor: str = "anonymous", cause: UUID | None = None) -> Act:
        self._now += timedelta(seconds=1)
        return Act(actor, "ws", self._now, next(self._ids), cause)

    def consents(self) -> Iterator[Aggregate]:
        for person in self.people:
            for purpose in PURPOSES:
                notice = ("2026-11", "ab" * 32)
                yield Consent.grant(person, purpose, legal_basis="art. 11 I", notice=notice, act=self.act())

    def attempts(self) -> Iterator[Aggregate]:
        for number in count():
            person = self.people[number % len(self.people)]
            yield from self.attempt(number, person, self._departments[number % len(self._departments)])

    def attempt(self, number: int, person: UUID, department: str) -> Iterator[Aggregate]:
        attempt_id, session_id = next(self._ids), next(self._ids)
        act = self.act(cause=attempt_id)
        attempt = Attempt.start(attempt_id, department=department, mode="faceauth.v1", policy="passive", act=act)
        attempt.issue_challenge("hold_still", rules=RULES, act=act)
        evidence = Evidence(9, 8, 7, 1, 0.91, 0.83, 0.94, 0.71, {"blurred": 1}, evidence={"texture": 0.8, "depth": 0.4})
        attempt.assess(evidence, client_sealed="v1." + "c" * 120, epoch="2026-01", act=act)
        match = MatchFacts(0.7123, 0.2101, 0.41327, 0.05, 110, claimed=False, model="sface+fr")
        if number % REFUSED_EVERY == 0:
            low = MatchFacts(0.3123, 0.2101, 0.41327, 0.05, 110, claimed=False, model="sface+fr")
            reason = "below_threshold"
            attempt.refuse(code="face_not_recognised", reason=reason, next_step="password", match=low, act=act)
            attempt.offer_fallback(method="password", act=act)
            yield attempt
            return
        attempt.succeed(
            subject_id=person,
            enrollment_id=person,
            template_id=person,
            session_id=session_id,
            match=match,
            act=act,
        )
        yield attempt
        yield Session.open(
            session_id,
            subject_id=person,
            attempt_id=attempt_id,
            department=department,
            amr="face",
            acr="urn:faceauth:acr:face-passive",
            expires_at=act.at + timedelta(hours=8),
            act=act,
        )


def seed(database: Database, store_key: bytes, aggregates: Iterator[Aggregate], events: int) -> int:
    """Copy the events of those aggregates into the store until there are ``events`` more; return how many."""
    mapper = SealingMapper(Quick(VALUES), TopicRegistry(AGGREGATES), store_key)
    written = 0
    columns = "originator_id, originator_version, topic, state"
    copying = f"COPY stored_events ({columns}) FROM STDIN (FORMAT BINARY)".encode()
    with database.transaction() as connection, connection.cursor() as cursor, cursor.copy(copying) as copy:
        copy.set_types(["uuid", "int8", "text", "bytea"])
        for aggregate in aggregates:
            for event in aggregate.collect_events():
                row = mapper.to_stored_event(event)
                copy.write_row((row.originator_id, row.originator_version, row.topic, row.state))
                written += 1
            if written >= events:
                break
    return written
