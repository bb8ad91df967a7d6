"""Value objects of the biometric vocabulary. Frozen; arrays are set read-only on construction."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING, NewType
from uuid import UUID

import numpy as np

if TYPE_CHECKING:
    from collections.abc import Mapping

    from numpy.typing import NDArray

ModelId = NewType("ModelId", str)
"""Names the embedder that made a vector, version included. Vectors of different ids are never compared."""

Similarity = NewType("Similarity", float)
"""Cosine similarity, -1...1."""

UNIT_NORM_TOLERANCE = 1e-3


@dataclass(frozen=True, slots=True, eq=False)
class Embedding:
    """A face as a direction: float32, shape (n,), unit norm, of one model.

    ``transform`` names the keyed orthogonal transform that it went through, "" for none: what comes from a camera is
    plain, what is stored and searched is transformed. Raises ``ValueError`` for a vector that is not finite,
    one-dimensional and of unit norm.
    """

    model: ModelId
    vector: NDArray[np.float32] = field(repr=False)
    transform: str = ""

    def __post_init__(self) -> None:
        """Refuse anything but a finite unit vector."""
        vector = np.ascontiguousarray(self.vector, dtype=np.float32)
        if vector.ndim != 1 or not np.isfinite(vector).all():
            msg = "an embedding is one finite vector"
            raise ValueError(msg)
        if abs(float(np.linalg.norm(vector)) - 1.0) > UNIT_NORM_TOLERANCE:
            msg = "an embedding has unit norm"
            raise ValueError(msg)
        object.__setattr__(self, "vector", vector)

    def similarity(self, other: Embedding) -> Similarity:
        """Return the cosine similarity; raise ``ValueError`` when models or transforms differ."""
        if (self.model, self.transform) != (other.model, other.transform):
            msg = "embeddings of different models or transforms cannot be compared"
            raise ValueError(msg)
        return Similarity(float(np.dot(self.vector, other.vector)))

    def wipe(self) -> None:
        """Overwrite the vector with zeros (best effort: copies made elsewhere are not reached)."""
        if self.vector.flags.writeable:
            self.vector.fill(0.0)


@dataclass(frozen=True, slots=True)
class FaceQuality:
    """How usable a face picture is (terms of ISO/IEC 29794-5).

    ``score`` and every component are 0...1; ``reason`` is None for a usable face, else the guidance code of the worst
    fault of the picture: too_small, too_close, off_centre, too_dark, too_bright, blurred. ``unfit`` is None for a face
    to recognise somebody by, else what the person is to change: look_straight, eyes_closed, face_covered. A turned
    head or a closed eye is evidence of life all the same.
    """

    score: float
    reason: str | None
    components: Mapping[str, float] = field(default_factory=dict)
    unfit: str | None = None


@dataclass(frozen=True, slots=True, eq=False)
class FaceShape:
    """Where a face is, how the head is held and how far the eyes are open. In memory only, for one attempt.

    ``box`` is left, top, width, height in pixels of the picture; ``landmarks`` float32 (68, 2), in the same pixels, in
    iBUG order. Angles in degrees as a camera that does not mirror sees them: ``yaw`` is positive when the nose points
    to the left edge of the picture (the person turned to their own right), ``pitch`` is positive looking up, ``roll``
    positive clockwise. ``eye_openings`` are the right and the left eye's, a measure without unit that is about 0.3 for
    open eyes and compares only within one attempt.
    """

    box: tuple[float, float, float, float]
    landmarks: NDArray[np.float32] = field(repr=False)
    yaw: float
    pitch: float
    roll: float
    eye_openings: tuple[float, float]


@dataclass(frozen=True, slots=True)
class DepthFindings:
    """What a depth map says of a face, lengths as shares of the distance between the eyes. In memory only.

    ``relief`` is how far the nose tip stands out of the plane of eyes and mouth corners, ``cheek_relief`` how far the
    cheeks stand behind the nose, ``profile_relief`` how far the nose tip stands out of the line from the bridge of the
    nose to the middle of the mouth (0 for paper bent or folded along the nose), ``plane_residual`` the root mean square
    distance of the face from its best plane. A length is NaN where the map does not show what it is measured
    between; the defaults are what no face has. ``holes`` is the share 0...1 of the face without a measurement,
    ``eye_distance_mm`` the distance between the eyes in space. ``mark`` is a checksum of the whole map, None for
    unknown: a sensor never measures the same map twice.
    """

    relief: float
    cheek_relief: float
    plane_residual: float
    holes: float
    profile_relief: float = 0.0
    eye_distance_mm: float = 0.0
    mark: int | None = field(default=None, repr=False)


@dataclass(frozen=True, slots=True)
class SealedTemplate:
    """A template as it is stored: opaque text that only the vault opens, bound to its ids, model and transform.

    ``transform`` is "" for templates from before there were transforms.
    """

    template_id: UUID
    model: ModelId
    sealed: str = field(repr=False)
    transform: str = ""


@dataclass(frozen=True, slots=True)
class FrameFindings:
    """What one frame showed. No pixels.

    ``reason`` is None for a usable frame, else the guidance code (no_face, many_faces or a quality reason).
    ``pad`` is the presentation attack score: probability 0...1 that a live person is shown, None when there was no
    single face to judge; ``evidence`` holds what it was fused from, by name. ``faces`` counts faces that matter.
    ``steps_ms`` maps step name to milliseconds. ``shape`` is there for a single face. ``scene`` is a coarse picture of
    the surroundings, float32 (n,), NaN where the face is, and ``face`` one of the face, float32 (n,), zero mean and
    unit norm: only good to tell that they changed. ``depth`` is there when the client sent a depth map with the frame.
    ``at_ms`` is when the frame was taken, by the client's clock or, where that says nothing, when it arrived.
    """

    faces: int
    reason: str | None
    quality: FaceQuality | None = None
    pad: float | None = None
    steps_ms: Mapping[str, float] = field(default_factory=dict)
    evidence: Mapping[str, float] = field(default_factory=dict)
    shape: FaceShape | None = field(default=None, compare=False)
    scene: NDArray[np.float32] | None = field(default=None, repr=False, compare=False)
    face: NDArray[np.float32] | None = field(default=None, repr=False, compare=False)
    depth: DepthFindings | None = None
    at_ms: float | None = None

    @property
    def usable(self) -> bool:
        """Exactly one face of sufficient quality, judged for liveness."""
        return self.reason is None and self.pad is not None and self.quality is not None

    @property
    def fit(self) -> bool:
        """Usable, and a face to recognise somebody by."""
        return self.usable and self.quality is not None and self.quality.unfit is None


@dataclass(frozen=True, slots=True)
class Candidate:
    """One gallery entry that a probe came near to; ``threshold_override`` is a personal threshold, if there is one."""

    subject_id: UUID
    enrollment_id: UUID
    template_id: UUID
    department: str
    similarity: Similarity
    threshold_override: float | None = None
