"""Each event is done once, whatever is cut off, and is on record; or it is told again."""

from __future__ import annotations

import contextlib
from concurrent.futures import ThreadPoolExecutor
from typing import TYPE_CHECKING

import pytest

from domain.errors import SignalRefusedError, UnavailableError
from tests.house import build_house
from tests.transmitter import SSF, iss_sub
from tests.unit.application.hospital import DISABLED, ENABLED, Hospital

if TYPE_CHECKING:
    from uuid import UUID


@pytest.fixture
def hospital() -> Hospital:
    return Hospital(build_house())


@pytest.fixture
def ana(hospital: Hospital) -> UUID:
    return hospital.house.enroll("ana").subject_id


def test_a_verification_is_acknowledged_and_on_record(hospital: Hospital) -> None:
    assert hospital.tell(f"{SSF}verification", state="x") == "accepted"

    (entry,) = hospital.records()
    assert (entry["code"], entry["facts"]["events"], entry["subject_id"]) == ("ok", "verification", None)


def test_an_event_that_we_do_not_know_is_ignored_and_its_words_are_not_kept(hospital: Hospital, ana: UUID) -> None:
    assert hospital.tell("https://idp.example/ana-souza-left", iss_sub("ana")) == "unsupported_event"

    (entry,) = hospital.records()
    assert entry["code"] == "unsupported_event"
    assert entry["subject_id"] == ana
    assert "souza" not in repr(entry)


@pytest.mark.usefixtures("ana")
def test_the_record_holds_no_name_and_no_jti(hospital: Hospital) -> None:
    hospital.receive(hospital.token(DISABLED, iss_sub("ana"), jti="ana.souza@hospital"))

    (entry,) = hospital.records()
    assert entry["facts"]["outcome"] == "accepted"
    assert not {"souza", "EMP-ana"} & {word for word in ("souza", "EMP-ana") if word in repr(entry)}


@pytest.mark.usefixtures("ana")
def test_the_same_event_a_thousand_times_is_done_once(hospital: Hospital) -> None:
    token = hospital.token(DISABLED, iss_sub("ana"))
    assert hospital.receive(token).code == "accepted"
    position = hospital.house.store.position()

    assert {hospital.receive(token).code for _ in range(1000)} == {"duplicate"}
    assert hospital.house.store.position() == position


@pytest.mark.usefixtures("ana")
def test_the_same_event_many_times_at_once_is_done_once(hospital: Hospital) -> None:
    token = hospital.token(DISABLED, iss_sub("ana"))

    with ThreadPoolExecutor(8) as pool:
        codes = [received.code for received in pool.map(hospital.receive, [token] * 40)]

    assert sorted(codes) == ["accepted"] + ["duplicate"] * 39
    assert hospital.house.names().count("account.suspended.v1") == 1


@pytest.mark.usefixtures("ana")
def test_a_copy_that_comes_late_does_not_undo_what_came_after(hospital: Hospital) -> None:
    disabled = hospital.token(DISABLED, iss_sub("ana"))
    hospital.receive(disabled)
    hospital.tell(ENABLED, iss_sub("ana"))

    assert hospital.receive(disabled).code == "duplicate"
    assert hospital.house.sign_in("ana").success


@pytest.mark.usefixtures("ana")
def test_what_could_not_be_done_is_not_taken_and_is_done_when_it_comes_again(hospital: Hospital) -> None:
    token = hospital.token(DISABLED, iss_sub("ana"))
    hospital.house.store.lost = True
    with pytest.raises(UnavailableError):
        hospital.receive(token)

    hospital.house.store.lost = False
    assert hospital.receive(token).code == "accepted"
    assert not hospital.house.sign_in("ana").success


@pytest.mark.parametrize("saves", range(1, 5))
@pytest.mark.usefixtures("ana")
def test_a_crash_at_any_save_loses_nothing(hospital: Hospital, saves: int) -> None:
    hospital.house.sign_in("ana")
    token = hospital.token(DISABLED, iss_sub("ana"))
    left = saves

    def crash() -> None:
        nonlocal left
        left -= 1
        if not left:
            raise KeyboardInterrupt
        hospital.house.store.before_next_save = crash

    hospital.house.store.before_next_save = crash
    with contextlib.suppress(KeyboardInterrupt):
        hospital.receive(token)
    hospital.house.store.before_next_save = None

    assert hospital.receive(token).code in {"accepted", "duplicate"}
    assert not hospital.sessions()
    assert not hospital.house.sign_in("ana").success
    assert len(hospital.records()) == 1


def test_a_refused_token_is_on_record_once_a_minute_for_each_reason(hospital: Hospital) -> None:
    for _ in range(50):
        with pytest.raises(SignalRefusedError):
            hospital.receive(b"garbage")

    (entry,) = hospital.records()
    assert (entry["outcome"], entry["code"]) == ("refused", "not_a_security_event_token")
    assert entry["act"].actor == "anonymous"
