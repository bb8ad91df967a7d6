"""Systems that receive security events: scripted ones, and ports over memory for houses."""

from __future__ import annotations

from collections import deque
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from adapters.crypto.pairwise import PairwiseAudiences
from adapters.memory.signals import MemorySignals
from application.ports.signal_push import Answer
from application.signals.endpoints import EndpointRules
from application.signals.ports import SignalPolicies, SignalPorts

if TYPE_CHECKING:
    from collections.abc import Callable

    from application.ports.signal_push import Push

ISSUER = "https://faceauth.test"
HOST = "ehr.hospital.test"
ENDPOINT = f"https://{HOST}/events"
TAKEN = Answer(202)


@dataclass
class ScriptedPush:
    """``application.ports.signal_push.SignalPush`` that answers what the test says, and remembers what came."""

    answers: deque[Answer] = field(default_factory=deque)
    usual: Callable[[Push], Answer] = field(default=lambda _: TAKEN)
    sent: list[Push] = field(default_factory=list)

    def send(self, push: Push) -> Answer:
        self.sent.append(push)
        return self.answers.popleft() if self.answers else self.usual(push)


def memory_signals() -> SignalPorts:
    kept = MemorySignals()
    return SignalPorts(
        streams=kept.streams,
        outbox=kept.outbox,
        push=ScriptedPush(),
        pairwise=PairwiseAudiences(bytes(32)),
        issuer=ISSUER,
        policies=SignalPolicies(endpoints=EndpointRules(frozenset({HOST}))),
    )
