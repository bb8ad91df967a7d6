"""A template written down in one byte a value comes back as nearly the same direction, or not at all."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from domain.biometrics import Embedding, ModelId
from domain.template_code import FORMAT, decode, encode

MODEL = ModelId("test/640")


def face(seed: int, dimension: int) -> Embedding:
    vector = np.random.default_rng(seed).standard_normal(dimension).astype(np.float32)
    return Embedding(MODEL, vector / np.linalg.norm(vector), "t-1")


@settings(max_examples=100, deadline=None)
@given(seed=st.integers(0, 2**32), dimension=st.sampled_from([2, 64, 128, 512, 640]))
def test_what_comes_back_points_the_same_way(seed: int, dimension: int) -> None:
    template = face(seed, dimension)
    again = decode(MODEL, "t-1", encode(template))

    assert again.similarity(template) > 0.999
    assert (again.model, again.transform) == (MODEL, "t-1")
    assert np.linalg.norm(again.vector) == pytest.approx(1.0, abs=1e-5)


def test_a_template_takes_a_byte_a_value_and_five_more() -> None:
    assert len(encode(face(1, 640))) == 640 + 5


def test_writing_what_was_read_changes_nothing_more() -> None:
    once = decode(MODEL, "t-1", encode(face(1, 640)))
    np.testing.assert_allclose(decode(MODEL, "t-1", encode(once)).vector, once.vector, atol=1e-6)


def test_templates_from_before_there_were_transforms_still_open() -> None:
    plain = Embedding(MODEL, face(1, 640).vector)
    np.testing.assert_array_equal(decode(MODEL, "", plain.vector.tobytes()).vector, plain.vector)


@pytest.mark.parametrize(
    "raw",
    [
        b"",
        FORMAT,
        FORMAT + bytes(4),
        FORMAT + bytes(4) + b"\x01" * 8,
        FORMAT + np.float32(np.nan).tobytes() + b"\x01" * 8,
        FORMAT + np.float32(-0.1).tobytes() + b"\x01" * 8,
        FORMAT + np.float32(0.1).tobytes() + bytes(8),
        b"x" + np.float32(0.1).tobytes() + b"\x01" * 8,
        face(1, 64).vector.tobytes(),
    ],
)
def test_anything_else_is_refused(raw: bytes) -> None:
    with pytest.raises(ValueError, match=r"template|unit norm|finite"):
        decode(MODEL, "t-1", raw)
