"""Under which rules a clip is shown."""

from __future__ import annotations

from pathlib import Path

import pytest

from adapters.memory.challenges import KnownChallenges
from adapters.memory.clock import FixedClock
from adapters.memory.vision import scripted_judge
from application.evaluation.clips import BONA_FIDE, Clip
from application.evaluation.sessions import Stage, policies_for
from application.services import Policies
from application.witness import Witness


@pytest.mark.parametrize("steps", [("come_closer",), ("blink", "come_closer"), ("turn_left", "look_up", "blink")])
def test_a_clip_is_asked_for_what_it_performs_even_without_any_turn(steps: tuple[str, ...]) -> None:
    policies = policies_for(Clip("a.mp4", Path("a.mp4"), BONA_FIDE, steps), Policies())

    witness = Witness(Stage(scripted_judge(), policies, KnownChallenges(*steps), FixedClock()))

    assert policies.evidence.mode == "active"
    assert witness.watch.steps == steps


def test_a_clip_of_which_no_movement_is_known_is_watched_passively() -> None:
    policies = policies_for(Clip("a.mp4", Path("a.mp4"), BONA_FIDE), Policies())

    assert policies.evidence.mode == "passive"
    assert policies.movements == Policies().movements
