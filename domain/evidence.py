"""What an attempt showed and how near it came: the facts that its history keeps."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence


@dataclass(frozen=True, slots=True)
class Evidence:
    """What all frames of an attempt showed, in numbers; no pixels, no vectors.

    Presentation attack scores are probabilities of a live person, 0...1; ``reasons`` counts unusable frames by reason
    code; ``dropped`` frames were overtaken by newer ones while the server was busy. ``challenge`` is what was asked for
    since the evidence last began, ``restarts`` counts why it began again, ``parallax`` is the least residual of a turn
    against a plane, in distances of the eyes. ``evidence`` holds medians of what the scores were fused from, and
    ``depth_frames`` counts frames that came with a depth map.
    """

    frames_received: int
    frames_judged: int
    frames_usable: int
    frames_dropped: int
    pad_median: float | None
    pad_lowest: float | None
    pad_decision: float | None
    quality_decision: float | None
    reasons: Mapping[str, int] = field(default_factory=dict)
    challenge: Sequence[str] = field(default_factory=list)
    restarts: Mapping[str, int] = field(default_factory=dict)
    parallax: float | None = None
    evidence: Mapping[str, float] = field(default_factory=dict)
    depth_frames: int = 0


@dataclass(frozen=True, slots=True)
class MatchFacts:
    """How near the probe came, for the officer only. Similarities are cosine, -1...1."""

    similarity: float | None
    runner_up: float | None
    threshold: float
    margin: float
    gallery_size: int
    claimed: bool
    model: str
