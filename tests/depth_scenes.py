"""Depth maps that no camera took: a face, paper and screens before a synthetic TrueDepth camera.

There are no TrueDepth recordings to test on. The face is a surface through the 68 points of ``meanshape_68``, the mean
face of insightface's landmark model, read from the installed package: linear between the points, a rounded forehead
added above the brows, scaled to the distance between the eyes. A pinhole camera sees it and a wall behind; noise, whole
millimetres, holes along the edges (what the projector does not reach) and stray holes are put on afterwards.
"""

from __future__ import annotations

import pickle
from dataclasses import dataclass
from functools import cache
from importlib.util import find_spec
from pathlib import Path
from typing import TYPE_CHECKING, Any

import cv2
import numpy as np
from scipy.interpolate import LinearNDInterpolator  # type: ignore[import-untyped]

from adapters.vision.relief import FOCAL_SHARE
from application.ports.vision import Face

if TYPE_CHECKING:
    from collections.abc import Callable

    from numpy.typing import NDArray

    Floats = NDArray[np.float64]

EYES_APART_MM = 63.0
"""Mean distance between adult pupils (Dodgson 2004, "Variation and extrema of human interpupillary distance")."""

EYES_APART_DEVIATION_MM = 3.8
GRID_MM = 0.6
JUMP_MM = 20.0
PAPER_MM = 110.0, 140.0


@dataclass(frozen=True)
class Surface:
    """Something to be seen: points (n, 3) and the five landmarks (5, 3), millimetres, y down, z off the camera."""

    points: Floats
    five: Floats

    def mapped(self, change: Callable[[Floats], Floats]) -> Surface:
        return Surface(change(self.points), change(self.five))


@dataclass(frozen=True)
class Camera:
    """What the camera is like, and what it does badly."""

    width: int = 640
    height: int = 480
    focal_share: float = FOCAL_SHARE
    noise_mm: float = 1.0
    stray_holes: float = 0.01
    wall_mm: float = 1200.0
    jitter: float = 0.02


@dataclass(frozen=True)
class Pose:
    """Where the face is and how it is turned: degrees; millimetres."""

    yaw: float = 0.0
    pitch: float = 0.0
    roll: float = 0.0
    away_mm: float = 350.0

    def place(self, points: Floats) -> Floats:
        yaw, pitch, roll = np.radians([self.yaw, self.pitch, self.roll])
        around = np.array([[np.cos(yaw), 0, np.sin(yaw)], [0, 1, 0], [-np.sin(yaw), 0, np.cos(yaw)]])
        over = np.array([[1, 0, 0], [0, np.cos(pitch), -np.sin(pitch)], [0, np.sin(pitch), np.cos(pitch)]])
        aslant = np.array([[np.cos(roll), -np.sin(roll), 0], [np.sin(roll), np.cos(roll), 0], [0, 0, 1]])
        return np.asarray(points @ (aslant @ over @ around).T + [0, 0, self.away_mm], np.float64)


@cache
def mean_shape() -> Floats:
    """The 68 points with a distance of 1 between the eyes, x to the right, y down, z away from the camera."""
    found = find_spec("insightface")
    assert found is not None
    assert found.origin is not None
    path = Path(found.origin).parent / "data" / "objects" / "meanshape_68.pkl"
    shape = np.asarray(pickle.loads(path.read_bytes()), np.float64)  # noqa: S301 - a locked package's own file
    shape -= shape[[36, 39, 42, 45, 48, 54]].mean(0)
    return shape * [1, 1, -1] / np.linalg.norm(shape[42:48].mean(0) - shape[36:42].mean(0))


@cache
def _heightfield() -> tuple[Floats, Floats]:
    """Points of the face and its five landmarks, one eye distance long, ``GRID_MM`` apart at the mean size."""
    shape = mean_shape()
    angles = np.radians(np.linspace(200, 340, 9))
    forehead = np.column_stack([1.15 * np.cos(angles), 1.2 * np.sin(angles) - 0.5, 0.9 * np.cos(angles) ** 2 - 0.1])
    known = np.concatenate([shape, forehead])
    step = GRID_MM / EYES_APART_MM
    x, y = np.meshgrid(np.arange(-1.25, 1.25, step), np.arange(-1.8, 1.4, step))
    z = LinearNDInterpolator(known[:, :2], known[:, 2])(x, y)
    points = np.stack([x, y, z], -1)[np.isfinite(z)]
    five = np.stack([shape[36:42].mean(0), shape[42:48].mean(0), shape[30], shape[48], shape[54]])
    return points, five


def face(*, eyes_apart_mm: float = EYES_APART_MM, relief: float = 1.0) -> Surface:
    """A face, stretched along the camera's axis by ``relief``: -1 is a mask seen from inside."""
    points, five = _heightfield()
    return Surface(points * [1, 1, relief] * eyes_apart_mm, five * [1, 1, relief] * eyes_apart_mm)


def paper(*, eyes_apart_mm: float = EYES_APART_MM) -> Surface:
    """A flat photograph or a screen with a face on it."""
    x, y = np.meshgrid(np.arange(-PAPER_MM[0], PAPER_MM[0], GRID_MM), np.arange(-PAPER_MM[1], PAPER_MM[1], GRID_MM))
    points = np.stack([x, y, np.zeros_like(x)], -1).reshape(-1, 3)
    return Surface(points, face(eyes_apart_mm=eyes_apart_mm).five * [1, 1, 0])


def bent(surface: Surface, radius_mm: float, along_degrees: float = 0.0) -> Surface:
    """Paper rolled onto a cylinder, bulging towards the camera; 0 degrees: the axis is upright."""

    def roll_up(points: Floats) -> Floats:
        angle = points[:, 0] / radius_mm
        return np.stack([radius_mm * np.sin(angle), points[:, 1], radius_mm * (1 - np.cos(angle)) + points[:, 2]], -1)

    return surface.mapped(_about(roll_up, along_degrees))


def folded(surface: Surface, slope_degrees: float, along_degrees: float = 0.0) -> Surface:
    """Paper with one crease through the nose tip, both halves bent back; 0 degrees: the crease is upright."""
    slope, nose = np.radians(slope_degrees), surface.five[2]

    def crease(points: Floats) -> Floats:
        return np.stack([points[:, 0] * np.cos(slope), points[:, 1], np.abs(points[:, 0]) * np.sin(slope)], -1)

    change = _about(crease, along_degrees)
    return surface.mapped(lambda points: change(points - nose) + nose)


def _about(change: Callable[[Floats], Floats], degrees: float) -> Callable[[Floats], Floats]:
    turn = np.radians(degrees)
    spin = np.array([[np.cos(turn), -np.sin(turn), 0], [np.sin(turn), np.cos(turn), 0], [0, 0, 1]])
    return lambda points: change(points @ spin) @ spin.T


def somebody(rng: np.random.Generator) -> Surface:
    """A face of somebody else's size, with a flatter or a longer nose."""
    apart = float(np.clip(rng.normal(EYES_APART_MM, EYES_APART_DEVIATION_MM), 52, 75))
    return face(eyes_apart_mm=apart, relief=float(rng.uniform(0.75, 1.2)))


def some_pose(rng: np.random.Generator) -> Pose:
    """Before the camera, more or less straight: a face to recognise somebody by."""
    yaw, pitch, roll = rng.uniform(-25, 25), rng.uniform(-20, 20), rng.uniform(-15, 15)
    return Pose(float(yaw), float(pitch), float(roll), float(rng.uniform(250, 600)))


def some_camera(rng: np.random.Generator) -> Camera:
    """At either resolution, 1 to 2 mm of noise, a focal length that is not quite the assumed one."""
    size = (640, 480) if rng.random() < 0.5 else (320, 240)
    return Camera(*size, focal_share=float(rng.uniform(0.88, 1.04)), noise_mm=float(rng.uniform(1, 2)))


@dataclass(frozen=True)
class Shot:
    """A depth map, float32 millimetres with 0 for holes, and the five landmarks in its pixels, float32 (5, 2)."""

    depth: NDArray[np.float32]
    landmarks: NDArray[np.float32]

    def png(self) -> bytes:
        return encode_png(self.depth.astype(np.uint16))

    def picture(self, scale: float) -> tuple[NDArray[np.uint8], Face]:
        """A black colour picture of ``scale`` times the map's size, and the face in its pixels."""
        height, width = self.depth.shape
        landmarks = (self.landmarks + np.float32(0.5)) * np.float32(scale) - np.float32(0.5)
        low, high = landmarks.min(0), landmarks.max(0)
        face = Face(np.array([*low, *(high - low)], np.float32), landmarks, 0.9)
        return np.zeros((round(height * scale), round(width * scale), 3), np.uint8), face


def shoot(surface: Surface, pose: Pose, camera: Camera, rng: np.random.Generator) -> Shot:
    """Take one depth map."""
    focal = camera.focal_share * max(camera.width, camera.height)
    middle = np.array([(camera.width - 1) / 2, (camera.height - 1) / 2])
    nearest = _splat(pose.place(surface.points), focal, middle, camera)
    jumps = cv2.dilate(nearest, np.ones((3, 3))) - cv2.erode(nearest, np.ones((3, 3))) > JUMP_MM
    edges = cv2.dilate(jumps.astype(np.uint8), np.ones((3, 3))) > 0
    seen = nearest + rng.normal(0, camera.noise_mm, nearest.shape)
    seen[edges | (rng.random(nearest.shape) < camera.stray_holes)] = 0
    five = pose.place(surface.five)
    landmarks = five[:, :2] / five[:, 2:] * focal + middle
    wrong = rng.normal(0, camera.jitter * np.linalg.norm(landmarks[1] - landmarks[0]), landmarks.shape)
    return Shot(np.rint(seen).astype(np.float32), (landmarks + wrong).astype(np.float32))


def _splat(points: Floats, focal: float, middle: Floats, camera: Camera) -> NDArray[np.float32]:
    """The nearest point of each pixel; gaps of one pixel between points are closed from their neighbours."""
    columns, rows = np.rint(points[:, :2] / points[:, 2:] * focal + middle).astype(int).T
    inside = (columns >= 0) & (rows >= 0) & (columns < camera.width) & (rows < camera.height)
    nearest = np.full(camera.width * camera.height, np.inf)
    np.minimum.at(nearest, rows[inside] * camera.width + columns[inside], points[inside, 2])
    grid = nearest.reshape(camera.height, camera.width).astype(np.float32)
    around = cv2.erode(grid, np.ones((3, 3)))
    grid = np.where(np.isinf(grid), around, grid)
    return np.where(np.isinf(grid), np.float32(camera.wall_mm), grid)


def encode_png(pixels: NDArray[Any]) -> bytes:
    done, payload = cv2.imencode(".png", pixels)
    assert done
    return payload.tobytes()
