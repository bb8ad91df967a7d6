"""Stands where the models would be, for commands that need none; refuses to judge."""

from __future__ import annotations

from typing import NoReturn

from application.ports.vision import FaceCrop
from domain.biometrics import ModelId
from domain.errors import ModelError


class AbsentJudge:
    """A FrameJudge without models: fails closed."""

    model = ModelId("none")
    former: ModelId | None = None
    pad_threshold = 1.0

    def judge(self, payload: bytes, *, at_ms: float | None = None, depth: bytes | None = None) -> NoReturn:  # noqa: ARG002 - the port's signature
        """Raise ``ModelError``."""
        raise ModelError("the models are not loaded")

    def embed(self, crop: FaceCrop, model: ModelId | None = None) -> NoReturn:  # noqa: ARG002 - the port's signature
        """Raise ``ModelError``."""
        raise ModelError("the models are not loaded")

    def flat_picture(self, one: FaceCrop, other: FaceCrop) -> NoReturn:  # noqa: ARG002 - the port's signature
        """Raise ``ModelError``."""
        raise ModelError("the models are not loaded")

    def same_picture(self, one: FaceCrop, other: FaceCrop) -> NoReturn:  # noqa: ARG002 - the port's signature
        """Raise ``ModelError``."""
        raise ModelError("the models are not loaded")
