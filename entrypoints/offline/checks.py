"""What can be checked of each kind of file: documents, proofs, chains of checkpoints, files of an export."""

from __future__ import annotations

import hashlib
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any, Final
from uuid import UUID

from domain.log_entry import LogEntry
from domain.merkle import consistent, included, leaf_hash
from entrypoints.offline.signatures import (
    CannotTellError,
    NotAuthenticError,
    Opened,
    Trust,
    digest,
    open_envelope,
    open_token,
    parse,
)

CHECKPOINT: Final = "faceauth-checkpoint+json"
MANIFEST: Final = "faceauth-export-manifest+json"
INCLUSION: Final = "faceauth-inclusion-proof/1"
CONSISTENCY: Final = "faceauth-consistency-proof/1"
_PIECE: Final = 1 << 20

Facts = dict[str, Any]
"""What is shown of a file that is sound: plain JSON values, with ``kind``, ``signed_by`` and ``trusted``."""


def check(content: bytes, trust: Trust, files: Path | None = None) -> Facts:
    """Return what a file says, all of it checked. Raises ``NotAuthenticError``, ``CannotTellError``."""
    text = content.strip()
    if text.count(b".") == 2 and not text.startswith((b"{", b"[")):  # noqa: PLR2004 - a compact token
        return _facts(open_token(text.decode("ascii", "replace"), trust))
    document = parse(text)
    if isinstance(document, dict) and isinstance(document.get("checkpoints"), list):
        document = document["checkpoints"]
    if isinstance(document, list):
        return _chain(document, trust)
    if not isinstance(document, dict):
        raise CannotTellError("tipo desconhecido / of an unknown kind")
    proofs: Mapping[str, Callable[[Facts, Trust], Facts]] = {INCLUSION: _inclusion, CONSISTENCY: _consistency}
    if document.get("format") in proofs:
        return proofs[document["format"]](document, trust)
    opened = open_envelope(document, trust)
    facts = _facts(opened)
    if opened.kind == MANIFEST and files is not None:
        facts["files_checked"] = _manifest(opened.document, files)
    return facts


def _facts(opened: Opened) -> Facts:
    return {
        "kind": opened.kind,
        "signed_by": opened.key_id,
        "trusted": opened.trusted,
        "document": opened.document,
    }


def _checkpoint(envelope: Any, trust: Trust) -> tuple[Opened, int, bytes]:
    opened = open_envelope(envelope, trust)
    if opened.kind != CHECKPOINT:
        raise NotAuthenticError("não é um ponto de controle / this is no checkpoint")
    try:
        return opened, _number(opened.document["size"]), bytes.fromhex(opened.document["root"])
    except (KeyError, TypeError, ValueError):
        raise CannotTellError("ponto de controle de outra versão / a checkpoint of another version") from None


def _inclusion(proof: Facts, trust: Trust) -> Facts:
    opened, size, root = _checkpoint(proof.get("checkpoint"), trust)
    try:
        entry = LogEntry(
            _number(proof["entry"]["position"]),
            UUID(proof["entry"]["stream"]).bytes,
            _number(proof["entry"]["version"]),
            str(proof["entry"]["topic"]),
            bytes.fromhex(proof["entry"]["state_sha256"]),
        )
        leaf, index = leaf_hash(entry.encoded()), _number(proof["index"])
    except (KeyError, TypeError, ValueError, AttributeError):
        raise CannotTellError("a prova está incompleta / the proof is not whole") from None
    if not included(leaf, index, size, root, _path(proof)):
        raise NotAuthenticError("este evento não está nesse registro / that event is not in that log")
    return _facts(opened) | {"kind": INCLUSION, "entry": proof["entry"], "index": index}


def _consistency(proof: Facts, trust: Trust) -> Facts:
    former, size, root = _checkpoint(proof.get("from"), trust)
    later, larger, other = _checkpoint(proof.get("to"), trust)
    if former.key_id != later.key_id:
        raise NotAuthenticError("de chaves diferentes / of different keys")
    if not consistent(size, root, larger, other, _path(proof)):
        raise NotAuthenticError("o segundo não continua o primeiro / the second does not continue the first")
    return _facts(later) | {"kind": CONSISTENCY, "from": former.document}


def _chain(envelopes: list[Any], trust: Trust) -> Facts:
    if not envelopes:
        raise CannotTellError("não há nada aqui / there is nothing in it")
    before: tuple[Opened, int, str] | None = None
    for envelope in envelopes:
        opened, size, _ = _checkpoint(envelope, trust)
        if before is not None:
            document, (former, smaller, name) = opened.document, before
            if (
                opened.key_id != former.key_id
                or document.get("previous") != name
                or document.get("number") != _following(former.document)
            ):
                raise NotAuthenticError(
                    f"o ponto {document.get('number')} não nomeia o anterior / it does not name the one before it"
                )
            if size < smaller and not document.get("restore"):
                raise NotAuthenticError(f"o ponto {document.get('number')} encolheu / the log became shorter there")
        before = opened, size, digest(envelope)
    if before is None:
        raise CannotTellError("não há nada aqui / there is nothing in it")
    return _facts(before[0]) | {"kind": "faceauth-checkpoint-chain", "checkpoints": len(envelopes)}


def _following(document: Facts) -> int:
    """Return the number that must come next; -1, which no checkpoint has, after one without a number."""
    number = document.get("number")
    return number + 1 if type(number) is int else -1


def _number(value: Any) -> int:
    """Return a whole number of at most 63 bits. Raises ``ValueError``: 1.0, true, "1" and 1e400 are none."""
    if type(value) is not int or not 0 <= value < 1 << 63:
        raise ValueError("no number")
    return value


def _path(proof: Facts) -> list[bytes]:
    try:
        return [bytes.fromhex(step) for step in proof["path"]]
    except (KeyError, TypeError, ValueError):
        raise CannotTellError("a prova está incompleta / the proof is not whole") from None


def _manifest(document: Facts, folder: Path) -> int:
    """Compare the files of an export with their digests; return how many. Nothing outside the folder is read."""
    listed = document.get("files")
    if isinstance(listed, Mapping):
        listed = [{"name": name, "sha256": sha256} for name, sha256 in listed.items()]
    if not isinstance(listed, list) or not listed:
        raise CannotTellError("o manifesto não lista arquivos / the manifest lists no files")
    for item in listed:
        try:
            name, wanted = str(item["name"]), str(item["sha256"])
        except (KeyError, TypeError):
            raise CannotTellError("manifesto de outra versão / a manifest of another version") from None
        try:
            path = (folder / name).resolve()
            inside, is_file = path.is_relative_to(folder.resolve()), path.is_file()
        except (OSError, RuntimeError, ValueError):  # links in a circle, a NUL, a name that no system takes
            inside, is_file = False, False
        if not inside:
            raise NotAuthenticError(f"um arquivo fora da pasta / a file outside the folder: {name}")
        if not is_file:  # missing; or a pipe, which would be waited for
            raise NotAuthenticError(f"o arquivo falta / the file is missing: {name}")
        if _sha256(path, name) != wanted:
            raise NotAuthenticError(f"o arquivo mudou / the file was changed: {name}")
    return len(listed)


def _sha256(path: Path, name: str) -> str:
    found = hashlib.sha256()
    try:
        with path.open("rb") as file:
            while piece := file.read(_PIECE):
                found.update(piece)
    except OSError as error:
        raise NotAuthenticError(f"o arquivo falta / the file is missing: {name} ({error.strerror})") from None
    return found.hexdigest()
