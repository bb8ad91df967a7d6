"""The one door to ONNX Runtime: its telemetry is switched off before it loads, because it starts on import."""

from __future__ import annotations

import os

os.environ["ORT_DISABLE_TELEMETRY"] = "1"

import onnxruntime

__all__ = ["onnxruntime"]
