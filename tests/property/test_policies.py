"""What the policies never do, whatever they are given."""

from __future__ import annotations

import math
from statistics import median
from uuid import UUID

import numpy as np
import pytest
from hypothesis import assume, example, given
from hypothesis import strategies as st

from domain.biometrics import Candidate, Embedding, FaceQuality, FrameFindings, ModelId, Similarity
from domain.enrollment import MIN_USED_CAPTURES
from domain.errors import CaptureCountError, CapturesInconsistentError, DuplicatePersonError, TooFewCapturesError
from domain.policies.enrolling import EnrollmentPolicy, mean_template
from domain.policies.liveness import (
    EvidencePolicy,
    FrameLog,
    Gathering,
    Insufficient,
    Sufficient,
    pad_of,
    quality_of,
)
from domain.policies.matching import Matched, MatchingPolicy, NotMatched

MODEL = ModelId("memory/64")
DIMENSION = 64

# Matching -----------------------------------------------------------------------------------------------------------

MATCHING = MatchingPolicy()
NEAR_A_THRESHOLD = st.sampled_from(
    [
        math.nextafter(value, away)
        for value in (MATCHING.identification_threshold, MATCHING.verification_threshold)
        for away in (-1.0, 1.0)
    ]
)
SIMILARITIES = st.floats(-1, 1) | NEAR_A_THRESHOLD
OVERRIDES = st.none() | st.floats(0, 1, exclude_min=True, exclude_max=True)


def candidate(number: int, similarity: float, override: float | None = None) -> Candidate:
    return Candidate(
        UUID(int=number), UUID(int=100 + number), UUID(int=200 + number), "icu", Similarity(similarity), override
    )


GALLERIES = st.lists(st.tuples(SIMILARITIES, OVERRIDES), max_size=6).map(
    lambda entries: [candidate(number, *entry) for number, entry in enumerate(entries, start=1)]
)


def decide(candidates: list[Candidate], claim: int | None = None, *, claimed: bool = False) -> Matched | NotMatched:
    return MATCHING.decide(
        candidates,
        gallery_size=len(candidates),
        model=MODEL,
        claimed=None if claim is None else UUID(int=claim),
        claim_made=claimed or claim is not None,
    )


@given(GALLERIES, st.none() | st.integers(1, 7), st.booleans())
def test_nobody_matches_below_a_threshold_or_within_the_margin(
    gallery: list[Candidate], claim: int | None, claimed: bool
) -> None:
    verdict = decide(gallery, claim, claimed=claimed)

    if isinstance(verdict, Matched):
        best = verdict.candidate
        one_to_one = claimed or claim is not None
        assert best.similarity >= (MATCHING.verification_threshold if one_to_one else MATCHING.identification_threshold)
        assert best.similarity >= (best.threshold_override or 0.0)
        others = [c.similarity for c in gallery if c.subject_id != best.subject_id]
        assert all(best.similarity - other >= MATCHING.margin for other in others)


@given(GALLERIES, st.none() | st.integers(1, 7))
def test_a_claim_lets_in_nobody_but_whom_it_names(gallery: list[Candidate], claim: int | None) -> None:
    verdict = decide(gallery, claim, claimed=True)

    if isinstance(verdict, Matched):
        assert claim is not None
        assert verdict.candidate.subject_id == UUID(int=claim)


@given(GALLERIES)
def test_identification_matches_the_nearest_or_nobody(gallery: list[Candidate]) -> None:
    verdict = decide(gallery)

    if isinstance(verdict, Matched):
        assert verdict.candidate.similarity == max(c.similarity for c in gallery)


@given(SIMILARITIES, OVERRIDES, st.booleans())
def test_a_personal_threshold_only_makes_it_stricter(similarity: float, override: float | None, claimed: bool) -> None:
    claim = 1 if claimed else None
    with_override = decide([candidate(1, similarity, override)], claim)
    without = decide([candidate(1, similarity)], claim)

    assert with_override.facts.threshold >= without.facts.threshold
    assert isinstance(without, Matched) or isinstance(with_override, NotMatched)


@given(st.floats(0.01, 0.99), SIMILARITIES, st.booleans())
@example(0.45, math.nextafter(0.45, 0), False)
def test_rounding_never_admits(threshold: float, similarity: float, at_the_edge: bool) -> None:
    policy = MatchingPolicy(identification_threshold=threshold)
    exact = math.nextafter(threshold, 0) if at_the_edge else similarity

    verdict = policy.decide([candidate(1, exact)], gallery_size=1, model=MODEL)

    recorded = verdict.facts.similarity
    assert recorded is not None
    assert recorded <= exact
    assert isinstance(verdict, NotMatched) or exact >= threshold


@given(st.integers(30, 99).map(lambda hundredths: hundredths / 100))
def test_a_threshold_just_below_is_not_reached_at_any_hundredth(threshold: float) -> None:
    policy = MatchingPolicy(identification_threshold=threshold)

    verdict = policy.decide([candidate(1, math.nextafter(threshold, 0))], gallery_size=1, model=MODEL)

    assert isinstance(verdict, NotMatched)


@given(GALLERIES, st.none() | st.integers(1, 7), st.randoms(use_true_random=False))
def test_the_order_of_candidates_does_not_matter(gallery: list[Candidate], claim: int | None, random: object) -> None:
    assume(len({c.similarity for c in gallery}) == len(gallery))
    shuffled = list(gallery)
    random.shuffle(shuffled)  # type: ignore[attr-defined]  # hypothesis gives a random.Random

    assert decide(shuffled, claim) == decide(gallery, claim)


def test_the_reason_says_what_was_missing() -> None:
    reasons = [
        decide([]),
        decide([candidate(1, 0.4)]),
        decide([candidate(1, 0.80), candidate(2, 0.79)]),
        decide([candidate(1, 0.9)], 2),
        decide([candidate(1, 0.9)], claimed=True),
    ]

    assert [verdict.reason for verdict in reasons if isinstance(verdict, NotMatched)] == [
        "gallery_empty",
        "below_threshold",
        "margin_too_small",
        "claim_not_found",
        "claim_not_found",
    ]


def test_the_facts_hold_how_near_it_was_for_the_officer() -> None:
    facts = decide([candidate(2, 0.31239), candidate(1, 0.91239)]).facts

    assert (facts.similarity, facts.runner_up) == (0.9123, 0.3123)
    assert (facts.threshold, facts.margin) == (MATCHING.identification_threshold, MATCHING.margin)
    assert (facts.gallery_size, facts.claimed, facts.model) == (2, False, MODEL)


# Evidence -----------------------------------------------------------------------------------------------------------

EVIDENCE = EvidencePolicy()
SCORES = st.floats(0, 1) | st.sampled_from([EVIDENCE.pad_threshold, math.nextafter(EVIDENCE.pad_threshold, 0)])


def frame(pad: float | None, quality: float = 0.5, reason: str | None = None) -> FrameFindings:
    return FrameFindings(1, reason, FaceQuality(quality, reason), pad)


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
    verdict = EVIDENCE.decide(frames, last=last)

    usable = [f for f in frames if f.usable]
    if isinstance(verdict, Sufficient):
        assert len(usable) >= EVIDENCE.min_usable
        assert median(pad_of(f) for f in usable) >= EVIDENCE.pad_threshold
        assert pad_of(usable[-1]) >= EVIDENCE.pad_threshold
        decision = frames[verdict.decision]
        assert decision.usable
        assert pad_of(decision) >= EVIDENCE.pad_threshold


@given(FRAMES, st.booleans())
def test_the_decision_frame_is_the_best_live_one(frames: list[FrameFindings], last: bool) -> None:
    verdict = EVIDENCE.decide(frames, last=last)

    if isinstance(verdict, Sufficient):
        live = [f for f in frames if f.usable and pad_of(f) >= EVIDENCE.pad_threshold]
        assert quality_of(frames[verdict.decision]) == max(quality_of(f) for f in live)


@given(st.lists(st.floats(EVIDENCE.pad_threshold, 1), min_size=2, max_size=10), st.booleans())
def test_live_frames_never_excuse_a_later_fake_one(pads: list[float], last: bool) -> None:
    fake = math.nextafter(EVIDENCE.pad_threshold, 0)

    verdict = EVIDENCE.decide([*map(frame, pads), frame(fake)], last=last)

    assert not isinstance(verdict, Sufficient)


@given(FRAMES, st.integers(1, 6))
def test_fewer_usable_frames_than_asked_for_are_never_enough(frames: list[FrameFindings], min_usable: int) -> None:
    policy = EvidencePolicy(min_usable=min_usable)
    few = [f for f in frames if not f.usable] + [f for f in frames if f.usable][: min_usable - 1]

    assert isinstance(policy.decide(few), Gathering)
    assert isinstance(policy.decide(few, last=True), Insufficient)


@given(FRAMES)
def test_gathering_comes_to_an_end(frames: list[FrameFindings]) -> None:
    verdict = EVIDENCE.decide(frames)

    if isinstance(verdict, Gathering):
        assert sum(f.usable for f in frames) < EVIDENCE.max_usable
        assert 0 <= verdict.step < verdict.of == EVIDENCE.min_usable
    assert not isinstance(EVIDENCE.decide(frames, last=True), Gathering)


@given(st.permutations([float("nan"), 0.0, 0.1, 0.9, 0.95]))
def test_a_score_that_is_no_number_counts_as_an_attack(pads: list[float]) -> None:
    as_attack = [0.0 if math.isnan(pad) else pad for pad in pads]

    verdict, judged = (
        EVIDENCE.decide([frame(pad) for pad in given_pads], last=True) for given_pads in (pads, as_attack)
    )

    assert isinstance(verdict, Sufficient) == isinstance(judged, Sufficient)


@pytest.mark.parametrize(
    ("pads", "reason"),
    [([0.0] * 6, "median_below_threshold"), ([0.9] * 5 + [0.0], "latest_frame_below_threshold")],
)
def test_an_attack_is_named_with_what_gave_it_away(pads: list[float], reason: str) -> None:
    assert EVIDENCE.decide([frame(pad) for pad in pads]) == Insufficient("presentation_attack", reason)


@given(FRAMES, st.integers(0, 9))
def test_the_summary_counts_every_frame_once(frames: list[FrameFindings], dropped: int) -> None:
    log = FrameLog(frames=frames, received=len(frames) + 2, dropped=dropped)
    log.invalid["invalid_image"] += 2

    summary = log.summary()

    assert (summary.frames_judged, summary.frames_dropped) == (len(frames), dropped)
    assert summary.frames_usable + sum(summary.reasons.values()) == summary.frames_received
    assert summary.pad_decision is None


# Enrolling ----------------------------------------------------------------------------------------------------------

ENROLLING = EnrollmentPolicy()
SEEDS = st.integers(0, 2**32 - 1)


def people(seed: int, counts: list[int], noise: float = 0.6) -> list[Embedding]:
    """Captures of as many people as there are counts, every person at right angles to the others.

    Two captures of one person are 1 / (1 + noise²) alike: 0.74.
    """
    random = np.random.default_rng(seed)
    axes = np.linalg.qr(random.standard_normal((DIMENSION, DIMENSION)))[0].astype(np.float32)
    captures, spare = [], len(counts)
    for axis, count in enumerate(counts):
        for _ in range(count):
            captures.append(unit(axes[axis] + noise * axes[spare]))
            spare += 1
    return captures


def unit(vector: np.ndarray[tuple[int, ...], np.dtype[np.float32]]) -> Embedding:
    return Embedding(MODEL, (vector / np.linalg.norm(vector)).astype(np.float32))


@given(SEEDS, st.integers(MIN_USED_CAPTURES, 10))
def test_pictures_of_one_person_are_all_kept(seed: int, count: int) -> None:
    assert ENROLLING.consistent(people(seed, [count])) == list(range(count))


@given(SEEDS, st.integers(4, 8), st.integers(1, 3))
def test_a_few_pictures_of_others_are_dropped(seed: int, own: int, others: int) -> None:
    assume(others < own - 1)

    assert ENROLLING.consistent(people(seed, [own, *[1] * others])) == list(range(own))


@given(SEEDS, st.lists(st.integers(1, 5), min_size=2, max_size=5))
def test_no_template_is_ever_made_of_two_people(seed: int, counts: list[int]) -> None:
    assume(sum(counts) >= MIN_USED_CAPTURES)
    owner = [person for person, count in enumerate(counts) for _ in range(count)]

    try:
        kept = ENROLLING.consistent(people(seed, counts))
    except CapturesInconsistentError:
        return

    assert len({owner[index] for index in kept}) == 1
    assert len(kept) >= MIN_USED_CAPTURES
    assert 2 * len(kept) > sum(counts)


@given(SEEDS, st.integers(2, 5), st.integers(2, 5))
def test_as_many_pictures_of_one_person_as_of_another_make_no_template(seed: int, half: int, people_count: int) -> None:
    with pytest.raises(CapturesInconsistentError):
        ENROLLING.consistent(people(seed, [half] * people_count))


@pytest.mark.parametrize("count", range(MIN_USED_CAPTURES))
def test_too_few_captures_are_no_enrolment(count: int) -> None:
    with pytest.raises(TooFewCapturesError):
        ENROLLING.consistent(people(1, [count]))


@given(SEEDS, st.integers(1, 10), st.floats(0, 3))
def test_a_template_is_a_unit_vector_nearer_to_its_captures_than_they_are_to_each_other(
    seed: int, count: int, noise: float
) -> None:
    captures = people(seed, [count], noise)

    template = mean_template(captures)

    assert template.model == MODEL
    assert (template.vector.dtype.name, template.vector.shape) == ("float32", (DIMENSION,))
    assert np.linalg.norm(template.vector) == pytest.approx(1.0, abs=1e-5)
    assert all(template.similarity(capture) >= 1 / (1 + noise**2) - 1e-5 for capture in captures)


@given(st.integers(-5, 60))
def test_an_enrolment_takes_five_to_ten_captures(count: int) -> None:
    if 5 <= count <= 10:
        ENROLLING.check_count(count)
    else:
        with pytest.raises(CaptureCountError):
            ENROLLING.check_count(count)


@given(st.lists(st.floats(-1, 1), max_size=5))
def test_nobody_is_enrolled_who_looks_like_somebody_else(similarities: list[float]) -> None:
    nearest = [candidate(number, similarity) for number, similarity in enumerate(similarities)]

    if max(similarities, default=-1.0) >= ENROLLING.duplicate_threshold:
        with pytest.raises(DuplicatePersonError):
            ENROLLING.check_unique(nearest)
    else:
        ENROLLING.check_unique(nearest)
