"""What every identity provider promises."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import timedelta
from typing import TYPE_CHECKING

import pytest

from adapters.identity.absent import AbsentIdentityProvider
from adapters.memory.clock import FixedClock
from adapters.memory.identity import MemoryIdentityProvider
from application.ports.tokens import Principal
from domain.errors import TokenInvalidError
from domain.roles import COMPLIANCE_OFFICER
from tests.unit.identity.provider import realm_on, served

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from application.ports.identity import IdentityProvider


@dataclass
class Hospital:
    """A provider, its clock, and a way to have a token of an ICU's officer that lives five minutes."""

    provider: IdentityProvider
    clock: FixedClock
    token: Callable[[], str]


@pytest.fixture(params=["memory", "oidc"])
def hospital(request: pytest.FixtureRequest) -> Iterator[Hospital]:
    if request.param == "memory":
        clock = FixedClock()
        memory = MemoryIdentityProvider(clock)
        officer = Principal("idp:1", frozenset({COMPLIANCE_OFFICER}), "icu", "t")
        yield Hospital(memory, clock, lambda: memory.issue(officer, timedelta(minutes=5)))
        return
    with served() as site:
        realm = realm_on(site, clock_skew=timedelta(0))
        yield Hospital(realm.verifier, realm.clock, realm.token)


def test_its_token_speaks_for_its_holder(hospital: Hospital) -> None:
    token = hospital.token()

    principal = hospital.provider.verify(token)

    assert hospital.provider.issued(token)
    assert (principal.roles, principal.department) == (frozenset({COMPLIANCE_OFFICER}), "icu")
    assert principal.actor.startswith("idp:")
    assert principal.subject_id is principal.session_id is None


def test_its_token_ends(hospital: Hospital) -> None:
    token = hospital.token()
    hospital.clock.advance(timedelta(minutes=5))

    with pytest.raises(TokenInvalidError):
        hospital.provider.verify(token)


@pytest.mark.parametrize("token", ["", "garbage", "a.b.c", "x" * 100_000])
def test_what_it_did_not_issue_is_refused(hospital: Hospital, token: str) -> None:
    assert not hospital.provider.issued(token)
    with pytest.raises(TokenInvalidError):
        hospital.provider.verify(token)


def test_a_changed_token_is_refused(hospital: Hospital) -> None:
    token = hospital.token()
    changed = token[:-2] + ("AA" if token[-2:] != "AA" else "BB")

    with pytest.raises(TokenInvalidError):
        hospital.provider.verify(changed)


def test_where_none_is_configured_nobody_is_vouched_for(hospital: Hospital) -> None:
    absent = AbsentIdentityProvider()

    assert not absent.issued(hospital.token())
    with pytest.raises(TokenInvalidError):
        absent.verify(hospital.token())
