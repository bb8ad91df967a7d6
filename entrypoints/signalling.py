"""Wiring of security events out."""

from __future__ import annotations

import contextlib
from datetime import timedelta

from adapters.crypto.pairwise import PairwiseAudiences
from adapters.identity.push import HttpPush
from adapters.postgres.database import Database
from adapters.postgres.signal_outbox import PostgresSignalOutbox
from adapters.postgres.signal_streams import PostgresSignalStreams
from application.signals.endpoints import EndpointRules
from application.signals.ports import SignalPolicies, SignalPorts
from domain.policies.resending import ResendPolicy
from entrypoints.settings import Settings


def wired_signals(
    settings: Settings, database: Database, pairwise_key: bytes, stack: contextlib.ExitStack
) -> SignalPorts:
    """Return the ports of security events out; ``stack`` closes what they hold open."""
    push = HttpPush(timeout_s=settings.signal_timeout_seconds, ca_file=settings.signal_ca_file)
    stack.callback(push.close)
    return SignalPorts(
        streams=PostgresSignalStreams(database),
        outbox=PostgresSignalOutbox(database),
        push=push,
        pairwise=PairwiseAudiences(pairwise_key),
        issuer=settings.issuer,
        policies=SignalPolicies(
            endpoints=EndpointRules(
                frozenset(host.lower() for host in settings.signal_hosts), settings.signal_http_on_loopback
            ),
            resend=ResendPolicy(give_up_after=timedelta(hours=settings.signal_give_up_hours)),
        ),
    )
