"""Depth maps of a TrueDepth camera: decoded within limits, laid over the picture, measured."""

from __future__ import annotations

import struct
from typing import TYPE_CHECKING

import cv2
import numpy as np

from adapters.vision.headers import PNG_START, PictureSize, read_size
from adapters.vision.relief import measure
from adapters.vision.scratch import Scratch
from domain.errors import DepthError, ImageError

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from application.ports.vision import Face, Image
    from domain.biometrics import DepthFindings

DEPTH_BYTES = 1024 * 1024
"""640 by 480 measurements of 16 bits are 600 KiB before compression."""

MAX_SIDE, MIN_SIDE = 1024, 64
PROPORTIONS = 0.02
"""Width over height may differ from the picture's by so much: 640 by 480 beside 1544 by 1158, rounded sides."""

HEADER_END = 29
"""A PNG's signature, the frame of its first chunk and all of IHDR but its checksum (ISO/IEC 15948)."""

GREY, BITS = 0, 16


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
        size = _checked_size(payload)
        if abs(size.width * height / (size.height * width) - 1) > PROPORTIONS:
            raise DepthError(
                f"a depth map of {size.width} by {size.height} does not have the proportions of its picture"
            )
        with Scratch() as scratch:
            raw = scratch.keep(_decoded(payload, size))
            depth = scratch.keep(raw.astype(np.float32))
            scale = np.array([size.width / width, size.height / height], np.float32)
            # the middle of the first pixel is 0, its edge -0.5, in the picture as in the map
            landmarks = scratch.keep((face.landmarks + np.float32(0.5)) * scale - np.float32(0.5))
            return measure(depth, landmarks)


def _checked_size(payload: bytes) -> PictureSize:
    if len(payload) > DEPTH_BYTES:
        raise DepthError(f"a depth map of more than {DEPTH_BYTES} bytes")
    if not payload.startswith(PNG_START):
        raise DepthError("a depth map is a 16-bit grey PNG")
    try:
        size = read_size(payload)
    except ImageError as error:
        raise DepthError("the depth map is damaged or truncated") from error
    (bits, kind) = struct.unpack_from(">BB", payload[:HEADER_END], 24)
    if (bits, kind) != (BITS, GREY):
        raise DepthError("a depth map is a 16-bit grey PNG, this is a PNG of another kind")
    if max(size.width, size.height) > MAX_SIDE or min(size.width, size.height) < MIN_SIDE:
        raise DepthError(f"a depth map has {MIN_SIDE} to {MAX_SIDE} measurements on each side")
    return size


def _decoded(payload: bytes, size: PictureSize) -> NDArray[np.uint16]:
    try:
        raw = cv2.imdecode(np.frombuffer(payload, np.uint8), cv2.IMREAD_UNCHANGED)
    except cv2.error as error:
        raise DepthError("the depth map is damaged") from error
    if raw is None or raw.dtype != np.uint16 or raw.shape != (size.height, size.width):
        raise DepthError("the depth map is damaged")
    return np.asarray(raw, np.uint16)
