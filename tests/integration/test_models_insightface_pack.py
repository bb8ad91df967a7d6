"""A pack in insightface's own form: a detector with SCRFD's nine outputs, made here, and fr_feature as recogniser."""

from __future__ import annotations

import logging
import os
import shutil
from pathlib import Path

import cv2
import numpy as np
import pytest

from adapters.vision.bundle import MANIFEST
from adapters.vision.load import load_pipeline
from domain.errors import ModelError
from entrypoints import examination
from entrypoints.settings import Settings
from tests.scrfd import SIDE, save_detector

pytestmark = [
    pytest.mark.models,
    # insightface, and what it imports, warn about their own dependencies.
    pytest.mark.filterwarnings("default"),
]

ROOT = Path(__file__).parents[2]


@pytest.fixture(scope="module")
def models() -> Path:
    folder = Path(os.environ.get("FACEAUTH_HOME", ROOT / "var")) / "models"
    if not (folder / MANIFEST).exists():
        pytest.skip("the model bundle is not installed: run 'faceauth models install'")
    return folder


@pytest.fixture
def pack(models: Path, tmp_path: Path) -> Path:
    save_detector(tmp_path / "det_test.onnx")
    shutil.copy(models / "fr-feature-0.0.1.onnx", tmp_path / "recogniser.onnx")
    return tmp_path


def test_a_pack_runs_through_insightface_and_says_its_licence(
    pack: Path, models: Path, caplog: pytest.LogCaptureFixture
) -> None:
    with caplog.at_level(logging.WARNING):
        pipeline = load_pipeline(pack, default_bundle=models, accept_licence=True)
    assert "non-commercial research only" in caplog.text
    picture = np.random.default_rng(1).integers(60, 200, (SIDE, SIDE, 3), np.uint8)
    ok, encoded = cv2.imencode(".png", picture)
    assert ok
    findings, crop = pipeline.judge(encoded.tobytes())
    assert findings.reason is None
    assert findings.faces == 1
    assert findings.pad is not None
    assert crop is not None
    embedding = pipeline.embed(crop)
    assert embedding.model == pipeline.model
    assert embedding.model.startswith("insightface-recogniser-87aacdfe5751/512")
    assert embedding.vector.shape == (512,)


def test_a_pack_needs_the_default_bundle_for_presentation_attack_detection(pack: Path) -> None:
    with pytest.raises(ModelError, match="needs the default bundle beside it"):
        load_pipeline(pack, accept_licence=True)


def test_a_pack_without_a_recogniser_is_refused(pack: Path, models: Path) -> None:
    (pack / "recogniser.onnx").unlink()
    with pytest.raises(ModelError, match="no ArcFace recogniser"):
        load_pipeline(pack, default_bundle=models, accept_licence=True)


def test_a_detector_without_landmarks_is_refused(pack: Path, models: Path) -> None:
    save_detector(pack / "det_test.onnx", landmarks=False)
    with pytest.raises(ModelError, match="no SCRFD detector with landmarks"):
        load_pipeline(pack, default_bundle=models, accept_licence=True)


def test_yunet_is_not_taken_for_an_scrfd(pack: Path, models: Path) -> None:
    shutil.copy(models / "yunet-2023mar.onnx", pack / "det_test.onnx")
    with pytest.raises(ModelError, match="no SCRFD detector with landmarks"):
        load_pipeline(pack, default_bundle=models, accept_licence=True)


def test_a_file_that_is_no_model_is_named(pack: Path, models: Path) -> None:
    (pack / "broken.onnx").write_bytes(b"no model")
    with pytest.raises(ModelError, match=r"broken\.onnx cannot be opened by insightface"):
        load_pipeline(pack, default_bundle=models, accept_licence=True)


def test_the_doctor_warns_of_a_pack_that_nobody_measured_and_names_the_command(pack: Path) -> None:
    settings = Settings(models=pack, accept_insightface_licence=True)

    (found,) = examination._matching(settings)

    assert (found.state, found.name) == ("warning", "matching")
    assert "insightface-recogniser-87aacdfe5751/512" in found.detail
    assert "faceauth evaluate calibration" in found.remedy


def test_the_doctor_is_content_with_the_default_models(models: Path) -> None:
    (found,) = examination._matching(Settings(home=models.parent))

    assert found.state == "ok"
