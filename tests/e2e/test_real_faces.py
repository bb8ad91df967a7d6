"""What transforms and quantisation do to real faces: nothing inside an epoch, everything outside it."""

from __future__ import annotations

import itertools
import sys
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np
import pytest

from adapters.crypto.transform import orthogonal
from adapters.vision.load import load_pipeline
from domain.biometrics import Embedding, ModelId
from domain.template_code import decode, encode

if TYPE_CHECKING:
    from numpy.typing import NDArray

    Vectors = NDArray[np.float32]

pytestmark = [pytest.mark.models, pytest.mark.data]

PEOPLE, EACH = 90, 4
TRANSFORMS = 4
BINS = 25
UNLINKABLE = 0.05
FAR = 1e-3
RENEWALS = 12
"""Twelve years of yearly renewals."""


@pytest.fixture(scope="module")
def faces(evaluation_data: Path, installed_models: Path) -> tuple[Vectors, NDArray[np.int64]]:
    """Unit vectors of press photographs (float32, one a row) and the number of the person each shows."""
    pipeline = load_pipeline(installed_models)
    folders = sorted(f for f in (evaluation_data / "lfw" / "images").iterdir() if len(list(f.iterdir())) >= 2 * EACH)
    files = [(who, file) for who, folder in enumerate(folders) for file in sorted(folder.iterdir())[: 2 * EACH]]
    with ThreadPoolExecutor(2) as pool:
        crops = list(pool.map(lambda item: pipeline.judge(item[1].read_bytes())[1], files))
        found: dict[int, list[Vectors]] = {}
        for (who, _), crop in zip(files, crops, strict=True):
            if crop is not None and len(found.setdefault(who, [])) < EACH:
                found[who].append(pipeline.embed(crop).vector)
    whole = [vectors for vectors in found.values() if len(vectors) == EACH][:PEOPLE]
    assert len(whole) >= PEOPLE // 2
    return np.concatenate(whole), np.repeat(np.arange(len(whole)), EACH)


def split(scores: Vectors, people: NDArray[np.int64], *, but_itself: bool) -> tuple[Vectors, Vectors]:
    """Return (mated, non-mated) scores of a square of comparisons."""
    same = people[:, None] == people[None]
    mated = same & ~np.eye(len(people), dtype=bool) if but_itself else same
    return scores[mated], scores[~same]


def d_sys(mated: Vectors, other: Vectors) -> float:
    """Return the global linkability of Gomez-Barrero et al. (IEEE TIFS 13, 2018) with omega 1: 0 unlinkable ... 1.

    Densities by histograms of equal bins. Chance alone pushes the estimate up, by about 0.4 times the square root of
    BINS over the number of mated scores: never down.
    """
    edges = np.linspace(min(mated.min(), other.min()), max(mated.max(), other.max()), BINS + 1)
    p_mated, p_other = (np.histogram(scores, edges)[0] / len(scores) for scores in (mated, other))
    ratio = np.divide(p_mated, p_other, out=np.full(BINS, np.inf), where=p_other > 0)
    local = np.where(ratio > 1, 1 - 2 / (1 + ratio), 0.0)
    return float((local * p_mated).sum())


def test_templates_of_two_epochs_cannot_be_linked_and_of_one_epoch_can(
    faces: tuple[Vectors, NDArray[np.int64]], capsys: pytest.CaptureFixture[str]
) -> None:
    vectors, people = faces
    seeds = [bytes([number]) * 32 for number in range(TRANSFORMS)]
    turned = [vectors @ orthogonal(seed, f"t-{seed[0]}", "m", vectors.shape[1]).T for seed in seeds]
    across = [split(one @ two.T, people, but_itself=False) for one, two in itertools.combinations(turned, 2)]
    mated, other = (np.concatenate(scores) for scores in zip(*across, strict=True))

    between = d_sys(mated, other)
    within = d_sys(*split(turned[0] @ turned[0].T, people, but_itself=True))

    with capsys.disabled():
        sys.stdout.write(f"\nD_sys between epochs {between:.4f} ({len(mated)} mated scores), within one {within:.4f}\n")
    assert between <= UNLINKABLE
    assert within > 0.9, "the measure must be able to see that templates are linked"
    np.testing.assert_allclose(turned[0] @ turned[0].T, vectors @ vectors.T, atol=1e-5)


def tar(mated: Vectors, other: Vectors) -> float:
    """Return the share of mated scores above the threshold that lets FAR of the others pass."""
    return float((mated > np.quantile(other, 1 - FAR)).mean())


def written(vectors: Vectors, transform: str) -> Vectors:
    """Return the vectors as they come back from storage."""
    model = ModelId("m")
    return np.stack([decode(model, transform, encode(Embedding(model, v, transform))).vector for v in vectors])


def test_eight_bits_a_value_cost_nobody_the_way_in(
    faces: tuple[Vectors, NDArray[np.int64]], capsys: pytest.CaptureFixture[str]
) -> None:
    vectors, people = faces
    plain = split(vectors @ vectors.T, people, but_itself=True)
    stored, once = vectors, vectors
    for year in range(1, RENEWALS + 1):
        turn = orthogonal(bytes([year]) * 32, f"t-{year}", "m", vectors.shape[1])
        stored = written(stored @ turn.T, f"t-{year}") @ turn
        once = stored if year == 1 else once

    losses = {}
    for name, templates in (("once", once), ("twelve times", stored)):
        quantised = split(vectors @ templates.T, people, but_itself=True)
        losses[name] = tar(*plain) - tar(*quantised)
        furthest = float(np.abs(quantised[0] - plain[0]).max())
        with capsys.disabled():
            sys.stdout.write(f"\nint8 {name}: TAR loss {losses[name]:.4%}, scores move by at most {furthest:.4f}\n")

    assert max(losses.values()) <= 0.002
