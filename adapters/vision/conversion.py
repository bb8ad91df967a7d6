"""Turns original weight files into the plain fp32 ONNX files that are run. Needs onnx and numpy, nothing else."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
import onnx
from google.protobuf.message import DecodeError  # type: ignore[import-untyped]  # protobuf ships no stubs
from onnx import numpy_helper

from adapters.vision.minifasnet import build_minifasnet
from adapters.vision.pth_reader import read_state_dict
from domain.errors import ModelError

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

    from numpy.typing import NDArray


def convert(conversion: str, original: bytes) -> bytes:
    """Return the ONNX file made from an original weight file, whose hash the caller has verified.

    ``conversion`` is one of the names used in ``models.toml``. Raises ``ModelError`` when the file does not hold what
    that conversion expects.
    """
    if conversion not in CONVERSIONS:
        raise ModelError(f"models.toml asks for the unknown conversion {conversion!r}")
    try:
        converted: bytes = CONVERSIONS[conversion](original).SerializeToString(deterministic=True)
    except (DecodeError, onnx.checker.ValidationError, KeyError, ValueError) as error:
        raise ModelError(f"a weight file does not hold what {conversion!r} expects") from error
    return converted


def fold_blocks(model: onnx.ModelProto) -> onnx.ModelProto:
    """Replace block-wise DequantizeLinear (opset 21) of constants, and the Reshape after it, by fp32 constants.

    Changes the model in place and returns it. onnxruntime's CPU provider refuses the block-wise int8 form, and
    converting the weights back once costs nothing at run time.
    """
    graph = model.graph
    constants = {tensor.name: tensor for tensor in graph.initializer}
    kept: list[onnx.NodeProto] = []
    for node in graph.node:
        if not _is_foldable(node, constants):
            kept.append(node)
            continue
        values = [numpy_helper.to_array(constants[name]) for name in node.input]
        folded = values[0].reshape(values[1]) if node.op_type == "Reshape" else _dequantise(node, *values)
        constants[node.output[0]] = numpy_helper.from_array(folded, node.output[0])
    used = {name for node in kept for name in node.input}
    del graph.node[:], graph.initializer[:], graph.value_info[:]
    graph.node.extend(kept)
    graph.initializer.extend(tensor for name, tensor in constants.items() if name in used)
    return _without_constant_inputs(model)


def _is_foldable(node: onnx.NodeProto, constants: Mapping[str, onnx.TensorProto]) -> bool:
    return node.op_type in {"DequantizeLinear", "Reshape"} and all(name in constants for name in node.input)


def _dequantise(
    node: onnx.NodeProto, quantised: NDArray[np.int8], scales: NDArray[np.float32], zeros: NDArray[np.int8]
) -> NDArray[np.float32]:
    attributes = {attribute.name: attribute.i for attribute in node.attribute}
    axis, block = attributes.get("axis", 1), attributes.get("block_size", 0)
    if not block:
        raise ModelError("a weight file is quantised in another way than by blocks")

    def spread(values: NDArray[np.generic]) -> NDArray[np.float32]:
        """Repeat each block's value over its block; the last block may be short."""
        return np.repeat(values.astype(np.float32), block, axis).take(range(quantised.shape[axis]), axis)

    return (quantised.astype(np.float32) - spread(zeros)) * spread(scales)


def _without_constant_inputs(model: onnx.ModelProto) -> onnx.ModelProto:
    """Keep only the inputs that are fed.

    Weights listed as inputs too, an old habit of exporters, keep onnxruntime from optimising and make it warn.
    """
    constants = {tensor.name for tensor in model.graph.initializer}
    used = {name for node in model.graph.node for name in node.input} - constants
    inputs = [value for value in model.graph.input if value.name in used]
    del model.graph.input[:]
    model.graph.input.extend(inputs)
    return model


def _free_size(model: onnx.ModelProto) -> onnx.ModelProto:
    """Let height and width of a fully convolutional network be any multiple of its stride."""
    for axis, name in ((2, "height"), (3, "width")):
        model.graph.input[0].type.tensor_type.shape.dim[axis].dim_param = name
    for output in model.graph.output:
        output.type.tensor_type.shape.dim[1].dim_param = f"{output.name}_cells"
    return model


def _load(original: bytes) -> onnx.ModelProto:
    return onnx.load_model_from_string(original)


CONVERSIONS: Mapping[str, Callable[[bytes], onnx.ModelProto]] = {
    "as-is": lambda original: _without_constant_inputs(_load(original)),
    "fold-blocks": lambda original: fold_blocks(_load(original)),
    "fold-blocks-free-size": lambda original: _free_size(fold_blocks(_load(original))),
    "minifasnet": lambda original: build_minifasnet(read_state_dict(original)),
}
