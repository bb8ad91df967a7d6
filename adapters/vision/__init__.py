"""Pixels to findings: ONNX Runtime, OpenCV and insightface behind the vision ports."""
