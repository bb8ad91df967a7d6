"""The command ``faceauth-verify``: exit 0 genuine, 1 not genuine, 2 cannot be told."""

from __future__ import annotations

import argparse
import json
import sys
from pathlib import Path
from typing import Any, Final

from entrypoints.offline.checks import check
from entrypoints.offline.signatures import MOST_BYTES, CannotTellError, NotAuthenticError, Trust, parse, trusted_keys

GENUINE: Final = 0
NOT_GENUINE: Final = 1
CANNOT_TELL: Final = 2

WORDS: Final = {
    GENUINE: "AUTÊNTICO / GENUINE",
    NOT_GENUINE: "NÃO AUTÊNTICO / NOT GENUINE",
    CANNOT_TELL: "NÃO VERIFICADO / NOT VERIFIED",
}
SHOWN: Final = (
    "subject_id",
    "made_at",
    "number",
    "at",
    "size",
    "root",
    "last_position",
    "origin",
    "restore",
    "suspect_since",
)


def run(arguments: list[str] | None = None) -> int:
    """Check the files that are named; print a line for each and return the worst of their exit codes."""
    given = _parser().parse_args(arguments)
    try:
        trust = _trust(given.key, given.fingerprint)
    except CannotTellError as error:
        results: list[dict[str, Any]] = [{"file": str(given.key), "exit": CANNOT_TELL, "detail": str(error)}]
    else:
        results = [_result(path, trust, given.files) for path in given.file]
    worst = _worst([result["exit"] for result in results])
    if given.json:
        text = json.dumps({"exit": worst, "results": results}, ensure_ascii=False, indent=2)
        # A lone surrogate of a crafted document has no UTF-8: it stays the escape that it came as.
        sys.stdout.write(text.encode(errors="backslashreplace").decode() + "\n")
    else:
        for result in results:
            _show(result)
    return worst


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(
        prog="faceauth-verify",
        description="Confere documentos, provas e pontos de controle do faceauth, sem o serviço / "
        "Check documents, proofs and checkpoints of faceauth without the service",
    )
    parser.add_argument("file", nargs="+", type=Path, help="arquivos / files")
    parser.add_argument("--key", type=Path, help="chave pública do serviço (JWK ou JWKS) / the service's public key")
    parser.add_argument(
        "--fingerprint",
        action="append",
        default=[],
        help="impressão digital da chave, por outro canal / its thumbprint",
    )
    parser.add_argument("--files", type=Path, help="pasta dos arquivos do manifesto / folder of a manifest's files")
    parser.add_argument("--json", action="store_true", help="saída em JSON / JSON output")
    return parser


def _trust(key: Path | None, fingerprints: list[str]) -> Trust:
    return Trust(trusted_keys(parse(_read(key))) if key else {}, frozenset(fingerprints))


def _result(path: Path, trust: Trust, files: Path | None) -> dict[str, Any]:
    try:
        facts = check(_read(path), trust, files)
    except NotAuthenticError as error:
        return {"file": str(path), "exit": NOT_GENUINE, "detail": str(error)}
    except CannotTellError as error:
        return {"file": str(path), "exit": CANNOT_TELL, "detail": str(error)}
    if not facts["trusted"]:
        detail = (
            "a assinatura confere, mas ninguém disse em quem confiar: compare a impressão digital, use --fingerprint / "
            "the signature fits, but nobody said whom to trust: compare the thumbprint and use --fingerprint"
        )
        return {"file": str(path), "exit": CANNOT_TELL, "detail": detail, **facts}
    return {"file": str(path), "exit": GENUINE, "detail": "", **facts}


def _read(path: Path) -> bytes:
    try:
        if path.stat().st_size > MOST_BYTES:
            raise CannotTellError("grande demais / too large")
        return path.read_bytes()
    except OSError as error:
        raise CannotTellError(f"não pode ser lido / cannot be read: {error.strerror}") from None


def _worst(codes: list[int]) -> int:
    if NOT_GENUINE in codes:
        return NOT_GENUINE
    return max(codes)


def _show(result: dict[str, Any]) -> None:
    lines = [f"{_plain(result['file'])}: {WORDS[result['exit']]}"]
    if result["detail"]:
        lines.append(f"  {_plain(result['detail'])}")
    if "signed_by" in result:
        lines.append(f"  {_plain(result['kind'])}")
        lines.append(f"  assinado por / signed by {_plain(result['signed_by'])}")
    document = result.get("entry") or result.get("document") or {}
    shown = (
        document
        if "entry" in result
        else {name: document[name] for name in SHOWN if isinstance(document.get(name), str | int)}
    )
    lines.extend(f"  {name}: {_plain(value)}" for name, value in shown.items())
    counts = ("checkpoints", "files_checked", "index")
    lines.extend(f"  {name}: {result[name]}" for name in counts if name in result)
    sys.stdout.write("\n".join(lines) + "\n")


def _plain(value: object) -> str:
    """Return text without control characters: a document must not paint over the verdict above it."""
    return "".join(letter if letter.isprintable() else "�" for letter in str(value))
