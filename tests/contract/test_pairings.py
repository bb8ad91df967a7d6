"""What whatever keeps invitations to pair a device has to go by."""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING
from uuid import UUID

import pytest

from adapters.memory.pairings import MemoryPairings
from adapters.postgres.pairings import PostgresPairings
from application.ports.pairings import Invitation

if TYPE_CHECKING:
    from application.ports.pairings import Pairings

NOW = datetime(2030, 5, 17, 8, 30, tzinfo=UTC)
INVITATION = Invitation(UUID(int=1), "icu", "ward 4 %s ' \"", "token:admin", NOW + timedelta(minutes=10))


@pytest.fixture(params=["memory", pytest.param("postgres", marks=pytest.mark.database)])
def pairings(request: pytest.FixtureRequest) -> Pairings:
    if request.param == "memory":
        return MemoryPairings()
    return PostgresPairings(request.getfixturevalue("database"))


def test_an_invitation_is_taken_once_and_whole(pairings: Pairings) -> None:
    assert pairings.invite("a", INVITATION, most=5, now=NOW)

    assert pairings.take("b", now=NOW) is None
    assert pairings.take("a", now=NOW) == INVITATION
    assert pairings.take("a", now=NOW) is None


def test_of_many_at_once_one_gets_it(pairings: Pairings) -> None:
    pairings.invite("a", INVITATION, most=5, now=NOW)
    with ThreadPoolExecutor(8) as pool:
        taken = list(pool.map(lambda _: pairings.take("a", now=NOW), range(16)))

    assert [invitation for invitation in taken if invitation] == [INVITATION]


def test_an_invitation_that_is_over_is_not_given(pairings: Pairings) -> None:
    pairings.invite("a", INVITATION, most=5, now=NOW)
    pairings.invite("b", INVITATION, most=5, now=NOW)

    assert pairings.take("a", now=INVITATION.expires_at) is None
    assert pairings.take("b", now=INVITATION.expires_at - timedelta(microseconds=1)) == INVITATION


def test_only_so_many_are_open_and_those_that_are_over_do_not_count(pairings: Pairings) -> None:
    assert pairings.invite("a", INVITATION, most=2, now=NOW)
    assert pairings.invite("b", INVITATION, most=2, now=NOW)
    assert not pairings.invite("c", INVITATION, most=2, now=NOW)
    assert pairings.take("c", now=NOW) is None

    later = INVITATION.expires_at
    assert pairings.invite("d", replace(INVITATION, expires_at=later + timedelta(minutes=1)), most=2, now=later)


def test_guesses_are_counted_by_source_and_window_exactly(pairings: Pairings) -> None:
    with ThreadPoolExecutor(8) as pool:
        counts = list(pool.map(lambda _: pairings.guess("a", window=NOW), range(24)))

    assert sorted(counts) == list(range(1, 25))
    assert pairings.guess("b", window=NOW) == 1
    assert pairings.guess("a", window=NOW + timedelta(minutes=1)) == 1
    assert pairings.guess("a", window=NOW) == 25


def test_only_what_is_over_is_forgotten(pairings: Pairings) -> None:
    pairings.invite("over", INVITATION, most=5, now=NOW)
    pairings.invite("open", replace(INVITATION, expires_at=NOW + timedelta(hours=1)), most=5, now=NOW)
    pairings.guess("a", window=NOW)
    pairings.guess("a", window=NOW + timedelta(minutes=10))

    assert pairings.forget(INVITATION.expires_at) == 2
    assert pairings.take("over", now=NOW) is None
    assert pairings.take("open", now=NOW) is not None
    assert pairings.guess("a", window=NOW) == 1
    assert pairings.guess("a", window=NOW + timedelta(minutes=10)) == 2
