"""What FACEAUTH_LIVENESS says, and what it does not reach: photographs tried out by an operator."""

from __future__ import annotations

from pathlib import Path

import pytest

from application.services import Policies
from domain.policies.liveness import ACTIVE, PASSIVE, EvidencePolicy
from domain.policies.movement import ENABLED
from entrypoints import examination
from entrypoints.cli.people import sign_in
from entrypoints.settings import Settings
from tests.house import ICU, build_house, frames


def test_the_doctor_finds_the_active_policy_well(tmp_path: Path) -> None:
    (found,) = examination._liveness(Settings(home=tmp_path, liveness="active"))

    assert (found.name, found.state, found.remedy) == ("liveness", "ok", "")
    assert all(movement in found.detail for movement in ENABLED)


def test_the_doctor_warns_of_the_passive_policy_and_says_what_to_do(tmp_path: Path) -> None:
    (found,) = examination._liveness(Settings(home=tmp_path, liveness="passive"))

    assert (found.name, found.state) == ("liveness", "warning")
    assert "FACEAUTH_LIVENESS" in found.remedy


def test_the_service_asks_for_movements_unless_it_is_told_not_to(tmp_path: Path) -> None:
    assert Settings(home=tmp_path).liveness == "active"


@pytest.mark.parametrize("mode", [ACTIVE, PASSIVE])
def test_photographs_that_an_operator_tries_are_judged_passively_and_the_session_says_so(mode: str) -> None:
    house = build_house(Policies(evidence=EvidencePolicy(mode=mode)), steps=("turn_left", "turn_right"))
    house.enroll("ana")

    outcome = sign_in(house.services, frames("ana")[:1], department=ICU)

    assert outcome.success
    assert house.last("session.opened.v1")["acr"] == "urn:faceauth:acr:face-passive"
    assert house.last("attempt.started.v1")["policy"] == PASSIVE
    assert house.services.policies.evidence.mode == mode


def test_an_operators_photograph_of_a_photograph_is_refused_all_the_same() -> None:
    house = build_house(Policies(evidence=EvidencePolicy(mode=ACTIVE)))
    house.enroll("ana")

    assert sign_in(house.services, frames("ana", [0.01]), department=ICU).code == "presentation_attack"
