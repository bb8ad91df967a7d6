"""Reads tensors out of a legacy PyTorch ``.pth`` file without PyTorch and without running anything from it.

The format (``torch.save`` before 1.6): five pickles (magic number, protocol version, system info, the object, the list
of storage keys), then for every key the number of elements as little-endian int64 and the elements themselves.
"""

from __future__ import annotations

import math
import pickle
from collections import OrderedDict
from dataclasses import dataclass
from io import BytesIO
from typing import TYPE_CHECKING, Any

import numpy as np

from domain.errors import ModelError

if TYPE_CHECKING:
    from collections.abc import Mapping

    from numpy.typing import NDArray

MAGIC = 0x1950A86A20F9469CFC6C
PROTOCOL = 1001
_STORAGES = {"FloatStorage": "<f4", "LongStorage": "<i8"}


@dataclass(frozen=True, slots=True)
class _Tensor:
    """A tensor as the pickle describes it: which storage, where in it, what shape."""

    key: str
    dtype: str
    offset: int
    shape: tuple[int, ...]
    strides: tuple[int, ...]


def _rebuild_tensor(storage: tuple[str, str], offset: int, shape: Any, strides: Any, *_: Any) -> _Tensor:
    dtype, key = storage
    return _Tensor(key, dtype, offset, tuple(shape), tuple(strides))


class _Unpickler(pickle.Unpickler):
    """Knows four names. Any other global, and with it any code, is refused."""

    def find_class(self, module: str, name: str) -> Any:
        """Resolve an allowed global. Raises ``ModelError`` for every other one."""
        if (module, name) == ("collections", "OrderedDict"):
            return OrderedDict
        if (module, name) == ("torch._utils", "_rebuild_tensor_v2"):
            return _rebuild_tensor
        if module == "torch" and name in _STORAGES:
            return _STORAGES[name]
        raise ModelError("the weight file names code that has no place in it: refused")

    def persistent_load(self, pid: Any) -> tuple[str, str]:
        """Return (dtype, key) of a storage reference."""
        kind, dtype, key = pid[:3]
        if kind != "storage" or dtype not in _STORAGES.values():
            raise ModelError("the weight file refers to something that is not a tensor: refused")
        return dtype, str(key)


def read_state_dict(payload: bytes) -> dict[str, NDArray[np.float32]]:
    """Return the float tensors by name, a leading ``module.`` removed; integer counters are left out.

    Raises ``ModelError`` for anything but such a file, above all for one that names other globals.
    """
    try:
        return _read(BytesIO(payload))
    except ModelError:
        raise
    except Exception as error:  # the pickle machine raises nearly anything on damaged bytes
        raise ModelError(f"the weight file is damaged ({type(error).__name__})") from error


def _read(stream: BytesIO) -> dict[str, NDArray[np.float32]]:
    if (_load(stream), _load(stream)) != (MAGIC, PROTOCOL):
        raise ModelError("not a legacy PyTorch weight file")
    if not _load(stream)["little_endian"]:
        raise ModelError("a weight file of a big-endian machine")
    tensors, keys = _load(stream), _load(stream)
    dtypes = {tensor.key: tensor.dtype for tensor in tensors.values()}
    storages = {key: _read_storage(stream, dtypes[key]) for key in keys}
    return {
        name.removeprefix("module."): _view(tensor, storages)
        for name, tensor in tensors.items()
        if tensor.dtype == "<f4"
    }


def _load(stream: BytesIO) -> Any:
    return _Unpickler(stream).load()


def _read_storage(stream: BytesIO, dtype: str) -> NDArray[Any]:
    count = int.from_bytes(stream.read(8), "little", signed=True)
    raw = stream.read(count * np.dtype(dtype).itemsize) if count >= 0 else b""
    values = np.frombuffer(raw, dtype)
    if len(values) != count:
        raise ModelError("the weight file is truncated")
    return values


def _view(tensor: _Tensor, storages: Mapping[str, NDArray[Any]]) -> NDArray[np.float32]:
    strides = tuple(math.prod(tensor.shape[axis + 1 :]) for axis in range(len(tensor.shape)))
    if tensor.strides != strides:
        raise ModelError("the weight file holds a tensor that is not contiguous")
    values = storages[tensor.key][tensor.offset : tensor.offset + math.prod(tensor.shape)]
    return np.ascontiguousarray(values.reshape(tensor.shape), dtype=np.float32)
