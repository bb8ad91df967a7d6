"""A detector in SCRFD's form that sees one face in the middle of any picture."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import onnx
from onnx import TensorProto, helper, numpy_helper

STRIDES = (8, 16, 32)
SIDE = 320
ANCHORS = 2
CELL = (20, 17)
"""Row and column, at stride 8, of the one face that the detector always sees."""


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


def save_detector(path: Path, *, landmarks: bool = True) -> None:
    onnx.save(scrfd(landmarks=landmarks), path)
