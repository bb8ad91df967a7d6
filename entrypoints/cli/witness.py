"""``faceauth witness``: keep another house's checkpoints, so that it cannot change its history unseen."""

from __future__ import annotations

import os
import secrets
import ssl
from pathlib import Path
from typing import Annotated, Final

import typer
import uvicorn

from adapters.anchors.pinned import PinnedKey
from adapters.anchors.witness_book import PINNED, WitnessBook
from adapters.crypto.certificate import ensure_self_signed
from adapters.crypto.entropy import SystemClock
from adapters.crypto.notary import FILE as NOTARY_FILE
from adapters.crypto.notary import FileNotary
from domain.errors import ConfigurationError, InvalidInputError
from entrypoints.cli.output import console, print_json
from entrypoints.passwords import secret_of
from entrypoints.settings import load_settings
from entrypoints.witness.server import create_witness

group = typer.Typer(help="Testemunha do histórico / Witness of a history", no_args_is_help=True)

TOKEN_FILE: Final = "token"  # noqa: S105 - a file's name
MOST_AT_ONCE: Final = 16
SILENCE_S: Final = 10


@group.command("serve")
def serve(
    folder: Annotated[Path, typer.Option("--dir", help="Pasta da testemunha / the witness's folder")],
    port: Annotated[int, typer.Option(min=0, max=65535, help="Porta / port")] = 9443,
    host: Annotated[str, typer.Option(help="Endereço / address")] = "127.0.0.1",
    key: Annotated[
        Path | None, typer.Option(help="Chave pública (JWK) de quem assina o histórico / of whoever signs the history")
    ] = None,
    cert: Annotated[Path | None, typer.Option(help="Certificado TLS (PEM) / TLS certificate")] = None,
    cert_key: Annotated[Path | None, typer.Option(help="Sua chave (PEM) / its key")] = None,
) -> None:
    """Guarda pontos de controle e assina recibos / Keep checkpoints and sign receipts."""
    if (cert is None) != (cert_key is None):
        raise InvalidInputError("--cert and --cert-key go together")
    folder.mkdir(mode=0o700, parents=True, exist_ok=True)
    if key is not None:
        WitnessBook.pin(folder, PinnedKey.read(key, "--key"))
    if not (folder / PINNED).exists():
        raise ConfigurationError("--key FILE: whose checkpoints? (its public key, once; it is remembered)")
    notary = FileNotary.open(folder / "notary.json")
    book = WitnessBook(folder, notary)
    try:
        paths = (cert, cert_key) if cert and cert_key else ensure_self_signed(folder / "tls", [host])
        config = uvicorn.Config(
            create_witness(book, notary, _token(folder), SystemClock().now),
            host=host,
            port=port,
            ssl_certfile=paths[0],
            ssl_keyfile=paths[1],
            ssl_version=ssl.PROTOCOL_TLS_SERVER,
            limit_concurrency=MOST_AT_ONCE,
            timeout_keep_alive=SILENCE_S,
            access_log=False,
            log_config=None,
            server_header=False,
            proxy_headers=False,
        )
        console.print(f"Testemunha / witness: https://{host}:{port}/checkpoints", soft_wrap=True, markup=False)
        console.print(f"Token: {folder / TOKEN_FILE}", soft_wrap=True, markup=False)
        console.print(f"Chave dos recibos / key of the receipts: {notary.key_id}", soft_wrap=True, markup=False)
        console.file.flush()
        uvicorn.Server(config).run()
    finally:
        book.close()


@group.command("key")
def key() -> None:
    """Mostra a chave pública que assina os nossos pontos de controle (JWK) / Show the key of our own checkpoints."""
    path = load_settings().keys_dir / NOTARY_FILE
    if not path.exists():
        raise ConfigurationError("there is no such key yet: faceauth serve makes it")
    print_json(dict(FileNotary.open(path).public_jwk))


def _token(folder: Path) -> str:
    """Return the token of whoever may post, made once (0600)."""
    path = folder / TOKEN_FILE
    if not path.exists():
        descriptor = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
        with os.fdopen(descriptor, "w") as file:
            file.write(secrets.token_urlsafe(32) + "\n")
    return secret_of(path, str(path))
