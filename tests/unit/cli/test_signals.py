"""``faceauth signals``: streams, webhooks and dead letters from the command line."""

from __future__ import annotations

import json
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any
from uuid import uuid4

import pytest
import structlog

from application.ports.signal_outbox import Letter, Settled, Signal
from application.ports.signal_streams import POLL
from application.signals import streams
from entrypoints.bootstrap import bootstrap
from entrypoints.cli.main import run
from entrypoints.settings import Settings
from tests.receivers import ENDPOINT, HOST

pytestmark = pytest.mark.database


@pytest.fixture
def settings(dsn: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Settings:
    monkeypatch.setenv("FACEAUTH_HOME", str(tmp_path / "home"))
    monkeypatch.setenv("FACEAUTH_SIGNAL_HOSTS", HOST)
    monkeypatch.setenv("DATABASE_URL", dsn)
    return Settings(home=tmp_path / "home").model_copy(update={"database_url": dsn})


@pytest.fixture
def command(monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> Callable[..., tuple[int, Any]]:
    def call(*words: str) -> tuple[int, Any]:
        monkeypatch.setattr(sys, "argv", ["faceauth", "signals", *words, "--json"])
        capsys.readouterr()
        with pytest.raises(SystemExit) as ended:
            run()
        structlog.reset_defaults()
        said = capsys.readouterr()
        return int(ended.value.code or 0), json.loads(said.out or said.err)

    return call


def test_tokens_of_a_receiver_speak_for_it(settings: Settings, command: Callable[..., tuple[int, Any]]) -> None:
    issued = [command("token", "--receiver", "ehr", "--audience", "medical-record")[1]["token"] for _ in range(2)]

    with bootstrap(settings, vision=False) as app:
        principals = [app.services.tokens.verify(token) for token in issued]
        receivers = {streams.receiver_of(app.services, principal.actor) for principal in principals}
    assert {(receiver.name, receiver.audience) for receiver in receivers} == {("receiver:ehr", "medical-record")}
    assert {(tuple(one.roles), one.department) for one in principals} == {(("signal_receiver",), "*")}
    assert command("token", "--receiver", " ")[0] == 1


def test_a_webhook_is_listed_paused_and_removed(settings: Settings, command: Callable[..., tuple[int, Any]]) -> None:
    code, made = command("webhook", ENDPOINT)
    assert (code, made["secret"][:6]) == (0, "whsec_")
    assert command("webhook", "https://elsewhere.test/")[1]["error"] == "endpoint_forbidden"

    (listed,) = command("list")[1]["streams"]
    assert (listed["stream_id"], listed["status"]) == (made["stream_id"], "enabled")
    assert command("status", made["stream_id"], "paused")[1]["status"] == "paused"
    assert command("status", made["stream_id"], "asleep")[0] == 1
    assert command("remove", made["stream_id"])[0] == 0
    assert command("list")[1]["streams"] == []
    with bootstrap(settings, vision=False) as app:
        assert app.services.vault.owners("stream:") == []


def test_dead_letters_are_listed_and_replayed(settings: Settings, command: Callable[..., tuple[int, Any]]) -> None:
    with bootstrap(settings, vision=False) as app:
        services = app.services
        stream = streams.create(services, streams.receiver_of(services, "token:1"), streams.Wanted(POLL))
        outbox, now = services.signals.outbox, services.clock.now()
        for number in range(3):
            signal = Signal("session.opened.v1", number, now, uuid4(), uuid4(), uuid4(), {})
            outbox.add(Letter(stream.stream_id, uuid4(), signal, due_at=now))
        heads = outbox.heads(stream.stream_id, now=now, limit=9)
        outbox.settle([Settled(one.letter_id, "dead", 1, now, now, "jwtAud") for one in heads], now=now)

    dead = command("dead")[1]["dead_letters"]
    assert [(one["event"], one["error"]) for one in dead] == [("session.opened.v1", "jwtAud")] * 3
    assert command("replay", str(dead[0]["id"]))[1] == {"replayed": 1}
    assert command("replay", str(dead[0]["id"]))[1]["error"] == "not_found"
    assert command("replay", "--all")[1] == {"replayed": 2}
    assert command("replay")[0] == 1
    assert command("dead")[1]["dead_letters"] == []
