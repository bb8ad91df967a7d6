"""Keyed transforms: the same face inside an epoch, nobody's face outside it."""

from __future__ import annotations

import hashlib

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from adapters.crypto.transform import RingProtection, orthogonal
from domain.biometrics import Embedding, ModelId
from domain.errors import TransformUnknownError

MODEL = ModelId("test/640")
DIMENSION = 640


class TwoSeeds:
    """A ring that knows two transforms, and can forget one."""

    def __init__(self) -> None:
        self.seeds = {"t-1": bytes(range(32)), "t-2": bytes(range(32, 64))}

    def active_transform(self) -> str:
        return "t-2"

    def transform_seed(self, transform: str) -> bytes:
        try:
            return self.seeds[transform]
        except KeyError:
            raise TransformUnknownError("gone") from None


def face(seed: int, dimension: int = DIMENSION) -> Embedding:
    vector = np.random.default_rng(seed).standard_normal(dimension).astype(np.float32)
    return Embedding(MODEL, vector / np.linalg.norm(vector))


def near(one: Embedding, seed: int) -> Embedding:
    """Another picture of the same face."""
    vector = one.vector + 0.5 * face(seed, len(one.vector)).vector
    return Embedding(MODEL, vector / np.linalg.norm(vector))


@pytest.fixture(scope="module")
def protection() -> RingProtection:
    return RingProtection(TwoSeeds())


@settings(max_examples=60, deadline=None)
@given(seed=st.integers(0, 2**32), other=st.integers(0, 2**32))
def test_similarity_and_length_are_the_same_inside_one_transform(
    protection: RingProtection, seed: int, other: int
) -> None:
    one, two = face(seed), near(face(seed), other)
    turned = [protection.protect(embedding, "t-1") for embedding in (one, two)]

    assert turned[0].similarity(turned[1]) == pytest.approx(one.similarity(two), abs=1e-5)
    assert np.linalg.norm(turned[0].vector) == pytest.approx(1.0, abs=1e-5)
    assert turned[0].vector.dtype == np.float32


def test_across_transforms_a_face_is_as_near_to_itself_as_to_anybody(protection: RingProtection) -> None:
    faces = [face(seed) for seed in range(200)]
    one = np.stack([protection.protect(f, "t-1").vector for f in faces])
    two = np.stack([protection.protect(f, "t-2").vector for f in faces])
    scores = one @ two.T
    expected = 1 / np.sqrt(DIMENSION)

    assert abs(float(np.diagonal(scores).mean())) < 4 * expected / np.sqrt(len(faces))
    assert float(scores.std()) == pytest.approx(expected, rel=0.1)


def test_a_template_is_carried_to_another_transform_as_if_it_had_been_made_there(protection: RingProtection) -> None:
    there = protection.carry(protection.protect(face(1), "t-1"), "t-2")

    assert there.transform == "t-2"
    np.testing.assert_allclose(there.vector, protection.protect(face(1), "t-2").vector, atol=1e-5)


def test_nothing_is_transformed_twice_by_mistake(protection: RingProtection) -> None:
    with pytest.raises(ValueError, match="already"):
        protection.protect(protection.protect(face(1), "t-1"), "t-2")


def test_embeddings_of_two_transforms_are_never_compared(protection: RingProtection) -> None:
    with pytest.raises(ValueError, match="transforms"):
        protection.protect(face(1), "t-1").similarity(protection.protect(face(1), "t-2"))


def test_a_transform_that_the_ring_lost_is_forgotten_here_too() -> None:
    seeds = TwoSeeds()
    protection = RingProtection(seeds)
    turned = protection.protect(face(1), "t-1")
    (matrix,) = protection._matrices.values()
    del seeds.seeds["t-1"]

    with pytest.raises(TransformUnknownError):
        protection.protect(face(2), "t-1")
    with pytest.raises(TransformUnknownError):
        protection.carry(turned, "t-2")
    assert not protection._matrices
    assert not matrix.any()


@pytest.mark.parametrize("dimension", [2, 3, 128, 640])
def test_the_matrix_is_orthogonal(dimension: int) -> None:
    matrix = orthogonal(bytes(32), "t-1", MODEL, dimension)

    assert matrix.dtype == np.float32
    np.testing.assert_allclose(matrix @ matrix.T, np.eye(dimension), atol=2e-6)


def test_every_part_of_the_name_makes_another_matrix() -> None:
    base = orthogonal(bytes(32), "t-1", MODEL, 64)
    others = [
        orthogonal(bytes(31) + b"\x01", "t-1", MODEL, 64),
        orthogonal(bytes(32), "t-2", MODEL, 64),
        orthogonal(bytes(32), "t-1", "another/640", 64),
    ]

    np.testing.assert_array_equal(base, orthogonal(bytes(32), "t-1", MODEL, 64))
    assert all(float(np.abs(base - other).max()) > 0.1 for other in others)


def test_the_matrix_is_the_same_on_every_machine_and_in_every_version() -> None:
    rounded = np.round(orthogonal(bytes(range(32)), "t-1", MODEL, 16).astype(np.float64), 4) + 0.0

    assert hashlib.sha256(rounded.tobytes()).hexdigest() == PINNED


PINNED = "7030f7504332f4fad2e410c5678fcbb2878f434e92be41048aa4ad644317b1a5"
"""Templates that were sealed must open years from now: whatever changes this locks everybody out."""
