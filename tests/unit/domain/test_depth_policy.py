"""What a session's depth maps must show, and how each refusal is called."""

from __future__ import annotations

import math
from dataclasses import replace

import numpy as np
import pytest

from adapters.memory.vision import FACE_IN_DEPTH, depth_map, picture, scripted_judge
from adapters.vision.relief import measure
from domain.biometrics import DepthFindings
from domain.errors import DepthError
from domain.policies.depth import DepthPolicy
from tests.depth_scenes import Camera, Pose, face, paper, shoot

POLICY = DepthPolicy()
FACE = DepthFindings(**FACE_IN_DEPTH, mark=None)
FLAT = replace(FACE, relief=0.01, cheek_relief=0.01, profile_relief=0.01, plane_residual=0.02)


def maps(*findings: DepthFindings) -> list[DepthFindings]:
    """The same findings, each of its own map."""
    return [replace(one, mark=number) for number, one in enumerate(findings)]


@pytest.mark.parametrize(
    ("change", "reason"),
    [
        ({}, None),
        ({"relief": 0.05}, "depth_flat"),
        ({"cheek_relief": 0.05}, "depth_flat"),
        ({"profile_relief": 0.02}, "depth_flat"),
        ({"plane_residual": 0.03}, "depth_flat"),
        ({"relief": -0.45}, "depth_inverted"),
        ({"relief": -0.1}, "depth_flat"),
        ({"holes": 0.5}, "depth_absent"),
        ({"holes": math.nan}, "depth_absent"),
        ({"relief": math.nan}, "depth_absent"),
        ({"eye_distance_mm": math.nan}, "depth_absent"),
        ({"relief": math.inf}, "depth_absent"),
        ({"eye_distance_mm": 31.5}, "depth_scale"),
        ({"eye_distance_mm": 120.0}, "depth_scale"),
        ({"relief": 0.95}, "depth_scale"),
    ],
)
def test_each_fault_of_a_map_has_its_reason(change: dict[str, float], reason: str | None) -> None:
    assert POLICY.check(replace(FACE, **change)) == reason  # type: ignore[arg-type]


def test_findings_that_were_never_measured_do_not_pass() -> None:
    assert POLICY.check(DepthFindings(0.45, 0.75, 0.2, 0.01)) == "depth_flat"


def test_a_client_without_maps_is_not_judged_by_depth() -> None:
    assert POLICY.decide([]) is None


def test_three_maps_of_a_face_pass() -> None:
    assert POLICY.decide(maps(FACE, FACE, FACE)) is None


def test_fewer_maps_than_three_are_incomplete() -> None:
    assert POLICY.decide(maps(FACE, FACE)) == "depth_incomplete"


def test_one_bad_map_among_good_ones_is_excused_and_most_bad_ones_are_not() -> None:
    assert POLICY.decide(maps(FACE, FLAT, FACE)) is None
    assert POLICY.decide(maps(FACE, FLAT, FLAT)) == "depth_flat"


def test_maps_without_a_measurement_count_against_the_session() -> None:
    absent = DepthFindings(math.nan, math.nan, math.nan, 1.0, math.nan, math.nan)
    assert POLICY.decide(maps(FACE, FACE, absent)) is None
    assert POLICY.decide(maps(FACE, absent, absent)) == "depth_absent"


def test_as_many_fake_maps_as_real_ones_fail_the_session() -> None:
    assert POLICY.decide(maps(FACE, FACE, FLAT, FLAT)) == "depth_flat"


def test_the_commonest_fault_is_the_sessions() -> None:
    small = replace(FACE, eye_distance_mm=31.0)
    assert POLICY.decide(maps(small, FLAT, small, FACE)) == "depth_scale"


def test_one_map_sent_twice_is_frozen_however_good_it_is() -> None:
    assert POLICY.decide([*maps(FACE, FACE, FACE), replace(FACE, mark=1)]) == "depth_frozen"


def test_equal_findings_of_unmarked_maps_are_one_map() -> None:
    assert POLICY.decide([FACE, FACE, FACE]) == "depth_frozen"


def test_an_injected_constant_map_is_frozen_although_the_picture_moves() -> None:
    rng = np.random.default_rng(6)
    constant = shoot(face(), Pose(), Camera(), rng)
    moving = [constant.landmarks + np.float32(shift) for shift in (0, 2, -3)]
    assert POLICY.decide([measure(constant.depth, landmarks) for landmarks in moving]) == "depth_frozen"


def test_a_still_face_before_a_noisy_sensor_is_not_frozen() -> None:
    rng = np.random.default_rng(7)
    shots = [shoot(face(), Pose(), Camera(jitter=0.0), rng) for _ in range(3)]
    assert POLICY.decide([measure(shot.depth, shot.landmarks) for shot in shots]) is None


def test_a_photograph_moved_about_is_flat() -> None:
    rng = np.random.default_rng(8)
    shots = [shoot(paper(), Pose(yaw=yaw), Camera(), rng) for yaw in (-30, 0, 40)]
    assert POLICY.decide([measure(shot.depth, shot.landmarks) for shot in shots]) == "depth_flat"


def test_a_scripted_map_says_what_it_says_and_else_shows_a_face() -> None:
    findings, _ = scripted_judge().judge(picture("ana"), depth=depth_map(relief=0.1, take=1))
    assert findings.depth is not None
    assert replace(findings.depth, mark=None) == replace(FACE, relief=0.1)
    assert "depth" in findings.steps_ms


def test_two_takes_of_a_scripted_map_are_two_maps() -> None:
    judge = scripted_judge()
    found = [judge.judge(picture("ana"), depth=depth_map(take=take))[0].depth for take in range(3)]
    assert POLICY.decide([one for one in found if one is not None]) is None


@pytest.mark.parametrize("payload", [b"", b"garbage", b"[1]", b'{"relief": "deep"}', b'{"relief": null}'])
def test_a_scripted_map_that_is_none_is_refused(payload: bytes) -> None:
    with pytest.raises(DepthError):
        scripted_judge().judge(picture("ana"), depth=payload)
