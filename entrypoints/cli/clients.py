"""``faceauth client``: who may take tokens, and ask about them."""

from __future__ import annotations

from typing import Annotated, Any

import typer

from application.clients import add_client, revoke_client
from application.ports.clients import CONFIDENTIAL, PUBLIC, Client
from entrypoints.bootstrap import bootstrap
from entrypoints.cli.output import JsonOption, console, print_json
from entrypoints.settings import load_settings

group = typer.Typer(help="Clientes de tokens / Clients that take tokens", no_args_is_help=True)

ACTOR = "operator:cli"


@group.command("add")
def add(
    client_id: str,
    audience: Annotated[list[str], typer.Option(help="Para quem são os tokens; repetível / whom tokens are for")],
    public: Annotated[bool, typer.Option("--public", help="Sem segredo / keeps no secret")] = False,
    dpop: Annotated[bool, typer.Option("--dpop", help="Só tokens presos a uma chave / bound tokens only")] = False,
    as_json: JsonOption = False,
) -> None:
    """Registra um cliente; o segredo aparece só agora / Register a client; its secret is shown this once."""
    kind = PUBLIC if public else CONFIDENTIAL
    with bootstrap(load_settings(), vision=False) as app:
        act = app.services.act(ACTOR, "cli")
        secret = add_client(app.services, client_id, kind=kind, audiences=audience, bound_only=dpop, act=act)
    if as_json:
        print_json({"client_id": client_id, "kind": kind, "audiences": audience, "client_secret": secret})
        return
    console.print(f"Cliente pronto / client ready: {client_id} ({kind})", markup=False)
    if secret is not None:
        console.print(f"Segredo, guarde agora / secret, keep it now: {secret}", soft_wrap=True, markup=False)


@group.command("list")
def listed(as_json: JsonOption = False) -> None:
    """Lista os clientes / List the clients."""
    with bootstrap(load_settings(), vision=False) as app:
        clients = [_document(client) for client in app.services.clients.all()]
        clients[0]["created_at"] = None  # of the settings
    if as_json:
        print_json({"clients": clients})
        return
    for client in clients:
        state = "[red]revogado / revoked[/]" if client["revoked_at"] else "[green]ativo / active[/]"
        console.print(
            f"{client['client_id']:32} {client['kind']:12} {state}  {', '.join(client['audiences'])}", soft_wrap=True
        )


@group.command("revoke")
def revoke(client_id: str, as_json: JsonOption = False) -> None:
    """Revoga um cliente / Revoke a client: it takes no more tokens and may ask nothing."""
    with bootstrap(load_settings(), vision=False) as app:
        revoke_client(app.services, client_id, act=app.services.act(ACTOR, "cli"))
    if as_json:
        print_json({"revoked": client_id})
    else:
        console.print(f"Revogado / revoked: {client_id}", markup=False)


def _document(client: Client) -> dict[str, Any]:
    return {
        "client_id": client.client_id,
        "kind": client.kind,
        "audiences": list(client.audiences),
        "dpop": client.bound_only,
        "created_at": client.created_at,
        "revoked_at": client.revoked_at,
    }
