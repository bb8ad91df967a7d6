"""Topics are stored history: renaming one makes what is stored unreadable."""

from __future__ import annotations

import pytest
from eventsourcing.domain import Aggregate, CanMutateAggregate
from eventsourcing.utils import get_topic

from adapters.eventstore.transcoding import DataclassTranscoding
from entrypoints.bootstrap import AGGREGATES, VALUES

PINNED = {
    "consent": [
        "consent.expired.v1",
        "consent.granted.v1",
        "consent.objected.v1",
        "consent.renewed.v1",
        "consent.withdrawn.v1",
    ],
    "enrollment": [
        "enrollment.activated.v1",
        "enrollment.capture_accepted.v1",
        "enrollment.capture_rejected.v1",
        "enrollment.department_changed.v1",
        "enrollment.erased.v1",
        "enrollment.opened.v1",
        "enrollment.reinstated.v1",
        "enrollment.renamed.v1",
        "enrollment.revoked.v1",
        "enrollment.suspended.v1",
        "enrollment.template_rotated.v1",
        "enrollment.template_sealed.v1",
        "enrollment.threshold_overridden.v1",
    ],
    "attempt": [
        "attempt.abandoned.v1",
        "attempt.challenge_issued.v1",
        "attempt.device_proven.v1",
        "attempt.evidence_assessed.v1",
        "attempt.factor_accepted.v1",
        "attempt.fallback_offered.v1",
        "attempt.fallback_refused.v1",
        "attempt.fallback_succeeded.v1",
        "attempt.refused.v1",
        "attempt.second_factor_accepted.v1",
        "attempt.second_factor_refused.v1",
        "attempt.started.v1",
        "attempt.succeeded.v1",
    ],
    "journal": ["journal.recorded.v1"],
    "viewing": ["viewing.recorded.v1"],
    "notices": ["notices.published.v1", "notices.replaced.v1"],
    "incident": [
        "incident.assessed.v1",
        "incident.authority_notified.v1",
        "incident.closed.v1",
        "incident.opened.v1",
        "incident.subjects_notified.v1",
        "incident.supplemented.v1",
    ],
    "lockout": ["lockout.extended.v1", "lockout.imposed.v1", "lockout.lifted.v1", "lockout.released.v1"],
    "rotation": [
        "rotation.cancelled.v1",
        "rotation.completed.v1",
        "rotation.planned.v1",
        "rotation.recapture_required.v1",
        "rotation.template_rotated.v1",
    ],
    "erasure": ["erasure.executed.v1", "erasure.finalised.v1", "erasure.repeated.v1", "erasure.requested.v1"],
    "session": [
        "session.assurance_changed.v1",
        "session.expired.v1",
        "session.opened.v1",
        "session.refreshed.v1",
        "session.revoked.v1",
    ],
    "account": [
        "account.closed.v1",
        "account.moved.v1",
        "account.opened.v1",
        "account.password_rehashed.v1",
        "account.password_set.v1",
        "account.reinstated.v1",
        "account.renamed.v1",
        "account.suspended.v1",
    ],
    "request": [
        "request.answered.v1",
        "request.begun.v1",
        "request.received.v1",
        "request.refused.v1",
        "request.warned.v1",
    ],
    "device": ["device.paired.v1", "device.revoked.v1"],
    "retention_sweep": [
        "retention.approved.v1",
        "retention.cancelled.v1",
        "retention.completed.v1",
        "retention.deleted.v1",
        "retention.halted.v1",
        "retention.planned.v1",
    ],
    "retention_hold": ["retention.hold_placed.v1", "retention.hold_released.v1"],
}

FIELDS = {
    "Act": ["actor", "channel", "at", "correlation_id", "causation_id"],
    "Evidence": [
        "frames_received",
        "frames_judged",
        "frames_usable",
        "frames_dropped",
        "pad_median",
        "pad_lowest",
        "pad_decision",
        "quality_decision",
        "reasons",
        "challenge",
        "restarts",
        "parallax",
        "evidence",
        "depth_frames",
    ],
    "Notice": [
        "version",
        "pt_br",
        "en",
        "material",
        "grace_days",
        "consent_days",
        "retention_days",
        "bases",
    ],
    "Basis": ["purpose", "code", "test_sha256", "test_on"],
    "Affected": [
        "selector",
        "value",
        "since",
        "until",
        "subjects",
        "subjects_sha256",
        "departments",
        "keys",
        "minors",
        "elderly",
    ],
    "MatchFacts": ["similarity", "runner_up", "threshold", "margin", "gallery_size", "claimed", "model"],
}


def event_topics(aggregate: type[Aggregate]) -> list[str]:
    members = vars(aggregate).values()
    return sorted(
        get_topic(member)
        for member in members
        if isinstance(member, type) and issubclass(member, CanMutateAggregate) and "TOPIC" in vars(member)
    )


def test_the_topics_of_all_aggregates_and_events_are_pinned() -> None:
    assert {get_topic(aggregate): event_topics(aggregate) for aggregate in AGGREGATES} == PINNED


@pytest.mark.parametrize("aggregate", AGGREGATES, ids=lambda aggregate: aggregate.__name__)
def test_no_topic_names_a_module(aggregate: type[Aggregate]) -> None:
    assert not [topic for topic in [get_topic(aggregate), *event_topics(aggregate)] if ":" in topic]


def test_the_stored_names_and_fields_of_values_are_pinned() -> None:
    transcodings = [DataclassTranscoding(value) for value in VALUES]

    assert {transcoding.name: list(transcoding._fields) for transcoding in transcodings} == FIELDS
