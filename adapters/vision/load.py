"""Puts a vision pipeline together from what a models folder holds."""

from __future__ import annotations

from typing import TYPE_CHECKING

from adapters.vision import detector, embedder, eyes, pad, shape
from adapters.vision.bundle import MANIFEST, Bundle, read_bundle
from adapters.vision.decoder import FRAME_BYTES, OpenCvDecoder
from adapters.vision.depth import TrueDepthReader
from adapters.vision.detector import YuNetDetector
from adapters.vision.embedder import FusedEmbedder
from adapters.vision.fusion import FusedPad, read_coefficients, unfitted
from adapters.vision.pad import MiniFasNets
from adapters.vision.pipeline import VisionPipeline
from adapters.vision.quality import LandmarkQuality
from adapters.vision.sessions import Network
from adapters.vision.shape import NetworkShapeReader
from adapters.vision.texture import Texture
from domain.errors import ConfigurationError, ModelError

if TYPE_CHECKING:
    from pathlib import Path

    from application.ports.vision import Detector, Embedder
    from domain.biometrics import ModelId

DETECTOR_ID = "yunet-2023mar"
PAD_NETWORKS = (("minifasnet_v2", "minifasnet-v2-2.7", 2.7), ("minifasnet_v1se", "minifasnet-v1se-4.0", 4.0))
"""Name of the evidence, id of the model, and how many times the face box is enlarged."""

PAD_IDS = tuple(model for _, model, _ in PAD_NETWORKS)


def load_pipeline(
    models: Path,
    *,
    default_bundle: Path | None = None,
    former: Path | None = None,
    accept_licence: bool = False,
    max_bytes: int = FRAME_BYTES,
    fitted: bool = True,
) -> VisionPipeline:
    """Load the bundle in ``models``, or the insightface pack that lies there.

    A pack brings detector and embedder; everything about life then comes from ``default_bundle``, and
    ``accept_licence`` says that the operator accepts the pack's licence. ``former`` is the folder (bundle or pack) of
    the models before these, whose embedder serves templates that it made. ``max_bytes`` limits encoded pictures. Not
    ``fitted``, the pipeline gathers evidence of life without reading the coefficients that weigh it. Raises
    ``ModelError`` when anything is missing or not what was installed, ``ConfigurationError`` without that acceptance
    and where the former models are the current ones.
    """
    found: tuple[Detector, Embedder]
    if _holds_bundle(models):
        bundle = read_bundle(models)
        found = _default_detector(bundle), _default_embedder(bundle)
    else:
        if default_bundle is None:
            raise ModelError("an insightface pack needs the default bundle beside it: run 'faceauth models install'")
        bundle = read_bundle(default_bundle)
        found = _pack(models, accept_licence=accept_licence)
    return VisionPipeline(
        decoder=OpenCvDecoder(max_bytes=max_bytes),
        detector=found[0],
        shapes=_shapes(bundle),
        quality=LandmarkQuality(),
        pad=_life(bundle, fitted=fitted),
        depth=TrueDepthReader(),
        embedder=found[1],
        former=None if former is None else _former(former, found[1], accept_licence=accept_licence),
    )


def embedder_of(models: Path, *, accept_licence: bool = False) -> ModelId:
    """Return the id of the embedder in that folder; a pack is opened for it. Raises as ``load_pipeline`` does."""
    return embedder.MODEL if _holds_bundle(models) else _pack(models, accept_licence=accept_licence)[1].model


def _former(folder: Path, current: Embedder, *, accept_licence: bool) -> Embedder:
    found = (
        _default_embedder(read_bundle(folder))
        if _holds_bundle(folder)
        else _pack(folder, accept_licence=accept_licence)[1]
    )
    if found.model == current.model:
        raise ConfigurationError("FACEAUTH_FORMER_MODELS names the models in use: leave it unset, or name the others")
    return found


def _holds_bundle(folder: Path) -> bool:
    return (folder / MANIFEST).exists() or not any(folder.glob("*.onnx"))


def _pack(folder: Path, *, accept_licence: bool) -> tuple[Detector, Embedder]:
    # insightface costs half a second and 50 MB: only those who bring a pack pay for it.
    from adapters.vision.insightface_pack import load_pack  # noqa: PLC0415

    return load_pack(folder, accept_licence=accept_licence)


def _default_detector(bundle: Bundle) -> Detector:
    return YuNetDetector(Network(DETECTOR_ID, bundle.read(DETECTOR_ID), detector.INPUT_SHAPE))


def _default_embedder(bundle: Bundle) -> Embedder:
    names = embedder.SFACE_ID, embedder.FR_FEATURE_ID
    return FusedEmbedder(*(Network(name, bundle.read(name), embedder.INPUT_SHAPE) for name in names))


def _life(bundle: Bundle, *, fitted: bool) -> FusedPad:
    networks = {
        evidence: (Network(name, bundle.read(name), pad.INPUT_SHAPE), scale) for evidence, name, scale in PAD_NETWORKS
    }
    sources = MiniFasNets(networks), Texture()
    return FusedPad(sources, read_coefficients(models=PAD_IDS) if fitted else unfitted(sources))


def _shapes(bundle: Bundle) -> NetworkShapeReader:
    contracts = (
        (shape.LANDMARK_ID, shape.LANDMARK_SHAPE),
        (shape.POSE_ID, shape.POSE_SHAPE),
        (eyes.EYE_ID, eyes.EYE_SHAPE),
    )
    return NetworkShapeReader(*(Network(name, bundle.read(name), takes) for name, takes in contracts))
