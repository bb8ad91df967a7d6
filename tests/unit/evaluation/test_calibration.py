"""What is measured of many made-up people: directions in space, and pictures near them."""

from __future__ import annotations

import json
from collections.abc import Iterator
from pathlib import Path

import numpy as np
import pytest

from adapters.vision.distributions import read_distribution
from application.evaluation.acquiring import Acquisition, Picture
from application.evaluation.calibration import calibrate, likelihood
from application.ports.vision import FaceCrop
from domain.biometrics import Embedding, FrameFindings, ModelId
from domain.errors import InvalidInputError
from domain.policies.matching import MatchingPolicy
from entrypoints.cli.evaluate_calibration import measure, text_of

MODEL = ModelId("made-up/32")
DIMENSION = 32
PEOPLE, PICTURES = 260, 8


def unit(vector: np.ndarray) -> np.ndarray:
    return np.asarray(vector / np.linalg.norm(vector), np.float32)


def people(count: int = PEOPLE, pictures: int = PICTURES) -> dict[str, list[Embedding]]:
    rng = np.random.default_rng(7)
    made = {}
    for person in range(count):
        direction = unit(rng.normal(size=DIMENSION))
        takes = (unit(direction + 0.12 * rng.normal(size=DIMENSION)) for _ in range(pictures))
        made[f"person {person:03}"] = [Embedding(MODEL, take) for take in takes]
    return made


@pytest.fixture(scope="module")
def measured() -> dict[str, object]:
    return calibrate(people())


@pytest.fixture(scope="module")
def file(measured: dict[str, object], tmp_path_factory: pytest.TempPathFactory) -> Path:
    path = tmp_path_factory.mktemp("scores") / "made-up.json"
    path.write_text(text_of({"format": 1, "model": MODEL, **measured}))
    return path


def strangers(count: int) -> Iterator[np.ndarray]:
    rng = np.random.default_rng(11)
    for _ in range(count):
        yield unit(rng.normal(size=DIMENSION))


def test_the_same_pictures_give_the_same_bytes(measured: dict[str, object]) -> None:
    assert text_of(calibrate(people())) == text_of(dict(measured))


def test_unseen_strangers_match_no_more_often_than_the_target_says(file: Path) -> None:
    scores = read_distribution(file)
    templates = np.stack([unit(np.mean([e.vector for e in takes[:5]], axis=0)) for takes in people().values()])
    best = np.array([(templates @ stranger).max() for stranger in strangers(4000)])
    policy = MatchingPolicy(fpir_target=0.01, distributions={MODEL: scores})

    threshold = policy.threshold(MODEL, gallery_size=len(templates), claim_made=False)

    assert np.mean(best >= threshold) <= 0.01
    assert threshold < 0.95, "a threshold that nobody reaches says nothing"


def test_the_likelihood_ratio_finds_the_one_that_the_scores_were_drawn_from() -> None:
    rng = np.random.default_rng(3)
    genuine, impostor = rng.normal(0.6, 0.1, 50_000), rng.normal(0.1, 0.1, 50_000)

    offset, slope = likelihood(genuine, np.ones(50_000), impostor, np.ones(50_000))

    # Two normal distributions of one variance: the slope is the distance of the means over the variance.
    assert slope == pytest.approx(50.0, rel=0.03)
    assert -offset / slope == pytest.approx(0.35, abs=0.005)


def test_classes_that_do_not_overlap_give_finite_numbers() -> None:
    genuine, impostor = np.linspace(0.8, 0.9, 100), np.linspace(0.0, 0.2, 1000)

    offset, slope = likelihood(genuine, np.ones(100), impostor, np.ones(1000))

    assert np.isfinite([offset, slope]).all()
    assert slope > 0


def test_somebody_with_many_pictures_weighs_no_more_than_anybody() -> None:
    crowd = people()
    first, second = list(crowd)[:2]
    # Two people who look alike, one of them photographed a hundred times.
    alike = crowd[first][0]
    crowd[second] = [alike] * 5
    few = calibrate(crowd)
    crowd[second] = [alike] * 100
    many = calibrate(crowd)

    assert many["template"]["comparisons"]["impostor"] > few["template"]["comparisons"]["impostor"]
    assert many["template"]["comparisons"]["impostor_pairs"] == few["template"]["comparisons"]["impostor_pairs"]
    assert [rate for rate, *_ in many["template"]["impostor"]["points"]] == [
        rate for rate, *_ in few["template"]["impostor"]["points"]
    ]
    shift = np.array(many["template"]["impostor"]["points"]) - np.array(few["template"]["impostor"]["points"])
    assert np.abs(shift[:, 1]).max() < 0.02


@pytest.mark.parametrize(("count", "pictures"), [(10, 8), (260, 4), (260, 5), (60, 8)])
def test_too_few_people_or_pictures_are_refused(count: int, pictures: int) -> None:
    with pytest.raises(InvalidInputError, match="a distribution needs at least"):
        calibrate(people(count, pictures))


class Camera:
    """A face acquirer: a picture's bytes say whose it is; keeps what it gave out."""

    model = MODEL

    def __init__(self) -> None:
        self.given: list[Embedding] = []
        self._made = people()

    def central(self, payload: bytes) -> tuple[FrameFindings, FaceCrop | None]:
        if payload == b"nobody":
            return FrameFindings(0, "no_face"), None
        return FrameFindings(1, None), FaceCrop(np.frombuffer(payload, np.uint8).copy())

    def embed(self, crop: FaceCrop, model: ModelId | None = None) -> Embedding:  # noqa: ARG002 - the port's signature
        person, take = bytes(crop.pixels).decode().split("/")
        embedding = Embedding(MODEL, self._made[person][int(take)].vector.copy())
        self.given.append(embedding)
        return embedding


def test_a_measurement_names_its_data_and_leaves_no_embedding(tmp_path: Path, measured: dict[str, object]) -> None:
    shown: dict[str, list[Picture]] = {}
    for person in people():
        for take in range(PICTURES):
            path = tmp_path / f"{person}-{take}"
            path.write_bytes(f"{person}/{take}".encode())
            shown.setdefault(person, []).append(Picture(path.name, path, person))
    (tmp_path / "nobody").write_bytes(b"nobody")
    shown["a stranger"] = [Picture("nobody", tmp_path / "nobody", "a stranger")]
    camera = Camera()

    with Acquisition(camera, threads=1) as taking:
        document = measure(shown, taking, model=MODEL, digest="0" * 64)

    assert document["data"] == {
        "sha256": "0" * 64,
        "people": PEOPLE + 1,
        "pictures": PEOPLE * PICTURES + 1,
        "without_face": 1,
        "captures_per_template": 5,
        "pictures_per_averaged_probe": 3,
    }
    assert document["template"] == measured["template"]
    assert len(camera.given) == PEOPLE * PICTURES
    assert not any(embedding.vector.any() for embedding in camera.given)
    assert not any(person in json.dumps(document) for person in shown)
