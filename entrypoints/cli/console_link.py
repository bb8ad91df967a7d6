"""``faceauth console link``: let an officer into the console."""

from __future__ import annotations

from typing import Annotated

import typer

from application import console_link
from entrypoints.bootstrap import bootstrap
from entrypoints.cli.output import JsonOption, console, print_json
from entrypoints.settings import Settings, load_settings

group = typer.Typer(help="Console do encarregado / The officer's console", no_args_is_help=True)

ACTOR = "operator:cli"


@group.callback()
def _group() -> None:
    """Keep ``console`` a group although it has one command."""


@group.command("link")
def link(
    role: Annotated[str, typer.Option(help=f"Papel / role: {', '.join(console_link.ROLES)}")],
    department: Annotated[str, typer.Option(help="Setor ou * / department or *")],
    actor: Annotated[
        str, typer.Option(help="Quem vai entrar; só um resumo cifrado é guardado / who; only a keyed digest is kept")
    ] = "",
    as_json: JsonOption = False,
) -> None:
    """Cria um link de acesso, válido uma vez por 5 minutos / Make a sign-in link, good once within 5 minutes."""
    settings = load_settings()
    with bootstrap(settings, vision=False) as app:
        act = app.services.act(ACTOR, "cli")
        made = console_link.invite(app.services, role=role, department=department, name=actor, act=act)
    address = f"{origin(settings)}/console/sign-in#{made.code}"
    if as_json:
        until = made.expires_at.isoformat()
        print_json({"link": address, "code": made.code, "expires_at": until, "officer": made.officer or None})
        return
    console.print(address, soft_wrap=True, markup=False)
    console.print(f"Uma vez, até / once, until {made.expires_at:%H:%M:%S} UTC", soft_wrap=True)
    if made.officer:
        console.print(f"No histórico / in the history: officer:{made.officer}", soft_wrap=True, markup=False)


def origin(settings: Settings) -> str:
    """Return where the console is, as far as the settings say: the first public host, else this machine."""
    host = settings.public_hosts[0] if settings.public_hosts else "localhost"
    return f"https://{f'[{host}]' if ':' in host else host}:{settings.port}"
