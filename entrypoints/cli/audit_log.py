"""``faceauth audit verify``, ``prove``, ``checkpoint``, ``key`` and ``log``: a history that proves itself."""

from __future__ import annotations

import json
from functools import partial
from pathlib import Path
from typing import Annotated, Any, Final

import typer

from adapters.crypto.sealed_file import write_private
from application import checkpoints
from application.log_proofs import prove_event, prove_growth
from application.log_standing import standing
from application.signed_documents import canonical
from application.verification import verify as verify_history
from application.verification_result import Fault, Verification
from application.view_integrity import view_faults
from domain.errors import ConfigurationError, FaceauthError, InvalidInputError, LogBrokenError
from entrypoints.bootstrap import bootstrap
from entrypoints.cli.output import JsonOption, console, print_error, print_json, progress_bar
from entrypoints.settings import load_settings

ACTOR: Final = "operator:cli"
TAMPERED: Final = 1
COULD_NOT: Final = 2
MOST_SHOWN: Final = 50

KINDS: Final = {
    "event_changed": "evento alterado / event changed",
    "event_removed": "evento removido / event removed",
    "event_inserted": "evento inserido / event inserted",
    "event_reordered": "evento fora do lugar / event moved",
    "tail_cut": "fim cortado / tail cut",
    "row_does_not_open": "linha não abre / row does not open",
    "stream_gap": "sequência com lacuna / stream with a gap",
    "log_changed": "registro alterado / log changed",
    "log_rebuilt": "registro refeito / log rebuilt",
    "checkpoint_mismatch": "ponto de controle não confere / checkpoint does not fit",
    "checkpoint_removed": "ponto de controle removido / checkpoint removed",
    "view_edited": "tabela de leitura editada / view edited by hand",
}

log = typer.Typer(help="Registro de Merkle / Merkle log", no_args_is_help=True)

OutOption = Annotated[Path | None, typer.Option("--out", help="Arquivo novo / new file")]


def register(group: typer.Typer) -> None:
    """Add these commands to ``faceauth audit``."""
    group.command("verify")(verify)
    group.command("prove")(prove)
    group.command("checkpoint")(checkpoint)
    group.command("key")(key)
    group.add_typer(log, name="log")


def verify(
    full: Annotated[bool, typer.Option("--full/--incremental", help="Tudo, ou só o novo / all, or what is new")] = True,
    against: Annotated[
        list[Path] | None,
        typer.Option("--against", help="Pontos de controle guardados fora / checkpoints kept elsewhere"),
    ] = None,
    views: Annotated[
        bool,
        typer.Option("--views/--no-views", help="Com --full, também as projeções / with --full, the read models too"),
    ] = True,
    as_json: JsonOption = False,
) -> None:
    """Confere que a história é a que foi escrita / Verify that the history is what was written.

    Sai com 0 íntegra, 1 adulterada, 2 não foi possível conferir / exits 0 sound, 1 tampered, 2 could not verify.
    """
    try:
        kept = [envelope for path in against or () for envelope in envelopes_in(path)]
        with bootstrap(load_settings(), vision=False) as app, progress_bar("Conferindo / verifying") as (bar, task):

            def hear(done: int, of: int) -> None:
                bar.update(task, description="Projeções / read models", total=of, completed=done)

            result = verify_history(
                app.services,
                act=app.services.act(ACTOR, "cli"),
                full=full,
                against=kept,
                views=partial(view_faults, app.services, hear) if full and views else None,
                progress=lambda done, of: bar.update(task, total=of, completed=done),
            )
    except FaceauthError as error:
        print_error(error.code, str(error), as_json=as_json)
        raise typer.Exit(TAMPERED if isinstance(error, LogBrokenError) else COULD_NOT) from None
    if as_json:
        print_json(result.document())
    else:
        _show(result)
    if not result.sound:
        raise typer.Exit(TAMPERED)


def prove(
    event: Annotated[int | None, typer.Option("--event", help="Posição do evento / position of the event")] = None,
    former: Annotated[Path | None, typer.Option("--from", help="Ponto anterior / former checkpoint")] = None,
    later: Annotated[Path | None, typer.Option("--to", help="Ponto posterior / later checkpoint")] = None,
    out: OutOption = None,
) -> None:
    """Prova que um evento está no registro, ou que um ponto continua outro / Prove an event, or growth.

    O arquivo se confere com faceauth-verify / the file is checked with faceauth-verify.
    """
    if (event is None) == (former is None or later is None):
        raise InvalidInputError("say what to prove: --event POSITION, or --from CHECKPOINT --to CHECKPOINT")
    files = [_only(path) for path in (former, later) if path is not None]
    with bootstrap(load_settings(), vision=False) as app:
        proof = prove_event(app.services, event) if event is not None else prove_growth(app.services, *files)
    _give(proof, out)


def checkpoint(out: OutOption = None) -> None:
    """Assina um ponto de controle agora / Sign a checkpoint now."""
    _check_free(out)
    with bootstrap(load_settings(), vision=False) as app:
        envelope = checkpoints.make(app.services, at=app.services.clock.now())
    _give(envelope, out)


def key(out: OutOption = None) -> None:
    """Mostra a chave pública e sua impressão digital / Print the public key and its thumbprint."""
    with bootstrap(load_settings(), vision=False) as app:
        notary = app.services.notary
        document = {"thumbprint": notary.key_id, "jwk": dict(notary.public_jwk)}
    _give(document, out)


@log.command("status")
def status(as_json: JsonOption = False) -> None:
    """Mostra o registro, seus pontos e suas âncoras / Show the log, its checkpoints and anchors."""
    with bootstrap(load_settings(), vision=False) as app:
        document = standing(app.services)
    if as_json:
        print_json(document)
        return
    tail, newest, verified = document["tail"], document["checkpoint"], document["verification"]
    if tail is None:
        console.print("Ainda não há registro / there is no log yet")
        return
    console.print(f"Folhas / leaves: {tail['size']}   até / up to #{tail['last_position']}")
    if not tail["sound"] or tail["suspect_since"] is not None:
        console.print("[bold red]O registro foi alterado / the log was changed: faceauth audit verify[/]")
    console.print(
        f"Ponto de controle / checkpoint: {newest['number']}, {newest['at'][:16]}Z, {newest['size']} folhas / leaves"
        if newest
        else "Nenhum ponto de controle / no checkpoint yet"
    )
    console.print(
        f"Última conferência / last verification: {verified['at'][:16]}Z {verified['verdict']} ({verified['mode']})"
        if verified
        else "Nunca conferido / never verified: faceauth audit verify"
    )
    for anchor in document["anchors"]:
        state = f"{anchor['error']} x{anchor['attempts']}" if anchor["error"] else "em dia / up to date"
        console.print(f"Âncora / anchor {anchor['name']}: {anchor['taken']}, {state}", markup=False)


@log.command("export")
def export(out: OutOption = None) -> None:
    """Todos os pontos de controle, para guardar fora / All checkpoints, to be kept elsewhere."""
    with bootstrap(load_settings(), vision=False) as app, app.services.log.reading() as reading:
        envelopes = [json.loads(envelope) for _, envelope in checkpoints.pages_of(reading)]
    _give({"checkpoints": envelopes}, out)


def envelopes_in(path: Path) -> list[bytes]:
    """Return the checkpoints of a file: one, several, or an export. Raises ``InvalidInputError``."""
    try:
        document = json.loads(path.read_bytes())
    except OSError as error:
        raise InvalidInputError(f"{path} cannot be read: {error.strerror}") from None
    except (ValueError, RecursionError):
        raise InvalidInputError(f"{path} is no checkpoint: it is not JSON") from None
    found = document.get("checkpoints", [document]) if isinstance(document, dict) else document
    if not isinstance(found, list) or not found or not all(isinstance(item, dict) for item in found):
        raise InvalidInputError(f"{path} holds no checkpoint")
    return [canonical(item) for item in found]


def _only(path: Path) -> bytes:
    return envelopes_in(path)[-1]


def _give(document: dict[str, Any], out: Path | None) -> None:
    if out is None:
        print_json(document)
        return
    content = json.dumps(document, ensure_ascii=False, indent=2).encode() + b"\n"
    _check_free(out)
    write_private(out, lambda file: file.write(content))
    console.print(f"Escrito / written: {out}", markup=False, soft_wrap=True)


def _check_free(out: Path | None) -> None:
    if out is not None and out.exists():
        raise ConfigurationError(f"{out} exists already: name another file")


def _show(result: Verification) -> None:
    verdict = "[bold green]ÍNTEGRA / SOUND[/]" if result.sound else "[bold red]ADULTERADA / TAMPERED WITH[/]"
    console.print(f"História / history: {verdict}")
    console.print(
        f"{result.events} eventos conferidos / events verified, {result.size} folhas / leaves, "
        f"{result.checkpoints} pontos de controle / checkpoints, {result.seconds:.1f} s",
        soft_wrap=True,
    )
    console.print(f"Raiz / root: {result.root}", soft_wrap=True)
    for note in result.notes:
        console.print(f"Nota / note: {note}", markup=False, soft_wrap=True)
    for fault in result.faults[:MOST_SHOWN]:
        console.print(f"  {KINDS[fault.kind]}: {_place(fault)} ({fault.detail})", markup=False, soft_wrap=True)
    for repair in sorted({fault.repair for fault in result.faults if fault.repair}):
        console.print(f"  Conserte com / repair with: {repair}", markup=False, soft_wrap=True)
    if result.fault_count > MOST_SHOWN:
        console.print(f"  ... {result.fault_count} ao todo / in all (--json: 1000)")


def _place(fault: Fault) -> str:
    if fault.table is not None:
        return f"{fault.table} {fault.key}"
    place = f"#{fault.position}" if fault.position is not None else ""
    if fault.stream is not None:
        place += f" {fault.stream} v{fault.version}"
    elif fault.until_leaf is not None:
        place += f" folhas / leaves {fault.leaf}-{fault.until_leaf}"
    return place.strip()
