"""YuNet, a small face detector (Wu et al., "YuNet: A Tiny Millisecond-level Face Detector", 2023)."""

from __future__ import annotations

from typing import TYPE_CHECKING

import cv2
import numpy as np

from adapters.vision.scratch import Scratch
from application.ports.vision import Face

if TYPE_CHECKING:
    from collections.abc import Sequence

    from numpy.typing import NDArray

    from adapters.vision.sessions import Network
    from application.ports.vision import Image

INPUT_SHAPE = (1, 3, "height", "width")
STRIDES = (8, 16, 32)
LONG_SIDE = 320
"""Detection runs on a copy of this size: a face at arm's length is still a hundred pixels wide."""

SCORE_THRESHOLD = 0.6
NMS_IOU = 0.3
"""OpenCV Zoo's value for this model."""


class YuNetDetector:
    """``Detector`` on a reduced copy of the picture."""

    def __init__(self, network: Network, *, long_side: int = LONG_SIDE, threshold: float = SCORE_THRESHOLD) -> None:
        """Use a loaded YuNet; ``long_side`` is a multiple of 32."""
        self._network = network
        self._long_side = long_side
        self._threshold = threshold

    def detect(self, image: Image) -> list[Face]:
        """Return the faces in pixels of ``image``, best score first."""
        with Scratch() as scratch:
            blob, scale = self._blob(image, scratch)
            rows = decode(self._network.run(blob), blob.shape[3], self._threshold)
        faces = []
        for index in _suppress(rows, self._threshold):
            row = rows[index]
            faces.append(Face(row[:4] / scale, row[4:14].reshape(5, 2) / scale, float(row[14])))
        return sorted(faces, key=lambda face: face.score, reverse=True)

    def _blob(self, image: Image, scratch: Scratch) -> tuple[NDArray[np.float32], float]:
        """Return the network's input and how many of its pixels one pixel of the picture is."""
        height, width = image.shape[:2]
        scale = self._long_side / max(height, width)
        size = max(1, round(width * scale)), max(1, round(height * scale))
        method = cv2.INTER_AREA if scale < 1 else cv2.INTER_LINEAR
        reduced = scratch.keep(cv2.resize(image, size, interpolation=method))
        canvas = scratch.keep(np.zeros((_padded(size[1]), _padded(size[0]), 3), np.uint8))
        canvas[: size[1], : size[0]] = reduced
        return scratch.keep(np.ascontiguousarray(canvas.transpose(2, 0, 1)[np.newaxis], np.float32)), scale


def decode(outputs: Sequence[NDArray[np.float32]], width: int, threshold: float) -> NDArray[np.float32]:
    """Turn YuNet's twelve outputs into rows: left, top, width, height, ten landmark coordinates, score.

    float32, shape (n, 15), in pixels of the network's input, which is ``width`` wide; only rows with a score of at
    least ``threshold``.
    """
    found = []
    levels = len(STRIDES)
    for level, stride in enumerate(STRIDES):
        cls, obj, box, points = (outputs[part * levels + level][0] for part in range(4))
        score = np.sqrt(np.clip(cls[:, 0], 0, 1) * np.clip(obj[:, 0], 0, 1))
        keep = np.flatnonzero(score >= threshold)
        row, column = np.divmod(keep, width // stride)
        cell = np.stack([column, row], axis=1).astype(np.float32)
        centre = (cell + box[keep, :2]) * stride
        extent = np.exp(box[keep, 2:]) * stride
        landmarks = (points[keep].reshape(-1, 5, 2) + cell[:, np.newaxis]) * stride
        parts = [centre - extent / 2, extent, landmarks.reshape(-1, 10), score[keep, np.newaxis]]
        found.append(np.concatenate(parts, axis=1))
    return np.concatenate(found).astype(np.float32)


def _suppress(rows: NDArray[np.float32], threshold: float) -> list[int]:
    if not len(rows):
        return []
    kept = cv2.dnn.NMSBoxes(rows[:, :4].tolist(), rows[:, 14].tolist(), threshold, NMS_IOU)
    return [int(index) for index in np.asarray(kept).ravel()]


def _padded(side: int) -> int:
    step = STRIDES[-1]
    return -(-side // step) * step
