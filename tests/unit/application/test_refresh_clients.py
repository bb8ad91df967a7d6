"""Whose refresh token it is: the client's, and the key's that it is bound to."""

from __future__ import annotations

from dataclasses import replace

import pytest

from application.clients import Credentials, add_client, authenticated
from application.ports.clients import PUBLIC
from domain.errors import AudienceInvalidError, GrantInvalidError, ProofInvalidError, RefreshReusedError
from tests.house import House, build_house
from tests.unit.application.refreshing import again, session_of, signed_in


@pytest.fixture
def house() -> House:
    house = build_house()
    house.enroll("ana")
    return house


def test_a_client_refreshes_its_own_sessions_and_nobody_elses(house: House) -> None:
    admission = signed_in(house)
    add_client(house.services, "ehr-app", kind=PUBLIC, audiences=["ehr"], act=house.act())
    other = authenticated(house.services, Credentials("ehr-app"))

    with pytest.raises(GrantInvalidError):
        again(house, admission.refresh_token, client=other)
    again(house, admission.refresh_token)
    with pytest.raises(GrantInvalidError) as refusal:
        again(house, admission.refresh_token, client=other)
    assert not isinstance(refusal.value, RefreshReusedError)
    assert session_of(house, admission).status == "open"


def test_a_client_may_name_another_audience_of_its_own_and_no_other(house: House) -> None:
    admission = signed_in(house)
    with pytest.raises(AudienceInvalidError):
        again(house, admission.refresh_token, audience="payroll")

    done = again(house, admission.refresh_token, audience="ehr")
    assert house.services.tokens.read_access(done.access_token, ["ehr"]).audience == "ehr"


def test_a_key_binds_the_session_from_then_on(house: House) -> None:
    admission = signed_in(house)
    done = again(house, admission.refresh_token, key="thumb")
    assert done.token_type == "DPoP"
    assert house.services.tokens.verify(done.access_token).bound_to == "thumb"

    for key in ("", "other"):
        with pytest.raises(ProofInvalidError):
            again(house, done.refresh_token, key=key)
    assert again(house, done.refresh_token, key="thumb").token_type == "DPoP"


def test_a_client_that_takes_bound_tokens_only_gets_no_other(house: House) -> None:
    admission = signed_in(house)
    strict = replace(house.services.clients.builtin, bound_only=True)

    with pytest.raises(ProofInvalidError):
        again(house, admission.refresh_token, client=strict)
    again(house, admission.refresh_token, client=strict, key="thumb")
