"""The keys of months: destroyed one by one on request, and by themselves when they are old."""

from __future__ import annotations

from datetime import UTC, datetime

import pytest

from application import rekey
from application.origin import client_binding
from application.ports.vault import epoch_owner
from domain.attempt import Attempt
from domain.errors import FaceauthError, InvalidInputError, KeyActiveError, KeyDestroyedError, NotFoundError
from tests.house import ADDRESS, House, frames
from tests.unit.application.rotating import journal

NOW = datetime(2030, 5, 17, 8, tzinfo=UTC)


@pytest.fixture(autouse=True)
def may(house: House) -> None:
    """It is May 2030, with keys of some months before and one of June."""
    house.clock.set(NOW)
    for month in ("2029-10", "2029-11", "2029-12", "2030-04", "2030-05", "2030-06"):
        house.vault.create_key(epoch_owner(month))


def living(house: House) -> list[str]:
    return [owner.removeprefix(rekey.EPOCH_PREFIX) for owner in house.vault.owners(rekey.EPOCH_PREFIX)]


def test_the_addresses_of_a_month_are_gone_with_its_key_and_the_attempts_stay(house: House) -> None:
    attempt = house.shown(frames("stranger"))
    attempt.decide()
    house.clock.set(datetime(2030, 6, 1, tzinfo=UTC))
    recorded = house.store.get(Attempt, attempt.attempt_id)
    place = client_binding(recorded.id, epoch_owner(recorded.epoch))
    assert ADDRESS.encode() in house.vault.unseal(place, recorded.client_sealed)

    rekey.destroy_epoch(house.services, "2030-05", act=house.act())

    with pytest.raises(KeyDestroyedError):
        house.vault.unseal(place, recorded.client_sealed)
    assert house.store.get(Attempt, attempt.attempt_id) == recorded
    assert journal(house)[-1] == ("epoch_destruction", "done", "ok")
    assert house.last("journal.recorded.v1")["facts"] == {"epoch": "2030-05"}


@pytest.mark.parametrize(
    ("epoch", "error"),
    [
        ("2030-05", KeyActiveError),
        ("2030-06", KeyActiveError),
        ("2031-01", KeyActiveError),
        ("2029-09", NotFoundError),
        ("2029-13", InvalidInputError),
        ("2029", InvalidInputError),
        ("may", InvalidInputError),
        ("", InvalidInputError),
        ("2029-12-01", InvalidInputError),
        ("2029-12 ", InvalidInputError),
    ],
)
def test_a_month_that_cannot_go_is_refused_and_recorded(house: House, epoch: str, error: type[FaceauthError]) -> None:
    before = living(house)

    with pytest.raises(error):
        rekey.destroy_epoch(house.services, epoch, act=house.act())

    assert living(house) == before
    assert journal(house) == [("epoch_destruction", "refused", error.code)]


def test_a_month_goes_once(house: House) -> None:
    rekey.destroy_epoch(house.services, "2030-04", act=house.act())

    with pytest.raises(NotFoundError):
        rekey.destroy_epoch(house.services, "2030-04", act=house.act())
    assert [entry[1] for entry in journal(house)] == ["done", "refused"]


def test_a_month_may_go_from_its_last_midnight_on(house: House) -> None:
    house.clock.set(datetime(2030, 5, 31, 23, 59, 59, tzinfo=UTC))
    with pytest.raises(KeyActiveError):
        rekey.destroy_epoch(house.services, "2030-05", act=house.act())
    house.clock.set(datetime(2030, 6, 1, tzinfo=UTC))
    rekey.destroy_epoch(house.services, "2030-05", act=house.act())

    assert "2030-05" not in living(house)


def test_december_ends_with_the_year(house: House) -> None:
    house.clock.set(datetime(2029, 12, 31, tzinfo=UTC))
    with pytest.raises(KeyActiveError):
        rekey.destroy_epoch(house.services, "2029-12", act=house.act())
    house.clock.set(datetime(2030, 1, 1, tzinfo=UTC))
    rekey.destroy_epoch(house.services, "2029-12", act=house.act())

    assert "2029-12" not in living(house)


def test_months_that_ended_half_a_year_ago_go_by_themselves(house: House) -> None:
    assert rekey.destroy_old_epochs(house.services, act=house.act()) == ["2029-10"]
    assert rekey.destroy_old_epochs(house.services, act=house.act()) == []
    house.clock.set(datetime(2030, 6, 2, tzinfo=UTC))
    assert rekey.destroy_old_epochs(house.services, act=house.act()) == ["2029-11"]

    assert living(house) == ["2029-12", "2030-04", "2030-05", "2030-06"]


def test_sign_ins_of_this_month_go_on_when_old_months_are_gone(house: House) -> None:
    house.enroll("ana")
    rekey.destroy_old_epochs(house.services, act=house.act())

    assert house.sign_in("ana").success


def test_a_row_that_names_no_month_keeps_no_month_from_going(house: House) -> None:
    house.vault.create_key(epoch_owner("no month"))
    house.clock.set(datetime(2030, 7, 4, tzinfo=UTC))

    assert rekey.destroy_old_epochs(house.services, act=house.act("service", "worker")) == [
        "2029-10",
        "2029-11",
        "2029-12",
    ]
    assert "no month" in living(house)
