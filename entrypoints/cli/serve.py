"""``faceauth serve``: everything up, until told to stop."""

from __future__ import annotations

import asyncio
import resource
import signal
import socket
from datetime import timedelta
from types import FrameType
from typing import Annotated, Final

import typer
import uvicorn

from domain.policies.liveness import ACTIVE, PASSIVE
from entrypoints.app import App
from entrypoints.bootstrap import bootstrap
from entrypoints.cli.models import ensure_models
from entrypoints.cli.output import console
from entrypoints.settings import load_settings

ADMIN_TOKEN_LIFETIME = timedelta(hours=1)

LIVENESS: Final = {
    ACTIVE: "ativa: movimentos em ordem sorteada / active: movements in random order",
    PASSIVE: "passiva, um grau mais fraca: nenhum movimento / passive, one notch weaker: no movement",
}


def serve(
    host: Annotated[str | None, typer.Option(help="Endereço / address (FACEAUTH_HOST)")] = None,
    port: Annotated[
        int | None, typer.Option(help="Porta, 0 = livre / port, 0 = any free (FACEAUTH_PORT)", min=0, max=65535)
    ] = None,
) -> None:
    """Inicia o serviço em https / Start the service on https."""
    # Most of a second to load: no other command should pay for it.
    from entrypoints.http.server import create_app, settle, uvicorn_config  # noqa: PLC0415

    settings = load_settings()
    changed = {name: value for name, value in (("host", host), ("port", port)) if value is not None}
    settings = settings.model_copy(update=changed)
    signal.signal(signal.SIGTERM, _exit)
    raise_descriptor_limit()
    ensure_models(settings)
    with bootstrap(settings, follow=True) as app:
        app.supervise()
        settle()
        _Server(uvicorn_config(app, create_app(app)), app).run()


def raise_descriptor_limit() -> None:
    """Allow as many open files as the system lets this user have: idle connections must not starve the database's."""
    soft, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    if soft != hard:
        resource.setrlimit(resource.RLIMIT_NOFILE, (hard, hard))


def _exit(_signal: int, _frame: FrameType | None) -> None:
    # uvicorn raises the signal again once it has shut down: leave through the context managers, PostgreSQL last
    raise SystemExit(0)


class _Server(uvicorn.Server):
    """Says where it serves once it does."""

    def __init__(self, config: uvicorn.Config, app: App) -> None:
        super().__init__(config)
        self._app = app

    async def startup(self, sockets: list[socket.socket] | None = None) -> None:
        await super().startup(sockets)
        if self.started:
            port = self.servers[0].sockets[0].getsockname()[1]
            await asyncio.to_thread(announce, self._app, port)


def announce(app: App, port: int) -> None:
    """Print where the service is, where its state is, and a token for the first administrator."""
    token = app.services.tokens.issue_staff(role="department_admin", department="*", ttl=ADMIN_TOKEN_LIFETIME)
    name = app.settings.host if app.settings.host not in {"0.0.0.0", "::", "127.0.0.1", "::1"} else "localhost"  # noqa: S104 - compared, not bound
    lines = {
        "URL": f"https://{name}:{port}",
        "Estado / state": str(app.settings.home),
        "Vivacidade / liveness": LIVENESS[app.settings.liveness],
        "Token de administrador, vale 1 h, mostrado uma vez / admin token, valid 1 h, shown once": token,
    }
    for label, value in lines.items():
        console.print(f"{label}: {value}", soft_wrap=True, markup=False)
    console.file.flush()
