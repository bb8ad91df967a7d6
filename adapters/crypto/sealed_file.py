"""Files of any length sealed in segments: nothing changed, cut off, reordered or joined with another file opens.

Layout: magic, length of the header (4 bytes, big-endian), header (JSON, readable), then segments of at most
``SEGMENT`` bytes of zlib-compressed content, each sealed with AES-256-GCM and 16 bytes longer. Construction STREAM of
Hoang, Reyhanitabar, Rogaway and Vizar (CRYPTO 2015): the nonce is 7 zero bytes, the segment's number (4) and whether it
is the last (1), under a key that serves one file: HKDF-SHA256 of the deployment's key and the header's random salt.
Every segment is bound to the header.
"""

from __future__ import annotations

import base64
import errno
import hashlib
import json
import os
import secrets
import zlib
from collections.abc import Callable, Iterable, Iterator, Mapping
from pathlib import Path
from typing import IO, Any, Final

from cryptography.exceptions import InvalidTag
from cryptography.hazmat.primitives.ciphers.aead import AESGCM
from cryptography.hazmat.primitives.hashes import SHA256
from cryptography.hazmat.primitives.kdf.hkdf import HKDF

from adapters.crypto.key_files import PRIVATE_FILE, PRIVATE_FOLDER
from domain.errors import BackupDamagedError, ConfigurationError

MAGIC: Final = b"faceauth sealed file 1\n"
SEGMENT: Final = 1 << 20
TAG: Final = 16
SALT: Final = 32
LONGEST_HEADER: Final = 1 << 16
_LENGTH: Final = 4
_PURPOSE: Final = b"faceauth sealed file"


def write_sealed(path: Path, key: bytes, header: Mapping[str, Any], content: Iterable[bytes]) -> None:
    """Seal ``content`` into a new file (0600) under a key derived from ``key`` (32 bytes) and a salt of its own.

    The file appears complete and on disk, or not at all. Raises ``ConfigurationError`` where one of that name is there
    already or the system refuses; whatever ``content`` raises is raised on.
    """
    salt = secrets.token_bytes(SALT)
    head = head_of(MAGIC, {**header, "salt": base64.b64encode(salt).decode()})

    def write(file: IO[bytes]) -> None:
        file.write(head)
        aead, bound = _aead(key, salt), hashlib.sha256(head).digest()
        for number, (segment, last) in enumerate(_segments(_compressed(content))):
            file.write(aead.encrypt(_nonce(number, last=last), segment, bound))

    write_private(path, write)


def head_of(magic: bytes, header: Mapping[str, Any]) -> bytes:
    """Return how a file of that kind begins: what ``read_header`` reads."""
    document = json.dumps(header, sort_keys=True).encode()
    return magic + len(document).to_bytes(_LENGTH, "big") + document


def read_header(path: Path, magic: bytes = MAGIC) -> tuple[dict[str, Any], int]:
    """Return the header, unproven, and where the content begins.

    Raises ``BackupDamagedError`` for what is not such a file, ``ConfigurationError`` where it cannot be read.
    """
    with _reading(path) as file:
        start = file.read(len(magic) + _LENGTH)
        length = int.from_bytes(start[len(magic) :], "big")
        if not start.startswith(magic) or len(start) < len(magic) + _LENGTH or length > LONGEST_HEADER:
            raise BackupDamagedError(f"{path} is not a backup of this program, or its beginning is damaged")
        try:
            document = json.loads(file.read(length))
        except (ValueError, RecursionError):
            document = None
        if not isinstance(document, dict):
            raise BackupDamagedError(f"{path} is damaged: its header cannot be read")
    return document, len(start) + length


def open_sealed(path: Path, key: bytes) -> Iterator[bytes]:
    """Yield the content piece by piece, each proven before it is handed out; the end is proven too.

    Raises ``BackupDamagedError`` for anything that ``write_sealed`` did not write like this under that key.
    """
    header, start = read_header(path)
    try:
        salt = base64.b64decode(header["salt"], validate=True)
    except (KeyError, TypeError, ValueError):
        raise BackupDamagedError(f"{path} is damaged: its header cannot be read") from None
    aead, inflate = _aead(key, salt), zlib.decompressobj()
    with _reading(path) as file:
        bound = hashlib.sha256(file.read(start)).digest()
        number, sealed = 0, file.read(SEGMENT + TAG)
        while True:
            following = file.read(SEGMENT + TAG)
            try:
                segment = aead.decrypt(_nonce(number, last=not following), sealed, bound)
            except (InvalidTag, ValueError):
                raise BackupDamagedError(f"{path} is damaged, cut off or changed: use another backup") from None
            yield inflate.decompress(segment)
            if not following:
                return
            number, sealed = number + 1, following


def write_private(path: Path, write: Callable[[IO[bytes]], object]) -> None:
    """Make a new file (0600) that appears complete and on disk, or not at all; ``write`` takes it opened for bytes.

    Raises ``ConfigurationError`` where one of that name is there already or the system refuses.
    """
    beside = path.with_name(f"{path.name}.part")
    try:
        path.parent.mkdir(mode=PRIVATE_FOLDER, parents=True, exist_ok=True)
        beside.unlink(missing_ok=True)
        descriptor = os.open(beside, os.O_CREAT | os.O_EXCL | os.O_WRONLY | os.O_CLOEXEC, PRIVATE_FILE)
        with os.fdopen(descriptor, "wb") as file:
            write(file)
            file.flush()
            os.fsync(file.fileno())
        _appear(beside, path)
        folder = os.open(path.parent, os.O_RDONLY | os.O_DIRECTORY)
        os.fsync(folder)
        os.close(folder)
    except FileExistsError:
        raise ConfigurationError(f"{path} exists already and is never overwritten: name another file") from None
    except OSError as error:
        raise ConfigurationError(f"{path} cannot be written: {error.strerror}") from None
    finally:
        beside.unlink(missing_ok=True)


def _appear(beside: Path, path: Path) -> None:
    """Give a finished file its name. Raises ``FileExistsError`` where that is taken."""
    try:
        os.link(beside, path)
    except OSError as error:
        if error.errno not in {errno.EPERM, errno.ENOTSUP, errno.ENOSYS}:
            raise
        if path.exists():  # a memory stick, whose file system knows no links
            raise FileExistsError from None
        beside.rename(path)


def _reading(path: Path) -> IO[bytes]:
    try:
        return path.open("rb")
    except OSError as error:
        raise ConfigurationError(f"{path} cannot be read: {error.strerror}") from None


def _compressed(content: Iterable[bytes]) -> Iterator[bytes]:
    deflate = zlib.compressobj(level=1)
    for piece in content:
        yield deflate.compress(piece)
    yield deflate.flush()


def _segments(content: Iterable[bytes]) -> Iterator[tuple[bytes, bool]]:
    """Cut into segments; yield each with whether it is the last. There is always one."""
    kept = bytearray()
    for piece in content:
        kept += piece
        while len(kept) > SEGMENT:
            yield bytes(kept[:SEGMENT]), False
            del kept[:SEGMENT]
    yield bytes(kept), True


def _aead(key: bytes, salt: bytes) -> AESGCM:
    return AESGCM(HKDF(algorithm=SHA256(), length=32, salt=salt, info=_PURPOSE).derive(key))


def _nonce(number: int, *, last: bool) -> bytes:
    return bytes(7) + number.to_bytes(4, "big") + bytes([last])
