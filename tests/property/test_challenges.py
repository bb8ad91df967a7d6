"""What a recording cannot do, whatever it shows; and what no attempt's evidence ever does."""

from __future__ import annotations

from collections import Counter
from itertools import pairwise
from typing import Any

from hypothesis import given, settings
from hypothesis import strategies as st

from adapters.crypto.entropy import SystemChallenges
from domain.policies.liveness import EvidencePolicy, Gathering, Insufficient, Sufficient, pad_of
from domain.policies.movement import (
    BLINK,
    ENABLED,
    LOOK_DOWN,
    LOOK_UP,
    MOVEMENTS,
    TURN_LEFT,
    TURN_RIGHT,
    TURNS,
)
from domain.policies.watching import Watch
from tests.film import AWAY, FRAME_MS, POSES, findings, nobody, pose
from tests.film import active_house as house_asking

DECIDED = (TURN_LEFT, TURN_RIGHT, LOOK_UP, LOOK_DOWN)
FAR = 1.3
ACTIVE = EvidencePolicy(mode="active")


class Recording:
    """Frames of a recording, shown to a watch. ``sway`` makes no two movements alike, as nobody's are."""

    def __init__(self, *steps: str) -> None:
        self.watch = Watch(ACTIVE, lambda: steps)
        self.shown = 0
        self.finished = False

    def frame(self, **facts: Any) -> None:
        self.shown += 1
        sway = 0.4 * (self.shown * 7 % 11 - 5)
        facts["yaw"] = facts.get("yaw", 0.0) + sway / 2
        facts["pitch"] = facts.get("pitch", 0.0) + sway
        self.watch.observe(findings(self.shown * FRAME_MS, **facts), timed=True)
        self.finished = self.finished or bool(self.watch.challenge and self.watch.challenge.finished)

    def straight(self, count: int = 4) -> None:
        for _ in range(count):
            self.frame()

    def move(self, step: str, held: int) -> None:
        for share in (0.4, 0.8, *[FAR] * held, 0.8, 0.4):
            self.frame(**pose(step, share), **AWAY)


ORDERS = st.lists(st.sampled_from(DECIDED), min_size=1, max_size=5)


@settings(max_examples=40)
@given(
    st.permutations(DECIDED).map(lambda steps: steps[:2]),
    st.lists(st.tuples(st.sampled_from(DECIDED), st.integers(3, 8), st.integers(1, 5)), min_size=1, max_size=5),
)
def test_a_recording_of_other_movements_than_asked_for_never_answers(
    asked: list[str], recorded: list[tuple[str, int, int]]
) -> None:
    """Decided movements, each held for as long as people hold them. Repeating the one before is no other movement."""
    recording = Recording(*asked)
    recording.straight()
    for step, held, rest in recorded:
        recording.move(step, held)
        recording.straight(rest)
    recording.straight()

    order = [step for step, _, _ in recorded]
    distinct = [step for step, after in pairwise([*order, ""]) if step != after]
    right = distinct[:2] == asked
    assert recording.finished == right
    assert right or not isinstance(recording.watch.verdict(last=True), Sufficient)


@settings(max_examples=40)
@given(st.sampled_from(MOVEMENTS), st.lists(st.sampled_from(MOVEMENTS), max_size=6))
def test_what_is_shown_before_the_straight_look_is_no_answer(asked: str, recorded: list[str]) -> None:
    recording = Recording(asked)
    recording.frame()
    for step in recorded:
        for share in (0.5, 1.0, 1.0, 1.0, 0.5):
            recording.frame(**pose(step, share), **(AWAY if step != BLINK else {"unfit": "eyes_closed"}))
    recording.straight(3)

    assert not recording.finished
    assert recording.watch.segment == 0


FRAMES = st.lists(
    st.one_of(
        st.builds(dict, pad=st.sampled_from([0.0, 0.1, 0.9, 1.0])),
        st.sampled_from([{**POSES[step], **AWAY} for step in DECIDED]),
        st.just({"faces": 0}),
        st.just({"faces": 2}),
        st.just({"left": 900.0}),
        st.just({"place": 3}),
    ),
    max_size=40,
)


def shown(watch: Watch, frames: list[dict[str, Any]], start: int = 0) -> None:
    for number, facts in enumerate(frames, start):
        at_ms = number * FRAME_MS
        frame = nobody(at_ms, facts["faces"]) if "faces" in facts else findings(at_ms, **facts)
        watch.observe(frame, timed=True)


GOOD: list[dict[str, Any]] = [
    {}, {}, {}, {},
    *({**pose(TURN_LEFT, share), **AWAY} for share in (0.4, 0.7, 1.0, 1.0, 1.0, 0.7, 0.4)),
    {}, {},
    *({**pose(LOOK_UP, share), **AWAY} for share in (0.4, 0.7, 1.0, 1.0, 1.0, 0.7, 0.4)),
]  # fmt: skip


@given(FRAMES, st.sampled_from(["active", "passive"]))
def test_once_refused_is_refused_for_ever(frames: list[dict[str, Any]], mode: str) -> None:
    watch = Watch(EvidencePolicy(mode=mode), lambda: (TURN_LEFT, LOOK_UP))
    shown(watch, frames)
    refused = watch.verdict(last=True)
    assert not isinstance(refused, Gathering)

    if isinstance(refused, Insufficient):
        shown(watch, [*GOOD, {}, {}, {}], len(frames))
        assert watch.verdict() == watch.verdict(last=True) == refused


@given(FRAMES, st.integers(0, 3))
def test_movements_that_were_answered_never_excuse_what_fails_later(frames: list[dict[str, Any]], more: int) -> None:
    watch = Watch(ACTIVE, lambda: (TURN_LEFT, LOOK_UP))
    shown(watch, [*GOOD, *[{}] * more, *frames])

    verdict = watch.verdict(last=True)

    if isinstance(verdict, Sufficient):
        usable = [frame for frame in watch.frames[watch.since :] if frame.usable]
        assert pad_of(usable[-1]) >= ACTIVE.pad_threshold
        assert watch.since == 0, "after a restart everything is asked again"
        assert watch.alone(watch.frames[verdict.decision])
        assert watch.challenge is not None
        assert verdict.decision > watch.challenge.finished_at(watch.frames)


@given(st.integers(0, 6))
def test_live_frames_never_excuse_a_fake_one_at_the_end(live: int) -> None:
    watch = Watch(ACTIVE, lambda: (TURN_LEFT, LOOK_UP))
    shown(watch, [*GOOD, *[{}] * live, {"pad": 0.1}])

    assert not isinstance(watch.verdict(), Sufficient)
    assert watch.verdict(last=True) == Insufficient("presentation_attack", "latest_frame_below_threshold")


def test_the_system_draws_every_order_about_equally_often_and_never_one_movement_twice() -> None:
    drawn = Counter(SystemChallenges().draw(ENABLED, 2) for _ in range(4_000))

    assert set(drawn) == {(one, other) for one in ENABLED for other in ENABLED if one != other}
    assert min(drawn.values()) > 100, "200 expected: below half of it once in 10^14"
    assert max(drawn.values()) < 320


def test_no_attempt_is_asked_without_a_turn() -> None:
    house = house_asking("look_up", "come_closer")
    object.__setattr__(house.services.challenges, "draw", SystemChallenges().draw)

    steps = [house.attempt()._witness.watch.steps for _ in range(300)]

    assert all(len(set(drawn)) == 2 for drawn in steps)
    assert all(TURNS & set(drawn) for drawn in steps)
    assert {step for drawn in steps for step in drawn} == set(ENABLED)
