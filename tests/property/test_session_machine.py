"""No sequence of commands brings a session into an illegal state."""

from __future__ import annotations

from datetime import datetime, timedelta
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
    """Model: a status, two ends and the tokens. Each command that succeeds is one second later than the one before."""

    aggregate: Session

    @initialize(lifetime=LIFETIMES, idle=LIFETIMES)
    def open(self, lifetime: timedelta, idle: timedelta) -> None:
        self.absolute, self.idle, self.status = START + lifetime, START + idle, OPEN
        self.token, self.spent = "0", list[str]()
        with self.expecting(None):
            self.aggregate = Session.open(
                SESSION_ID,
                subject_id=SUBJECT,
                attempt_id=UUID(int=60),
                department="icu",
                amr="face",
                acr="urn:faceauth:acr:face-passive",
                expires_at=self.absolute,
                idle_expires_at=self.idle,
                refresh_digest=self.token,
                act=self.act(),
            )

    @property
    def end(self) -> datetime:
        return min(self.absolute, self.idle)

    @rule(idle=st.integers(1, 15), token=st.sampled_from("0123456789"))
    def refresh(self, idle: int, token: str) -> None:
        act = self.act()
        allowed = self.status == OPEN and act.at < self.end and token not in {self.token, *self.spent}
        with self.expecting(None if allowed else SessionStateError):
            self.aggregate.refresh(refresh_digest=token, idle_expires_at=act.at + idle * SECOND, act=act)
        if allowed:
            self.idle = act.at + idle * SECOND
            self.spent, self.token = [*self.spent, self.token], token

    @rule(acr=st.sampled_from(["urn:faceauth:acr:face-passive", "urn:faceauth:acr:mfa"]))
    def change_assurance(self, acr: str) -> None:
        act = self.act()
        allowed = self.status == OPEN and act.at < self.end and acr != self.aggregate.acr
        with self.expecting(None if allowed else SessionStateError):
            self.aggregate.change_assurance(amr="face", acr=acr, act=act)

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
        assert (session.status, session.expires_at, session.ends_at) == (self.status, self.absolute, self.end)
        assert (session.refresh_digest, session.spent) == (self.token, self.spent)
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
