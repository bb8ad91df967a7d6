"""``faceauth keys``: what wraps everybody's data keys, and changing it under a running service."""

from __future__ import annotations

from collections import Counter
from datetime import datetime
from typing import Annotated, Any

import typer

from application import rekey
from application.ports.keys import KeyFacts
from application.services import Services
from application.signing import retire_signing_keys, rotate_signing_keys
from domain.errors import InvalidInputError
from entrypoints.bootstrap import bootstrap
from entrypoints.cli.output import JsonOption, console, print_json, progress_bar
from entrypoints.settings import load_settings

group = typer.Typer(help="Chaves / Keys", no_args_is_help=True)

ACTOR = "operator:cli"
STATES = {
    "next": "[cyan]próxima / next[/]",
    "active": "[green]ativa / active[/]",
    "retiring": "[yellow]saindo de uso / retiring[/]",
    "retired": "sem uso / retired",
    "destroyed": "[dim]destruída / destroyed[/]",
}


@group.command("status")
def status(as_json: JsonOption = False) -> None:
    """Mostra as gerações de chaves e o que depende de cada uma / Show key generations and what hangs on each."""
    with bootstrap(load_settings(), vision=False) as app:
        document = _status(app.services)
    if as_json:
        print_json(document)
        return
    console.print(f"Provedor / provider: {document['provider']}   geração / generation: {document['generation']}")
    for kind, counted in (("keks", "data_keys"), ("transforms", "templates")):
        for key in document[kind]:
            console.print(
                f"{kind:10} {key['id']:24} {STATES[key['state']]}  {key[counted]} {counted}  {key['since']}",
                soft_wrap=True,
            )
    for key in document["signing"]:
        console.print(f"{'tokens':10} {key['id']:43} {STATES[key['state']]}  {key['since']}", soft_wrap=True)
    erasures = document["erasures"]
    console.print(
        f"Apagamentos / erasures: {erasures['final']} definitivos / final, {erasures['pending']} pendentes / pending"
    )


@group.command("rotate")
def rotate(
    tokens: Annotated[
        bool, typer.Option("--tokens", help="A chave que assina tokens / the key that signs tokens")
    ] = False,
    as_json: JsonOption = False,
) -> None:
    """Troca a chave que cifra as chaves, ou a que assina tokens / Replace the key-encryption or the signing key.

    O serviço continua no ar / the service stays up.
    """
    if tokens:
        _rotate_signing_key(as_json=as_json)
        return
    with bootstrap(load_settings(), vision=False) as app, progress_bar("Chaves / keys") as (bar, task):
        done = rekey.rotate_keks(
            app.services,
            act=app.services.act(ACTOR, "cli"),
            progress=lambda done, of: bar.update(task, total=of, completed=done),
        )
    if as_json:
        print_json(
            {
                "kek": done.kek_id,
                "rewrapped": done.rewrapped,
                "destroyed": done.destroyed,
                "kept": done.kept,
                "final": done.final,
                "broken": done.broken,
            }
        )
        return
    console.print(
        f"Nova chave / new key: {done.kek_id}, {done.rewrapped} chaves recifradas / data keys rewrapped", soft_wrap=True
    )
    for kek_id in done.destroyed:
        console.print(f"Destruída / destroyed: {kek_id}")
    for kek_id, why in done.kept.items():
        console.print(f"Mantida / kept: {kek_id} ({why})", soft_wrap=True, markup=False)
    if done.broken:
        console.print(f"[red]{done.broken} chaves de dados adulteradas / data keys tampered with: see the journal[/]")


def _rotate_signing_key(*, as_json: bool) -> None:
    with bootstrap(load_settings(), vision=False) as app:
        act = app.services.act(ACTOR, "cli")
        kid = rotate_signing_keys(app.services, act=act)
        retired = retire_signing_keys(app.services, act=act)
    if as_json:
        print_json({"kid": kid, "retired": list(retired)})
        return
    console.print(f"Assina agora / signs from now on: {kid}", soft_wrap=True, markup=False)
    for former in retired:
        console.print(f"Metade privada destruída / private half destroyed: {former}", soft_wrap=True, markup=False)


@group.command("destroy")
def destroy(
    epoch: Annotated[str | None, typer.Option(help="Mês aaaa-mm / month yyyy-mm")] = None,
    kek: Annotated[str | None, typer.Option(help="Id da chave / key id")] = None,
    as_json: JsonOption = False,
) -> None:
    """Destrói a chave de um mês, ou uma chave antiga / Destroy a month's key, or a former key-encryption key."""
    if (epoch is None) == (kek is None):
        raise InvalidInputError("name what to destroy: --epoch yyyy-mm or --kek ID, one of them")
    with bootstrap(load_settings(), vision=False) as app:
        act = app.services.act(ACTOR, "cli")
        if epoch is not None:
            rekey.destroy_epoch(app.services, epoch, act=act)
        else:
            rekey.destroy_kek(app.services, kek or "", act=act)
    if as_json:
        print_json({"destroyed": epoch or kek})
    else:
        console.print(f"Destruída / destroyed: {epoch or kek}", markup=False)


def _status(services: Services) -> dict[str, Any]:
    services.projector.catch_up()
    ring = services.keys.status()
    templates = Counter(row["transform"] or "" for row in services.read_models.rows("active_template_rows"))
    ledger = services.keys.destroyed_data_keys()
    final = sum(line.final_at is not None for line in ledger)
    return {
        "provider": ring.provider,
        "generation": ring.generation,
        "keks": [_key(key) | {"data_keys": key.holds} for key in ring.keks],
        "transforms": [_key(key) | {"templates": templates[key.key_id]} for key in ring.transforms],
        "signing": [
            {"id": key.kid, "state": key.state, "since": _day(key.changed_at)} for key in services.signing.status()
        ],
        "erasures": {"pending": len(ledger) - final, "final": final},
    }


def _key(key: KeyFacts) -> dict[str, Any]:
    return {"id": key.key_id, "state": key.state, "since": _day(key.created_at), "destroyed_at": _day(key.destroyed_at)}


def _day(moment: datetime | None) -> str | None:
    return moment.isoformat(timespec="seconds") if moment else None
