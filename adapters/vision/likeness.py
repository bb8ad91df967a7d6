"""Tells one picture saved twice (re-encoded, resized, brightened) from two pictures of one person.

Embeddings cannot: JPEG quality 60 moves them as far (similarity 0.84-0.99) as a second of video does. Pixels can: laid
exactly over each other, two copies agree in fine detail and two moments hardly ever do.
"""

from __future__ import annotations

import contextlib
from typing import TYPE_CHECKING

import cv2
import numpy as np

from adapters.vision.scratch import Scratch

if TYPE_CHECKING:
    from cv2.typing import MatLike
    from numpy.typing import NDArray

    from application.ports.vision import FaceCrop

SAME_PICTURE = 0.998
"""Of copies of 78 photographs (LFW, NUAA) these are caught: re-encoded at quality 60 91 %, at 30 58 %, resized to 0.75
90 %, to 0.5 74 %, to 2 96 %, brightened 65 %, cropped by a tenth 51 %. Of pairs of frames from 11 clips these are taken
for one picture: half a second apart 0 of 293, a second apart 1 of 260, a fifth of a second apart 9 %."""

FLAT_PICTURE = 0.97
"""Of frames 1.2 to 3.6 seconds apart in 9 live clips, the least alike of five are above this in 3 of 146 series (a man
who sits still); of pairs of photographs that are moved, enlarged or bent before the camera (8 pictures) 91 % are, of
tilted ones (up to 45 degrees) 60 %."""

EDGE = 8
FACE = slice(10, 86)
FINE_SIGMA = 1.5
COARSE_SIGMA = 6.0
STEPS = (cv2.TERM_CRITERIA_COUNT | cv2.TERM_CRITERIA_EPS, 30, 1e-5)


def picture_likeness(one: FaceCrop, other: FaceCrop) -> float:
    """Return how far two crops agree in detail once laid over each other: 1 for copies, 0 for nothing in common.

    The second crop is fitted to the first by an affine warp (enhanced correlation coefficient, Evangelidis and Psarakis
    2008), since landmarks shift a little with every encoding; then band-passed grey values are correlated.
    """
    with Scratch() as scratch:
        first, second = _smooth(one, scratch), _smooth(other, scratch)
        warp = np.eye(2, 3, dtype=np.float32)
        try:
            _, fitted = cv2.findTransformECC(first, second, warp, cv2.MOTION_AFFINE, STEPS)
        except cv2.error:  # the two do not even resemble each other: the fit diverges
            return 0.0
        laid = cv2.warpAffine(second, fitted, first.shape[::-1], flags=cv2.INTER_LINEAR | cv2.WARP_INVERSE_MAP)
        return _agreement(first, laid, scratch)


def flat_likeness(one: FaceCrop, other: FaceCrop) -> float:
    """Return how far two crops agree in detail once one is laid over the other as a tilted plane: 1 for a photograph.

    As ``picture_likeness``, fitted once more by a homography: what a flat picture does when it is moved by hand.
    """
    with Scratch() as scratch:
        first, second = _smooth(one, scratch), _smooth(other, scratch)
        warp = np.eye(2, 3, dtype=np.float32)
        try:
            _, affine = cv2.findTransformECC(first, second, warp, cv2.MOTION_AFFINE, STEPS)
        except cv2.error:  # as above
            return 0.0
        plane = np.vstack([affine, [0.0, 0.0, 1.0]]).astype(np.float32)
        with contextlib.suppress(cv2.error):  # the affine fit stands where no better one is found
            plane = np.asarray(cv2.findTransformECC(first, second, plane, cv2.MOTION_HOMOGRAPHY, STEPS)[1], np.float32)
        laid = cv2.warpPerspective(second, plane, first.shape[::-1], flags=cv2.INTER_LINEAR | cv2.WARP_INVERSE_MAP)
        return _agreement(first, laid, scratch)


def flat_picture(one: FaceCrop, other: FaceCrop) -> bool:
    """Say whether two crops show one flat picture, moved in between."""
    return flat_likeness(one, other) >= FLAT_PICTURE


def same_picture(one: FaceCrop, other: FaceCrop) -> bool:
    """Say whether two crops come from one and the same picture."""
    return picture_likeness(one, other) >= SAME_PICTURE


def _smooth(crop: FaceCrop, scratch: Scratch) -> NDArray[np.float32]:
    grey = scratch.keep(cv2.cvtColor(crop.pixels, cv2.COLOR_BGR2GRAY))
    values = scratch.keep(np.asarray(grey, np.float32))
    blurred = scratch.keep(cv2.GaussianBlur(values, (0, 0), FINE_SIGMA))
    return scratch.keep(np.asarray(blurred, np.float32)[EDGE:-EDGE, EDGE:-EDGE].copy())


def _agreement(first: NDArray[np.float32], laid: MatLike, scratch: Scratch) -> float:
    """Return the correlation of two pictures' details, 0 for a negative one."""
    details = [_detail(first, scratch), _detail(scratch.keep(np.asarray(laid, np.float32)), scratch)]
    return max(0.0, float(scratch.keep(details[0] * details[1]).mean()))


def _detail(grey: NDArray[np.float32], scratch: Scratch) -> NDArray[np.float32]:
    coarse = scratch.keep(cv2.GaussianBlur(grey, (0, 0), COARSE_SIGMA))
    band = scratch.keep(grey - coarse)[FACE, FACE]
    centred = scratch.keep(band - band.mean())
    return scratch.keep(np.asarray(centred / max(float(band.std()), 1e-6), np.float32))
