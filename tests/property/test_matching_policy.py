"""What matching never does, whatever it is given."""

from __future__ import annotations

import math
from uuid import UUID

from hypothesis import assume, example, given
from hypothesis import strategies as st

from domain.biometrics import Candidate, ModelId, Similarity
from domain.policies.matching import Matched, MatchingPolicy, NotMatched

MODEL = ModelId("memory/64")

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
