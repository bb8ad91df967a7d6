"""Vision without pixels: pictures are small JSON documents that say what they show.

``{"face": "ana", "pad": 0.98, "quality": 0.9, "faces": 1, "reason": null, "unfit": null, "noise": 0.2, "take": 1}``:
every key is optional; the shape of the face has more (``ScriptedShapes``). ``face`` names the person, ``noise`` says
how far this picture's embedding lies from the person's own direction (0 none; two takes at the default are 0.96 alike),
``take`` tells two pictures of one person apart, ``reason`` is the guidance code that quality gives. Everything that is
not such a document is a damaged picture. Depth maps are such documents as well (``ScriptedDepth``).
"""

from __future__ import annotations

import hashlib
import json
import zlib
from typing import TYPE_CHECKING, Any

import numpy as np

from adapters.vision.pipeline import VisionPipeline
from application.ports.vision import Face, FaceCrop, PadFindings
from domain.biometrics import DepthFindings, Embedding, FaceQuality, FaceShape, ModelId
from domain.errors import DepthError, ImageError

if TYPE_CHECKING:
    from collections.abc import Mapping

    from numpy.typing import NDArray

    from application.ports.vision import Image

MODEL = ModelId("memory/64")
FORMER_MODEL = ModelId("memory-former/64")
DIMENSION = 64
NOISE = 0.2
CROP_BYTES = 112 * 112 * 3
NOSE_TIP = 30
FACE_IN_DEPTH = {
    "relief": 0.45,
    "cheek_relief": 0.75,
    "plane_residual": 0.2,
    "holes": 0.01,
    "profile_relief": 0.22,
    "eye_distance_mm": 63.0,
}
"""About what the mean face shows straight before the synthetic camera of ``tests/depth_scenes.py``."""


def picture(face: str = "somebody", **facts: float | str | None) -> bytes:
    """Return the bytes of a picture that shows that; see the module for the facts."""
    return json.dumps({"face": face, **facts}).encode()


def depth_map(**facts: float) -> bytes:
    """Return the bytes of a depth map that says that of a face, and else what a real face's does."""
    return json.dumps(facts).encode()


class ScriptedDecoder:
    """``ImageDecoder``: the picture's pixels are the document's own bytes."""

    def decode(self, payload: bytes) -> Image:
        """Return the bytes as BGR uint8 (112, 112, 3). Raises ``ImageError`` for anything but a small JSON object."""
        try:
            facts = json.loads(payload)
        except ValueError as error:
            raise ImageError("not a picture") from error
        if not isinstance(facts, dict) or len(payload) > CROP_BYTES:
            raise ImageError("not a picture")
        return np.frombuffer(payload.ljust(CROP_BYTES, b"\0"), np.uint8).reshape(112, 112, 3).copy()


class ScriptedDetector:
    """``Detector``: as many equal faces as ``faces`` says, 1 by default."""

    def detect(self, image: Image) -> list[Face]:
        """Return faces side by side, none overlapping."""
        landmarks = np.zeros((5, 2), np.float32)
        return [
            Face(np.array([index * 20, 0, 20, 20], np.float32), landmarks, 0.9)
            for index in range(int(_facts(image).get("faces", 1)))
        ]


class ScriptedQuality:
    """``QualityAssessor``: ``quality`` (0.9 by default) and ``reason`` (none by default)."""

    def assess(self, image: Image, face: Face, shape: FaceShape) -> FaceQuality:  # noqa: ARG002 - all faces are alike
        """Return what the picture says."""
        facts = _facts(image)
        return FaceQuality(float(facts.get("quality", 0.9)), facts.get("reason"), unfit=facts.get("unfit"))


class ScriptedShapes:
    """``ShapeReader``: ``yaw``, ``pitch``, ``roll`` (0), ``eyes`` (0.3) and ``size`` (1) of the picture.

    The landmarks are those of a head of some depth, turned that way and seen from ``1 / size`` away; ``flat`` heads are
    a photograph of one, tilted instead of turned.
    """

    def read(self, image: Image, face: Face) -> FaceShape:  # noqa: ARG002 - every face of a picture is alike
        """Return what the picture says."""
        facts = _facts(image)
        yaw, pitch, roll = (float(facts.get(name, 0.0)) for name in ("yaw", "pitch", "roll"))
        size, eyes = float(facts.get("size", 1.0)), float(facts.get("eyes", 0.3))
        points = head(yaw, pitch, size=size, flat=bool(facts.get("flat")))
        box = float(points[:, 0].min()), float(points[:, 1].min()), 100.0 * size, 120.0 * size
        return FaceShape(box, points, yaw, pitch, roll, (eyes, eyes))


class ScriptedPad:
    """``PresentationAttackDetector``: ``pad``, 0.98 by default."""

    @property
    def threshold(self) -> float:
        """0.2."""
        return 0.2

    def judge(self, image: Image, face: Face) -> PadFindings:  # noqa: ARG002 - every face of a picture is alike
        """Return what the picture says."""
        score = float(_facts(image).get("pad", 0.98))
        return PadFindings(score, {"scripted": score})


class ScriptedDepth:
    """``DepthReader``: a map is a small JSON document too, of ``relief``, ``cheek_relief`` and so on.

    What it leaves out is a real face's; two documents that differ in anything, ``take`` for one, are two maps.
    """

    def read(self, payload: bytes, image: Image, face: Face) -> DepthFindings:  # noqa: ARG002 - the document says it all
        """Return what the map says. Raises ``DepthError`` for anything but a small JSON object of numbers."""
        try:
            said = {**FACE_IN_DEPTH, **json.loads(payload)}
            return DepthFindings(**{name: float(said[name]) for name in FACE_IN_DEPTH}, mark=zlib.crc32(payload))
        except (ValueError, TypeError) as error:
            raise DepthError("not a depth map") from error


class ScriptedEmbedder:
    """``Embedder``: a direction made from the person's name, moved a little by what else the picture says.

    Two models give one person two directions that have nothing to do with each other.
    """

    def __init__(self, model: ModelId = MODEL) -> None:
        """Be that model."""
        self._model = model

    @property
    def model(self) -> ModelId:
        """The one given: memory/64 by default."""
        return self._model

    @property
    def dimension(self) -> int:
        """64."""
        return DIMENSION

    def align(self, image: Image, face: Face) -> FaceCrop:  # noqa: ARG002 - the picture is the crop
        """Return a copy of the picture."""
        return FaceCrop(image.copy())

    def embed(self, crop: FaceCrop) -> Embedding:
        """Return the same unit vector for the same picture, one near it for another picture of that person."""
        facts = _facts(crop.pixels)
        name = str(facts.get("face", "somebody"))
        person = _direction(name if self._model == MODEL else f"{name} {self._model}")
        vector = person + float(facts.get("noise", NOISE)) * _direction(json.dumps(facts, sort_keys=True))
        return Embedding(self._model, vector / np.linalg.norm(vector))


def scripted_judge(former: ModelId | None = None, model: ModelId = MODEL) -> VisionPipeline:
    """Return a ``FrameJudge`` over the twins above: the real pipeline, wiping included, on scripted pictures."""
    return VisionPipeline(
        decoder=ScriptedDecoder(),
        detector=ScriptedDetector(),
        shapes=ScriptedShapes(),
        quality=ScriptedQuality(),
        pad=ScriptedPad(),
        depth=ScriptedDepth(),
        embedder=ScriptedEmbedder(model),
        former=ScriptedEmbedder(former) if former else None,
        same=lambda one, other: bool(np.array_equal(one.pixels, other.pixels)),
        flat=lambda one, other: bool(_facts(one.pixels).get("still") and _facts(other.pixels).get("still")),
    )


def head(yaw: float, pitch: float, *, size: float = 1.0, flat: bool = False) -> NDArray[np.float32]:
    """Return 68 landmarks, in pixels, of a made-up head turned by degrees, or of its photograph tilted so.

    Seen in perspective from four head widths; positive yaw moves the nose to the left edge, positive pitch upwards.
    """
    random = np.random.default_rng(68)
    points = np.column_stack([random.uniform(-0.5, 0.5, 68), random.uniform(-0.6, 0.6, 68), np.zeros(68)])
    points[36:42, :2] = random.uniform([-0.16, -0.2], [-0.06, -0.1], (6, 2))
    points[42:48, :2] = points[36:42, :2] * (-1, 1)
    points[NOSE_TIP, :2] = 0.0, 0.1
    if not flat:
        points[:, 2] = -0.45 * np.sqrt(np.maximum(0.0, 1 - (points[:, 0] / 0.55) ** 2))
        points[NOSE_TIP, 2] -= 0.2
    around, over = np.radians(yaw), np.radians(pitch)
    turn = np.array([[np.cos(around), 0, np.sin(around)], [0, 1, 0], [-np.sin(around), 0, np.cos(around)]])
    nod = np.array([[1, 0, 0], [0, np.cos(over), np.sin(over)], [0, -np.sin(over), np.cos(over)]])
    turned = points @ (nod @ turn).T
    away = 4.0 / size + turned[:, 2]
    return np.asarray(400.0 * turned[:, :2] / away[:, np.newaxis] + 160.0, np.float32)


def _facts(image: Image) -> Mapping[str, Any]:
    facts: Mapping[str, Any] = json.loads(image.tobytes().rstrip(b"\0"))
    return facts


def _direction(text: str) -> NDArray[np.float32]:
    seed = int.from_bytes(hashlib.sha256(text.encode()).digest()[:8], "big")
    vector = np.random.default_rng(seed).standard_normal(DIMENSION).astype(np.float32)
    return vector / np.linalg.norm(vector)
