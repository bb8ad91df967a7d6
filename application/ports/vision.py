"""Pixels in, findings out. Every method is synchronous, CPU-bound and safe to call from several threads at once."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Protocol

if TYPE_CHECKING:
    from collections.abc import Mapping

    import numpy as np
    from numpy.typing import NDArray

    from domain.biometrics import DepthFindings, Embedding, FaceQuality, FaceShape, FrameFindings, ModelId

    Image = NDArray[np.uint8]
    """BGR, uint8, shape (height, width, 3)."""


@dataclass(frozen=True, slots=True, eq=False)
class Face:
    """One detected face, in pixels of the picture it was found in.

    ``box`` float32 (4,): left, top, width, height. ``landmarks`` float32 (5, 2): right eye, left eye, nose tip, right
    mouth corner, left mouth corner as seen by the subject (the order of insightface's alignment template: image left to
    image right). ``score`` 0...1.
    """

    box: NDArray[np.float32]
    landmarks: NDArray[np.float32]
    score: float


@dataclass(slots=True, eq=False)
class FaceCrop:
    """The aligned face of one frame: all of a picture that may live longer than the frame, until its attempt ends.

    ``pixels`` BGR uint8 (112, 112, 3).
    """

    pixels: NDArray[np.uint8] = field(repr=False)

    def wipe(self) -> None:
        """Overwrite the pixels."""
        self.pixels.fill(0)


@dataclass(frozen=True, slots=True)
class PadFindings:
    """Passive presentation attack detection on one frame.

    ``score`` is the probability (0...1) that a live person is shown, not a print, screen or mask; ``evidence`` the
    values it was fused from, by name.
    """

    score: float
    evidence: Mapping[str, float] = field(default_factory=dict)


class ImageDecoder(Protocol):
    """Encoded bytes to pixels, within limits."""

    def decode(self, payload: bytes) -> Image:
        """Return the picture, orientation applied.

        Limits are checked on the header, before decoding. Raises ``UnsupportedImageError``, ``ImageTooLargeError`` and
        ``ImageError`` (truncated, damaged, empty).
        """
        ...


class Detector(Protocol):
    """Finds faces."""

    def detect(self, image: Image) -> list[Face]:
        """Return the faces, best score first; empty when there is none."""
        ...


class QualityAssessor(Protocol):
    """Says how usable a detected face is."""

    def assess(self, image: Image, face: Face, shape: FaceShape) -> FaceQuality:
        """Return the quality of that face in that picture."""
        ...


class ShapeReader(Protocol):
    """Landmarks, head pose and eyes of a detected face."""

    def read(self, image: Image, face: Face) -> FaceShape:
        """Return the shape of that face in that picture."""
        ...


class EvidenceSource(Protocol):
    """One kind of passive evidence on a single frame: a network, a spectrum, colours."""

    def measure(self, image: Image, face: Face) -> Mapping[str, float]:
        """Return named values, always the same names, finite; a higher one speaks for a live person."""
        ...


class PresentationAttackDetector(Protocol):
    """Passive presentation attack detection on a single frame."""

    @property
    def threshold(self) -> float:
        """Least score 0...1 of a frame that passes for a live person."""
        ...

    def judge(self, image: Image, face: Face) -> PadFindings:
        """Return how live that face looks, and by which evidence."""
        ...


class DepthReader(Protocol):
    """Depth maps that come with a frame."""

    def read(self, payload: bytes, image: Image, face: Face) -> DepthFindings:
        """Return what an encoded depth map (16-bit PNG, millimetres, 0 for holes) says of that face.

        The map shows what the picture shows, at its own resolution. Raises ``DepthError`` for one that is damaged, of
        the wrong kind, size or proportions.
        """
        ...


class Embedder(Protocol):
    """Aligned face to embedding."""

    @property
    def model(self) -> ModelId:
        """The id that every embedding and template of this embedder carries."""
        ...

    @property
    def dimension(self) -> int:
        """Length of the vectors."""
        ...

    def align(self, image: Image, face: Face) -> FaceCrop:
        """Cut the face out, aligned on its five landmarks; the crop owns its pixels."""
        ...

    def embed(self, crop: FaceCrop) -> Embedding:
        """Return the unit vector of that face."""
        ...


class FrameJudge(Protocol):
    """A frame's whole way through vision: decode, detect, one face, quality, presentation attack detection."""

    @property
    def pad_threshold(self) -> float:
        """Least probability of a live person that a single frame must reach; comes with what gives the probability."""
        ...

    @property
    def model(self) -> ModelId:
        """Model id of the embeddings that ``embed`` returns."""
        ...

    @property
    def former(self) -> ModelId | None:
        """Model id of the former embedder, loaded beside the current one while templates of it still serve."""
        ...

    def judge(
        self, payload: bytes, *, at_ms: float | None = None, depth: bytes | None = None
    ) -> tuple[FrameFindings, FaceCrop | None]:
        """Judge one encoded picture. The crop is there exactly when the findings are usable.

        ``at_ms`` goes into the findings as it is. The decoded picture is overwritten before this returns, also when it
        raises. Raises the errors of ``ImageDecoder.decode`` and ``DepthReader.read``.
        """
        ...

    def embed(self, crop: FaceCrop, model: ModelId | None = None) -> Embedding:
        """Embed an aligned crop with the current model, or the one named. Raises ``ModelError`` for any other."""
        ...

    def same_picture(self, one: FaceCrop, other: FaceCrop) -> bool:
        """Say whether two crops come from one picture sent twice, re-encoded or resized perhaps."""
        ...

    def flat_picture(self, one: FaceCrop, other: FaceCrop) -> bool:
        """Say whether two crops show one flat picture that was moved, tilted or bent a little in between."""
        ...


class FaceAcquirer(Protocol):
    """The way of an evaluation picture, which is of one person whoever else is in it: same steps, same networks."""

    @property
    def model(self) -> ModelId:
        """Model id of the embeddings that ``embed`` returns."""
        ...

    def central(self, payload: bytes) -> tuple[FrameFindings, FaceCrop | None]:
        """Take in the face that the picture is of: large and near its centre.

        The findings are what the service would say of the picture, without liveness: ``reason`` is None for one that it
        would judge, else why it would refuse it. The crop is there wherever there is any face at all. The decoded
        picture is overwritten before this returns, also when it raises. Raises the errors of ``ImageDecoder.decode``.
        """
        ...

    def embed(self, crop: FaceCrop, model: ModelId | None = None) -> Embedding:
        """As ``FrameJudge.embed``."""
        ...
