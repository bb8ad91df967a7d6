"""Stories of signing in when something is missing, and of what is left behind afterwards."""

from __future__ import annotations

import pytest

from adapters.memory.vision import picture
from application import erase
from application.origin import client_binding
from application.ports.vault import Binding, subject_owner
from application.services import Policies
from domain.attempt import Attempt
from domain.errors import KeyDestroyedError, SealBrokenError, UnavailableError
from domain.policies.liveness import EvidencePolicy
from tests.house import ADDRESS, AGENT, House, build_house, frames


def test_no_attempt_begins_without_a_store(house: House) -> None:
    house.store.lost = True

    with pytest.raises(UnavailableError):
        house.attempt().start()


def test_a_store_lost_before_the_decision_is_a_refusal(house: House) -> None:
    house.enroll("ana")
    attempt = house.shown(frames("ana"))
    house.store.lost = True

    outcome = attempt.decide()

    assert (outcome.success, outcome.code, outcome.next_step) == (False, "unavailable", "password")
    assert house.traces == 0


def test_a_store_lost_at_the_very_commit_is_a_refusal(house: House) -> None:
    house.enroll("ana")
    attempt = house.shown(frames("ana"))
    house.store.before_next_save = lambda: setattr(house.store, "lost", True)

    outcome = attempt.decide()

    house.store.lost = False
    assert (outcome.success, outcome.code) == (False, "unavailable")
    assert "session.opened.v1" not in house.names()


def test_a_bug_in_vision_is_not_taken_for_a_refusal(house: House) -> None:
    attempt = house.shown(frames("ana"))
    house.judge.bug = ZeroDivisionError("a bug")

    with pytest.raises(ZeroDivisionError):
        attempt.take(picture("ana"))


def test_a_person_whose_key_is_gone_is_not_admitted(house: House) -> None:
    enrolled = house.enroll("ana")
    house.vault.destroy_key(f"subject:{enrolled.subject_id}")
    house.gallery.catch_up(house.store.position())

    outcome = house.sign_in("ana")

    assert not outcome.success


# No trace of a face -------------------------------------------------------------------------------------------------


def test_a_decision_wipes_every_crop_and_embedding(house: House) -> None:
    house.enroll("ana")
    seen = len(house.judge.crops)

    house.sign_in("ana")

    assert len(house.judge.crops) == seen + 3
    assert house.traces == 0


def test_a_refusal_wipes_every_crop_and_embedding(house: House) -> None:
    house.sign_in("stranger")

    assert len(house.judge.crops) == 3
    assert house.traces == 0


def test_only_the_best_crop_and_the_newest_are_held_while_frames_come() -> None:
    house = build_house(Policies(evidence=EvidencePolicy(min_usable=9)))

    house.shown(frames("ana", [0.98] * 5))

    assert len(house.judge.crops) == 5
    assert sum(bool(crop.pixels.any()) for crop in house.judge.crops) == 2
    assert house.traces <= 4, "each with its embedding at most"


def test_giving_up_wipes_the_crop_and_is_recorded(house: House) -> None:
    attempt = house.shown(frames("ana")[:2])

    attempt.abandon("client_gone")

    assert house.traces == 0
    assert house.last("attempt.abandoned.v1")["reason"] == "client_gone"
    assert house.last("attempt.evidence_assessed.v1")["evidence"].frames_judged == 2


def test_giving_up_without_a_store_still_wipes_the_crop(house: House) -> None:
    attempt = house.shown(frames("ana")[:2])
    house.store.lost = True

    with pytest.raises(UnavailableError):
        attempt.abandon("client_gone")

    assert house.traces == 0


def test_giving_up_after_the_decision_changes_nothing(house: House) -> None:
    house.enroll("ana")
    attempt = house.shown(frames("ana"))
    attempt.decide()
    before = house.store.position()

    attempt.abandon("client_gone")

    assert house.store.position() == before


def test_giving_up_before_the_start_records_nothing(house: House) -> None:
    house.attempt().abandon("client_gone")

    assert house.names() == []


def test_where_an_attempt_of_nobody_we_know_came_from_goes_with_the_key_of_its_month(house: House) -> None:
    attempt = house.shown(frames("stranger"))
    assert not attempt.decide().success
    recorded = house.store.get(Attempt, attempt.attempt_id)

    assert recorded.epoch == "2030-01"
    binding = client_binding(attempt.attempt_id, "epoch:2030-01")
    assert house.vault.unseal(binding, recorded.client_sealed) == f"{ADDRESS}\n{AGENT}".encode()
    house.vault.destroy_key("epoch:2030-01")
    with pytest.raises(KeyDestroyedError):
        house.vault.unseal(binding, recorded.client_sealed)


def test_where_somebody_signed_in_from_goes_with_the_person(house: House) -> None:
    subject_id = house.enroll("ana").subject_id
    attempt = house.shown(frames("ana"))
    assert attempt.decide().success
    recorded = house.store.get(Attempt, attempt.attempt_id)

    assert recorded.epoch == ""
    binding = client_binding(attempt.attempt_id, subject_owner(subject_id))
    assert house.vault.unseal(binding, recorded.client_sealed) == f"{ADDRESS}\n{AGENT}".encode()
    assert [row["client_sealed"] for row in house.rows("auth_log_rows")] == [recorded.client_sealed]
    erase.erase(house.services, subject_id, act=house.act())
    assert [row["client_sealed"] for row in house.rows("auth_log_rows")] == [""]
    with pytest.raises(KeyDestroyedError):
        house.vault.unseal(binding, recorded.client_sealed)


def test_a_month_s_key_that_somebody_changed_costs_the_address_and_nobody_the_way_in(
    house: House, monkeypatch: pytest.MonkeyPatch
) -> None:
    house.enroll("ana")
    seal = house.vault.seal

    def broken(binding: Binding, plaintext: bytes) -> str:
        if binding.owner.startswith("epoch:"):
            raise SealBrokenError("changed")
        return seal(binding, plaintext)

    monkeypatch.setattr(house.vault, "seal", broken)

    assert house.sign_in("stranger").code == "face_not_recognised"
    assert house.sign_in("ana").success
    entry = house.last("journal.recorded.v1")
    assert (entry["kind"], entry["outcome"], entry["facts"]) == ("epoch_key", "broken", {"place": "epoch:2030-01"})
