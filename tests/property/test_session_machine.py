"""No sequence of commands brings a session into an illegal state."""

from __future__ import annotations

from datetime import timedelta
from uuid import UUID

import pytest
from hypothesis import strategies as st
from hypothesis.stateful import initialize, invariant, rule

from domain.errors import SessionStateError
from domain.session import EXPIRED, OPEN, REVOKED, Session
from tests.property.machine import START, SUBJECT, AggregateMachine, numbered_act

SESSION_ID = UUID(int=61)
SECOND = timedelta(seconds=1)
LIFETIMES = st.integers(1, 15).map(lambda seconds: seconds * SECOND)


class SessionMachine(AggregateMachine):
    """Model: a status and an end. Each command that succeeds is one second later than the one before it."""

    aggregate: Session

    @initialize(lifetime=LIFETIMES)
    def open(self, lifetime: timedelta) -> None:
        self.end, self.status = START + lifetime, OPEN
        with self.expecting(None):
            self.aggregate = Session.open(
                SESSION_ID,
                subject_id=SUBJECT,
                attempt_id=UUID(int=60),
                department="icu",
                amr="face",
                acr="urn:faceauth:acr:face-passive",
                expires_at=self.end,
                act=self.act(),
            )

    @rule(by=st.integers(-5, 15))
    def refresh(self, by: int) -> None:
        act, end = self.act(), self.end + by * SECOND
        allowed = self.status == OPEN and act.at < self.end < end
        with self.expecting(None if allowed else SessionStateError):
            self.aggregate.refresh(expires_at=end, act=act)
        if allowed:
            self.end = end

    @rule()
    def revoke(self) -> None:
        allowed = self.status == OPEN
        with self.expecting(None if allowed else SessionStateError):
            self.aggregate.revoke(reason="left", act=self.act())
        if allowed:
            self.status = REVOKED

    @rule()
    def expire(self) -> None:
        act = self.act()
        allowed = self.status == OPEN and act.at >= self.end
        with self.expecting(None if allowed else SessionStateError):
            self.aggregate.expire(act=act)
        if allowed:
            self.status = EXPIRED

    @invariant()
    def the_model_agrees(self) -> None:
        session = self.aggregate
        assert (session.status, session.expires_at) == (self.status, self.end)
        assert (session.authenticated_at, session.subject_id) == (START, SUBJECT)
        assert session.in_force(self.end - SECOND) == (self.status == OPEN)
        assert not session.in_force(self.end)


TestSessionMachine = SessionMachine.TestCase


@pytest.mark.parametrize("lifetime", [timedelta(0), -SECOND])
def test_a_session_ends_after_it_begins(lifetime: timedelta) -> None:
    with pytest.raises(ValueError, match="after"):
        Session.open(
            SESSION_ID,
            subject_id=SUBJECT,
            attempt_id=UUID(int=60),
            department="icu",
            amr="face",
            acr="acr",
            expires_at=START + lifetime,
            act=numbered_act(0),
        )
