"""``faceauth signals``: security events out, as the operator sees them."""

from __future__ import annotations

from typing import Annotated, Any
from uuid import UUID

import typer

from application.ports.signal_streams import Receiver, Stream
from application.services import Services
from application.signals import streams
from domain.errors import InvalidInputError
from domain.roles import EVERYWHERE, SIGNAL_RECEIVER
from entrypoints.bootstrap import bootstrap
from entrypoints.cli.operations import parse_ttl
from entrypoints.cli.output import JsonOption, console, print_json
from entrypoints.http.signal_operations import DEAD_SHOWN, letter_document
from entrypoints.settings import load_settings

group = typer.Typer(help="Eventos de segurança para fora / Security events out", no_args_is_help=True)

MAX_NAME_CHARACTERS = 50


@group.command("token")
def token(
    receiver: Annotated[str, typer.Option(help="Sistema que recebe / receiving system, e.g. prontuario")],
    audience: Annotated[
        str | None, typer.Option(help="Audiência (aud, sub pareado) / audience; FACEAUTH_AUDIENCE by default")
    ] = None,
    ttl: Annotated[str, typer.Option(help="Validade: 30m, 1h, 7d / lifetime")] = "30d",
    as_json: JsonOption = False,
) -> None:
    """Emite um token de receptor / Issue a receiver's token; all tokens of one receiver see the same streams."""
    name = receiver.strip()
    if not name or len(name) > MAX_NAME_CHARACTERS or not name.isprintable():
        raise InvalidInputError(f"a receiver's name has 1 to {MAX_NAME_CHARACTERS} characters")
    lifetime = parse_ttl(ttl)
    settings = load_settings()
    with bootstrap(settings, vision=False) as app:
        tokens = app.services.tokens
        issued = tokens.issue_staff(role=SIGNAL_RECEIVER, department=EVERYWHERE, ttl=lifetime)
        known = Receiver(f"receiver:{name}", audience or settings.audience)
        app.services.signals.streams.register(tokens.verify(issued).actor, known)
    if as_json:
        document = {"token": issued, "receiver": name, "audience": known.audience}
        print_json(document | {"expires_in": lifetime.total_seconds()})
    else:
        console.print(issued, soft_wrap=True, markup=False)


@group.command("list")
def list_streams(as_json: JsonOption = False) -> None:
    """Lista os fluxos / List every stream and what waits on it."""
    with bootstrap(load_settings(), vision=False) as app:
        found = [_row(app.services, stream) for stream in app.services.signals.streams.all()]
    if as_json:
        print_json({"streams": found})
        return
    for row in found:
        letters = ", ".join(f"{count} {state}" for state, count in sorted(row["letters"].items())) or "-"
        console.print(
            f"{row['stream_id']}  {row['status']:8}  {row['owner']}  {row['method']}  {letters}", markup=False
        )


@group.command("status")
def status(
    stream_id: UUID,
    change: Annotated[str | None, typer.Argument(help="enabled | paused | disabled")] = None,
    as_json: JsonOption = False,
) -> None:
    """Mostra ou muda a situação de um fluxo / Show a stream, or enable, pause or disable it."""
    with bootstrap(load_settings(), vision=False) as app:
        stream = app.services.signals.streams.get(stream_id)
        if change is not None:
            stream = streams.set_status(app.services, stream, change, "operator")
        row = _row(app.services, stream)
    if as_json:
        print_json(row)
    else:
        console.print(f"{row['stream_id']}: {row['status']}", markup=False)


@group.command("dead")
def dead(as_json: JsonOption = False) -> None:
    """Lista o que não pôde ser entregue / List what could not be delivered."""
    with bootstrap(load_settings(), vision=False) as app:
        found = [letter_document(letter) for letter in app.services.signals.outbox.dead(DEAD_SHOWN)]
    if as_json:
        print_json({"dead_letters": found})
        return
    for row in found:
        console.print(f"{row['id']:>8}  {row['event']:32}  {row['error']:24}  {row['stream_id']}", markup=False)


@group.command("replay")
def replay(
    letter_id: Annotated[int | None, typer.Argument(help="Número de 'signals dead' / number shown by it")] = None,
    every: Annotated[bool, typer.Option("--all", help="Todos / all of them")] = False,
    as_json: JsonOption = False,
) -> None:
    """Manda outra vez o que não pôde ser entregue / Send dead letters again."""
    if (letter_id is None) != every:
        raise InvalidInputError("name a dead letter, or --all of them")
    replayed = 0
    with bootstrap(load_settings(), vision=False) as app:
        if letter_id is not None:
            streams.replay(app.services, letter_id)
            replayed = 1
        while every and (found := app.services.signals.outbox.dead(DEAD_SHOWN)):
            for letter in found:
                streams.replay(app.services, letter.letter_id)
            replayed += len(found)
    if as_json:
        print_json({"replayed": replayed})
    else:
        console.print(f"Outra vez na fila / waiting again: {replayed}")


@group.command("webhook")
def webhook(
    endpoint_url: Annotated[
        str, typer.Argument(help="https://…; o host em FACEAUTH_SIGNAL_HOSTS / its host listed there")
    ],
    event: Annotated[list[str] | None, typer.Option(help="Tipo, repetível / type, repeatable; all by default")] = None,
    audience: Annotated[str, typer.Option(help="Audiência do sub pareado / whose pairwise subjects")] = "",
    description: Annotated[str, typer.Option(help="Descrição / description")] = "",
    as_json: JsonOption = False,
) -> None:
    """Manda CloudEvents a um sistema / Send CloudEvents to a system; the key of its signatures is shown once."""
    with bootstrap(load_settings(), vision=False) as app:
        stream, secret = streams.add_webhook(
            app.services, endpoint_url=endpoint_url, events=event, description=description, audience=audience
        )
    if as_json:
        print_json({"stream_id": str(stream.stream_id), "secret": secret, "events": list(stream.events)})
    else:
        console.print(f"{stream.stream_id}\n{secret}", soft_wrap=True, markup=False)


@group.command("remove")
def remove(stream_id: UUID, as_json: JsonOption = False) -> None:
    """Apaga um webhook, ou o fluxo de um receptor / Remove a webhook, or a receiver's stream."""
    with bootstrap(load_settings(), vision=False) as app:
        streams.delete(app.services, app.services.signals.streams.get(stream_id))
    if as_json:
        print_json({"removed": str(stream_id)})
    else:
        console.print(f"Apagado / removed: {stream_id}")


def _row(services: Services, stream: Stream) -> dict[str, Any]:
    return {
        "stream_id": str(stream.stream_id),
        "owner": stream.owner,
        "audience": stream.audience,
        "method": stream.method,
        "endpoint_url": stream.endpoint_url,
        "status": stream.status,
        "letters": services.signals.outbox.counts(stream.stream_id),
    }
