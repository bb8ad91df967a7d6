"""When an erasure is final, and the certificate that proves it."""

from __future__ import annotations

from datetime import timedelta
from typing import TYPE_CHECKING

import jwt
import pytest

from adapters.crypto.signing_keys import SigningKeys
from adapters.crypto.tokens import JwtIssuer
from application import erase, rekey
from application.ports.keys import DESTROYED
from application.ports.vault import subject_owner
from domain.erasure import EXECUTED, FINAL
from domain.errors import AlreadyErasedError, InProgressError, TokenInvalidError
from entrypoints.worker import Worker
from tests.house import House
from tests.unit.application.erasing import claims_of, erasure_of, forget

if TYPE_CHECKING:
    from pathlib import Path


def test_an_erasure_is_final_once_the_keys_that_may_have_wrapped_the_data_key_are_gone(house: House) -> None:
    ana = house.enroll("ana")
    erased = forget(house, ana.subject_id)
    assert (erased.final, erased.final_at) == (False, None)
    assert erased.final_by == erased.erased_at + timedelta(hours=24)
    assert erased.horizon == erased.final_by + timedelta(days=30)
    assert erase.finalise(house.services, act=house.act()) == []
    assert erasure_of(house, ana.subject_id).status == EXECUTED

    house.clock.advance(timedelta(hours=1))
    rekey.rotate_keks(house.services, act=house.act())
    assert erase.finalise(house.services, act=house.act()) == [ana.subject_id]

    after = erase.standing(house.services, ana.subject_id)
    assert (after.final, after.final_at) == (True, house.clock.now())
    assert after.horizon == house.clock.now() + timedelta(days=30)
    assert erasure_of(house, ana.subject_id).status == FINAL
    assert erase.finalise(house.services, act=house.act()) == []


def test_now_makes_it_final_before_it_returns(house: House) -> None:
    ana = house.enroll("ana")
    heard: list[tuple[int, int]] = []

    erased = forget(house, ana.subject_id, now=True, progress=lambda *told: heard.append(told))

    assert erased.final
    assert [key.state for key in house.keys.status().keks] == [DESTROYED, "active"]
    assert heard


def test_now_ends_what_was_begun_without_it_and_then_there_is_nothing_left(house: House) -> None:
    ana = house.enroll("ana")
    assert not forget(house, ana.subject_id).final

    assert forget(house, ana.subject_id, now=True).final
    with pytest.raises(AlreadyErasedError):
        forget(house, ana.subject_id, now=True)


def test_now_during_a_rotation_is_refused_but_the_person_is_erased_all_the_same(house: House) -> None:
    ana = house.enroll("ana")

    with house.store.mutex(rekey.KEYS_MUTEX), pytest.raises(InProgressError):
        forget(house, ana.subject_id, now=True)

    assert not erase.standing(house.services, ana.subject_id).final
    assert not house.sign_in("ana").success
    assert forget(house, ana.subject_id, now=True).final


def test_a_rotation_begun_before_an_erasure_does_not_make_it_final_and_another_one_does(house: House) -> None:
    ana = house.enroll("ana")
    house.keys.add_kek()
    erased = forget(house, ana.subject_id)
    assert claims_of(erased)["key_encryption_keys"] == ["kek-1", "kek-2"]

    rekey.rotate_keks(house.services, act=house.act())
    assert erase.finalise(house.services, act=house.act()) == []

    assert erase.finalise(house.services, act=house.act(), force=True) == [ana.subject_id]


def test_the_worker_makes_erasures_final_within_a_day(house: House) -> None:
    ana = house.enroll("ana")
    forget(house, ana.subject_id)
    worker = Worker(house.services, house.faults.append)
    asked_at = house.clock.now()

    hours = 0
    while not erase.standing(house.services, ana.subject_id).final:
        house.clock.advance(timedelta(hours=1))
        hours += 1
        worker.work(3600.0 * hours)
        assert hours <= 24
    assert hours == 12, "half the time allowed, so that a night without the service does not overstep it"
    assert house.clock.now() - asked_at <= timedelta(hours=24)
    assert house.faults == []
    assert house.last("erasure.finalised.v1")["act"].actor == "service"


def test_several_erasures_become_final_together_by_one_rotation(house: House) -> None:
    subjects = [house.enroll(name).subject_id for name in ("ana", "bia", "caio")]
    for subject in subjects:
        forget(house, subject)

    assert set(erase.finalise(house.services, act=house.act(), force=True)) == set(subjects)
    assert len(house.keys.status().keks) == 2


# Proof --------------------------------------------------------------------------------------------------------------


def test_the_certificate_says_what_when_and_by_which_events_and_nothing_personal(house: House) -> None:
    ana = house.enroll("ana")
    house.sign_in("ana")
    asked = house.clock.now()

    erased = forget(house, ana.subject_id, reason="left_hospital")
    claims = claims_of(erased)

    assert (claims["typ"], claims["subject_id"], claims["reason"]) == (
        "erasure-certificate+jwt",
        str(ana.subject_id),
        "left_hospital",
    )
    assert (claims["requested_at"], claims["erased_at"]) == (asked.isoformat(), erased.erased_at.isoformat())
    assert claims["destroyed"] == {
        "data_key": subject_owner(ana.subject_id),
        "enrollments": [str(ana.enrollment_id)],
        "consents": 2,
        "sessions": 1,
    }
    assert claims["key_encryption_keys"] == ["kek-1"]
    at = {event.position: event.name for event in house.store.read(0, 1000)}
    assert [at[position] for position in claims["event_positions"]] == [
        "consent.withdrawn.v1",
        "consent.withdrawn.v1",
        "enrollment.erased.v1",
        "session.revoked.v1",
    ]
    assert (claims["final"], claims["final_expected_by"]) == (False, erased.final_by.isoformat())
    assert "souza" not in erased.certificate.casefold()
    assert "EMP" not in erased.certificate


def test_the_certificate_of_a_final_erasure_says_since_when(house: House) -> None:
    ana = house.enroll("ana")

    claims = claims_of(forget(house, ana.subject_id, now=True))

    assert (claims["final"], claims["final_at"]) == (True, house.clock.now().isoformat())
    assert "final_expected_by" not in claims
    assert claims["key_backup_horizon"] == (house.clock.now() + timedelta(days=30)).isoformat()


def test_a_signed_certificate_verifies_with_the_public_key_alone_and_opens_no_door(
    house: House, tmp_path: Path
) -> None:
    issuer = JwtIssuer(
        keys=SigningKeys.open(tmp_path / "keys" / "signing.json"),
        pairwise_key=bytes(32),
        issuer="https://hospital.example",
        audience="medical-record",
        client_id="app",
        clock=house.clock,
        ids=house.services.ids,
    )
    statement = issuer.certify(erase.CERTIFICATE_TYPE, {"subject_id": "x", "final": True})

    header = jwt.get_unverified_header(statement)
    (published,) = [key for key in issuer.jwks()["keys"] if key["kid"] == header["kid"]]
    public = jwt.PyJWK(published)
    claims = jwt.decode(statement, public, algorithms=["ES256"], options={"verify_iat": False})

    assert (header["typ"], header["alg"], header["kid"]) == (erase.CERTIFICATE_TYPE, "ES256", published["kid"])
    assert (claims["iss"], claims["subject_id"], claims["final"]) == ("https://hospital.example", "x", True)
    assert "exp" not in claims
    with pytest.raises(TokenInvalidError):
        issuer.verify(statement)
    head, body, signature = statement.split(".")
    with pytest.raises(jwt.InvalidSignatureError):
        jwt.decode(f"{head}.{body[:-4]}{body[-8:-4]}.{signature}", public, algorithms=["ES256"])
