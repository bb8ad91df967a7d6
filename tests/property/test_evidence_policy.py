"""What the evidence policy never does, whatever it is given."""

from __future__ import annotations

import math
from collections.abc import Sequence
from statistics import median

import pytest
from hypothesis import given
from hypothesis import strategies as st

from domain.biometrics import FaceQuality, FrameFindings
from domain.policies.liveness import (
    EvidencePolicy,
    FrameLog,
    Gathering,
    Insufficient,
    Sufficient,
    pad_of,
    quality_of,
)
from domain.policies.watching import Watch

EVIDENCE = EvidencePolicy()
SCORES = st.floats(0, 1) | st.sampled_from([EVIDENCE.pad_threshold, math.nextafter(EVIDENCE.pad_threshold, 0)])


def frame(pad: float | None, quality: float = 0.5, reason: str | None = None) -> FrameFindings:
    return FrameFindings(1, reason, FaceQuality(quality, reason), pad)


def watched(frames: Sequence[FrameFindings], policy: EvidencePolicy = EVIDENCE) -> Watch:
    """A watch that saw those frames."""
    watch = Watch(policy, tuple)
    for shown in frames:
        watch.observe(shown)
    return watch


FRAMES = st.lists(
    st.builds(frame, SCORES, st.floats(0, 1))
    | st.builds(frame, st.none() | SCORES, st.floats(0, 1), st.sampled_from(["blurred", "too_dark"]))
    | st.just(FrameFindings(0, "no_face")),
    max_size=12,
)


@given(FRAMES, st.booleans())
def test_evidence_is_never_sufficient_where_median_latest_or_decision_frame_fail(
    frames: list[FrameFindings], last: bool
) -> None:
    watch = watched(frames)
    verdict = watch.verdict(last=last)

    usable = [f for f in frames[watch.since :] if f.usable]
    if isinstance(verdict, Sufficient):
        assert len(usable) >= EVIDENCE.min_usable
        assert median(pad_of(f) for f in usable) >= EVIDENCE.pad_threshold
        assert pad_of(usable[-1]) >= EVIDENCE.pad_threshold
        decision = frames[verdict.decision]
        assert decision.usable
        assert pad_of(decision) >= EVIDENCE.pad_threshold


@given(FRAMES, st.booleans())
def test_the_decision_frame_is_the_best_live_one(frames: list[FrameFindings], last: bool) -> None:
    watch = watched(frames)
    verdict = watch.verdict(last=last)

    if isinstance(verdict, Sufficient):
        live = [f for f in frames[watch.since :] if f.usable and pad_of(f) >= EVIDENCE.pad_threshold]
        assert quality_of(frames[verdict.decision]) == max(quality_of(f) for f in live)


@given(st.lists(st.floats(EVIDENCE.pad_threshold, 1), min_size=2, max_size=10), st.booleans())
def test_live_frames_never_excuse_a_later_fake_one(pads: list[float], last: bool) -> None:
    fake = math.nextafter(EVIDENCE.pad_threshold, 0)

    verdict = watched([*map(frame, pads), frame(fake)]).verdict(last=last)

    assert not isinstance(verdict, Sufficient)


@given(FRAMES, st.integers(1, 6))
def test_fewer_usable_frames_than_asked_for_are_never_enough(frames: list[FrameFindings], min_usable: int) -> None:
    policy = EvidencePolicy(min_usable=min_usable)
    few = [f for f in frames if not f.usable] + [f for f in frames if f.usable][: min_usable - 1]

    assert isinstance(watched(few, policy).verdict(last=True), Insufficient)
    assert not isinstance(watched(few, policy).verdict(), Sufficient)


@given(FRAMES)
def test_gathering_comes_to_an_end(frames: list[FrameFindings]) -> None:
    watch = watched(frames)
    verdict = watch.verdict()

    if isinstance(verdict, Gathering):
        assert sum(f.usable for f in frames[watch.since :]) < EVIDENCE.max_usable
        assert 0 <= verdict.step < verdict.of == EVIDENCE.min_usable
    assert not isinstance(watch.verdict(last=True), Gathering)


@given(st.permutations([float("nan"), 0.0, 0.1, 0.9, 0.95]))
def test_a_score_that_is_no_number_counts_as_an_attack(pads: list[float]) -> None:
    as_attack = [0.0 if math.isnan(pad) else pad for pad in pads]

    verdict, judged = (
        watched([frame(pad) for pad in given_pads]).verdict(last=True) for given_pads in (pads, as_attack)
    )

    assert isinstance(verdict, Sufficient) == isinstance(judged, Sufficient)


@pytest.mark.parametrize(
    ("pads", "reason"),
    [([0.0] * 6, "median_below_threshold"), ([0.9] * 5 + [0.0], "latest_frame_below_threshold")],
)
def test_an_attack_is_named_with_what_gave_it_away(pads: list[float], reason: str) -> None:
    assert watched([frame(pad) for pad in pads]).verdict() == Insufficient("presentation_attack", reason)


@given(FRAMES, st.integers(0, 9))
def test_the_summary_counts_every_frame_once(frames: list[FrameFindings], dropped: int) -> None:
    log = FrameLog(frames=frames, received=len(frames) + 2, dropped=dropped)
    log.invalid["invalid_image"] += 2

    summary = log.summary()

    assert (summary.frames_judged, summary.frames_dropped) == (len(frames), dropped)
    assert summary.frames_usable + sum(summary.reasons.values()) == summary.frames_received
    assert summary.pad_decision is None
