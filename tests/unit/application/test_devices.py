"""Devices are paired by a code that serves once, for ten minutes; departments are walls to them too."""

from __future__ import annotations

from datetime import timedelta
from uuid import uuid4

import pytest

from application import devices
from domain import device_proof
from domain.device import PAIRED, REVOKED, Device
from domain.errors import (
    DepartmentUnknownError,
    DeviceStateError,
    InvalidInputError,
    NotFoundError,
    PairingRefusedError,
    TooManyGuessesError,
)
from tests.house import ICU, LAB, House
from tests.tablet import Tablet, text_of


def code_for(house: House, department: str = ICU, label: str = "ward 4") -> devices.Invited:
    return devices.invite(house.services, department=department, label=label, act=house.act())


def pair(house: House, tablet: Tablet, code: str, *, address: str = "192.0.2.30", **changed: object) -> Device:
    given = {"public_jwk": tablet.jwk, "proof": tablet.proof(code)} | changed
    return devices.pair(house.services, code=code, address=address, channel="http", **given)  # type: ignore[arg-type]


def test_a_device_is_paired_to_the_department_of_its_code_in_the_name_of_who_invited_it(house: House) -> None:
    tablet = Tablet()
    device = pair(house, tablet, code_for(house, LAB, " ward   4 ").shown)

    assert (device.department, device.label, device.status) == (LAB, "ward 4", PAIRED)
    assert device.public_jwk == device_proof.canonical_jwk(tablet.jwk)
    assert house.last("device.paired.v1")["act"].actor == "token:admin"
    (row,) = devices.known(house.services, department=LAB)
    assert (row["device_id"], row["paired_by"]) == (device.id, "token:admin")
    assert devices.known(house.services, department=ICU) == []


def test_a_code_has_fifty_random_bits_and_nothing_that_is_misread(house: House) -> None:
    codes = {code_for(house, label=f"tablet {number}").code for number in range(100)}

    assert len(codes) == 100
    assert {len(code) for code in codes} == {10}
    assert set("".join(codes)) <= set("0123456789ABCDEFGHJKMNPQRSTVWXYZ")
    assert set("".join(codes)) >= set("0123456789ABCDEF")


@pytest.mark.parametrize("typed", ["{0}", "{0:lower}", " {0:spaced} ", "{0:misread}"])
def test_a_code_may_be_typed_as_people_type(house: House, typed: str) -> None:
    invited = code_for(house)
    forms = {
        "{0}": invited.shown,
        "{0:lower}": invited.code.lower(),
        " {0:spaced} ": f" {' '.join(invited.code)} ",
        "{0:misread}": invited.code.replace("0", "o").replace("1", "l"),
    }
    tablet = Tablet()

    assert pair(house, tablet, forms[typed], proof=tablet.proof(invited.code)).paired


def test_a_code_serves_once(house: House) -> None:
    invited = code_for(house)
    pair(house, Tablet(), invited.shown)

    with pytest.raises(PairingRefusedError):
        pair(house, Tablet(), invited.shown)


def test_a_code_is_over_after_ten_minutes(house: House) -> None:
    late, in_time = code_for(house), code_for(house)
    house.clock.advance(timedelta(minutes=10, seconds=-1))
    pair(house, Tablet(), in_time.shown)
    house.clock.advance(timedelta(seconds=1))

    with pytest.raises(PairingRefusedError):
        pair(house, Tablet(), late.shown)


def test_a_wrong_code_pairs_nothing_and_costs_no_other_code(house: House) -> None:
    invited = code_for(house)

    with pytest.raises(PairingRefusedError):
        pair(house, Tablet(), "0" * 10)

    assert pair(house, Tablet(), invited.shown).paired


def test_a_key_is_paired_once_even_after_it_was_revoked(house: House) -> None:
    tablet = Tablet()
    device = tablet.pair(house.services, ICU)
    devices.revoke(house.services, device.id, department=ICU, reason="lost", act=house.act())
    invited = code_for(house)

    with pytest.raises(DeviceStateError):
        pair(house, tablet, invited.shown)
    assert pair(house, Tablet(), invited.shown).paired, "the mistake cost the code"


def test_of_two_pairings_of_one_key_at_once_one_wins(house: House) -> None:
    tablet, first, second = Tablet(), code_for(house), code_for(house)
    house.store.before_next_save = lambda: pair(house, tablet, second.shown)

    with pytest.raises(DeviceStateError):
        pair(house, tablet, first.shown)
    assert len(devices.known(house.services, department=ICU)) == 1


@pytest.mark.parametrize(
    "changed",
    [
        {"d": "AAAA"},
        {"kty": "RSA"},
        {"kty": "OKP"},
        {"crv": "P-384"},
        {"crv": None},
        {"x": None},
        {"x": 7},
        {"x": ["A"]},
        {"x": ""},
        {"x": "A" * 43},
        {"x": "A" * 42 + "B"},
        {"x": "A" * 44},
        {"x": "é" * 43},
        {"x": "A" * 100_000},
        {"x": text_of((2**256 - 1).to_bytes(32, "big"))},
        {"y": text_of(b"\1" * 32)},
    ],
    ids=str,
)
def test_a_key_that_is_none_is_not_paired(house: House, changed: dict[str, object]) -> None:
    tablet, invited = Tablet(), code_for(house)

    with pytest.raises(InvalidInputError):
        pair(house, tablet, invited.shown, public_jwk=tablet.jwk | changed)
    assert pair(house, tablet, invited.shown).paired, "the mistake cost the code"


def test_a_key_is_paired_only_by_who_has_its_private_part_and_for_that_code(house: House) -> None:
    thief, owner, invited = Tablet(), Tablet(), code_for(house)
    other = code_for(house)
    proofs = [thief.proof(invited.code), owner.proof(other.code), text_of(bytes(64)), "", "!", text_of(b"\x30" * 64)]

    for proof in proofs:
        with pytest.raises(InvalidInputError):
            pair(house, owner, invited.shown, proof=proof)


def test_a_signature_for_an_attempt_is_no_proof_for_pairing(house: House) -> None:
    tablet, invited = Tablet(), code_for(house)
    signature = tablet.attempt_signature(uuid4(), "nonce", [])

    with pytest.raises(InvalidInputError):
        pair(house, tablet, invited.shown, proof=text_of(signature))


def test_guesses_from_one_address_are_bounded_and_it_alone_has_to_wait(house: House) -> None:
    invited = code_for(house)
    for _ in range(devices.GUESSES_OF_ADDRESS):
        with pytest.raises(PairingRefusedError):
            pair(house, Tablet(), "0" * 10)

    with pytest.raises(TooManyGuessesError):
        pair(house, Tablet(), invited.shown)
    assert pair(house, Tablet(), invited.shown, address="192.0.2.31").paired


def test_an_address_may_guess_again_a_minute_later(house: House) -> None:
    for _ in range(devices.GUESSES_OF_ADDRESS):
        with pytest.raises(PairingRefusedError):
            pair(house, Tablet(), "0" * 10)
    house.clock.advance(timedelta(minutes=1))

    assert pair(house, Tablet(), code_for(house).shown).paired


def test_guesses_from_everywhere_are_bounded_together(house: House, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(devices, "GUESSES_OF_ALL", 30)
    for number in range(30):
        with pytest.raises(InvalidInputError):
            pair(house, Tablet(), "no code", address=f"192.0.2.{number}", proof="")

    with pytest.raises(TooManyGuessesError):
        pair(house, Tablet(), code_for(house).shown, address="198.51.100.1")


def test_only_so_many_codes_are_open_at_once(house: House) -> None:
    for number in range(devices.MAX_INVITATIONS):
        code_for(house, label=f"tablet {number}")
    with pytest.raises(TooManyGuessesError):
        code_for(house)

    house.clock.advance(devices.CODE_LIFETIME)
    assert pair(house, Tablet(), code_for(house).shown).paired


@pytest.mark.parametrize("label", ["", "   ", "x" * 61, "a\x00b", "a\u202eb"])
def test_a_label_is_short_and_printable(house: House, label: str) -> None:
    with pytest.raises(InvalidInputError):
        code_for(house, label=label)


def test_nobody_is_invited_to_a_department_that_is_not_there(house: House) -> None:
    with pytest.raises(DepartmentUnknownError):
        code_for(house, "atlantis")


def test_neither_codes_nor_addresses_are_kept_in_the_clear(house: House) -> None:
    invited = code_for(house)
    with pytest.raises(PairingRefusedError):
        pair(house, Tablet(), "0" * 10)

    kept = repr(vars(house.services.pairings))
    assert invited.code not in kept
    assert "192.0.2.30" not in kept


def test_what_is_over_is_forgotten(house: House) -> None:
    code_for(house)
    with pytest.raises(PairingRefusedError):
        pair(house, Tablet(), "0" * 10)
    assert devices.forget_pairings(house.services) == 0

    house.clock.advance(timedelta(hours=2))
    assert devices.forget_pairings(house.services) == 3


def test_a_device_of_another_department_cannot_be_revoked_and_is_not_known(house: House) -> None:
    device = Tablet().pair(house.services, LAB)

    for device_id in (device.id, uuid4()):
        with pytest.raises(NotFoundError):
            devices.revoke(house.services, device_id, department=ICU, reason="lost", act=house.act())
    assert house.store.get(Device, device.id).paired


def test_revoking_again_is_no_error(house: House) -> None:
    device = Tablet().pair(house.services, ICU)
    for _ in range(2):
        assert devices.revoke(house.services, device.id, department="*", reason="lost", act=house.act()) == 0

    assert house.store.get(Device, device.id).status == REVOKED
    assert house.names().count("device.revoked.v1") == 1
