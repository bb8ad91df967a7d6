"""Signing in on a paired device: what it signed counts, what it did not sign does not, and a lost one opens nothing."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING
from uuid import UUID, uuid4

import pytest

from application import devices
from domain.session import Session
from tests.house import ICU, LAB, House, build_house, frames
from tests.tablet import Tablet

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from application.authenticate import Authentication
    from application.outcome import Outcome


def requiring(*departments: str) -> House:
    house = build_house()
    policies = replace(house.services.policies, device_required=frozenset(departments))
    house.services = replace(house.services, policies=policies)
    return house


def shown(
    house: House,
    tablet: Tablet | None,
    payloads: Sequence[bytes] | None = None,
    *,
    department: str = ICU,
    device_id: UUID | None = None,
) -> Authentication:
    """An attempt that announced the device and was shown frames; not signed yet."""
    attempt = house.attempt(department)
    attempt.start()
    if tablet is not None:
        assert attempt.device.announce(device_id or tablet.device_id)
    for payload in frames("ana") if payloads is None else payloads:
        if attempt.device.received(payload):
            attempt.note_received()
            attempt.take(payload)
    return attempt


def signed(attempt: Authentication, tablet: Tablet, payloads: Sequence[bytes] | None = None) -> Outcome:
    """Sign what was sent, or something else; decide."""
    attempt.device.settle()
    sent = frames("ana") if payloads is None else payloads
    signature = tablet.attempt_signature(attempt.attempt_id, attempt.device.nonce, sent)
    attempt.device.prove(tablet.device_id, signature)
    return attempt.decide()


def refusal(house: House) -> tuple[str, str]:
    fields = house.last("attempt.refused.v1")
    return fields["code"], fields["reason"]


@pytest.mark.parametrize("der", [False, True], ids=["raw", "DER"])
def test_a_signed_attempt_opens_a_session_on_the_device(house: House, der: bool) -> None:
    house.enroll("ana")
    tablet = Tablet(der=der)
    tablet.pair(house.services, ICU)

    outcome = signed(shown(house, tablet), tablet)

    assert outcome.admission is not None
    session = house.store.get(Session, outcome.admission.session_id)
    assert session.device_id == tablet.device_id
    assert session.amr == "face hwk pop mfa"
    assert session.acr == "urn:faceauth:acr:face-passive+device"
    proven = house.last("attempt.device_proven.v1")
    assert (proven["device_id"], proven["frames"]) == (tablet.device_id, 3)
    (row,) = house.rows("auth_log_rows")
    assert row["device_id"] == tablet.device_id


def test_without_a_device_a_session_says_nothing_of_one(house: House) -> None:
    house.enroll("ana")
    house.sign_in("ana")

    (row,) = house.rows("session_rows")
    assert (row["device_id"], row["amr"], row["acr"]) == (None, "face", "urn:faceauth:acr:face-passive")
    assert "attempt.device_proven.v1" not in house.names()


def test_frames_that_were_never_judged_are_signed_all_the_same(house: House) -> None:
    house.enroll("ana")
    tablet = Tablet()
    tablet.pair(house.services, ICU)
    attempt = shown(house, tablet, frames("ana")[:2])
    attempt.device.received(b"dropped from the backlog")
    attempt.device.received(frames("ana")[2])
    attempt.take(frames("ana")[2])

    assert signed(attempt, tablet, [*frames("ana")[:2], b"dropped from the backlog", frames("ana")[2]]).success


ALTERATIONS: dict[str, Callable[[list[bytes]], list[bytes]]] = {
    "altered": lambda sent: [*sent[:2], sent[2][:-1] + b"?"],
    "reordered": lambda sent: [sent[1], sent[0], sent[2]],
    "inserted": lambda sent: [*sent, b"one more"],
    "left out": lambda sent: sent[:2],
    "none": lambda _: [],
}


@pytest.mark.parametrize("alteration", ALTERATIONS)
@pytest.mark.parametrize("required", [False, True], ids=["optional", "required"])
def test_a_frame_that_is_not_covered_by_the_signature_is_no_evidence(alteration: str, required: bool) -> None:
    house = requiring(ICU) if required else build_house()
    house.enroll("ana")
    tablet = Tablet()
    tablet.pair(house.services, ICU)
    house.gallery.probes.clear()

    outcome = signed(shown(house, tablet), tablet, ALTERATIONS[alteration](frames("ana")))

    code = "device_required" if required else "device_rejected"
    assert (outcome.success, outcome.code, outcome.next_step) == (False, code, "password")
    assert refusal(house) == (code, "device_signature")
    assert house.gallery.probes == [], "matched although not signed"


def test_a_signature_of_another_attempt_is_refused(house: House) -> None:
    house.enroll("ana")
    tablet = Tablet()
    tablet.pair(house.services, ICU)
    first, second = shown(house, tablet), shown(house, tablet)
    replay = tablet.attempt_signature(first.attempt_id, first.device.nonce, frames("ana"))
    second.device.settle()
    second.device.prove(tablet.device_id, replay)

    assert not second.decide().success
    assert refusal(house)[1] == "device_signature"


@pytest.mark.parametrize("nonce", ["", "another", "nonce-9999999999999999"])
def test_a_signature_over_another_nonce_is_refused(house: House, nonce: str) -> None:
    house.enroll("ana")
    tablet = Tablet()
    tablet.pair(house.services, ICU)
    attempt = shown(house, tablet)
    attempt.device.settle()
    attempt.device.prove(tablet.device_id, tablet.attempt_signature(attempt.attempt_id, nonce, frames("ana")))

    assert not attempt.decide().success
    assert refusal(house)[1] == "device_signature"


def test_a_signature_by_the_key_of_another_device_is_refused(house: House) -> None:
    house.enroll("ana")
    tablet, other = Tablet(), Tablet()
    for one in (tablet, other):
        one.pair(house.services, ICU)

    by_another_key = shown(house, tablet)
    by_another_key.device.settle()
    signature = other.attempt_signature(by_another_key.attempt_id, by_another_key.device.nonce, frames("ana"))
    by_another_key.device.prove(tablet.device_id, signature)
    assert not by_another_key.decide().success
    assert refusal(house)[1] == "device_signature"

    assert not signed(shown(house, tablet), other).success, "answered in another device's name"
    assert refusal(house)[1] == "device_signature"


def test_an_answer_in_the_name_of_another_device_than_was_announced_is_refused(house: House) -> None:
    house.enroll("ana")
    tablet, other = Tablet(), Tablet()
    for one in (tablet, other):
        one.pair(house.services, ICU)
    attempt = shown(house, tablet)
    attempt.device.settle()
    signature = tablet.attempt_signature(attempt.attempt_id, attempt.device.nonce, frames("ana"))
    attempt.device.prove(other.device_id, signature)

    assert not attempt.decide().success
    assert refusal(house)[1] == "device_signature"


def test_an_unknown_device_one_that_is_revoked_and_one_of_another_department_look_the_same(house: House) -> None:
    house.enroll("ana")
    lost, foreign, unknown = Tablet(), Tablet(), Tablet()
    lost.pair(house.services, ICU)
    devices.revoke(house.services, lost.device_id, department=ICU, reason="stolen", act=house.act())
    foreign.pair(house.services, LAB)
    unknown.device_id = uuid4()
    house.judge.crops.clear()

    for tablet, reason in (
        (lost, "device_revoked"),
        (foreign, "device_of_another_department"),
        (unknown, "device_unknown"),
    ):
        outcome = shown(house, tablet).decide()
        assert (outcome.code, outcome.next_step) == ("device_rejected", "password")
        assert refusal(house) == ("device_rejected", reason)
    assert house.judge.crops == [], "judged although refused"


def test_a_required_device_that_is_not_there_is_refused_at_the_first_frame() -> None:
    house = requiring(ICU)
    house.enroll("ana")
    crops = len(house.judge.crops)
    attempt = shown(house, None)

    assert (attempt.decide().code, refusal(house)) == ("device_required", ("device_required", "device_missing"))
    assert len(house.judge.crops) == crops


def test_whoever_never_asks_for_a_signature_admits_nobody_where_a_device_is_required() -> None:
    house = requiring("*")
    house.enroll("ana")

    assert house.sign_in("ana").code == "device_required"
    assert refusal(house) == ("device_required", "device_missing")


def test_a_department_requires_a_device_for_itself_only() -> None:
    house = requiring(LAB)
    house.enroll("ana")

    assert house.sign_in("ana").success


@pytest.mark.parametrize("required", [False, True], ids=["optional", "required"])
def test_a_device_that_does_not_answer_is_no_device(required: bool) -> None:
    house = requiring(ICU) if required else build_house()
    house.enroll("ana")
    tablet = Tablet()
    tablet.pair(house.services, ICU)
    attempt = shown(house, tablet)
    attempt.device.settle()
    attempt.device.prove(None, None)

    assert attempt.decide().success is not required
    if required:
        assert refusal(house) == ("device_required", "device_silent")
    else:
        assert [(row["amr"], row["device_id"]) for row in house.rows("session_rows")] == [("face", None)]


def test_a_device_is_announced_once_and_before_the_first_frame(house: House) -> None:
    tablet = Tablet()
    tablet.pair(house.services, ICU)
    attempt = house.attempt()
    attempt.start()

    assert attempt.device.announce(tablet.device_id)
    assert not attempt.device.announce(tablet.device_id)
    late = shown(house, None, frames("ana")[:1])
    assert not late.device.announce(tablet.device_id)


def test_what_comes_after_the_signature_was_asked_for_is_not_evidence(house: House) -> None:
    tablet = Tablet()
    tablet.pair(house.services, ICU)
    attempt = shown(house, tablet)

    assert attempt.device.settle() == 3
    assert not attempt.device.received(b"late")
    assert (attempt.device.settle(), attempt.device.late) == (3, 1)


def test_a_refusal_names_the_device_that_proved_itself(house: House) -> None:
    tablet = Tablet()
    tablet.pair(house.services, ICU)

    assert signed(shown(house, tablet), tablet).code == "face_not_recognised"
    assert [row["device_id"] for row in house.rows("auth_log_rows")] == [tablet.device_id]


def test_revoking_a_device_ends_its_sessions_and_no_others_before_it_returns(house: House) -> None:
    house.enroll("ana")
    tablet, other = Tablet(), Tablet()
    for one in (tablet, other):
        one.pair(house.services, ICU)
        signed(shown(house, one), one)
    house.sign_in("ana")

    assert devices.revoke(house.services, tablet.device_id, department=ICU, reason="stolen", act=house.act()) == 1

    rows = house.rows("session_rows")
    assert [row["status"] for row in rows if row["device_id"] == tablet.device_id] == ["revoked"]
    assert [row["status"] for row in rows if row["device_id"] != tablet.device_id] == ["open", "open"]


def test_a_revocation_that_comes_between_the_check_and_the_session_wins(house: House) -> None:
    house.enroll("ana")
    tablet = Tablet()
    tablet.pair(house.services, ICU)
    attempt = shown(house, tablet)
    revoked: list[int] = []

    def revoke() -> None:
        revoked.append(
            devices.revoke(house.services, tablet.device_id, department=ICU, reason="stolen", act=house.act())
        )

    house.store.before_next_save = revoke
    outcome = signed(attempt, tablet)

    assert revoked == [0]
    assert (outcome.success, outcome.code) == (False, "device_rejected")
    assert refusal(house) == ("device_rejected", "device_revoked")
    assert house.rows("session_rows") == []


def test_a_store_that_is_lost_at_the_announcement_admits_nobody(house: House) -> None:
    house.enroll("ana")
    tablet = Tablet()
    tablet.pair(house.services, ICU)
    attempt = house.attempt()
    attempt.start()
    house.store.lost = True
    attempt.device.announce(tablet.device_id)
    house.store.lost = False

    assert attempt.decide().code == "unavailable"


def test_a_device_whose_row_was_tampered_with_is_rejected(house: House) -> None:
    house.enroll("ana")
    tablet = Tablet()
    tablet.pair(house.services, ICU)
    rows = house.store._recorder._stored_events  # type: ignore[attr-defined]  # the memory recorder's list
    (place,) = [place for place, row in enumerate(rows) if row.originator_id == tablet.device_id]
    state = rows[place].state
    rows[place] = replace(rows[place], state=state[:-1] + bytes([state[-1] ^ 1]))

    assert shown(house, tablet).decide().code == "device_rejected"
    assert refusal(house)[1] == "device_seal_broken"
