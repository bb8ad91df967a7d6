"""Every code with which somebody can be refused has words, and the person is taught nothing about the tests."""

from __future__ import annotations

import re
from pathlib import Path
from types import ModuleType

import pytest

from adapters.vision import quality
from application import authenticate, outcome, password, password_check, proving, second_factor, witness
from application.confirm import NOT_CONFIRMED
from application.words import rights as rights_words
from application.words.person import NO_LIFE, TOLD, WITHHELD, for_person, of_code
from application.words.reasons import UNSAID, reason_words
from domain import request as rules
from domain.policies import challenge, continuity, depth, liveness, matching, movement, watching

OTHER = "another technical reason"
CODE = re.compile(r"[a-z]+(_[a-z]+)*")


def constants(module: ModuleType) -> set[str]:
    return {
        value
        for name, value in vars(module).items()
        if name.isupper() and isinstance(value, str) and CODE.fullmatch(value)
    }


def said_in(module: ModuleType, pattern: str) -> set[str]:
    """Codes that stand in a module's text, where that pattern's first group is one."""
    return set(re.findall(pattern, Path(str(module.__file__)).read_text(encoding="utf-8")))


def reasons() -> set[str]:
    found = constants(continuity) | constants(depth) | {liveness.LATEST_BELOW, witness.STILL}
    found |= {matching.GALLERY_EMPTY, matching.BELOW_THRESHOLD, matching.MARGIN_TOO_SMALL, matching.CLAIM_NOT_FOUND}
    found |= constants(proving) - {"device_required", "device_rejected"}
    found |= {error.code for error in NOT_CONFIRMED} | {"template_replaced"}
    found |= said_in(quality, r'": "([a-z_]+)",')
    found |= said_in(liveness, r'return "([a-z_]+)"')
    found |= said_in(watching, r'(?:Insufficient\([A-Z_]+, |or |\n +LIVENESS_FAILED, |else )"([a-z_]+)"')
    found |= said_in(challenge, r'Insufficient\([A-Z_]+, "([a-z_]+)"\)')
    found |= said_in(password_check, r'(?:return|or|else|=) "([a-z_]+)"')
    found |= said_in(password, r'code, "([a-z_]+)", who')
    found |= said_in(second_factor, r'return "([a-z_]+)"')
    return found - {"username", "device", "sealed"}


def test_the_reasons_were_found_at_all() -> None:
    expected = {"below_threshold", "blurred", "looping_video", "device_silent", "temporary_password", "no_steady_face"}
    assert expected <= reasons()
    assert len(reasons()) > 40


@pytest.mark.parametrize("reason", sorted(reasons()))
def test_every_exact_reason_has_words_for_the_officer(reason: str) -> None:
    assert reason_words(reason) != UNSAID.with_values(code=reason)


@pytest.mark.parametrize(
    "step", sorted(constants(movement) & {"turn_left", "turn_right", "look_up", "look_down", "blink"})
)
def test_a_movement_that_was_not_made_has_words(step: str) -> None:
    for reason in (f"{step}_too_late", f"{step}_instead_of_blink", f"{step}_not_seen"):
        assert reason_words(reason) != UNSAID.with_values(code=reason)


def test_every_code_that_a_client_hears_has_words() -> None:
    heard = {outcome.NOT_RECOGNISED, outcome.UNAVAILABLE, outcome.LOCKED_OUT, outcome.RATE_LIMITED, "timeout"}
    heard |= {*outcome.NEXT_STEPS, liveness.LIVENESS_FAILED, liveness.CHALLENGE_FAILED, liveness.QUALITY_TOO_LOW}
    heard |= {password.WRONG_PASSWORD, second_factor.PASSWORD_REQUIRED, "password_change_required", *authenticate.STAYS}

    assert {code for code in heard if of_code(code)[1] == OTHER} == set()


@pytest.mark.parametrize("reason", sorted(WITHHELD))
def test_no_person_learns_which_test_saw_through_what_was_shown(reason: str) -> None:
    assert for_person("presentation_attack", reason) == NO_LIFE
    assert reason_words(reason) != NO_LIFE


def test_a_reason_that_this_version_does_not_know_is_told_as_such() -> None:
    assert for_person("brand_new", "brand_new")[1] == OTHER
    assert for_person(None, None)[1] == OTHER
    assert TOLD.isdisjoint(WITHHELD)
    assert {"looping_video", "depth_flat", "median_below_threshold", "device_signature"} <= WITHHELD


def test_whatever_a_request_can_be_or_become_has_words() -> None:
    assert set(rights_words.KINDS) == set(rules.KINDS)
    assert set(rights_words.STATES) == set(rules.STATES)
    assert set(rights_words.REASONS) == {code for codes in rules.REVIEW_REASONS.values() for code in codes}
    assert set(rights_words.MEASURES) == set(rules.MEASURES)
    assert set(rights_words.BASES) == set(rules.LEGAL_BASES)
    assert set(rules.REFUSAL_REASONS) < set(rights_words.OUTCOMES)
