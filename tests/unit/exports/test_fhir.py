"""Every event there is, as a FHIR AuditEvent that holds against the published structure."""

from __future__ import annotations

import json
from datetime import UTC, datetime
from typing import Any
from uuid import UUID

import pytest
from fhir.resources.R4B.auditevent import AuditEvent
from fhir.resources.R4B.bundle import Bundle

from adapters.exports import fhir_codes
from adapters.exports.fhir import Fhir, audit_event, validate
from application.exporting.records import Record
from domain.errors import ExportError
from tests.house import House
from tests.unit.exports.exporting import HOSTILE, made_up, taken, with_data
from tests.unit.test_topics import PINNED

NOW = datetime(2026, 11, 24, 12, 0, tzinfo=UTC)
SUBJECT = UUID(int=3)
TOPICS = [(topic, aggregate) for aggregate, topics in PINNED.items() for topic in topics]


def bundle(records: list[Record]) -> dict[str, Any]:
    form = Fhir()
    body = b"".join(form.record(record, first=place == 0) for place, record in enumerate(records))
    document: dict[str, Any] = json.loads(form.head(1) + body + form.tail())
    return document


def codes(event: dict[str, Any]) -> tuple[str, str]:
    return event["type"]["code"], event["subtype"][0]["code"]


@pytest.mark.parametrize(("topic", "aggregate"), TOPICS, ids=[topic for topic, _ in TOPICS])
def test_every_event_there_is_holds_against_the_structure(topic: str, aggregate: str) -> None:
    event = audit_event(made_up(topic, aggregate, NOW, subject_id=SUBJECT, department="icu", reason="lost"))

    AuditEvent.model_validate(event)
    assert {"system": "urn:faceauth:event", "code": topic} in event["subtype"]
    assert event["recorded"] == "2026-11-24T12:00:00+00:00"
    assert sum(agent["requestor"] for agent in event["agent"]) == 1


def test_an_event_that_nobody_placed_yet_is_generic_and_holds() -> None:
    event = audit_event(made_up("novelty.happened.v3", "novelty", NOW))

    AuditEvent.model_validate(event)
    assert event["type"] == fhir_codes.ACTIVITY
    assert event["outcome"] == "0"
    assert audit_event(made_up("novelty.refused.v1", "novelty", NOW))["outcome"] == "4"


def test_every_aggregate_of_today_has_a_meaning_of_its_own() -> None:
    assert PINNED.keys() == fhir_codes.OF_AGGREGATE.keys()
    assert set(fhir_codes.OF_EVENT) <= {topic for topic, _ in TOPICS}


@pytest.mark.parametrize(
    ("topic", "aggregate", "code"),
    [
        ("attempt.succeeded.v1", "attempt", ("110114", "110122")),
        ("attempt.refused.v1", "attempt", ("110114", "110122")),
        ("session.revoked.v1", "session", ("110114", "110123")),
        ("session.expired.v1", "session", ("110114", "110123")),
        ("lockout.imposed.v1", "lockout", ("110113", "110137")),
        ("viewing.recorded.v1", "viewing", ("110110", "viewing.recorded.v1")),
        ("notices.published.v1", "notices", ("110113", "110129")),
        ("request.warned.v1", "request", ("110113", "request.warned.v1")),
        ("retention.hold_placed.v1", "retention_hold", ("110113", "110135")),
        ("retention.deleted.v1", "retention_sweep", ("110110", "retention.deleted.v1")),
    ],
)
def test_what_standards_have_a_code_for_goes_by_it(topic: str, aggregate: str, code: tuple[str, str]) -> None:
    assert codes(audit_event(made_up(topic, aggregate, NOW))) == code


def test_an_export_is_an_export_of_the_audit_log() -> None:
    entry = made_up("journal.recorded.v1", "journal", NOW, kind="audit_export", outcome="done", code="ok")

    assert codes(audit_event(entry)) == ("110106", "110101")


@pytest.mark.parametrize(
    ("topic", "fields", "outcome"),
    [
        ("attempt.succeeded.v1", {}, "0"),
        ("attempt.refused.v1", {"reason": "below_threshold", "code": "face_not_recognised"}, "4"),
        ("attempt.refused.v1", {"reason": "presentation_attack", "code": "face_not_recognised"}, "8"),
        ("attempt.abandoned.v1", {"reason": "client_gone"}, "4"),
        ("lockout.extended.v1", {}, "8"),
        ("journal.recorded.v1", {"outcome": "broken", "code": "sealed"}, "8"),
        ("journal.recorded.v1", {"outcome": "refused", "code": "key_in_use"}, "4"),
    ],
)
def test_how_bad_it_was_is_told(topic: str, fields: dict[str, str], outcome: str) -> None:
    assert audit_event(made_up(topic, topic.partition(".")[0], NOW, **fields))["outcome"] == outcome


def test_a_damaged_row_is_there_and_says_what_it_is() -> None:
    event = audit_event(made_up("damaged", "", datetime.fromtimestamp(0, UTC)))

    AuditEvent.model_validate(event)
    assert (event["outcome"], event["type"]["code"]) == ("12", "110113")
    assert "cannot be read" in event["outcomeDesc"]


def test_a_day_in_the_life_is_a_bundle_that_holds_and_names_nobody(lived: House) -> None:
    records = taken(lived)
    document = bundle(records)

    Bundle.model_validate(document)
    assert len(document["entry"]) == len(records) == len(lived.names())
    assert len({entry["fullUrl"] for entry in document["entry"]}) == len(records)
    assert "Souza" not in json.dumps(document)


def test_nobody_is_an_empty_bundle() -> None:
    document = bundle([])

    Bundle.model_validate(document)
    assert document["entry"] == []


@pytest.mark.parametrize("words", [*HOSTILE, "", "   ", "x" * 100_000], ids=ascii)
def test_whatever_somebody_typed_is_still_a_valid_event(words: str) -> None:
    base = made_up("device.paired.v1", "device", NOW, department=words)
    document = bundle([with_data(base, label=words, kind=words, reason=words, deep={"x": [words]})])

    Bundle.model_validate(document)


def test_what_does_not_hold_is_named_by_its_fields_only() -> None:
    event = audit_event(made_up("session.opened.v1", "session", NOW)) | {"recorded": "Dra. Ana Souza"}

    with pytest.raises(ExportError, match="recorded") as raised:
        validate(event)
    assert "Souza" not in str(raised.value)
