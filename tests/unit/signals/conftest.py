"""A house whose security events go to a scripted receiver."""

from __future__ import annotations

import json
from collections.abc import Callable
from concurrent.futures import Executor, Future
from dataclasses import dataclass, field
from datetime import timedelta
from typing import Any, cast
from uuid import UUID, uuid4

import pytest

from application.ports.signal_push import Push
from application.ports.signal_streams import PUSH, Receiver, Stream
from application.signals import streams
from application.signals.collecting import Collector
from application.signals.delivery import Courier
from domain.session import Session
from tests.house import ICU, House, build_house
from tests.receivers import ENDPOINT, ScriptedPush

EHR = Receiver("receiver:ehr", "ehr")


class AtOnce(Executor):
    """Does what it is given before it returns."""

    def submit(self, fn: Callable[..., Any], /, *args: Any, **kwargs: Any) -> Future[Any]:
        future: Future[Any] = Future()
        future.set_result(fn(*args, **kwargs))
        return future


@dataclass
class Post:
    """The house, its post, and a clock that tests move."""

    house: House
    faults: list[Exception] = field(default_factory=list)
    couriers: dict[UUID, Courier] = field(default_factory=dict)

    def __post_init__(self) -> None:
        self.collector = Collector(self.house.services, on_fault=self.faults.append)

    @property
    def push(self) -> ScriptedPush:
        return cast("ScriptedPush", self.house.services.signals.push)

    def stream(self, method: str = PUSH, receiver: Receiver = EHR, **wanted: Any) -> Stream:
        given = {"endpoint_url": ENDPOINT} | wanted
        return streams.create(self.house.services, receiver, streams.Wanted(method, **given))

    def collect(self) -> None:
        while batch := self.house.store.read(self.collector.since(), 200):
            assert self.collector.take(batch)
            outbox, last = self.house.services.signals.outbox, batch[-1].position
            outbox.put([], expected=outbox.checkpoint() or 0, position=last)

    def deliver(self, stream: Stream) -> None:
        """Carry until nothing more is due now."""
        stream = self.house.services.signals.streams.get(stream.stream_id)
        if stream.stream_id not in self.couriers:
            self.couriers[stream.stream_id] = Courier(
                self.house.services,
                stream.stream_id,
                executor=AtOnce(),
                jitter=lambda: 1.0,
                on_fault=self.faults.append,
            )
        while self.couriers[stream.stream_id].work(stream):
            pass

    def session(self, subject_id: UUID | None = None) -> Session:
        act = self.house.act()
        session = Session.open(
            uuid4(),
            subject_id=subject_id or uuid4(),
            attempt_id=uuid4(),
            department=ICU,
            amr="face",
            acr="urn:faceauth:acr:face-passive",
            expires_at=act.at + timedelta(days=9),
            act=act,
        )
        self.house.store.save(session)
        return session

    def revoke(self, session: Session) -> None:
        stored = self.house.store.get(Session, session.id)
        stored.revoke(reason="logout", act=self.house.act())
        self.house.store.save(stored)


def token_of(push: Push) -> dict[str, Any]:
    """The claims of what was sent: the twin's tokens are JSON."""
    claims: dict[str, Any] = json.loads(push.body)
    return claims


@pytest.fixture
def post() -> Post:
    post = Post(build_house())
    post.house.services.signals.outbox.begin(0)
    return post
