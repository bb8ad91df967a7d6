"""Security events reach a receiver that another library wrote: each once, in order, whoever crashes."""

from __future__ import annotations

import threading
import time
from collections import defaultdict
from pathlib import Path
from typing import Any
from uuid import UUID, uuid4

import pytest

from application.ports.signal_streams import WEBHOOK, Stream
from application.signals import streams
from application.signals.letters import signed
from domain.session import Session
from entrypoints.app import App
from tests.house import ICU
from tests.integration.signal_house import AUDIENCE, engine, engine_process, house, wait_until
from tests.integration.trial import act, enroll, later, sign_in
from tests.ssf_receiver import (
    Fault,
    answering,
    endless,
    garbage,
    hanging,
    refusing,
    stored_then_died,
)
from tests.ssf_receiver import Receiver as Ssf

pytestmark = pytest.mark.database


def open_session(app: App, subject_id: UUID, session_id: UUID | None = None) -> Session:
    done = act(app)
    session = Session.open(
        session_id or uuid4(),
        subject_id=subject_id,
        attempt_id=uuid4(),
        department=ICU,
        amr="face",
        acr="urn:faceauth:acr:face-passive",
        expires_at=later(app, 1).at,
        act=done,
    )
    app.services.store.save(session)
    return session


def expected(app: App) -> dict[str, list[tuple[str, str]]]:
    """What the receiver must have, by pairwise subject: read from the history, without our mapping."""
    told = {"session.opened.v1": "session-established", "session.revoked.v1": "session-revoked"}
    owners: dict[UUID, UUID] = {}
    found: dict[str, list[tuple[str, str]]] = defaultdict(list)
    after = 0
    while events := app.services.store.read(after, 500):
        for event in events:
            if event.name == "session.opened.v1":
                owners[event.aggregate_id] = event.fields["subject_id"]
            if event.name in told:
                sub = app.services.signals.pairwise.subject(owners[event.aggregate_id], AUDIENCE)
                found[sub].append((told[event.name], str(event.aggregate_id)))
        after = events[-1].position
    return found


def sessions_only(receiver: Ssf) -> dict[str, list[tuple[str, str]]]:
    with receiver.lock:
        kept = {sub: [one for one in order if one[1]] for sub, order in receiver.order.items()}
    return {sub: order for sub, order in kept.items() if order}


def complete(app: App, receiver: Ssf, stream: Stream) -> bool:
    """Whether as much has arrived as has happened, and nothing is on its way."""
    arrived, happened = (sum(map(len, order.values())) for order in (sessions_only(receiver), expected(app)))
    return arrived >= happened and app.services.signals.outbox.waiting(stream.stream_id) == 0


@pytest.mark.parametrize(
    "fault",
    [
        answering(500),
        answering(503, retry_after="1"),
        answering(302, location="http://127.0.0.1:1/elsewhere"),
        answering(401),
        answering(400, b"{not json"),
        refusing("invalid_key"),
        garbage,
        endless,
        stored_then_died,
    ],
    ids=["500", "503", "redirect", "401", "bad 400", "invalid_key", "garbage", "endless", "died"],
)
def test_what_fails_is_sent_again_and_only_its_own_subject_waits(tmp_path: Path, dsn: str, fault: Fault) -> None:
    with house(tmp_path, dsn) as (app, receiver, stream):
        ana, bia = uuid4(), uuid4()
        receiver.faults.append(fault)
        with engine(app) as faults:
            first = open_session(app, ana)
            wait_until(lambda: receiver.requests == 1)
            open_session(app, bia)
            app.services.store.save(*_revoked(app, first))
            wait_until(lambda: complete(app, receiver, stream), 60)

        assert faults == []
        assert sessions_only(receiver) == expected(app)


def test_a_receiver_that_hangs_is_left_and_asked_again(tmp_path: Path, dsn: str) -> None:
    with house(tmp_path, dsn, signal_timeout_seconds=0.5) as (app, receiver, stream):
        receiver.faults.append(hanging)
        with engine(app):
            open_session(app, uuid4())
            wait_until(lambda: app.services.signals.outbox.counts(stream.stream_id) == {"delivered": 1})

        assert sessions_only(receiver) == expected(app)
        assert receiver.requests == 2


def test_what_the_receiver_will_never_take_is_dead_at_once_and_can_be_replayed(tmp_path: Path, dsn: str) -> None:
    with house(tmp_path, dsn) as (app, receiver, stream):
        ana = uuid4()
        receiver.faults.append(refusing("invalid_audience"))
        outbox = app.services.signals.outbox
        with engine(app):
            first = open_session(app, ana)
            wait_until(lambda: outbox.dead(10))
            app.services.store.save(*_revoked(app, first))
            wait_until(lambda: outbox.counts(stream.stream_id) == {"dead": 1, "delivered": 1})
            (dead,) = outbox.dead(10)
            assert (dead.error, dead.attempts, dead.signal.subject_id) == ("invalid_audience", 1, ana)

            streams.replay(app.services, dead.letter_id)
            wait_until(lambda: outbox.counts(stream.stream_id) == {"delivered": 2})

        assert str(dead.jti) in receiver.seen
        assert len(receiver.seen) == 2


def test_two_processes_deliver_each_event_once(tmp_path: Path, dsn: str) -> None:
    with house(tmp_path, dsn) as (app, receiver, _), engine(app), engine(app):
        for _ in range(20):
            open_session(app, uuid4())
        wait_until(lambda: len(receiver.seen) == 20)

        assert set(receiver.copies.values()) == {1}


def test_a_webhook_gets_signed_cloud_events(tmp_path: Path, dsn: str) -> None:
    with house(tmp_path, dsn) as (app, receiver, ssf):
        streams.delete(app.services, ssf)
        receiver.faults += [answering(500), answering(200)]
        stream, secret = streams.add_webhook(app.services, endpoint_url=receiver.url, audience=AUDIENCE)
        assert stream.method == WEBHOOK
        ana = uuid4()
        with engine(app):
            session = open_session(app, ana)
            wait_until(lambda: app.services.signals.outbox.counts(stream.stream_id) == {"delivered": 1})

    (_, former), (headers, body) = receiver.bodies
    assert body == former
    given = {name.lower(): value for name, value in headers.items()}
    at = act(app).at.fromtimestamp(int(given["webhook-timestamp"]), tz=act(app).at.tzinfo)
    assert signed(secret, given["webhook-id"], at, body)["webhook-signature"] == given["webhook-signature"]
    assert str(session.id).encode() in body
    assert str(ana).encode() not in body


def test_an_engine_that_cannot_reach_anybody_keeps_nobody_from_signing_in(tmp_path: Path, dsn: str) -> None:
    with house(tmp_path, dsn, signal_timeout_seconds=5.0) as (app, receiver, stream):
        enroll(app, "ana")
        receiver.faults += [hanging] * 50
        with engine(app):
            for _ in range(20):
                open_session(app, uuid4())
            wait_until(lambda: receiver.requests >= 4)
            begin = time.monotonic()
            assert sign_in(app, "ana").success
            assert time.monotonic() - begin < 2.0
            receiver.released.set()
            receiver.faults.clear()
            wait_until(lambda: complete(app, receiver, stream), 60)

        assert sessions_only(receiver) == expected(app)


def test_what_was_sent_and_not_settled_comes_again_under_the_same_id(tmp_path: Path, dsn: str) -> None:
    with house(tmp_path, dsn) as (app, receiver, stream):
        gate = threading.Event()

        def taken_but_slow(handler: Any) -> None:
            handler.accept(answer=False)
            gate.wait(10)
            handler.reply(202)

        receiver.faults.append(taken_but_slow)
        with engine_process(app, receiver.host) as process:
            open_session(app, uuid4())
            wait_until(lambda: receiver.seen)
            process.kill()
            process.wait()
        gate.set()
        with engine(app):
            wait_until(lambda: app.services.signals.outbox.counts(stream.stream_id) == {"delivered": 1})

        assert list(receiver.copies.values()) == [2]


def test_a_service_that_serves_delivers_and_stops_at_once_though_a_receiver_hangs(tmp_path: Path, dsn: str) -> None:
    with house(tmp_path, dsn) as (app, receiver, _):
        app.supervise()
        open_session(app, uuid4())
        wait_until(lambda: len(receiver.seen) == 1)
        receiver.faults += [hanging]
        open_session(app, uuid4())
        wait_until(lambda: receiver.requests == 2)
        begin = time.monotonic()
        app.close()
        assert time.monotonic() - begin < 5.0


def _revoked(app: App, session: Session) -> list[Session]:
    stored = app.services.store.get(Session, session.id)
    stored.revoke(reason="logout", act=act(app))
    return [stored]
