"""The scripted pipeline with a decoder that remembers: what became of the pixels."""

from __future__ import annotations

from typing import TYPE_CHECKING

from adapters.memory.vision import (
    ScriptedDecoder,
    ScriptedDetector,
    ScriptedEmbedder,
    ScriptedPad,
    ScriptedQuality,
    ScriptedShapes,
)
from adapters.vision.pipeline import VisionPipeline

if TYPE_CHECKING:
    from application.ports.vision import Image


class RememberingDecoder(ScriptedDecoder):
    """Keeps hold of what it decoded, to see what becomes of it."""

    def __init__(self) -> None:
        self.decoded: list[Image] = []

    def decode(self, payload: bytes) -> Image:
        image = super().decode(payload)
        self.decoded.append(image)
        return image


def pipeline(
    decoder: ScriptedDecoder, pad: ScriptedPad | None = None, embedder: ScriptedEmbedder | None = None
) -> VisionPipeline:
    """The scripted pipeline with these steps in place of the usual ones."""
    return VisionPipeline(
        decoder=decoder,
        detector=ScriptedDetector(),
        shapes=ScriptedShapes(),
        quality=ScriptedQuality(),
        pad=pad or ScriptedPad(),
        embedder=embedder or ScriptedEmbedder(),
    )
