"""What security events out need, wired."""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import timedelta

from application.ports.pairwise import Pairwise
from application.ports.signal_outbox import SignalOutbox
from application.ports.signal_push import SignalPush
from application.ports.signal_streams import SignalStreams
from application.signals.endpoints import EndpointRules
from domain.policies.resending import ResendPolicy


@dataclass(frozen=True, slots=True)
class SignalPolicies:
    """The rules in force.

    ``keep_delivered`` and ``keep_dead`` are how long letters are kept after their end, ``hold`` is how long one may
    wait, paused or not fetched, before it counts as dead.
    """

    endpoints: EndpointRules = field(default_factory=EndpointRules)
    resend: ResendPolicy = field(default_factory=ResendPolicy)
    keep_delivered: timedelta = timedelta(days=7)
    keep_dead: timedelta = timedelta(days=90)
    hold: timedelta = timedelta(days=30)


@dataclass(frozen=True, slots=True)
class SignalPorts:
    """The ports of this part. ``issuer`` is the ``iss`` of everything that is signed, and the base of our addresses."""

    streams: SignalStreams
    outbox: SignalOutbox
    push: SignalPush
    pairwise: Pairwise
    issuer: str
    policies: SignalPolicies = field(default_factory=SignalPolicies)
