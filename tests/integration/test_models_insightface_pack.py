"""A pack in insightface's own form: a detector with SCRFD's nine outputs, made here, and fr_feature as recogniser."""

from __future__ import annotations

import logging
import os
import shutil
from pathlib import Path

import cv2
import numpy as np
import onnx
import pytest
from onnx import TensorProto, helper, numpy_helper

from adapters.vision.bundle import MANIFEST
from adapters.vision.load import load_pipeline
from domain.errors import ModelError

pytestmark = [
    pytest.mark.models,
    # insightface, and what it imports, warn about their own dependencies.
    pytest.mark.filterwarnings("default"),
]

ROOT = Path(__file__).parents[2]
STRIDES = (8, 16, 32)
SIDE = 320
ANCHORS = 2
CELL = (20, 17)
"""Row and column, at stride 8, of the one face that the detector always sees."""


@pytest.fixture(scope="module")
def models() -> Path:
    folder = Path(os.environ.get("FACEAUTH_HOME", ROOT / "var")) / "models"
    if not (folder / MANIFEST).exists():
        pytest.skip("the model bundle is not installed: run 'faceauth models install'")
    return folder


def scrfd(*, landmarks: bool = True) -> onnx.ModelProto:
    """A network in SCRFD's form that sees one face of 112 pixels about the middle of any picture."""
    points = (np.array([[38.3, 51.7], [73.5, 51.5], [56.0, 71.7], [41.5, 92.4], [70.7, 92.2]]) - 56).ravel() / 8
    heads: list[tuple[str, int, np.ndarray]] = [("score", 1, np.array([0.9])), ("bbox", 4, np.full(4, 7.0))]
    if landmarks:
        heads.append(("kps", 10, points))
    nodes, constants, outputs = [], [], []
    for head, size, values in heads:
        for stride in STRIDES:
            name = f"{head}_{stride}"
            table = np.zeros(((SIDE // stride) ** 2 * ANCHORS, size), np.float32)
            if stride == STRIDES[0]:
                table[(CELL[0] * (SIDE // stride) + CELL[1]) * ANCHORS] = values
            constants.append(numpy_helper.from_array(table, f"{name}_table"))
            nodes.append(helper.make_node("Add", [f"{name}_table", "nothing"], [name]))
            outputs.append(helper.make_tensor_value_info(name, TensorProto.FLOAT, table.shape))
    constants.append(numpy_helper.from_array(np.zeros((1,), np.float32), "zero"))
    nodes.insert(0, helper.make_node("ReduceMean", ["input"], ["mean"], keepdims=0))
    nodes.insert(1, helper.make_node("Mul", ["mean", "zero"], ["nothing"]))
    image = helper.make_tensor_value_info("input", TensorProto.FLOAT, [1, 3, SIDE, SIDE])
    graph = helper.make_graph(nodes, "scrfd", [image], outputs, constants)
    return helper.make_model(graph, opset_imports=[helper.make_opsetid("", 13)], ir_version=8)


@pytest.fixture
def pack(models: Path, tmp_path: Path) -> Path:
    onnx.save(scrfd(), tmp_path / "det_test.onnx")
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
    onnx.save(scrfd(landmarks=False), pack / "det_test.onnx")
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
