"""Runs an insightface model pack (buffalo_l, antelopev2 ...) that the operator brings, through ``insightface``."""

from __future__ import annotations

import hashlib
import logging
from typing import TYPE_CHECKING, Any

import numpy as np
from insightface.model_zoo import get_model
from insightface.model_zoo.onnxruntime_utils import get_default_providers

from adapters.vision.alignment import CROP_SIZE, align_face
from adapters.vision.scratch import Scratch
from adapters.vision.sessions import session_options
from application.ports.vision import Face
from domain.biometrics import Embedding, ModelId
from domain.errors import ConfigurationError, ModelError

if TYPE_CHECKING:
    from pathlib import Path

    from application.ports.vision import FaceCrop, Image

LICENCE_NOTICE = (
    "insightface's model packs are licensed for non-commercial research only; their maintainers have said that an "
    "organisation's internal login is not covered. Use a pack only with a licence from them."
)
DETECTION_SIZE = (320, 320)
SCRFD_OUTPUTS_WITH_LANDMARKS = (9, 15)
_log = logging.getLogger(__name__)


def load_pack(folder: Path, *, accept_licence: bool) -> tuple[PackDetector, PackEmbedder]:
    """Return detector and embedder of the pack in ``folder``.

    Runs on CoreML, CUDA or the CPU, whichever insightface prefers here. Raises ``ConfigurationError`` unless the
    licence is accepted, ``ModelError`` when the folder holds no SCRFD detector with landmarks or no ArcFace recogniser.
    """
    if not accept_licence:
        raise ConfigurationError(
            f"{LICENCE_NOTICE} If you have one, set FACEAUTH_ACCEPT_INSIGHTFACE_LICENCE=yes; otherwise leave "
            "FACEAUTH_MODELS unset to use the default bundle."
        )
    _log.warning(LICENCE_NOTICE)
    detector: PackDetector | None = None
    embedder: PackEmbedder | None = None
    for path in sorted(folder.glob("*.onnx")):
        model = _open(path)
        task = getattr(model, "taskname", None)
        if task == "detection" and detector is None and _has_landmarks(model):
            detector = PackDetector(model)
        if task == "recognition" and embedder is None and model.input_size == (CROP_SIZE, CROP_SIZE):
            embedder = PackEmbedder(model, path)
    if detector is None:
        raise ModelError(f"{folder} holds no SCRFD detector with landmarks (such as det_10g.onnx)")
    if embedder is None:
        raise ModelError(f"{folder} holds no ArcFace recogniser (such as w600k_r50.onnx)")
    return detector, embedder


class PackDetector:
    """``Detector`` on insightface's SCRFD."""

    def __init__(self, model: Any) -> None:
        """Use an SCRFD of ``insightface.model_zoo``."""
        self._model = model
        self._model.prepare(ctx_id=0, input_size=DETECTION_SIZE)

    def detect(self, image: Image) -> list[Face]:
        """Return the faces, best score first."""
        boxes, landmarks = self._model.detect(image)
        faces = []
        for (left, top, right, bottom, score), points in zip(boxes, landmarks, strict=True):
            box = np.array([left, top, right - left, bottom - top], np.float32)
            faces.append(Face(box, np.asarray(points, np.float32), float(score)))
        return sorted(faces, key=lambda face: face.score, reverse=True)


class PackEmbedder:
    """``Embedder`` on insightface's ArcFace."""

    def __init__(self, model: Any, path: Path) -> None:
        """Use an ArcFace of ``insightface.model_zoo``; the weights in ``path`` name the model id."""
        self._model = model
        with path.open("rb") as stream:
            digest = hashlib.file_digest(stream, "sha256").hexdigest()
        self._dimension = int(model.output_shape[-1])
        self._id = ModelId(f"insightface-{path.stem}-{digest[:12]}/{self._dimension}")

    @property
    def model(self) -> ModelId:
        """File name, hash and length: two packs never share an id."""
        return self._id

    @property
    def dimension(self) -> int:
        """Usually 512."""
        return self._dimension

    def align(self, image: Image, face: Face) -> FaceCrop:
        """Cut the face out on its five landmarks."""
        return align_face(image, face.landmarks)

    def embed(self, crop: FaceCrop) -> Embedding:
        """Return the unit vector. Raises ``ModelError`` when there is none."""
        with Scratch() as scratch:
            vector = scratch.keep(np.array(self._model.get_feat(crop.pixels)[0], np.float32))
            length = float(np.linalg.norm(vector))
            if not np.isfinite(length) or length == 0.0:
                raise ModelError("a recognition network gave a vector without direction")
            return Embedding(self._id, vector / length)


def _open(path: Path) -> Any:
    try:
        return get_model(str(path), providers=get_default_providers(), sess_options=session_options())
    except Exception as error:  # onnx, onnxruntime and insightface raise whatever they like on a file they do not know
        raise ModelError(f"{path.name} cannot be opened by insightface") from error


def _has_landmarks(model: Any) -> bool:
    """Every network with five outputs or more is an SCRFD to insightface: the landmark heads must be there as well."""
    return len(model.output_names) in SCRFD_OUTPUTS_WITH_LANDMARKS
