"""The default bundle on real faces: insightface's six-person photograph, which comes with its wheel."""

from __future__ import annotations

import os
from importlib.metadata import files
from pathlib import Path
from typing import Any

import cv2
import numpy as np
import pytest

from adapters.vision import detector as yunet
from adapters.vision.bundle import MANIFEST, read_bundle
from adapters.vision.catalogue import load_catalogue
from adapters.vision.decoder import OpenCvDecoder
from adapters.vision.detector import YuNetDetector
from adapters.vision.load import load_pipeline
from adapters.vision.pipeline import VisionPipeline
from adapters.vision.sessions import Network
from domain.errors import ConfigurationError, ImageError, ModelError

pytestmark = pytest.mark.models

ROOT = Path(__file__).parents[2]
FACES = {  # left, top, right, bottom of a portrait of each person, in pixels of the photograph
    "first": (0, 200, 220, 470),
    "second": (170, 60, 420, 370),
    "third": (390, 200, 640, 500),
    "fourth": (680, 270, 900, 560),
    "fifth": (800, 0, 1080, 300),
    "sixth": (1040, 200, 1280, 500),
}


@pytest.fixture(scope="module")
def models() -> Path:
    named = os.environ.get("FACEAUTH_MODELS")
    folder = Path(named) if named else Path(os.environ.get("FACEAUTH_HOME", ROOT / "var")) / "models"
    if not (folder / MANIFEST).exists():
        pytest.skip("the model bundle is not installed: run 'faceauth models install'")
    return folder


@pytest.fixture(scope="module")
def pipeline(models: Path) -> VisionPipeline:
    return load_pipeline(models)


@pytest.fixture(scope="module")
def photograph() -> np.ndarray:
    path = next(file for file in files("insightface") or [] if file.name == "t1.jpg").locate()
    return OpenCvDecoder().decode(Path(str(path)).read_bytes())


def portrait(photograph: np.ndarray, name: str, zoom: float = 2.0) -> np.ndarray:
    left, top, right, bottom = FACES[name]
    return cv2.resize(photograph[top:bottom, left:right], None, fx=zoom, fy=zoom, interpolation=cv2.INTER_CUBIC)


def jpeg(image: np.ndarray, quality: int = 92) -> bytes:
    ok, encoded = cv2.imencode(".jpg", image, [cv2.IMWRITE_JPEG_QUALITY, quality])
    assert ok
    return encoded.tobytes()


def embedding(pipeline: VisionPipeline, payload: bytes) -> Any:
    findings, crop = pipeline.judge(payload)
    assert findings.reason is None
    assert crop is not None
    return pipeline.embed(crop)


def test_every_model_is_what_its_card_and_contract_say(models: Path) -> None:
    bundle = read_bundle(models)
    assert bundle.problems() == {}
    for spec in load_catalogue().models:
        network = Network(spec.id, bundle.read(spec.id), spec.contract["input_shape"])
        shapes = network.output_shapes
        assert len(shapes) == spec.contract["outputs"]
        if "dimension" in spec.contract:
            assert shapes[0][-1] == spec.contract["dimension"]
        assert bundle.card(spec.id)["original"]["sha256"] == spec.sha256


def test_a_model_that_takes_something_else_than_its_contract_is_refused(models: Path) -> None:
    bundle = read_bundle(models)
    with pytest.raises(ModelError, match="does not take what its contract says"):
        Network("sface-2021dec", bundle.read("sface-2021dec"), (1, 3, 80, 80))


def test_a_group_is_many_faces(pipeline: VisionPipeline, photograph: np.ndarray) -> None:
    findings, crop = pipeline.judge(jpeg(photograph))
    assert (findings.reason, findings.faces, crop) == ("many_faces", 6, None)


@pytest.mark.parametrize("name", FACES)
def test_each_person_alone_is_usable(pipeline: VisionPipeline, photograph: np.ndarray, name: str) -> None:
    findings, crop = pipeline.judge(jpeg(portrait(photograph, name)))
    assert findings.usable
    assert findings.pad is not None
    assert 0.0 <= findings.pad <= 1.0
    assert crop is not None
    assert crop.pixels.shape == (112, 112, 3)


def test_a_person_resembles_themself_and_nobody_else(pipeline: VisionPipeline, photograph: np.ndarray) -> None:
    plain = {name: embedding(pipeline, jpeg(portrait(photograph, name))) for name in FACES}
    changed = {
        name: embedding(pipeline, jpeg(cv2.convertScaleAbs(portrait(photograph, name, 1.3), alpha=0.85), 60))
        for name in FACES
    }
    for name, vector in plain.items():
        assert vector.model == "sface-2021dec+fr-feature-0.0.1/640"
        assert vector.vector.shape == (640,)
        for other, probe in changed.items():
            similarity = vector.similarity(probe)
            assert similarity > 0.9 if name == other else similarity < 0.45


def test_an_empty_scene_has_no_face(pipeline: VisionPipeline) -> None:
    findings, _ = pipeline.judge(jpeg(np.full((480, 640, 3), 127, np.uint8)))
    assert findings.reason == "no_face"


def test_one_pixel_has_no_face(pipeline: VisionPipeline) -> None:
    findings, _ = pipeline.judge(jpeg(np.zeros((1, 1, 3), np.uint8)))
    assert findings.reason == "no_face"


def test_a_very_wide_picture_does_no_harm(pipeline: VisionPipeline) -> None:
    findings, _ = pipeline.judge(jpeg(np.zeros((2, 4000, 3), np.uint8)))
    assert findings.reason == "no_face"


def test_damaged_bytes_are_refused(pipeline: VisionPipeline, photograph: np.ndarray) -> None:
    with pytest.raises(ImageError):
        pipeline.judge(jpeg(photograph)[:-100])


def test_detection_agrees_with_opencv(models: Path, photograph: np.ndarray) -> None:
    network = Network(yunet.__name__, read_bundle(models).read("yunet-2023mar"), yunet.INPUT_SHAPE)
    ours = YuNetDetector(network).detect(photograph)
    scale = 320 / photograph.shape[1]
    height = round(photograph.shape[0] * scale)
    reference = cv2.FaceDetectorYN.create(str(models / "yunet-2023mar.onnx"), "", (320, height), 0.6, 0.3)
    _, theirs = reference.detect(cv2.resize(photograph, (320, height), interpolation=cv2.INTER_AREA))
    rows = sorted((np.asarray(row) for row in theirs), key=lambda row: float(row[0]))
    for face, row in zip(sorted(ours, key=lambda face: float(face.box[0])), rows, strict=True):
        np.testing.assert_allclose(face.box, row[:4] / scale, atol=1.0)
        np.testing.assert_allclose(face.landmarks.ravel(), row[4:14] / scale, atol=1.0)
        assert face.score == pytest.approx(float(row[14]), abs=0.01)


def test_recognition_agrees_with_opencv(models: Path, pipeline: VisionPipeline, photograph: np.ndarray) -> None:
    _, crop = pipeline.judge(jpeg(portrait(photograph, "third")))
    assert crop is not None
    reference = cv2.dnn.readNetFromONNX(str(models / "sface-2021dec.onnx"))
    reference.setInput(cv2.dnn.blobFromImage(crop.pixels, swapRB=True))
    vector = np.asarray(reference.forward()).ravel()
    ours = pipeline.embed(crop).vector[:128]
    np.testing.assert_allclose(ours / np.linalg.norm(ours), vector / np.linalg.norm(vector), atol=1e-3)


def test_models_that_are_not_installed_are_said_to_be(tmp_path: Path) -> None:
    with pytest.raises(ModelError, match="run 'faceauth models install'"):
        load_pipeline(tmp_path)


def test_a_pack_needs_its_licence_accepted_before_anything_is_loaded(models: Path, tmp_path: Path) -> None:
    (tmp_path / "det.onnx").write_bytes(b"never opened")
    with pytest.raises(ConfigurationError, match=r"non-commercial research only.*FACEAUTH_ACCEPT_INSIGHTFACE_LICENCE"):
        load_pipeline(tmp_path, default_bundle=models)
