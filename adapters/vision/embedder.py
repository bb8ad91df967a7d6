"""Two small recognition networks whose unit vectors stand side by side in one: better than either."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from adapters.vision.alignment import align_face
from adapters.vision.scratch import Scratch
from domain.biometrics import Embedding, ModelId
from domain.errors import ModelError

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from adapters.vision.sessions import Network
    from application.ports.vision import Face, FaceCrop, Image

INPUT_SHAPE = (1, 3, 112, 112)
SFACE_ID = "sface-2021dec"
FR_FEATURE_ID = "fr-feature-0.0.1"
DIMENSION = 128 + 512
MODEL = ModelId(f"{SFACE_ID}+{FR_FEATURE_ID}/{DIMENSION}")
"""Both networks, their versions and the length."""

FR_FEATURE_MEAN = 127.0
FR_FEATURE_SCALE = 128.0


class FusedEmbedder:
    """``Embedder``: SFace (RGB, 128 values) and fr_feature (BGR, 512 values, mean of the face and its mirror image).

    Each part has unit norm before they are joined, so both weigh the same; the whole is normalised again: float32,
    shape (640,).
    """

    def __init__(self, sface: Network, fr_feature: Network) -> None:
        """Use the two loaded networks."""
        self._sface = sface
        self._fr_feature = fr_feature

    @property
    def model(self) -> ModelId:
        """Both networks, their versions and the length."""
        return MODEL

    @property
    def dimension(self) -> int:
        """640."""
        return DIMENSION

    def align(self, image: Image, face: Face) -> FaceCrop:
        """Cut the face out on its five landmarks."""
        return align_face(image, face.landmarks)

    def embed(self, crop: FaceCrop) -> Embedding:
        """Return the joined unit vector. Raises ``ModelError`` when a network gives something without direction."""
        with Scratch() as scratch:
            keep = scratch.keep
            bgr = keep(crop.pixels.transpose(2, 0, 1)[np.newaxis].astype(np.float32))
            rgb = keep(np.ascontiguousarray(bgr[:, ::-1]))
            centred = keep((bgr - FR_FEATURE_MEAN) / FR_FEATURE_SCALE)
            mirror = keep(np.ascontiguousarray(centred[..., ::-1]))
            sface, plain, mirrored = (
                keep(_unit(keep(network.run(blob)[0])[0]))
                for network, blob in ((self._sface, rgb), (self._fr_feature, centred), (self._fr_feature, mirror))
            )
            both = keep(_unit(keep(plain + mirrored)))
            return Embedding(self.model, _unit(keep(np.concatenate([sface, both]))))


def _unit(vector: NDArray[np.float32]) -> NDArray[np.float32]:
    length = float(np.linalg.norm(vector))
    if not np.isfinite(length) or length == 0.0:
        raise ModelError("a recognition network gave a vector without direction")
    return (vector / length).astype(np.float32)
