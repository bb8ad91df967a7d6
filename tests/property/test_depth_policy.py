"""Faces pass and paper does not, wherever they are held: synthetic maps, see ``tests/depth_scenes.py``."""

from __future__ import annotations

import math
from collections import Counter
from collections.abc import Callable
from dataclasses import replace

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from adapters.vision.relief import measure
from domain.biometrics import DepthFindings
from domain.policies.depth import DepthPolicy
from tests.depth_scenes import Shot, Surface, bent, face, folded, paper, shoot, some_camera, some_pose, somebody

POLICY = DepthPolicy()
DRAWS = 100
Random = np.random.Generator

ATTACKS: dict[str, Callable[[Random], Surface]] = {
    "photograph": lambda rng: paper(eyes_apart_mm=rng.uniform(55, 72)),
    "bent": lambda rng: bent(paper(), rng.uniform(150, 400), rng.uniform(0, 180)),
    "creased": lambda rng: folded(paper(), rng.uniform(5, 50), rng.choice([0, 90])),
    "seen from inside": lambda rng: face(eyes_apart_mm=rng.uniform(55, 72), relief=-rng.uniform(0.75, 1.2)),
    "small mask": lambda rng: face(eyes_apart_mm=rng.uniform(26, 36)),
    "large mask": lambda rng: face(eyes_apart_mm=rng.uniform(95, 125)),
    "screen that reflects nothing": lambda rng: paper(eyes_apart_mm=rng.uniform(55, 72)),
}


def shot_of(surface: Surface, rng: Random) -> Shot:
    return shoot(surface, some_pose(rng), some_camera(rng), rng)


def judged(shot: Shot) -> str | None:
    return POLICY.check(measure(shot.depth, shot.landmarks))


def dark(shot: Shot) -> Shot:
    """The same where nothing nearer than the wall comes back."""
    return replace(shot, depth=np.where(shot.depth < 1100, np.float32(0), shot.depth))


def test_ninety_nine_faces_of_a_hundred_pass_and_none_is_taken_for_paper() -> None:
    rng = np.random.default_rng(20)
    verdicts = Counter(judged(shot_of(somebody(rng), rng)) for _ in range(DRAWS))

    assert verdicts[None] >= 0.99 * DRAWS
    assert verdicts["depth_flat"] == 0


@pytest.mark.parametrize("attack", ATTACKS)
@settings(max_examples=10)
@given(seed=st.integers(0, 2**32 - 1))
def test_no_attack_passes(attack: str, seed: int) -> None:
    rng = np.random.default_rng(seed)
    shot = shot_of(ATTACKS[attack](rng), rng)

    assert judged(dark(shot) if attack.startswith("screen") else shot) is not None


NUMBERS = st.floats(-2, 2) | st.sampled_from([math.nan, math.inf, -math.inf])
FINDINGS = st.builds(
    DepthFindings,
    NUMBERS,
    NUMBERS,
    NUMBERS,
    NUMBERS,
    NUMBERS,
    st.floats(0, 200) | NUMBERS,
    st.none() | st.integers(0, 9),
)
FACE = DepthFindings(0.45, 0.75, 0.2, 0.01, 0.22, 63.0)


@given(FINDINGS)
def test_no_measure_out_of_its_limits_passes(one: DepthFindings) -> None:
    if POLICY.check(one) is None:
        assert POLICY.min_relief <= one.relief <= POLICY.max_relief
        assert one.cheek_relief >= POLICY.min_cheek_relief
        assert one.profile_relief >= POLICY.min_profile_relief
        assert one.plane_residual >= POLICY.min_plane_residual
        assert one.holes <= POLICY.most_holes
        assert POLICY.eyes_apart_mm[0] <= one.eye_distance_mm <= POLICY.eyes_apart_mm[1]


@given(st.lists(FINDINGS, max_size=6), st.integers(0, 6))
def test_a_session_never_passes_unless_most_of_its_maps_do(others: list[DepthFindings], faces: int) -> None:
    findings = [*others, *(replace(FACE, mark=100 + number) for number in range(faces))]
    passing = sum(POLICY.check(one) is None for one in findings)

    if findings and POLICY.decide(findings) is None:
        assert len(findings) >= POLICY.min_maps
        assert 2 * passing > len(findings)


@given(
    st.lists(FINDINGS, min_size=1, max_size=6).flatmap(lambda found: st.tuples(st.just(found), st.permutations(found)))
)
def test_the_order_of_the_maps_decides_nothing(orders: tuple[list[DepthFindings], list[DepthFindings]]) -> None:
    assert POLICY.decide(orders[0]) == POLICY.decide(orders[1])
