"""What one attempt has shown: it begins again where it must, and a refusal stays one."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING, Any

import pytest

from adapters.memory.vision import FACE_IN_DEPTH
from domain.biometrics import DepthFindings, FrameFindings
from domain.policies.liveness import (
    STRETCH,
    EvidencePolicy,
    Gathering,
    Insufficient,
    Sufficient,
)
from domain.policies.movement import COME_CLOSER, LOOK_UP, TURN_RIGHT
from domain.policies.watching import LOST_FRAMES, MAX_RESTARTS, Watch
from tests.film import AWAY, FRAME_MS, findings, nobody, performed

if TYPE_CHECKING:
    from collections.abc import Callable

STEPS = (TURN_RIGHT, LOOK_UP)
ACTIVE = EvidencePolicy(mode="active")
PASSIVE = EvidencePolicy(mode="passive")


class Watched:
    """A watch, and frames for it at the speed of a camera."""

    def __init__(self, policy: EvidencePolicy = ACTIVE, *steps: str, timed: bool = True) -> None:
        self.drawn = 0
        self.watch = Watch(policy, self._draw)
        self.steps = steps or STEPS
        self.timed = timed
        self.at_ms = 0.0
        self.maps = 0
        self.where: dict[str, Any] = {}

    def _draw(self) -> tuple[str, ...]:
        self.drawn += 1
        return STEPS if self.drawn == 1 else (LOOK_UP, COME_CLOSER)

    def frame(self, make: Callable[..., FrameFindings] = findings, ms: float = FRAME_MS, **facts: Any) -> Watched:
        self.at_ms += ms
        where = self.where if make is findings else {}
        self.watch.observe(make(self.at_ms, **{**where, **facts}), timed=self.timed)
        return self

    def go(self, **where: Any) -> Watched:
        """Be elsewhere in the next frame."""
        self.where = where
        return self.frame()

    def straight(self, count: int = 3, **facts: Any) -> Watched:
        for _ in range(count):
            self.frame(**facts)
        return self

    def move(self, step: str, held: int = 3, **facts: Any) -> Watched:
        for way in performed(step, held):
            self.frame(**{**way, **AWAY, **facts})
        return self

    def answered(self) -> Watched:
        """All that the first challenge asks for, but the straight look at the end."""
        return self.straight().move(STEPS[0]).move(STEPS[1])

    def map(self, **said: float) -> DepthFindings:
        self.maps += 1
        return DepthFindings(**{**FACE_IN_DEPTH, **said}, mark=self.maps)


# Active -------------------------------------------------------------------------------------------------------------


def test_movements_and_a_straight_look_suffice_and_progress_is_told() -> None:
    seen = Watched()
    assert seen.straight(2).watch.verdict() == Gathering(0, 4)
    assert seen.straight(1).watch.verdict() == Gathering(1, 4, TURN_RIGHT)
    assert seen.move(TURN_RIGHT).watch.verdict() == Gathering(2, 4, LOOK_UP)
    assert seen.move(LOOK_UP).watch.verdict() == Gathering(3, 4, "look_straight")
    assert isinstance(seen.straight(1).watch.verdict(), Gathering)
    assert seen.straight(1, quality=0.5).watch.verdict() == Sufficient(len(seen.watch.frames) - 2)


def test_straight_looks_without_the_movements_are_never_enough() -> None:
    assert isinstance(Watched().straight(100).watch.verdict(), Gathering)


@pytest.mark.parametrize("facts", [AWAY, {"pad": 0.1}, {"yaw": 12.0}])
def test_the_last_look_must_be_straight_live_and_fit(facts: dict[str, Any]) -> None:
    seen = Watched().answered().straight(2, **facts)

    assert not isinstance(seen.watch.verdict(), Sufficient)
    assert not isinstance(seen.watch.verdict(last=True), Sufficient)


def test_the_frame_that_completes_the_last_movement_belongs_to_it() -> None:
    """Else a good picture of a near face takes the place of the one that is decided on, which must be embedded."""
    seen, segments = Watched(), []
    seen.watch = Watch(ACTIVE, lambda: (LOOK_UP, COME_CLOSER))
    straight: list[dict[str, Any]] = [{}] * 3
    for way in [*straight, *performed(LOOK_UP), *performed(COME_CLOSER)]:
        before = seen.watch.segment
        seen.frame(**way)
        segments.append((before, seen.watch.segment_of(seen.watch.frames[-1])))

    assert segments[-1] == (2, 2)
    assert all(before == told for before, told in segments)


def test_a_turned_face_after_the_last_movement_is_not_one_to_keep() -> None:
    seen = Watched().straight().move(TURN_RIGHT)
    assert seen.frame(yaw=12.0).watch.keeps(seen.watch.frames[-1]), "between movements a face is a face"

    seen.move(LOOK_UP)
    assert not seen.frame(yaw=12.0).watch.keeps(seen.watch.frames[-1])
    assert seen.frame().watch.keeps(seen.watch.frames[-1])
    assert not seen.frame(pad=0.1).watch.keeps(seen.watch.frames[-1])


def test_the_answer_begins_with_a_face_that_passes_alone() -> None:
    seen = Watched().straight(2, pad=0.1).straight(2)

    assert seen.watch.verdict() == Gathering(0, 4)
    assert seen.straight(1).watch.verdict() == Gathering(1, 4, TURN_RIGHT)


def test_a_stretch_of_fakes_ends_the_attempt_at_once_however_many_live_frames_came_before() -> None:
    seen = Watched().straight(60).straight(STRETCH // 2 + 1, pad=0.05)

    assert seen.watch.verdict() == Insufficient("presentation_attack", "stretch_below_threshold")
    assert seen.straight(60).watch.verdict() == Insufficient("presentation_attack", "stretch_below_threshold")


def test_the_first_refusal_stays() -> None:
    seen = Watched().straight(4).move(LOOK_UP, held=6, pitch=35.0)
    seen.watch.refuse("liveness_failed", "later")

    assert seen.answered().straight(9).watch.verdict() == Insufficient(
        "challenge_failed", "look_up_instead_of_turn_right"
    )


def test_a_refusal_for_lack_of_more_frames_stays_when_more_come() -> None:
    seen = Watched().straight(3)
    refused = seen.watch.verdict(last=True)

    assert refused == Insufficient("challenge_failed", "turn_right_not_seen")
    assert seen.move(TURN_RIGHT).move(LOOK_UP).straight(4).watch.verdict() == refused


@pytest.mark.parametrize(
    ("frames", "expected"),
    [
        (lambda seen: seen, Insufficient("quality_too_low", "no_frames")),
        (lambda seen: seen.frame(nobody), Insufficient("quality_too_low", "no_face")),
        (lambda seen: seen.straight(2), Insufficient("liveness_failed", "no_steady_face")),
        (lambda seen: seen.answered(), Insufficient("liveness_failed", "no_straight_look_at_the_end")),
        (lambda seen: seen.straight(3, pad=0.0), Insufficient("presentation_attack", "median_below_threshold")),
        (lambda seen: RESTARTS["face_lost"](seen.straight(3)), Insufficient("liveness_failed", "face_lost")),
    ],
)
def test_what_was_missing_is_named_at_the_end(frames: Callable[[Watched], Watched], expected: Insufficient) -> None:
    seen = frames(Watched())

    if seen.watch.frames and seen.watch.challenge is not None and seen.watch.challenge.finished:
        # the way back from the last movement is straight in the end: one frame, not two
        assert isinstance(seen.watch.verdict(), Gathering)
    assert seen.watch.verdict(last=True) == expected


# Beginning again ----------------------------------------------------------------------------------------------------

RESTARTS: dict[str, Callable[[Watched], Watched]] = {
    "face_lost": lambda seen: seen.frame(nobody).frame(nobody).frame(nobody),
    "many_faces": lambda seen: seen.frame(nobody, faces=2).frame(nobody, faces=3).frame(nobody, faces=2),
    "face_jump": lambda seen: seen.go(left=900.0 - seen.where.get("left", 0.0)),
    "scene_jump": lambda seen: seen.go(place=1 - seen.where.get("place", 0)),
}


@pytest.mark.parametrize("reason", RESTARTS)
def test_evidence_and_movements_of_before_are_forgotten(reason: str) -> None:
    seen = RESTARTS[reason](Watched().answered())

    assert dict(seen.watch.restarts) == {reason: 1}
    assert (seen.drawn, seen.watch.steps, seen.watch.segment) == (2, (LOOK_UP, COME_CLOSER), 0)
    assert not isinstance(seen.straight(2).watch.verdict(last=True), Sufficient)
    assert seen.watch.challenge is not None
    assert not seen.watch.challenge.finished


@pytest.mark.parametrize("reason", RESTARTS)
def test_who_begins_again_too_often_is_refused(reason: str) -> None:
    seen = Watched()
    for _ in range(MAX_RESTARTS):
        assert isinstance(RESTARTS[reason](seen.straight(4)).watch.verdict(), Gathering)

    assert RESTARTS[reason](seen.straight(4)).watch.verdict() == Insufficient("liveness_failed", reason)
    assert seen.drawn == MAX_RESTARTS + 1


def test_after_a_restart_the_new_movements_suffice() -> None:
    seen = RESTARTS["face_lost"](Watched().answered()).straight().move(LOOK_UP)
    for way in performed(COME_CLOSER):
        seen.frame(**way)

    assert isinstance(seen.straight(2).watch.verdict(), Sufficient)


def test_a_moment_without_a_face_or_with_another_one_is_forgiven() -> None:
    seen = Watched().straight()
    for _ in range(4):
        for _ in range(LOST_FRAMES - 1):
            seen.frame(nobody)
        seen.straight(1)
        for _ in range(LOST_FRAMES - 1):
            seen.frame(nobody, faces=2)
        seen.straight(1)

    assert not seen.watch.restarts


def test_who_only_walks_up_costs_no_restart() -> None:
    seen = Watched()
    for number in range(2 * MAX_RESTARTS):
        for _ in range(LOST_FRAMES):
            seen.frame(nobody)
        unusable = replace(findings(), reason="too_small")
        seen.frame(lambda at, one=unusable: replace(one, at_ms=at))
        seen.frame(lambda at, left=900.0 * (number % 2): replace(findings(at, left=left), reason="too_small"))

    assert not seen.watch.restarts
    assert isinstance(seen.answered().straight(3).watch.verdict(), Sufficient)


def test_a_replayed_movement_ends_the_attempt() -> None:
    seen = Watched().straight()
    for _ in range(3):
        seen.move(TURN_RIGHT, held=4)

    assert seen.watch.verdict() == Insufficient("liveness_failed", "looping_video")


# Passive ------------------------------------------------------------------------------------------------------------


def test_three_frames_suffice_without_times_and_two_do_not() -> None:
    seen = Watched(PASSIVE, timed=False)

    assert seen.straight(2).watch.verdict() == Gathering(2, 3)
    assert isinstance(seen.straight(1).watch.verdict(), Sufficient)


def test_with_times_the_watch_takes_as_long_as_it_must() -> None:
    frames = int(PASSIVE.observe_ms // FRAME_MS)
    seen = Watched(PASSIVE).straight(frames)
    assert isinstance(seen.watch.verdict(), Gathering)

    assert isinstance(seen.straight(2).watch.verdict(), Sufficient)


def test_a_passive_watch_that_does_not_pass_ends_and_stays_refused() -> None:
    untimed = Watched(PASSIVE, timed=False).straight(PASSIVE.max_usable - 1, pad=0.0)
    assert isinstance(untimed.watch.verdict(), Gathering)
    assert isinstance(untimed.straight(1, pad=0.0).watch.verdict(), Insufficient)
    assert isinstance(untimed.straight(40).watch.verdict(), Insufficient)

    timed = Watched(PASSIVE).straight(int(3 * PASSIVE.observe_ms // FRAME_MS), pad=0.0)
    assert isinstance(timed.watch.verdict(), Gathering)
    assert isinstance(timed.straight(2, pad=0.0).watch.verdict(), Insufficient)


def test_three_photographs_at_three_places_are_one_person_s_only_where_no_time_is_told() -> None:
    places = [0.0, 900.0, 0.0]
    burst, stream = Watched(PASSIVE, timed=False), Watched(PASSIVE)
    for left in places:
        burst.frame(left=left)
        stream.frame(left=left)

    assert isinstance(burst.watch.verdict(), Sufficient)
    assert stream.watch.restarts["face_jump"] == 2


# Depth --------------------------------------------------------------------------------------------------------------


def test_maps_of_a_face_let_it_pass_on_a_frame_with_a_map() -> None:
    seen = Watched().answered()
    for quality in (0.9, 0.8, 0.7):
        seen.frame(depth=seen.map(), quality=quality)
    decided = seen.frame(quality=1.0).watch.verdict()

    assert decided == Sufficient(len(seen.watch.frames) - 4)


def test_the_frame_decided_on_has_a_map_that_passes_itself() -> None:
    seen = Watched().answered().straight(1)
    for _ in range(4):
        seen.frame(depth=seen.map(), quality=0.6)
    flat = seen.frame(depth=seen.map(relief=0.0), quality=1.0)

    decided = flat.watch.verdict()

    assert isinstance(decided, Sufficient)
    assert flat.watch.frames[decided.decision].quality == findings(quality=0.6).quality


def test_flat_maps_are_an_attack() -> None:
    seen = Watched().answered()
    for _ in range(4):
        seen.frame(depth=seen.map(relief=0.0, cheek_relief=0.0, plane_residual=0.01))

    assert isinstance(seen.watch.verdict(last=True), Insufficient)
    assert seen.watch.verdict() == Insufficient("presentation_attack", "depth_flat")


def test_who_sent_one_map_sends_enough_of_them() -> None:
    seen = Watched().straight()
    seen.frame(depth=seen.map())
    seen.move(TURN_RIGHT).move(LOOK_UP).straight(5)

    assert isinstance(seen.watch.verdict(), Gathering)
    assert seen.watch.verdict(last=True) == Insufficient("presentation_attack", "depth_incomplete")


def test_maps_of_before_a_restart_are_asked_for_again() -> None:
    seen = Watched(PASSIVE, timed=False)
    seen.frame(depth=seen.map()).frame(depth=seen.map())
    RESTARTS["face_lost"](seen).straight(3)

    assert seen.watch.verdict(last=True) == Insufficient("presentation_attack", "depth_incomplete")
