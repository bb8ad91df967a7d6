"""What an attempt notices of its frames' times and payloads, and what it holds and lets go."""

from __future__ import annotations

from datetime import timedelta
from typing import TYPE_CHECKING, Any

import numpy as np
import pytest

from adapters.memory.vision import FORMER_MODEL, picture
from application.held import HeldCrop, HeldCrops
from application.ports.vision import FaceCrop
from application.services import Policies
from domain.policies.liveness import EvidencePolicy
from domain.policies.movement import LOOK_UP, TURN_LEFT
from tests.film import AWAY, FRAME_MS, Film, active_house, performed
from tests.house import House, WatchedJudge, build_house, restarted

if TYPE_CHECKING:
    from collections.abc import Callable

STEPS = (TURN_LEFT, LOOK_UP)


@pytest.fixture
def house() -> House:
    house = active_house(*STEPS)
    house.enroll("ana")
    return house


@pytest.fixture
def passive() -> House:
    house = build_house()
    house.enroll("ana")
    return house


def answered(film: Film) -> Film:
    return film.straight().move(TURN_LEFT).straight().move(LOOK_UP).straight()


# Times --------------------------------------------------------------------------------------------------------------


def test_a_client_that_stops_to_say_when_frames_were_taken_is_refused(house: House) -> None:
    film = Film(house).straight(2)
    film.timed = False

    assert film.straight(1).over
    assert film.outcome().code == "liveness_failed"
    assert film.reason == "clocks_disagree"


def test_a_client_that_begins_to_say_so_late_is_refused(house: House) -> None:
    film = Film(house, timed=False).straight(2)
    film.timed = True
    film.at_ms = 2 * FRAME_MS

    assert film.straight(1).over


@pytest.mark.parametrize(
    ("step", "reason"), [(-500.0, "time_runs_backwards"), (9_000.0, "clocks_disagree")], ids=["back", "far ahead"]
)
def test_times_that_cannot_be_end_the_attempt(house: House, step: float, reason: str) -> None:
    film = Film(house).straight(3)
    film.at_ms += step

    assert film.straight(1).over
    film.outcome()
    assert film.reason == reason


def test_garbage_says_nothing_of_clocks(house: House) -> None:
    film = Film(house)
    for _ in range(4):
        film.attempt.take(b"", film.attempt.note_received(None, garbage=True))
        film.straight(1)
    assert film.attempt.frames_received == 8

    film.move(TURN_LEFT).straight().move(LOOK_UP).straight()
    assert film.outcome().success


@pytest.mark.parametrize(("ms", "reason"), [(8.0, "frame_rate_too_high"), (450.0, "frame_rate_too_low")])
def test_frames_at_no_camera_s_rate_are_refused_and_stay_so(passive: House, ms: float, reason: str) -> None:
    film = Film(passive)
    for _ in range(160 if ms < FRAME_MS else 4):
        film.frame(ms=ms)
    assert film.over

    for _ in range(400):  # what still arrives before the decision must not turn it
        film.at_ms += FRAME_MS
        passive.clock.advance(timedelta(milliseconds=FRAME_MS))
        film.attempt.note_received(film.at_ms)
    assert film.outcome().code == "liveness_failed"
    assert film.reason == reason


def test_without_times_of_its_own_the_service_goes_by_its_clock(house: House) -> None:
    assert answered(Film(house, timed=False)).outcome().success


# Payloads -----------------------------------------------------------------------------------------------------------


def repeat(film: Film, times: int, payload: bytes = picture("ana", take=7)) -> Film:
    for _ in range(times):
        film.at_ms += FRAME_MS
        film.house.clock.advance(timedelta(milliseconds=FRAME_MS))
        film.report = film.attempt.take(payload, film.attempt.note_received(film.at_ms))
    return film


@pytest.mark.parametrize(("mode", "forgiven"), [("active", 8), ("passive", 2)])
def test_a_slow_camera_repeats_a_picture_and_a_file_for_ever(mode: str, forgiven: int) -> None:
    house = build_house(Policies(evidence=EvidencePolicy(mode=mode)), steps=STEPS)
    film = repeat(Film(house), forgiven)
    assert not film.over

    assert repeat(film, 1).over
    film.outcome()
    assert film.reason == "repeated_frames"


def test_a_picture_that_comes_again_later_ends_the_attempt(house: House) -> None:
    film = repeat(Film(house), 1).straight(1)

    assert repeat(film, 1).over


def test_repeated_pictures_are_no_evidence(passive: House) -> None:
    film = repeat(Film(passive, timed=False), 2)

    assert len(passive.judge.crops) - 5 <= 1
    assert not film.over


def test_damaged_pictures_may_come_again(house: House) -> None:
    film = repeat(Film(house), 12, b"not a picture")

    assert film.guidance == "invalid_image"
    assert not film.over


# Still pictures -----------------------------------------------------------------------------------------------------


def test_passively_a_face_that_never_moves_otherwise_than_a_photograph_is_refused(passive: House) -> None:
    film = Film(passive)
    film.extra["still"] = 1

    film.straight(80)

    assert film.over
    assert film.outcome().code == "presentation_attack"
    assert film.reason == "still_picture"


def test_passively_a_face_that_moves_is_let_in(passive: House) -> None:
    film = Film(passive).straight(80)

    assert film.outcome().success
    assert film.shown < 40


def test_one_odd_frame_does_not_make_a_photograph_alive(passive: House) -> None:
    film = Film(passive)
    for number in range(80):
        film.frame(still=int(number % 4 != 3))

    assert not film.outcome(last=True).success


def test_nor_is_it_alive_at_the_end_because_its_last_frame_was_odd(passive: House) -> None:
    film = Film(passive).straight(25, still=1).straight(1)
    assert not film.over

    assert film.outcome(last=True).code == "presentation_attack"


def test_a_face_that_may_be_another_s_at_the_end_is_not_let_in(passive: House) -> None:
    film = Film(passive, timed=False).straight(2).straight(1, face="bia", unfit="eyes_closed")
    assert not film.over

    assert film.outcome(last=True).code == "liveness_failed"
    assert film.reason == "too_few_usable_frames", "the evidence began again with the other face"


@pytest.mark.parametrize("timed", [True, False])
def test_one_good_picture_among_averted_ones_is_not_enough(passive: House, timed: bool) -> None:
    """A photograph that is tilted but for one frame: there is nothing to compare that one with."""
    film = Film(passive, timed=timed).straight(4 if not timed else 25, unfit="look_straight").straight(1)

    assert not film.over
    assert film.outcome(last=True).code == "liveness_failed"
    assert film.reason == "too_few_usable_frames"


# No trace -----------------------------------------------------------------------------------------------------------

ENDINGS: dict[str, Callable[[Film], object]] = {
    "success": lambda film: answered(film).outcome(),
    "refusal": lambda film: film.straight(6).move(LOOK_UP, held=6, pitch=33.0).outcome(),
    "timeout": lambda film: film.straight(5).attempt.decide(timeout=True),
    "restart and giving up": lambda film: film.straight(5).straight(3, faces=0).given_up(),
    "another face and giving up": lambda film: film.straight(5).straight(3, face="bia").given_up(),
    "nothing": lambda film: film.given_up(),
}


@pytest.mark.parametrize("ending", ENDINGS)
@pytest.mark.parametrize("former", [None, FORMER_MODEL])
def test_however_it_ends_no_face_stays(ending: str, former: Any) -> None:
    house = active_house(*STEPS)
    house.enroll("ana")
    house = restarted(house, WatchedJudge(former=former))

    film = Film(house)
    ENDINGS[ending](film)

    witness = film.attempt._witness
    assert bool(house.judge.crops) == (ending != "nothing")
    assert house.traces == 0
    assert witness._last is None
    shapes = [frame.shape.landmarks for frame in witness.watch.frames if frame.shape is not None]
    coarse = [part for frame in witness.watch.frames for part in (frame.scene, frame.face) if part is not None]
    assert bool(shapes) == bool(coarse) == (ending != "nothing")
    assert not any(array.any() for array in (*shapes, *coarse))


def test_a_restart_lets_go_of_every_face_at_once(house: House) -> None:
    film = Film(house).straight().move(TURN_LEFT).straight()
    assert house.traces > 0

    film.straight(3, faces=0)

    assert house.traces == 0


@pytest.mark.parametrize("fails_at", range(1, 8))
def test_a_model_that_fails_leaves_no_face_behind(fails_at: int) -> None:
    house = active_house(*STEPS)
    house.enroll("ana")
    house = restarted(house, WatchedJudge(former=FORMER_MODEL))
    calls, embed = [0], house.judge.embed

    def failing(*args: Any) -> Any:
        calls[0] += 1
        if calls[0] % 30 == fails_at:
            raise RuntimeError("a bug")
        return embed(*args)

    house.judge.embed = failing  # type: ignore[method-assign, assignment]
    film = Film(house)
    with pytest.raises(RuntimeError):
        answered(film).outcome()
    film.attempt.wipe()

    assert house.traces == 0


@pytest.mark.parametrize(("former", "most"), [(None, 4), (FORMER_MODEL, 8)])
def test_only_a_handful_of_faces_is_held_at_once(former: Any, most: int) -> None:
    house = active_house(*STEPS)
    house.enroll("ana")
    house = restarted(house, WatchedJudge(former=former))
    film, held = Film(house), []
    straight: list[dict[str, Any]] = [{}] * 30
    for way in [*straight, *performed(TURN_LEFT), *straight, *performed(LOOK_UP), {}]:
        film.frame(**way, **(AWAY if way else {}))
        held.append(sum(bool(crop.pixels.any()) for crop in house.judge.crops))

    assert max(held) <= most
    assert max(held) > 1


# Held faces ---------------------------------------------------------------------------------------------------------


def crop() -> FaceCrop:
    return FaceCrop(np.ones((112, 112, 3), np.uint8))


def put(held: HeldCrops, *faces: tuple[int, bool, float, int]) -> list[HeldCrop]:
    made = [HeldCrop(frame, crop(), live, quality, segment) for frame, live, quality, segment in faces]
    for one in made:
        held.put(one)
    return made


def test_of_every_part_the_best_is_kept_and_of_equals_the_later() -> None:
    held = HeldCrops()
    put(held, (0, True, 0.9, 0), (1, True, 0.5, 0), (2, True, 0.7, 1), (3, True, 0.7, 1))

    assert [one.frame for one in held.probes] == [0, 3]


def test_what_is_not_live_is_overwritten_at_once() -> None:
    held = HeldCrops(room=3)
    (gone,) = put(held, (0, False, 1.0, 0))

    assert not gone.crop.pixels.any()
    assert held.probes == held.by_time == []


def test_where_there_is_room_the_newest_stay_besides() -> None:
    held = HeldCrops(room=2)
    made = put(held, *((frame, True, 1.0 - frame / 10, 0) for frame in range(6)))

    assert [one.frame for one in held.by_time] == [0, 4, 5]
    assert [bool(one.crop.pixels.any()) for one in made] == [True, False, False, False, True, True]
    assert len(held.live) == 3
    held.wipe()
    assert not any(one.crop.pixels.any() for one in made)
    assert held.live == []
