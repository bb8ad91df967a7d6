"""What whatever keeps consent codes has to go by."""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING
from uuid import UUID

import pytest

from adapters.memory.consent_codes import MemoryConsentCodes
from adapters.postgres.consent_codes import PostgresConsentCodes
from application.ports.consent_codes import ConsentInvitation

if TYPE_CHECKING:
    from application.ports.consent_codes import ConsentCodes

NOW = datetime(2030, 5, 17, 8, 30, tzinfo=UTC)
ANA = ConsentInvitation(UUID(int=1), UUID(int=10), "token:admin", NOW + timedelta(hours=24))
BIA = replace(ANA, invitation_id=UUID(int=2), subject_id=UUID(int=11))


@pytest.fixture(params=["memory", pytest.param("postgres", marks=pytest.mark.database)])
def codes(request: pytest.FixtureRequest) -> ConsentCodes:
    if request.param == "memory":
        return MemoryConsentCodes()
    return PostgresConsentCodes(request.getfixturevalue("database"))


def test_a_code_is_taken_once_and_whole(codes: ConsentCodes) -> None:
    assert codes.invite("a", ANA, most=5, now=NOW)

    assert codes.take("b", now=NOW) is None
    assert codes.take("a", now=NOW) == ANA
    assert codes.take("a", now=NOW) is None


def test_of_many_at_once_one_gets_it(codes: ConsentCodes) -> None:
    codes.invite("a", ANA, most=5, now=NOW)
    with ThreadPoolExecutor(8) as pool:
        taken = list(pool.map(lambda _: codes.take("a", now=NOW), range(16)))

    assert [invitation for invitation in taken if invitation] == [ANA]


def test_a_code_that_is_over_is_not_given(codes: ConsentCodes) -> None:
    codes.invite("a", ANA, most=5, now=NOW)
    codes.invite("b", BIA, most=5, now=NOW)

    assert codes.take("a", now=ANA.expires_at) is None
    assert codes.take("b", now=BIA.expires_at - timedelta(microseconds=1)) == BIA


def test_a_person_has_one_code_at_a_time(codes: ConsentCodes) -> None:
    assert codes.invite("a", ANA, most=1, now=NOW)
    assert codes.invite("b", replace(ANA, invitation_id=UUID(int=3)), most=1, now=NOW)

    assert codes.take("a", now=NOW) is None
    newest = codes.take("b", now=NOW)
    assert newest is not None
    assert newest.invitation_id == UUID(int=3)


def test_only_so_many_are_open_and_those_that_are_over_do_not_count(codes: ConsentCodes) -> None:
    assert codes.invite("a", ANA, most=1, now=NOW)
    assert not codes.invite("b", BIA, most=1, now=NOW)
    assert codes.take("b", now=NOW) is None
    assert codes.invite("b", BIA, most=1, now=ANA.expires_at)


def test_what_is_over_is_forgotten(codes: ConsentCodes) -> None:
    codes.invite("a", ANA, most=5, now=NOW)
    codes.invite("b", replace(BIA, expires_at=BIA.expires_at + timedelta(hours=1)), most=5, now=NOW)

    assert codes.forget(ANA.expires_at) == 1
    assert codes.take("b", now=NOW) is not None
