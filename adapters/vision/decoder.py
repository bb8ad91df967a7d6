"""Encoded bytes to pixels, within limits that are checked on the header."""

from __future__ import annotations

from typing import TYPE_CHECKING

import cv2
import numpy as np

from adapters.vision.headers import read_size
from domain.errors import ImageError, ImageTooLargeError

if TYPE_CHECKING:
    from application.ports.vision import Image

FRAME_BYTES = 2 * 1024 * 1024
ENROLMENT_BYTES = 12 * 1024 * 1024
"""A phone's 12-megapixel photograph at its best quality; the WebSocket holds frames to their own limit."""

MAX_SIDE = 4096


class OpenCvDecoder:
    """``ImageDecoder`` for JPEG, PNG and WebP."""

    def __init__(self, *, max_bytes: int = FRAME_BYTES, max_side: int = MAX_SIDE) -> None:
        """Refuse more than ``max_bytes`` bytes, or more than ``max_side`` pixels in either direction."""
        self._max_bytes = max_bytes
        self._max_side = max_side
        # OpenCV would write its complaints about damaged input to standard error; here they are exceptions.
        cv2.utils.logging.setLogLevel(cv2.utils.logging.LOG_LEVEL_SILENT)

    def decode(self, payload: bytes) -> Image:
        """Return BGR uint8 (height, width, 3), orientation applied; grey, alpha and 16 bits become plain BGR.

        Raises ``UnsupportedImageError``, ``ImageTooLargeError`` and ``ImageError``.
        """
        if len(payload) > self._max_bytes:
            raise ImageTooLargeError(f"more than {self._max_bytes} bytes")
        size = read_size(payload)
        if max(size.width, size.height) > self._max_side:
            raise ImageTooLargeError(f"more than {self._max_side} pixels wide or high")
        if min(size.width, size.height) < 1:
            raise ImageError("a picture without pixels")
        try:
            image = cv2.imdecode(np.frombuffer(payload, np.uint8), cv2.IMREAD_COLOR)
        except cv2.error as error:
            raise ImageError("the picture is damaged") from error
        if image is None:
            raise ImageError("the picture is damaged")
        return np.asarray(image, np.uint8)
