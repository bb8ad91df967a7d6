"""Rebuilds MiniFASNet (minivision's Silent-Face-Anti-Spoofing, Apache-2.0) as ONNX from its weights.

A stem, three stages of depth-wise bottlenecks between down-sampling ones, a global depth-wise convolution and a linear
head. Batch normalisation is folded into the weights before it; the softmax is part of the graph.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np
import onnx
from onnx import TensorProto, helper, numpy_helper

from domain.errors import ModelError

if TYPE_CHECKING:
    from collections.abc import Mapping

    from numpy.typing import NDArray

    Weights = Mapping[str, NDArray[np.float32]]

BATCH_NORM_EPSILON = 1e-5
"""PyTorch's default, which the original uses."""

OPSET = 13
IR_VERSION = 8
INPUT_SIZE = 80
CLASSES = 3


def build_minifasnet(weights: Weights) -> onnx.ModelProto:
    """Return the network: ``input`` float32 (1, 3, 80, 80) to ``probabilities`` float32 (1, 3).

    Raises ``ModelError`` when the weights are not those of a MiniFASNet.
    """
    network = _Network(weights)
    try:
        x = network.block("input", "conv1", stride=2)
        x = network.block(x, "conv2_dw")
        for stage in ("3", "4", "5"):
            x = network.bottleneck(x, f"conv_{_down(stage)}", stride=2)
            x = network.stage(x, f"conv_{stage}")
        x = network.block(x, "conv_6_sep")
        x = network.block(x, "conv_6_dw", pad=0)
        x = network.head(x)
    except (KeyError, ValueError) as error:
        raise ModelError("the weight file does not hold a MiniFASNet") from error
    return network.model(x)


def _down(stage: str) -> str:
    return f"{int(stage) - 1}{stage}"


class _Network:
    """Collects nodes; every method takes the name of its input and returns that of its output."""

    def __init__(self, weights: Weights) -> None:
        self._weights = weights
        self._nodes: list[onnx.NodeProto] = []
        self._constants: list[onnx.TensorProto] = []

    def block(self, x: str, name: str, *, stride: int = 1, pad: int | None = None) -> str:
        """Convolution, batch norm and, where it has weights, PReLU."""
        x = self._convolution(x, f"{name}.conv", f"{name}.bn", stride=stride, pad=pad)
        slope = self._weights.get(f"{name}.prelu.weight")
        if slope is None:
            return x
        return self._node("PRelu", [x, self._constant(f"{name}.slope", slope.reshape(-1, 1, 1))], name)

    def bottleneck(self, x: str, name: str, *, stride: int = 1) -> str:
        """Widen, filter each channel, project; re-weight the channels where there is a squeeze-and-excitation."""
        x = self.block(x, f"{name}.conv")
        x = self.block(x, f"{name}.conv_dw", stride=stride)
        x = self.block(x, f"{name}.project")
        return self._excite(x, f"{name}.se_module") if f"{name}.se_module.fc1.weight" in self._weights else x

    def stage(self, x: str, name: str) -> str:
        """Bottlenecks with a shortcut around each."""
        index = 0
        while f"{name}.model.{index}.conv.conv.weight" in self._weights:
            inner = f"{name}.model.{index}"
            x = self._node("Add", [x, self.bottleneck(x, inner)], f"{inner}.sum")
            index += 1
        return x

    def head(self, x: str) -> str:
        """Linear, batch norm, linear: one matrix once folded; then softmax."""
        scale, shift = self._norm("bn")
        last = self._weights["prob.weight"].astype(np.float64)
        matrix = (last * scale) @ self._weights["linear.weight"].astype(np.float64)
        x = self._node("Flatten", [x], "flat")
        weight = self._constant("head.weight", matrix)
        x = self._node("Gemm", [x, weight, self._constant("head.bias", last @ shift)], "logits", transB=1)
        return self._node("Softmax", [x], "probabilities", axis=1)

    def model(self, output: str) -> onnx.ModelProto:
        """Wrap up and check."""
        shape = [1, 3, INPUT_SIZE, INPUT_SIZE]
        graph = helper.make_graph(
            self._nodes,
            "minifasnet",
            [helper.make_tensor_value_info("input", TensorProto.FLOAT, shape)],
            [helper.make_tensor_value_info(output, TensorProto.FLOAT, [1, CLASSES])],
            self._constants,
        )
        model = helper.make_model(graph, opset_imports=[helper.make_opsetid("", OPSET)], ir_version=IR_VERSION)
        onnx.checker.check_model(model, full_check=True)
        return model

    def _excite(self, x: str, name: str) -> str:
        gate = self._node("GlobalAveragePool", [x], f"{name}.pool")
        gate = self._convolution(gate, f"{name}.fc1", f"{name}.bn1")
        gate = self._node("Relu", [gate], f"{name}.relu")
        gate = self._convolution(gate, f"{name}.fc2", f"{name}.bn2")
        gate = self._node("Sigmoid", [gate], f"{name}.sigmoid")
        return self._node("Mul", [x, gate], f"{name}.scaled")

    def _convolution(self, x: str, name: str, norm: str, *, stride: int = 1, pad: int | None = None) -> str:
        kernel = self._weights[f"{name}.weight"]
        scale, shift = self._norm(norm)
        size = kernel.shape[-1]
        weight = self._constant(f"{name}.folded", kernel * scale.reshape(-1, 1, 1, 1))
        bias = self._constant(f"{name}.bias", shift)
        return self._node(
            "Conv",
            [x, weight, bias],
            name,
            kernel_shape=[size, size],
            strides=[stride, stride],
            pads=[size // 2 if pad is None else pad] * 4,
            # One input channel per filter: a depth-wise convolution, as many groups as filters.
            group=kernel.shape[0] if kernel.shape[1] == 1 else 1,
        )

    def _norm(self, name: str) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
        gamma, beta, mean, variance = (
            self._weights[f"{name}.{part}"].astype(np.float64)
            for part in ("weight", "bias", "running_mean", "running_var")
        )
        scale = gamma / np.sqrt(variance + BATCH_NORM_EPSILON)
        return scale, beta - mean * scale

    def _constant(self, name: str, values: NDArray[np.floating]) -> str:
        self._constants.append(numpy_helper.from_array(np.ascontiguousarray(values, dtype=np.float32), name))
        return name

    def _node(self, kind: str, inputs: list[str], output: str, **attributes: Any) -> str:
        self._nodes.append(helper.make_node(kind, inputs, [output], **attributes))
        return output
