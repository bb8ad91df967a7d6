"""Signing in by movements: what is asked, answered, proven and forgotten."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np
import pytest

from adapters.memory.vision import FORMER_MODEL, MODEL, depth_map
from application import rotate
from domain.errors import ConfigurationError
from domain.policies.movement import COME_CLOSER, LOOK_DOWN, LOOK_UP, TURN_LEFT, TURN_RIGHT
from domain.rotation import MODEL_UPGRADE
from domain.session import Session
from tests.film import AWAY, Film, active_house, performed
from tests.house import House, WatchedJudge, build_house, frames, restarted

if TYPE_CHECKING:
    from collections.abc import Sequence

STEPS = (TURN_LEFT, LOOK_UP)


@pytest.fixture
def house() -> House:
    house = active_house(*STEPS)
    house.enroll("ana")
    return house


def answered(film: Film, *steps: str) -> Film:
    """A whole sign-in."""
    film.straight()
    for step in steps or STEPS:
        film.move(step)
    return film.straight()


def test_movements_that_were_asked_for_let_a_person_in_and_the_token_says_so(
    house: House, monkeypatch: pytest.MonkeyPatch
) -> None:
    told: list[str] = []
    issue = house.services.tokens.issue_access

    def telling(*, acr: str, **claims: Any) -> Any:
        told.append(acr)
        return issue(acr=acr, **claims)

    monkeypatch.setattr(house.services.tokens, "issue_access", telling)
    film = answered(Film(house))
    assert film.over

    outcome = film.outcome()

    assert outcome.admission is not None
    assert house.store.get(Session, outcome.admission.session_id).acr == "urn:faceauth:acr:face-active"
    assert told == ["urn:faceauth:acr:face-active"]
    assert house.last("session.opened.v1")["acr"] == "urn:faceauth:acr:face-active"


def test_passively_the_token_says_less() -> None:
    house = build_house()
    house.enroll("ana")

    house.shown(frames("ana")).decide()

    assert house.last("session.opened.v1")["acr"] == "urn:faceauth:acr:face-passive"


def test_the_history_tells_what_was_asked_and_seen(house: House) -> None:
    answered(Film(house)).outcome()

    assert house.last("attempt.challenge_issued.v1")["challenge"] == "turn_left look_up"
    evidence = house.last("attempt.evidence_assessed.v1")["evidence"]
    assert evidence.challenge == [*STEPS]
    assert evidence.parallax > 0.06
    assert evidence.restarts == {}


def test_the_person_is_told_one_movement_at_a_time(house: House) -> None:
    film = Film(house)

    assert film.straight(2).guidance == "hold_still"
    assert film.straight(1).guidance == TURN_LEFT
    assert film.move(TURN_LEFT).guidance == LOOK_UP
    assert film.move(LOOK_UP).guidance == "hold_still"


@pytest.mark.parametrize("shown", [TURN_RIGHT, LOOK_DOWN])
def test_another_movement_is_refused_and_may_be_tried_again(house: House, shown: str) -> None:
    film = Film(house).straight(6)
    for way in performed(shown, 4):
        film.frame(**{name: 1.3 * value for name, value in way.items() if name in ("yaw", "pitch")}, **AWAY)

    assert film.over
    outcome = film.outcome()
    assert (outcome.code, outcome.next_step, film.reason) == (
        "challenge_failed",
        "retry",
        f"{shown}_instead_of_turn_left",
    )
    assert house.traces == 0


def test_the_right_movements_in_the_wrong_order_are_refused(house: House) -> None:
    film = Film(house).straight(6)
    for way in performed(LOOK_UP, 5):
        film.frame(pitch=1.4 * way["pitch"], **AWAY)

    assert film.outcome().code == "challenge_failed"


def test_no_answer_is_none(house: House) -> None:
    film = Film(house).straight(170)

    assert film.outcome().code == "challenge_failed"
    assert film.reason == "turn_left_too_late"


def test_a_photograph_that_is_tilted_as_asked_is_never_let_in(house: House) -> None:
    film = Film(house)
    film.extra["flat"] = 1
    answered(film)

    assert not film.outcome(last=True).success


# The picture that is decided on -------------------------------------------------------------------------------------


@pytest.mark.parametrize("last", [COME_CLOSER, LOOK_UP])
def test_a_better_picture_while_moving_does_not_take_the_place_of_the_last_look(last: str) -> None:
    house = active_house(TURN_LEFT, last)
    house.enroll("ana")
    film = Film(house).straight().move(TURN_LEFT).straight(2)
    for way in performed(last):
        film.frame(**way, quality=0.99)

    assert film.straight().outcome().success


def test_a_face_that_is_not_straight_yet_does_not_either(house: House) -> None:
    film = Film(house).straight().move(TURN_LEFT)
    for pitch in (9.0, 16.0, 20.0, 21.0, 21.0):
        film.frame(pitch=pitch, **AWAY)
    film.frame(pitch=14.0, quality=0.99)

    assert film.straight().outcome().success


def test_the_probe_is_the_mean_of_the_best_face_of_every_part(house: House) -> None:
    probes = []
    search = house.gallery.search

    def watched(department: str, probe: object, *rest: object) -> object:
        probes.append(probe.vector.copy())  # type: ignore[attr-defined]
        return search(department, probe, *rest)  # type: ignore[arg-type]

    house.gallery.search = watched  # type: ignore[method-assign, assignment]
    film = Film(house)
    made: list[tuple[int, np.ndarray]] = []
    embed = house.judge.embed

    def embedding(crop: object, model: object = None) -> object:
        one = embed(crop, model)  # type: ignore[arg-type]
        facts = bytes(crop.pixels.tobytes()).rstrip(b"\0")  # type: ignore[attr-defined]
        made.append((int(facts.split(b'"take": ')[1].split(b",")[0].rstrip(b"}")) - 1_000, one.vector.copy()))
        return one

    house.judge.embed = embedding  # type: ignore[method-assign, assignment]
    film.straight(2).straight(1, quality=0.99).straight(1).move(TURN_LEFT).straight(1, quality=0.98)
    first_best, second_best = 3, film.shown
    film.move(LOOK_UP).straight(3, quality=0.95)

    assert film.outcome().success
    by_frame = dict(made)
    mean = sum(by_frame[at] for at in (first_best, second_best, film.shown)) / 3
    np.testing.assert_allclose(probes[0], mean / np.linalg.norm(mean), atol=1e-5)


# One person ---------------------------------------------------------------------------------------------------------


def swapped(house: House, *faces: str) -> Film:
    """A sign-in whose straight looks, first movement and second movement are different people's."""
    straight, first, second = faces
    film = Film(house, straight).straight().move(STEPS[0], face=first).straight(3)
    return film.move(STEPS[1], face=second).straight(6)


@pytest.mark.parametrize("faces", [("ana", "bia", "ana"), ("ana", "ana", "bia"), ("ana", "bia", "bia")])
def test_a_photograph_and_somebody_else_s_head_are_not_one_person(house: House, faces: Sequence[str]) -> None:
    film = swapped(house, *faces)

    assert film.attempt._witness.watch.restarts["face_changed"] >= 1
    assert not film.outcome(last=True).success
    assert house.traces == 0


def test_the_one_who_moved_is_the_one_who_gets_in_whatever_their_own_pictures_were_worth(house: House) -> None:
    """Frames that never pass alone leave no face behind: they must not answer for the one that comes last."""
    film = Film(house, "bia").straight(3, pad=0.1).straight(3, unfit="eyes_closed")
    film.move(TURN_LEFT).straight(3, unfit="eyes_closed").move(LOOK_UP)
    film.straight(6, face="ana")

    assert not film.outcome(last=True).success


def test_who_changes_faces_again_and_again_is_refused(house: House) -> None:
    film = Film(house)
    for number in range(40):
        film.straight(3, face=("ana", "bia")[number % 2])

    assert film.over
    assert film.outcome().code == "liveness_failed"
    assert film.reason == "face_changed"
    assert house.traces == 0


def test_after_somebody_else_the_whole_is_asked_again_with_other_movements(house: House) -> None:
    draws = iter([STEPS, (LOOK_DOWN, TURN_RIGHT)])
    object.__setattr__(house.services.challenges, "draw", lambda *_: next(draws))
    film = Film(house, "bia").straight().move(TURN_LEFT).straight(4, face="ana")
    film.face = "ana"

    assert film.straight(4).guidance == LOOK_DOWN
    assert film.move(LOOK_DOWN).straight(3).move(TURN_RIGHT).straight().outcome().success
    assert house.last("attempt.evidence_assessed.v1")["evidence"].challenge == [LOOK_DOWN, TURN_RIGHT]


# Draws --------------------------------------------------------------------------------------------------------------


def test_a_draw_without_a_turn_is_drawn_again() -> None:
    house = active_house(COME_CLOSER)
    draws = iter([(COME_CLOSER,), (COME_CLOSER,), (LOOK_UP,)])
    object.__setattr__(house.services.challenges, "draw", lambda *_: next(draws))

    assert house.attempt()._witness.watch.steps == (LOOK_UP,)


def test_a_source_that_never_gives_a_turn_is_no_source() -> None:
    with pytest.raises(ConfigurationError):
        active_house(COME_CLOSER).attempt()


# A former model -----------------------------------------------------------------------------------------------------


def test_movements_bring_the_captures_for_a_new_model_too() -> None:
    judge = WatchedJudge(former=FORMER_MODEL)
    house = active_house(*STEPS, judge=WatchedJudge(model=FORMER_MODEL))
    house.enroll("ana")
    house = restarted(house, judge)
    rotate.plan(house.services, reason=MODEL_UPGRADE, act=house.act())
    rotate.run(house.services, act=house.act())

    assert answered(Film(house)).outcome().success

    assert house.last("rotation.template_rotated.v1")["model"] == MODEL
    assert house.traces == 0


# Depth --------------------------------------------------------------------------------------------------------------


def test_a_flat_map_through_all_of_it_is_an_attack(house: House) -> None:
    film = Film(house)
    for number in range(20):
        film.frame(depth=depth_map(relief=0.0, take=number))

    assert film.outcome(last=True).code == "presentation_attack"
    assert film.reason == "depth_flat"
