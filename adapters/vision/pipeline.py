"""A frame's whole way through vision, in one place."""

from __future__ import annotations

import time
from contextlib import contextmanager
from dataclasses import replace
from typing import TYPE_CHECKING

import numpy as np

from adapters.vision.likeness import flat_picture, same_picture
from adapters.vision.quality import visible_share
from adapters.vision.scene import coarse_face, surroundings
from domain.biometrics import FrameFindings
from domain.errors import ModelError

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Sequence

    from application.ports.vision import (
        DepthReader,
        Detector,
        Embedder,
        Face,
        FaceCrop,
        Image,
        ImageDecoder,
        PresentationAttackDetector,
        QualityAssessor,
        ShapeReader,
    )
    from domain.biometrics import Embedding, ModelId

RIVAL_SCORE = 0.75
RIVAL_AREA = 0.6
RIVAL_VISIBLE = 0.95
"""A second face counts when it is surely a face, of at least 0.6 the area of the largest one, and not cut by the edge
of the picture. Of 4,396 press photographs (LFW, many with bystanders) 3 % have such a second face, of 250 webcam
pictures none (their background holds posters with faces)."""


class VisionPipeline:
    """``FrameJudge`` made of the other ports. Keeps nothing between calls; safe from several threads."""

    def __init__(
        self,
        *,
        decoder: ImageDecoder,
        detector: Detector,
        shapes: ShapeReader,
        quality: QualityAssessor,
        pad: PresentationAttackDetector,
        embedder: Embedder,
        depth: DepthReader | None = None,
        former: Embedder | None = None,
        same: Callable[[FaceCrop, FaceCrop], bool] = same_picture,
        flat: Callable[[FaceCrop, FaceCrop], bool] = flat_picture,
    ) -> None:
        """Compose the steps; ``same`` tells one picture sent twice from two, ``flat`` a moved photograph.

        ``former`` embeds the crops of ``embedder`` as well: five-point alignment to 112 by 112 is common to both.
        """
        self._decoder = decoder
        self._detector = detector
        self._shapes = shapes
        self._quality = quality
        self._depth = depth
        self._pad = pad
        self._embedder = embedder
        self._former = former
        self._same = same
        self._flat = flat

    @property
    def pad_threshold(self) -> float:
        """The presentation attack detector's."""
        return self._pad.threshold

    @property
    def model(self) -> ModelId:
        """The embedder's."""
        return self._embedder.model

    @property
    def former(self) -> ModelId | None:
        """The former embedder's, if there is one."""
        return self._former.model if self._former else None

    def judge(
        self, payload: bytes, *, at_ms: float | None = None, depth: bytes | None = None
    ) -> tuple[FrameFindings, FaceCrop | None]:
        """Judge one encoded picture; see ``FrameJudge``.

        ``steps_ms`` holds decode, detect, shape, quality, pad, scene and, with a map, depth. A pipeline without a depth
        reader takes no notice of maps.
        """
        steps: dict[str, float] = {}
        with _timed(steps, "decode"):
            image = self._decoder.decode(payload)
        try:
            findings, crop = self._look(image, depth, steps)
            return replace(findings, at_ms=at_ms), crop
        finally:
            image.fill(0)

    def central(self, payload: bytes) -> tuple[FrameFindings, FaceCrop | None]:
        """Take in the one face that an evaluation picture is of; see ``FaceAcquirer``.

        ``steps_ms`` holds decode, detect, shape, quality and align, as far as it got.
        """
        steps: dict[str, float] = {}
        with _timed(steps, "decode"):
            image = self._decoder.decode(payload)
        try:
            return self._look_at_centre(image, steps)
        finally:
            image.fill(0)

    def embed(self, crop: FaceCrop, model: ModelId | None = None) -> Embedding:
        """Embed an aligned crop with the current model or the former one. Raises ``ModelError`` for any other."""
        if model is None or model == self._embedder.model:
            return self._embedder.embed(crop)
        if self._former is None or model != self._former.model:
            raise ModelError("no model of that id is loaded")
        return self._former.embed(crop)

    def same_picture(self, one: FaceCrop, other: FaceCrop) -> bool:
        """Compare pixels laid over each other; see ``adapters.vision.likeness``."""
        return self._same(one, other)

    def flat_picture(self, one: FaceCrop, other: FaceCrop) -> bool:
        """Compare pixels laid over each other as tilted planes; see ``adapters.vision.likeness``."""
        return self._flat(one, other)

    def _look(
        self, image: Image, depth: bytes | None, steps: dict[str, float]
    ) -> tuple[FrameFindings, FaceCrop | None]:
        with _timed(steps, "detect"):
            faces = faces_that_matter(image, self._detector.detect(image))
        if len(faces) != 1:
            return FrameFindings(len(faces), "many_faces" if faces else "no_face", steps_ms=steps), None
        (face,) = faces
        with _timed(steps, "shape"):
            shape = self._shapes.read(image, face)
        with _timed(steps, "quality"):
            quality = self._quality.assess(image, face, shape)
        with _timed(steps, "pad"):
            pad = self._pad.judge(image, face)
        with _timed(steps, "scene"):
            scene = surroundings(image, face.box)
        relief = None
        if depth is not None and self._depth is not None:
            with _timed(steps, "depth"):
                relief = self._depth.read(depth, image, face)
        findings = FrameFindings(
            1, quality.reason, quality, pad.score, steps, pad.evidence, shape=shape, scene=scene, depth=relief
        )
        if not findings.usable:
            return findings, None
        crop = self._embedder.align(image, face)
        return replace(findings, face=coarse_face(crop)), crop

    def _look_at_centre(self, image: Image, steps: dict[str, float]) -> tuple[FrameFindings, FaceCrop | None]:
        with _timed(steps, "detect"):
            found = self._detector.detect(image)
            faces = faces_that_matter(image, found)
        if not faces:
            return FrameFindings(0, "no_face", steps_ms=steps), None
        findings = FrameFindings(len(faces), "many_faces", steps_ms=steps)
        if len(faces) == 1:
            with _timed(steps, "shape"):
                shape = self._shapes.read(image, faces[0])
            with _timed(steps, "quality"):
                quality = self._quality.assess(image, faces[0], shape)
            findings = FrameFindings(1, quality.reason, quality, steps_ms=steps, shape=shape)
        with _timed(steps, "align"):
            crop = self._embedder.align(image, most_central(image, found))
        return findings, crop


def faces_that_matter(image: Image, faces: Sequence[Face]) -> list[Face]:
    """Return the largest face and every one that rivals it, largest first. Bystanders do not count."""
    by_area = sorted(faces, key=_area, reverse=True)
    return by_area[:1] + [face for face in by_area[1:] if _rivals(image, face, by_area[0])]


def most_central(image: Image, faces: Sequence[Face]) -> Face:
    """Return the face that a picture is of: large and near the centre. At least one face.

    Its area less twice the squared distance of its centre from the picture's, the choice made for LFW and VGGFace2 by
    the scripts of davidsandberg/facenet (``align_dataset_mtcnn.py``).
    """
    middle = np.array(image.shape[1::-1], np.float64) / 2

    def weight(face: Face) -> float:
        return _area(face) - 2 * float(np.sum((face.box[:2] + face.box[2:] / 2 - middle) ** 2))

    return max(faces, key=weight)


def _rivals(image: Image, face: Face, largest: Face) -> bool:
    comparable = face.score >= RIVAL_SCORE and _area(face) >= RIVAL_AREA * _area(largest)
    return comparable and visible_share(image, face) >= RIVAL_VISIBLE


def _area(face: Face) -> float:
    return float(face.box[2] * face.box[3])


@contextmanager
def _timed(steps: dict[str, float], name: str) -> Iterator[None]:
    start = time.perf_counter()
    yield
    steps[name] = (time.perf_counter() - start) * 1000
