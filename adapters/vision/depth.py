"""Depth maps of a TrueDepth camera: decoded within limits, laid over the picture, measured."""

from __future__ import annotations

from typing import TYPE_CHECKING

import cv2
import numpy as np

from adapters.vision.depth_png import checked_size, decode
from adapters.vision.relief import measure
from adapters.vision.scratch import Scratch
from domain.errors import DepthError

if TYPE_CHECKING:
    from application.ports.vision import Face, Image
    from domain.biometrics import DepthFindings

PROPORTIONS = 0.02
"""Width over height may differ from the picture's by so much: 640 by 480 beside 1544 by 1158, rounded sides."""


class TrueDepthReader:
    """``DepthReader`` for 16-bit grey PNG, millimetres, 0 where nothing was measured."""

    def __init__(self) -> None:
        """Keep OpenCV's complaints about damaged input off standard error; here they are exceptions."""
        cv2.utils.logging.setLogLevel(cv2.utils.logging.LOG_LEVEL_SILENT)

    def read(self, payload: bytes, image: Image, face: Face) -> DepthFindings:
        """Return what the map says of that face.

        Kind, size and proportions are checked on the header, before anything is decoded. Raises ``DepthError``.
        """
        height, width = image.shape[:2]
        size = checked_size(payload)
        if abs(size.width * height / (size.height * width) - 1) > PROPORTIONS:
            raise DepthError(
                f"a depth map of {size.width} by {size.height} does not have the proportions of its picture"
            )
        with Scratch() as scratch:
            raw = scratch.keep(decode(payload, size))
            depth = scratch.keep(raw.astype(np.float32))
            scale = np.array([size.width / width, size.height / height], np.float32)
            # the middle of the first pixel is 0, its edge -0.5, in the picture as in the map
            landmarks = scratch.keep((face.landmarks + np.float32(0.5)) * scale - np.float32(0.5))
            return measure(depth, landmarks)
