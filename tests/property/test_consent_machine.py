"""No sequence of commands brings a consent into an illegal state."""

from __future__ import annotations

from datetime import datetime, timedelta
from uuid import UUID

import pytest
from hypothesis import strategies as st
from hypothesis.stateful import initialize, invariant, rule

from domain.consent import (
    AUTHENTICATION,
    EXPIRED,
    GRANTED,
    OBJECTED,
    OWN_CODE,
    PAPER,
    PURPOSES,
    WITHDRAWN,
    Collection,
    Consent,
)
from domain.errors import ConsentAlreadyGivenError, ConsentMissingError, ConsentRenewalNeededError
from tests.property.machine import START, SUBJECT, AggregateMachine, numbered_act

NOTICES = st.sampled_from([("2026-11", "a" * 64), ("2026-11", "b" * 64), ("2027-01", "a" * 64)])
ENDS = st.none() | st.integers(1, 8).map(lambda seconds: START + timedelta(seconds=seconds))
WAYS = st.sampled_from(
    [Collection(), Collection(OWN_CODE), Collection(PAPER, "token:1"), Collection(PAPER, "token:1", "f" * 64)]
)


class ConsentMachine(AggregateMachine):
    """Model: a status, the notice that was last accepted, how it was collected and until when it serves."""

    aggregate: Consent

    @initialize(purpose=st.sampled_from(PURPOSES), notice=NOTICES, ends=ENDS, way=WAYS)
    def grant(self, purpose: str, notice: tuple[str, str], ends: datetime | None, way: Collection) -> None:
        with self.expecting(None):
            self.aggregate = Consent.grant(
                SUBJECT, purpose, legal_basis="consent", notice=notice, act=self.act(), expires_at=ends, collected=way
            )
        self.status, self.notice, self.purpose = GRANTED, notice, purpose
        self.ends, self.way, self.basis = ends, way, "consent"

    @rule(notice=NOTICES, ends=ENDS, way=WAYS, basis=st.sampled_from(["", "another"]))
    def renew(self, notice: tuple[str, str], ends: datetime | None, way: Collection, basis: str) -> None:
        act = self.act()
        later = self.ends is not None and (ends is None or ends > self.ends)
        running = self.status == GRANTED and (self.ends is None or act.at < self.ends)
        nothing_new = running and notice == self.notice and not later
        with self.expecting(ConsentAlreadyGivenError if nothing_new else None):
            self.aggregate.renew(notice=notice, act=act, legal_basis=basis, expires_at=ends, collected=way)
        if not nothing_new:
            self.status, self.notice, self.ends, self.way = GRANTED, notice, ends, way
            self.basis = basis or self.basis

    @rule(reason=st.text(max_size=20))
    def withdraw(self, reason: str) -> None:
        with self.expecting(self._unless_in_force()):
            self.aggregate.withdraw(reason=reason, act=self.act())
        self._end(WITHDRAWN)

    @rule(reason=st.text(max_size=20))
    def object_to_processing(self, reason: str) -> None:
        with self.expecting(self._unless_in_force()):
            self.aggregate.object_to_processing(reason=reason, act=self.act())
        self._end(OBJECTED)

    @rule()
    def expire(self) -> None:
        with self.expecting(self._unless_in_force()):
            self.aggregate.expire(act=self.act())
        self._end(EXPIRED)

    def _unless_in_force(self) -> type[Exception] | None:
        return None if self.status == GRANTED else ConsentMissingError

    def _end(self, status: str) -> None:
        if self.status == GRANTED:
            self.status = status

    @invariant()
    def the_model_agrees(self) -> None:
        consent = self.aggregate
        assert consent.status == self.status
        assert consent.in_force == (self.status == GRANTED)
        assert (consent.notice_version, consent.notice_sha256) == self.notice
        assert (consent.expires_at, consent.collected, consent.legal_basis) == (self.ends, self.way, self.basis)
        assert (consent.subject_id, consent.purpose) == (SUBJECT, self.purpose)
        assert consent.id == Consent.create_id(SUBJECT, self.purpose)
        assert consent.changed_by == self.acts[-1].actor
        if not consent.in_force:
            with pytest.raises(ConsentMissingError):
                consent.check_in_force()

    @invariant()
    def it_serves_while_it_stands_and_its_period_runs_and_never_else(self) -> None:
        for at in (START, START + timedelta(seconds=4), START + timedelta(days=1)):
            over = self.ends is not None and at >= self.ends
            if self.status == GRANTED and not over:
                self.aggregate.check_serves(at)
                continue
            renewable = self.status == EXPIRED or (self.status == GRANTED and over)
            with pytest.raises(ConsentRenewalNeededError if renewable else ConsentMissingError) as refused:
                self.aggregate.check_serves(at)
            assert isinstance(refused.value, ConsentRenewalNeededError) == renewable


TestConsentMachine = ConsentMachine.TestCase


def test_there_is_no_consent_to_an_unknown_purpose() -> None:
    with pytest.raises(ValueError, match="purpose"):
        Consent.grant(SUBJECT, "marketing", legal_basis="consent", notice=("1", "a" * 64), act=numbered_act(0))


def test_each_subject_and_purpose_has_one_stream_of_its_own() -> None:
    ids = {Consent.create_id(UUID(int=number), purpose) for number in (1, 2) for purpose in PURPOSES}

    assert len(ids) == 4
    assert Consent.create_id(SUBJECT, AUTHENTICATION) == Consent.create_id(SUBJECT, AUTHENTICATION)
