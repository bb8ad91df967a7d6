"""One-time codes: one person, one decision, once."""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from typing import TYPE_CHECKING, Any

import pytest

from application import consent as consents
from application import consent_codes as codes
from application import erase
from application import notice as notices
from application.accounts import open_account
from application.notice import BUILT_IN
from domain.consent import PURPOSES
from domain.errors import (
    ConcurrencyError,
    ConsentCodeError,
    ConsentMissingError,
    InvalidInputError,
    NotFoundError,
    NoticeOutdatedError,
    TooManyGuessesError,
)
from tests.house import ADDRESS, ICU, build_house, person

if TYPE_CHECKING:
    from uuid import UUID

    from tests.house import House


@pytest.fixture
def house() -> House:
    return build_house()


def known(house: House, name: str = "ana") -> UUID:
    """Somebody with an account, who was never enrolled."""
    return open_account(house.services, person(name), department=ICU, act=house.act()).subject_id


def invited(house: House, subject_id: UUID) -> str:
    return codes.invite(house.services, subject_id, act=house.act()).shown


def accept(house: House, code: str, **changed: Any) -> tuple[UUID, list[str]]:
    given: dict[str, Any] = {"code": code, "notice_version": BUILT_IN.version, "address": ADDRESS}
    return codes.grant(house.services, **given | changed)


def end(house: House, code: str, *, objection: bool) -> consents.Withdrawal:
    return codes.end(house.services, code=code, reason="mine", address=ADDRESS, objection=objection)


def test_consent_comes_first_by_the_persons_own_act_and_the_enrolment_stands_on_it(house: House) -> None:
    subject_id = known(house)

    assert accept(house, invited(house, subject_id).lower().replace("-", " ")) == (subject_id, list(PURPOSES))
    assert house.enroll("ana", notice_version=None).subject_id == subject_id

    assert house.sign_in("ana").success
    granted = house.last("consent.granted.v1")
    assert (granted["collected"], granted["act"].actor) == ("code", f"subject:{subject_id}")
    assert {row["channel"] for row in house.rows("consent_rows")} == {"code"}


@pytest.mark.parametrize("name", ["ana", "nobody"])
def test_without_consent_and_without_a_form_nobody_is_enrolled(house: House, name: str) -> None:
    known(house)

    with pytest.raises(ConsentMissingError, match="invite"):
        house.enroll(name, notice_version=None)

    assert "enrollment.opened.v1" not in house.names()


def test_a_consent_withdrawn_before_the_enrolment_is_none(house: House) -> None:
    subject_id = known(house)
    accept(house, invited(house, subject_id))
    end(house, invited(house, subject_id), objection=False)

    with pytest.raises(ConsentMissingError):
        house.enroll("ana", notice_version=None)


def test_a_consent_withdrawn_while_the_enrolment_is_opened_stops_it(house: House) -> None:
    subject_id = known(house)
    accept(house, invited(house, subject_id))
    house.store.before_next_save = lambda: consents.withdraw(house.services, subject_id, reason="now", act=house.act())

    with pytest.raises(ConcurrencyError):
        house.enroll("ana", notice_version=None)


@pytest.mark.parametrize("objection", [True, False])
def test_a_code_ends_as_well_as_it_begins(house: House, objection: bool) -> None:
    ana = house.enroll("ana")

    ended = end(house, invited(house, ana.subject_id), objection=objection)

    assert (ended.purposes, ended.enrollment_revoked) == (list(PURPOSES), True)
    assert ("consent.objected.v1" in house.names()) is objection
    assert not house.sign_in("ana").success


def test_a_code_is_used_once_whatever_it_was_used_for(house: House) -> None:
    code = invited(house, known(house))
    accept(house, code)

    with pytest.raises(ConsentCodeError):
        accept(house, code)
    with pytest.raises(ConsentCodeError):
        end(house, code, objection=False)


def test_of_many_who_use_a_code_at_once_one_does(house: House) -> None:
    code = invited(house, known(house))

    def used(_: int) -> bool:
        try:
            accept(house, code)
        except ConsentCodeError:
            return False
        return True

    with ThreadPoolExecutor(8) as pool:
        assert sum(pool.map(used, range(16))) == 1


@pytest.mark.parametrize("code", ["", "AAAAA-AAAAA", "x" * 40, "12345", "ÀÀÀÀÀ-ÀÀÀÀÀ", "<script>", "\x00" * 10])
def test_what_is_no_code_is_refused_like_one_that_is_wrong(house: House, code: str) -> None:
    known(house)

    with pytest.raises(ConsentCodeError, match="wrong, used or over"):
        accept(house, code)


def test_a_code_is_over_after_a_day_and_is_forgotten(house: House) -> None:
    code = invited(house, known(house))
    house.clock.advance(codes.CODE_LIFETIME)

    with pytest.raises(ConsentCodeError):
        accept(house, code)
    invited(house, known(house, "bia"))
    house.clock.advance(codes.CODE_LIFETIME)
    assert codes.forget_codes(house.services) == 1


def test_a_newer_code_ends_the_older_one(house: House) -> None:
    subject_id = known(house)
    older, newer = invited(house, subject_id), invited(house, subject_id)

    with pytest.raises(ConsentCodeError):
        accept(house, older)
    assert accept(house, newer)[0] == subject_id


def test_the_code_of_somebody_erased_opens_nothing_and_none_is_made(house: House) -> None:
    ana = house.enroll("ana")
    code = invited(house, ana.subject_id)
    erase.erase(house.services, ana.subject_id, act=house.act())
    before = house.store.position()

    with pytest.raises(ConsentCodeError):
        accept(house, code)
    with pytest.raises(NotFoundError):
        invited(house, ana.subject_id)
    assert house.store.position() == before


def test_a_consent_that_comes_in_while_its_person_is_erased_does_not_stand(house: House) -> None:
    ana = house.enroll("ana")
    code = invited(house, ana.subject_id)
    consents.withdraw(house.services, ana.subject_id, reason="first", act=house.act())
    house.store.before_next_save = lambda: erase.erase(house.services, ana.subject_id, act=house.act())

    with pytest.raises(ConsentCodeError):
        accept(house, code)

    assert {row["status"] for row in house.rows("consent_rows")} == {"withdrawn"}


def test_what_is_wrong_with_the_request_does_not_cost_the_code(house: House) -> None:
    subject_id = known(house)
    code = invited(house, subject_id)
    notices.publish(house.services, replace(BUILT_IN, version="2027-01"), act=house.act())

    with pytest.raises(NoticeOutdatedError):
        accept(house, code)
    with pytest.raises(InvalidInputError):
        accept(house, code, notice_version="2027-01", purposes=["marketing"])

    assert accept(house, code, notice_version="2027-01")[0] == subject_id


def test_guesses_are_counted_by_address_and_from_everywhere(house: House) -> None:
    code = invited(house, known(house))
    for _ in range(codes.GUESSES_OF_ADDRESS):
        with pytest.raises(ConsentCodeError):
            accept(house, "AAAAAAAAAA")

    with pytest.raises(TooManyGuessesError):
        accept(house, code)
    for place in range(codes.GUESSES_OF_ALL - codes.GUESSES_OF_ADDRESS):
        with pytest.raises(ConsentCodeError):
            accept(house, "AAAAAAAAAA", address=f"203.0.113.{place}")
    with pytest.raises(TooManyGuessesError):
        accept(house, code, address="198.51.100.1")


def test_only_so_many_codes_are_open(house: House, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(codes, "MAX_OPEN", 1)
    invited(house, known(house))

    with pytest.raises(TooManyGuessesError):
        invited(house, known(house, "bia"))


def test_a_code_stands_nowhere_but_where_it_was_shown(house: House) -> None:
    made = codes.invite(house.services, known(house), act=house.act())
    kept: Any = house.services.consent_codes

    assert made.code not in repr(made) + repr(kept._open) + repr(house.store.read(0, 1000))


def test_a_consent_that_others_change_at_the_same_moment_is_decided_again(house: House) -> None:
    ana = house.enroll("ana")
    code = invited(house, ana.subject_id)
    act = house.act()
    house.store.before_next_save = lambda: consents.withdraw(
        house.services, ana.subject_id, reason="x", act=act, purposes=["authentication"]
    )

    ended = end(house, code, objection=False)

    assert ended.purposes == ["enrollment"]
    assert {row["status"] for row in house.rows("consent_rows")} == {"withdrawn"}
