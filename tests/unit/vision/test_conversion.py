"""Original weight files to plain ONNX."""

from __future__ import annotations

import io
import os
import pickle
import struct
from collections import OrderedDict
from pathlib import Path
from typing import Any

import numpy as np
import onnx
import pytest
from hypothesis import given
from hypothesis import strategies as st
from onnx.reference import ReferenceEvaluator

from adapters.vision.conversion import convert
from adapters.vision.pth_reader import MAGIC, PROTOCOL, read_state_dict
from adapters.vision.runtime import onnxruntime
from domain.errors import ModelError


def legacy_pth(*sections: bytes) -> bytes:
    """A legacy file: magic number, protocol, system info, then what the test puts there."""
    head = [pickle.dumps(part, protocol=2) for part in (MAGIC, PROTOCOL, {"little_endian": True})]
    return b"".join([*head, *sections])


def state_dict_pickle(
    names: str = "ctorch._utils\n_rebuild_tensor_v2\n", storage: str = "ctorch\nFloatStorage\n"
) -> bytes:
    """{"module.w": 2x2 tensor}, written by hand as PyTorch writes it; ``names`` is the global that rebuilds it."""
    return (
        b"\x80\x02}X\x08\x00\x00\x00module.w"
        + names.encode()
        + b"((X\x07\x00\x00\x00storage"
        + storage.encode()
        + b"X\x01\x00\x00\x007X\x03\x00\x00\x00cpuK\x04NtQ"
        + b"K\x00(K\x02K\x02t(K\x02K\x01t\x89ccollections\nOrderedDict\n)RtRs."
    )


KEYS = pickle.dumps(["7"], protocol=2)
STORAGE = struct.pack("<q4f", 4, 1.0, 2.0, 3.0, 4.0)


def test_folding_blocks_keeps_what_the_network_computes(shelf: Any) -> None:
    converted = convert("fold-blocks", shelf.weights[0])
    blob = np.random.default_rng(2).uniform(-1, 1, (1, 30, 4, 4)).astype(np.float32)
    reference = ReferenceEvaluator(onnx.load_model_from_string(shelf.weights[0]))
    scales = onnx.numpy_helper.to_array(_constant(shelf.weights[0], "w_s"))
    (expected,) = reference.run(None, {"input": blob, "w_s": scales})
    session = onnxruntime.InferenceSession(converted, providers=["CPUExecutionProvider"])
    assert [value.name for value in session.get_inputs()] == ["input"]
    actual: Any = session.run(None, {"input": blob})[0]
    np.testing.assert_allclose(actual, np.asarray(expected), rtol=1e-4, atol=1e-4)


def test_converting_twice_gives_the_same_bytes(shelf: Any) -> None:
    assert convert("fold-blocks", shelf.weights[0]) == convert("fold-blocks", shelf.weights[0])


def test_bytes_that_are_no_model_are_refused() -> None:
    for conversion in ("as-is", "fold-blocks", "fold-blocks-free-size", "minifasnet"):
        with pytest.raises(ModelError):
            convert(conversion, b"\xff\xfe no model")


def test_a_legacy_weight_file_is_read_without_torch() -> None:
    tensors = read_state_dict(legacy_pth(state_dict_pickle(), KEYS, STORAGE))
    np.testing.assert_array_equal(tensors["w"], [[1.0, 2.0], [3.0, 4.0]])


def test_a_weight_file_of_another_network_is_refused() -> None:
    with pytest.raises(ModelError, match="does not hold a MiniFASNet"):
        convert("minifasnet", legacy_pth(state_dict_pickle(), KEYS, STORAGE))


def test_a_pickle_that_wants_to_run_a_command_is_refused_before_it_runs(tmp_path: Path) -> None:
    mark = tmp_path / "ran"

    class Malicious:
        def __reduce__(self) -> tuple[Any, ...]:
            return os.mkdir, (str(mark),)

    with pytest.raises(ModelError, match="names code that has no place in it"):
        read_state_dict(legacy_pth(pickle.dumps(OrderedDict(w=Malicious()), protocol=2)))
    assert not mark.exists()


@pytest.mark.parametrize(
    "name", ["builtins\neval", "torch\nload", "torch._utils\n_import_dotted_name", "collections\nCounter"]
)
def test_only_four_globals_are_known(name: str) -> None:
    with pytest.raises(ModelError):
        read_state_dict(legacy_pth(state_dict_pickle(f"c{name}\n"), KEYS, STORAGE))


def test_a_truncated_weight_file_is_refused() -> None:
    whole = legacy_pth(state_dict_pickle(), KEYS, STORAGE)
    for length in range(0, len(whole), 7):
        with pytest.raises(ModelError):
            read_state_dict(whole[:length])


@given(st.binary(max_size=200))
def test_arbitrary_bytes_after_the_head_never_do_anything_but_raise(tail: bytes) -> None:
    with pytest.raises(ModelError):
        read_state_dict(legacy_pth(tail))


def _constant(model: bytes, name: str) -> onnx.TensorProto:
    graph = onnx.load(io.BytesIO(model)).graph
    constant: onnx.TensorProto = next(tensor for tensor in graph.initializer if tensor.name == name)
    return constant
