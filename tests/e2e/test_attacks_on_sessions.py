"""Whole sessions in front of the real models: who is not a live person, moving as asked, does not get to the match."""

from __future__ import annotations

from itertools import chain
from pathlib import Path
from typing import TYPE_CHECKING

import cv2
import numpy as np
import pytest

from adapters.vision.load import load_pipeline
from domain.policies.movement import BLINK, COME_CLOSER, LOOK_DOWN, LOOK_UP, TURN_LEFT, TURN_RIGHT
from tests.e2e.filmed import filmed, noisy, photograph, shown

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from adapters.vision.pipeline import VisionPipeline
    from application.evaluation.sessions import SessionResult
    from application.ports.vision import Image

pytestmark = [pytest.mark.models, pytest.mark.data]

BOTH_WAYS = (TURN_LEFT, TURN_RIGHT)
ALL_WAYS = (TURN_LEFT, TURN_RIGHT, LOOK_DOWN, LOOK_UP)
WAVE = np.sin(np.linspace(0, 2 * np.pi, 24))


@pytest.fixture(scope="module")
def judge(installed_models: Path) -> VisionPipeline:
    return load_pipeline(installed_models)


@pytest.fixture(scope="module")
def clips(evaluation_data: Path) -> Path:
    return evaluation_data / "clips"


@pytest.fixture(scope="module")
def mover(clips: Path) -> list[Image]:
    """A man who turns left, right, down and up and then closes his eyes."""
    return filmed(clips / "replay/tranvanluyt2203_real.mp4", 0, 18.5)


@pytest.fixture(scope="module")
def woman(clips: Path) -> list[Image]:
    return filmed(clips / "motion/d18.mp4", 0, 3)


@pytest.fixture(scope="module")
def man(clips: Path) -> list[Image]:
    return filmed(clips / "motion/d10.mp4", 0, 5)


def fitted(picture: Image, like: Image) -> Image:
    """Return a picture in the size of another, cut from its middle."""
    height, width = like.shape[:2]
    scale = max(height / picture.shape[0], width / picture.shape[1])
    grown = cv2.resize(picture, None, fx=scale, fy=scale)
    top, left = (grown.shape[0] - height) // 2, (grown.shape[1] - width) // 2
    return np.asarray(grown[top : top + height, left : left + width], np.uint8)


@pytest.mark.parametrize("steps", [BOTH_WAYS, (*ALL_WAYS, BLINK)], ids=["two", "five"])
def test_who_moves_as_asked_is_let_through(judge: VisionPipeline, mover: list[Image], steps: tuple[str, ...]) -> None:
    result = shown(judge, mover, steps)

    assert (result.accepted, result.code, result.done) == (True, "ok", len(steps))


@pytest.mark.parametrize("name", ["d10", "d11", "d12", "d14", "d18", "d20", "webcam"])
def test_who_only_looks_is_let_through_passively(judge: VisionPipeline, clips: Path, name: str) -> None:
    path = clips / ("webcam/cap12.mp4" if name == "webcam" else f"motion/{name}.mp4")

    assert shown(judge, filmed(path, 0, 2)).accepted


PHOTOGRAPHS: dict[str, Callable[[Image, float], Image]] = {
    "aside": lambda picture, w: photograph(picture, aside=0.12 * w),
    "nearer": lambda picture, w: photograph(picture, near=1 + 0.5 * abs(w)),
    "tilted sideways": lambda picture, w: photograph(picture, yaw=45 * w),
    "tilted over": lambda picture, w: photograph(picture, pitch=40 * w),
    "bent": lambda picture, w: photograph(picture, bend=0.1 + 1.4 * abs(w)),
    "bent and tilted": lambda picture, w: photograph(picture, yaw=45 * w, bend=1.2),
}


def by_hand(picture: Image, kind: str) -> list[Image]:
    return [noisy(PHOTOGRAPHS[kind](picture, w), number) for number, w in enumerate(WAVE)]


@pytest.mark.parametrize("kind", PHOTOGRAPHS)
def test_a_photograph_moved_by_hand_turns_no_head(judge: VisionPipeline, man: list[Image], kind: str) -> None:
    result = shown(judge, by_hand(man[0], kind), BOTH_WAYS)

    assert ending(result) == ("challenge_failed", "turn_left_not_seen")


@pytest.mark.parametrize("kind", ["aside", "nearer", "bent"])
def test_a_photograph_moved_by_hand_is_a_still_picture(judge: VisionPipeline, man: list[Image], kind: str) -> None:
    """Tilted ones are known to pass the passive policy, which is why it is not the default."""
    assert ending(shown(judge, by_hand(man[0], kind))) == ("presentation_attack", "still_picture")


def test_a_photograph_whose_eyes_are_painted_shut_now_and_then_turns_no_head(
    judge: VisionPipeline, man: list[Image]
) -> None:
    shape = judge.judge(cv2.imencode(".png", man[0])[1].tobytes())[0].shape
    assert shape is not None
    shut = man[0].copy()
    for eye in (slice(36, 42), slice(42, 48)):
        points = shape.landmarks[eye]
        (x, y), wide = points.mean(axis=0), float(np.ptp(points[:, 0]))
        skin = man[0][int(y + wide), int(x)].tolist()
        cv2.ellipse(shut, (int(x), int(y)), (int(0.7 * wide), int(0.4 * wide)), 0, 0, 360, skin, -1)
    pictures = [noisy(shut if number % 12 in {8, 9} else man[0], number) for number in range(26)]

    assert ending(shown(judge, pictures, (BLINK, TURN_LEFT))) == ("liveness_failed", "looping_video")


@pytest.mark.parametrize(("noise", "reason"), [(False, "repeated_frames"), (True, "looping_video")])
def test_a_clip_in_a_loop_is_refused(judge: VisionPipeline, mover: list[Image], noise: bool, reason: str) -> None:
    pictures = [noisy(frame, number) if noise else frame for number, frame in enumerate(mover[24:50] * 2)]

    assert ending(shown(judge, pictures, BOTH_WAYS)) == ("liveness_failed", reason)


@pytest.mark.parametrize("each", [2, 8], ids=["fast", "slow"])
def test_two_people_who_take_turns_are_refused(
    judge: VisionPipeline, man: list[Image], woman: list[Image], each: int
) -> None:
    other = [fitted(picture, man[0]) for picture in woman]
    turns = [one[at : at + each] for at in range(0, 24, each) for one in (man, other)]

    result = shown(judge, list(chain.from_iterable(turns)), BOTH_WAYS)

    assert ending(result) == ("liveness_failed", "face_changed")


def test_another_persons_photograph_after_the_movement_is_refused(
    judge: VisionPipeline, mover: list[Image], woman: list[Image]
) -> None:
    photograph_of = [noisy(fitted(woman[0], mover[0]), number) for number in range(10)]

    result = shown(judge, [*mover[18:60], *photograph_of], (TURN_LEFT,))

    assert ending(result) == ("challenge_failed", "turn_left_not_seen")
    assert result.evidence["restarts"] == {"face_changed": 1}


def test_a_print_after_the_movement_is_refused(
    judge: VisionPipeline, mover: list[Image], evaluation_data: Path
) -> None:
    prints = sorted((evaluation_data / "nuaa/attack").rglob("*.jpg"))[:10]
    printed = [fitted(np.asarray(cv2.imread(str(path)), np.uint8), mover[0]) for path in prints]

    result = shown(judge, [*mover[18:60], *printed], (TURN_LEFT,))

    assert ending(result) == ("presentation_attack", "median_below_threshold")


def test_a_head_that_turns_behind_a_photograph_is_refused(
    judge: VisionPipeline, mover: list[Image], man: list[Image]
) -> None:
    """The man's face throughout, but for the moments in which the other's head is turned."""
    before = [fitted(picture, mover[0]) for picture in man]

    result = shown(judge, [*before[:8], *mover[36:46], *before[8:20]], (TURN_LEFT,))

    assert ending(result)[0] in {"challenge_failed", "liveness_failed", "presentation_attack"}
    assert result.evidence["restarts"]["face_changed"] >= 1


def test_who_leaves_is_refused(judge: VisionPipeline, mover: list[Image]) -> None:
    nobody = [noisy(np.full_like(mover[0], 90), number) for number in range(6)]

    assert ending(shown(judge, [*mover[:6], *nobody], BOTH_WAYS)) == ("liveness_failed", "face_lost")


@pytest.mark.parametrize(
    ("times", "steps", "reason"),
    [
        ([0, 160, 80, 240, 320, 400], BOTH_WAYS, "time_runs_backwards"),
        ([5000, 4900, 4800, 4700, 4600, 4500], BOTH_WAYS, "time_runs_backwards"),
        (range(0, 6000, 1000), (), "frame_rate_too_low"),
        (range(0, 48, 8), (), "too_few_usable_frames"),
    ],
    ids=["out of order", "backwards", "1 fps", "120 fps"],
)
def test_times_that_no_camera_has_are_refused(
    judge: VisionPipeline, mover: list[Image], times: Sequence[float], steps: tuple[str, ...], reason: str
) -> None:
    assert ending(shown(judge, mover[:6], steps, at=times)) == ("liveness_failed", reason)


def test_a_replay_that_answers_every_movement_is_refused(judge: VisionPipeline, clips: Path) -> None:
    replay = filmed(clips / "replay/tranvanluyt2203_fake.mp4", 0, 4)

    assert ending(shown(judge, replay, ALL_WAYS)) == ("presentation_attack", "median_below_threshold")


@pytest.mark.parametrize("first", [TURN_RIGHT, LOOK_UP, LOOK_DOWN, COME_CLOSER])
def test_what_was_recorded_for_another_first_movement_is_refused(
    judge: VisionPipeline, mover: list[Image], first: str
) -> None:
    result = shown(judge, mover[18:40], (first, TURN_LEFT))

    assert ending(result) == ("challenge_failed", f"turn_left_instead_of_{first}")


def test_what_was_recorded_for_another_second_movement_is_refused(judge: VisionPipeline, mover: list[Image]) -> None:
    result = shown(judge, mover[18:100], (TURN_LEFT, LOOK_UP))

    assert ending(result) == ("challenge_failed", "turn_right_instead_of_look_up")


def ending(result: SessionResult) -> tuple[str, str | None]:
    assert not result.accepted
    return result.code, result.reason
