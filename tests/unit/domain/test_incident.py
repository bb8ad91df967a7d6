"""The states of an incident, and what it refuses."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, datetime, timedelta
from typing import Any
from uuid import UUID

import pytest
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, initialize, invariant, rule

from domain.act import Act
from domain.errors import IncidentStateError, InvalidInputError
from domain.incident import CLOSED, NOT_NOTIFIED, NOTIFIABLE, RISKS, Affected, Incident

NOW = datetime(2026, 11, 25, 15, 0, tzinfo=UTC)
NOBODY = Affected("everyone", "", None, None, 3, "0" * 64, ["icu"], [])


def act(at: datetime = NOW) -> Act:
    return Act("token:t", "http", at, UUID(int=1))


def opened(**kwargs: Any) -> Incident:
    given: dict[str, Any] = {
        "known_at": NOW - timedelta(hours=1),
        "kind": "confidentiality",
        "cause": "key_leak",
        "categories": ("authentication", "biometric_template"),
        "description_sealed": "sealed",
    }
    return Incident.open(UUID(int=7), **given | kwargs, act=act())


def assessed(risk: str = "relevant", affected: Affected = NOBODY) -> Incident:
    incident = opened()
    incident.assess(risk=risk, affected=affected, measures_before_sealed="b", measures_after_sealed="a", act=act())
    return incident


def tell(incident: Incident, *, preliminary: bool = False) -> Incident:
    incident.notify_authority(told_at=NOW, reference="1/2026", preliminary=preliminary, act=act())
    incident.notify_subjects(told_at=NOW, means=["letter", "email"], count=3, act=act())
    return incident


def test_categories_are_kept_in_one_order() -> None:
    assert opened().categories == ["biometric_template", "authentication"]


@pytest.mark.parametrize(
    "wrong",
    [
        {"kind": "bad"},
        {"cause": "Dr. Souza"},
        {"categories": ()},
        {"categories": ("face",)},
        {"known_at": NOW + timedelta(seconds=1)},
        {"known_at": NOW.replace(tzinfo=None)},
    ],
)
def test_what_cannot_be_entered_is_refused(wrong: dict[str, Any]) -> None:
    with pytest.raises(InvalidInputError):
        opened(**wrong)


@pytest.mark.parametrize("risk", NOTIFIABLE)
def test_a_relevant_risk_is_not_closed_before_everybody_was_told(risk: str) -> None:
    incident = assessed(risk)
    for told in ("", "no_relevant_risk"):
        with pytest.raises(IncidentStateError, match="told"):
            incident.close(not_notified=told, act=act())
    tell(incident).close(act=act())
    assert incident.status == CLOSED


def test_what_was_not_told_is_closed_with_the_reason() -> None:
    incident = assessed("low")
    with pytest.raises(InvalidInputError, match="no_relevant_risk"):
        incident.close(act=act())
    incident.close(not_notified="no_relevant_risk", act=act())
    assert incident.not_notified == "no_relevant_risk"


def test_a_preliminary_notification_wants_its_supplement() -> None:
    incident = tell(assessed(), preliminary=True)
    with pytest.raises(IncidentStateError, match="supplement"):
        incident.close(act=act())
    incident.supplement(told_at=NOW, reference="", act=act())
    incident.close(act=act())


def test_it_is_assessed_before_it_is_closed_and_again_as_more_becomes_known() -> None:
    incident = opened()
    with pytest.raises(IncidentStateError, match="assess"):
        incident.close(not_notified="false_alarm", act=act())
    incident = assessed("low")
    incident.assess(risk="high", affected=NOBODY, measures_before_sealed="b", measures_after_sealed="c", act=act(NOW))
    assert incident.notifiable


@pytest.mark.parametrize("told_at", [NOW - timedelta(hours=2), NOW + timedelta(seconds=1)])
def test_nobody_is_told_before_it_is_known_nor_in_the_future(told_at: datetime) -> None:
    with pytest.raises(InvalidInputError):
        opened().notify_authority(told_at=told_at, reference="", preliminary=False, act=act())
    with pytest.raises(InvalidInputError):
        opened().notify_subjects(told_at=told_at, means=["email"], count=1, act=act())


@pytest.mark.parametrize("reference", ["Ana Souza", "x" * 61, "é", "<b>", " "])
def test_a_reference_is_a_protocol_number(reference: str) -> None:
    with pytest.raises(InvalidInputError):
        opened().notify_authority(told_at=NOW, reference=reference, preliminary=False, act=act())


@pytest.mark.parametrize("counts", [{"minors": 4}, {"elderly": -1}])
def test_minors_and_elderly_are_counts_among_those_affected(counts: dict[str, Any]) -> None:
    with pytest.raises(InvalidInputError):
        assessed(affected=replace(NOBODY, **counts))


def test_a_supplement_follows_a_notification() -> None:
    with pytest.raises(IncidentStateError):
        opened().supplement(told_at=NOW, reference="", act=act())
    incident = tell(opened())
    incident.supplement(told_at=NOW, reference="", act=act())
    with pytest.raises(InvalidInputError):
        incident.supplement(told_at=NOW - timedelta(minutes=1), reference="", act=act())


class Register(RuleBasedStateMachine):
    """Whatever is tried in whatever order: a refusal changes nothing, and what is closed had its reasons."""

    @initialize()
    def enter(self) -> None:
        self.incident, self.at = opened(), NOW

    def attempt(self, name: str, **kwargs: Any) -> None:
        before = self.incident.version
        self.at += timedelta(minutes=1)
        was_closed = self.incident.status == CLOSED
        try:
            getattr(self.incident, name)(**kwargs, act=act(self.at))
        except (IncidentStateError, InvalidInputError):
            assert self.incident.version == before
        else:
            assert not was_closed
            assert self.incident.version == before + 1

    @rule(risk=st.sampled_from([*RISKS, "?"]))
    def assess(self, risk: str) -> None:
        self.attempt("assess", risk=risk, affected=NOBODY, measures_before_sealed="b", measures_after_sealed="a")

    @rule(preliminary=st.booleans())
    def authority(self, preliminary: bool) -> None:
        self.attempt("notify_authority", told_at=self.at, reference="", preliminary=preliminary)

    @rule()
    def subjects(self) -> None:
        self.attempt("notify_subjects", told_at=self.at, means=["app"], count=1)

    @rule()
    def supplement(self) -> None:
        self.attempt("supplement", told_at=self.at, reference="2")

    @rule(why=st.sampled_from(["", *NOT_NOTIFIED]))
    def close(self, why: str) -> None:
        self.attempt("close", not_notified=why)

    @invariant()
    def closed_for_a_reason(self) -> None:
        it = self.incident
        if it.status != CLOSED:
            return
        told = it.authority_at is not None and it.subjects_at is not None
        assert it.risk in RISKS
        assert told != bool(it.not_notified)
        assert told or it.risk not in NOTIFIABLE
        assert not it.preliminary or it.supplemented_at is not None


TestRegister = Register.TestCase
