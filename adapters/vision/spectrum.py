"""What printing or displaying a face and taking a picture of that does to its spectrum.

A screen or a printing raster beats against the sensor's: narrow peaks away from the axes (moire). Ink, paper and a
second lens lose fine detail: the spectrum falls faster.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

import cv2
import numpy as np

from adapters.vision.scratch import Scratch

if TYPE_CHECKING:
    from numpy.typing import NDArray

TILE: Final = 64
TILES: Final = 4
"""The power spectrum is the mean over at most 4 by 4 tiles of the picture's own pixels (Welch 1967): enlarging or
reducing would move or invent peaks."""

AXIS_BINS: Final = 4
BLOCK: Final = 8
LOWEST, HIGHEST = 10, 30
"""Peaks count from 10 to 30 of 32 bins in both directions, more than 4 bins off the axes (edges of buildings and of
JPEG's blocks lie there), and not on the harmonics of its 8 by 8 blocks."""

NOISE_POWER: Final = 30.0
"""Of the order of what rounding to whole grey values leaves in a bin (64 squared, times 1/12, times the window's mean
square of 0.14 is 48): without it, flat pictures would show peaks in nothing."""

DETAIL_BANDS: Final = (4, 16, 32)
"""Cycles per face: shapes from 4 to 16, skin, hair and lashes from 16 to 32."""


def moire_excess(grey: NDArray[np.float32]) -> float:
    """Return by how much the highest off-axis peak rises above chance, in natural logarithms of power; 0 for none.

    ``grey`` float32 (height, width), 0...255. A peak is what stands out both of the median at its radius (which follows
    the fall of the spectrum) and of its surroundings (which follow directed texture such as hair). Of 388 faces of
    live people (NUAA, LFW, clips) none has more than 0.25; with a raster of 4 grey levels drawn over them and JPEG at
    90, 98 % have more than 0.75.
    """
    with Scratch() as scratch:
        tiles = scratch.keep(_tiles(grey))
        tiles -= tiles.mean(axis=(1, 2), keepdims=True)
        tiles *= _WINDOW
        waves = scratch.keep(np.fft.fft2(tiles))
        power = (waves.real**2 + waves.imag**2).mean(axis=0)
        level = np.asarray(np.log(np.fft.fftshift(power) + NOISE_POWER), np.float32)
    over_radius = level - np.median(level[_RINGS], axis=1)[_RADIUS]
    around = (81 * cv2.blur(level, (9, 9)) - 25 * cv2.blur(level, (5, 5))) / 56
    peak = float(np.minimum(over_radius, level - around)[_COUNTED].max())
    return max(0.0, peak - CHANCE)


def detail_share(grey: NDArray[np.float32]) -> float:
    """Return the logarithm of the energy in fine detail over that in shapes, of a square face reduced to 64 pixels.

    ``grey`` float32 (n, n). Bands are in cycles per face, so that the distance to the camera does not matter as long as
    the face has 64 pixels; a smaller one has less detail to show.
    """
    side = grey.shape[0]
    window = np.hanning(side).astype(np.float32)
    with Scratch() as scratch:
        windowed = scratch.keep(grey.copy())
        windowed -= windowed.mean()
        windowed *= np.outer(window, window)
        waves = scratch.keep(np.fft.rfft2(windowed))
        power = waves.real**2 + waves.imag**2
    radius = np.hypot(np.fft.fftfreq(side, 1 / side)[:, np.newaxis], np.arange(side // 2 + 1))
    low, middle, high = DETAIL_BANDS
    shapes = power[(radius >= low) & (radius < middle)].sum()
    fine = power[(radius >= middle) & (radius < high)].sum()
    return float(np.log((fine + NOISE_POWER) / (shapes + NOISE_POWER)))


def _tiles(grey: NDArray[np.float32]) -> NDArray[np.float32]:
    height, width = grey.shape
    missing = max(0, TILE - height), max(0, TILE - width)
    with Scratch() as scratch:
        if any(missing):
            around = cv2.copyMakeBorder(grey, 0, missing[0], 0, missing[1], cv2.BORDER_REFLECT)
            grey = scratch.keep(np.asarray(around, np.float32))
        tops, lefts = (_starts(length) for length in grey.shape)
        return np.stack([grey[y : y + TILE, x : x + TILE] for y in tops for x in lefts])


def _starts(length: int) -> list[int]:
    """Return where tiles begin, overlapping by half or spread evenly."""
    room = length - TILE
    count = min(TILES, -(-room // (TILE // 2)) + 1)
    return [room // 2] if count == 1 else [round(place * room / (count - 1)) for place in range(count)]


def _counted() -> NDArray[np.bool_]:
    x, y = _bins()
    off_axis = (np.abs(x) > AXIS_BINS) & (np.abs(y) > AXIS_BINS)
    in_band = (np.hypot(x, y) >= LOWEST) & (np.abs(x) < HIGHEST) & (np.abs(y) < HIGHEST)
    blocks = _near_harmonic(x) & _near_harmonic(y)
    return off_axis & in_band & ~blocks


def _near_harmonic(bins: NDArray[np.int_]) -> NDArray[np.bool_]:
    return (bins + 1) % (TILE // BLOCK) <= 2  # noqa: PLR2004 - a harmonic and the bin on either side of it


def _bins() -> tuple[NDArray[np.int_], NDArray[np.int_]]:
    steps = np.arange(TILE) - TILE // 2
    return steps[np.newaxis, :].repeat(TILE, 0), steps[:, np.newaxis].repeat(TILE, 1)


def _rings() -> tuple[NDArray[np.int_], NDArray[np.int_]]:
    """Return rows and columns of 64 bins around the centre at each radius 0...31, axes left out."""
    angles = np.linspace(np.radians(15), np.radians(75), 32)
    angles = np.concatenate([angles, angles + np.pi / 2])
    radii = np.arange(TILE // 2)[:, np.newaxis]
    rows, columns = (TILE // 2 + np.rint(radii * part(angles)).astype(int) for part in (np.sin, np.cos))
    return rows, columns


_WINDOW = np.outer(np.hanning(TILE), np.hanning(TILE)).astype(np.float32)
_COUNTED = _counted()
_RINGS = _rings()
_RADIUS = np.minimum(np.rint(np.hypot(*_bins())).astype(int), TILE // 2 - 1)
CHANCE: Final = float(np.log(np.log(_COUNTED.sum() / 2) / np.log(2)))
"""What the highest of that many independent bins of one tile of noise stands above the median, about: powers are
exponentially distributed, with a median of ln 2 and a greatest of n near ln n (a real picture's spectrum is symmetric,
so half of the bins are independent)."""
