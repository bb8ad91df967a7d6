"""ONNX Runtime sessions, set up for many small calls from several threads."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from adapters.vision.runtime import onnxruntime
from domain.errors import ModelError

if TYPE_CHECKING:
    from collections.abc import Sequence

    import numpy as np
    from numpy.typing import NDArray

ONLY_ERRORS = 3


def session_options() -> onnxruntime.SessionOptions:
    """One thread per call, since calls run side by side; no arena, which would keep every model's peak for good."""
    options = onnxruntime.SessionOptions()
    options.intra_op_num_threads = 1
    options.inter_op_num_threads = 1
    options.enable_cpu_mem_arena = False
    options.log_severity_level = ONLY_ERRORS
    return options


class Network:
    """One model: float32 arrays in, float32 arrays out. Safe from several threads."""

    def __init__(self, name: str, model: bytes, input_shape: Sequence[int | str]) -> None:
        """Load a model from its bytes. ``input_shape`` is the contract; a string stands for any size.

        Raises ``ModelError`` when it cannot be loaded or takes something else.
        """
        onnxruntime.set_default_logger_severity(ONLY_ERRORS)
        try:
            self._session = onnxruntime.InferenceSession(model, session_options(), providers=["CPUExecutionProvider"])
        except Exception as error:  # onnxruntime's exceptions have no common base of their own
            raise ModelError(f"{name} cannot be loaded by onnxruntime: run 'faceauth models install'") from error
        inputs = self._session.get_inputs()
        if len(inputs) != 1 or list(inputs[0].shape) != list(input_shape):
            raise ModelError(f"{name} does not take what its contract says")
        self._input = inputs[0].name

    def run(self, blob: NDArray[np.float32]) -> list[NDArray[np.float32]]:
        """Return all outputs for one input."""
        outputs: list[Any] = self._session.run(None, {self._input: blob})
        return outputs

    @property
    def output_shapes(self) -> list[list[int | str]]:
        """Declared shapes of the outputs; strings are free sizes."""
        return [list(output.shape) for output in self._session.get_outputs()]
