"""Wire what is received from the hospital's identity provider: keys, verifier, poller."""

from __future__ import annotations

import contextlib
import ssl
import time
from collections.abc import Callable
from datetime import timedelta
from typing import Any

from adapters.crypto.pairwise import PairwiseSubjects
from adapters.identity.documents import keys_at, keys_in
from adapters.identity.exchange import HttpExchange, check_url, trusting
from adapters.identity.public_keys import RETRY_S, CachedKeys
from adapters.identity.set_poller import HttpSignalFeed
from adapters.identity.set_verifier import Expectations, JwtSignalVerifier
from application.ports.clock import Clock
from application.ports.signal_verifier import Reception
from application.services import Services
from application.signal_polling import SignalPoller
from domain.errors import ConfigurationError
from entrypoints.settings import Settings
from entrypoints.worker import Task, Worker


def reception(
    settings: Settings, pairwise_key: bytes, clock: Clock, on_fault: Callable[[Exception], None]
) -> Reception | None:
    """Return how the configured transmitter is understood, None where there is none.

    Raises ``ConfigurationError`` for half a configuration.
    """
    if settings.signals_issuer is None:
        return None
    if settings.signals_audience is None:
        raise ConfigurationError(
            "FACEAUTH_SIGNALS_ISSUER needs FACEAUTH_SIGNALS_AUDIENCE, too: whom its events are for"
        )
    return Reception(
        verifier=JwtSignalVerifier(
            CachedKeys(signal_keys(settings), clock=clock, on_fault=on_fault, retry_s=_retry_s(settings)),
            Expectations(
                settings.signals_issuer,
                settings.signals_audience,
                skew=timedelta(seconds=settings.signals_skew_seconds),
                oldest=timedelta(days=settings.signals_max_age_days),
            ),
            clock,
            settings.signals_push_token_file,
        ),
        issuer=settings.signals_issuer,
        own_issuer=settings.issuer,
        subject_kind=settings.signals_subject,
        pseudonym=PairwiseSubjects(pairwise_key, settings.audience).subject,
    )


def watch_signals(
    settings: Settings, services: Services, on_fault: Callable[[Exception], None], closing: contextlib.ExitStack
) -> None:
    """Poll the transmitter in a thread of its own, where it wants to be polled: one that hangs delays nothing else."""
    if services.reception is None or settings.signals_poll_url is None:
        return
    url = check_url(settings.signals_poll_url, "FACEAUTH_SIGNALS_POLL_URL", query=True)
    exchange = closing.enter_context(HttpExchange(_tls(settings)))
    feed = HttpSignalFeed(url, exchange, settings.signals_token_file)
    poller = SignalPoller(
        feed, services.reception, every_s=settings.signals_poll_seconds, timer=time.monotonic, on_fault=on_fault
    )
    worker = Worker(services, on_fault, (Task("signals", settings.signals_poll_seconds, poller.poll),))
    worker.start()
    closing.callback(worker.stop)


def signal_keys(settings: Settings) -> Callable[[], list[Any]]:
    """Return what fetches the members of the transmitter's key set. Raises ``ConfigurationError``."""
    if (settings.signals_jwks_url is None) == (settings.signals_jwks_file is None):
        raise ConfigurationError("name the transmitter's keys: FACEAUTH_SIGNALS_JWKS_URL or FACEAUTH_SIGNALS_JWKS_FILE")
    if settings.signals_jwks_file is not None:
        return keys_in(settings.signals_jwks_file)
    return keys_at(settings.signals_jwks_url or "", _tls(settings))


def _retry_s(settings: Settings) -> float:
    return 0.0 if settings.signals_jwks_file is not None else RETRY_S


def _tls(settings: Settings) -> ssl.SSLContext:
    return trusting(settings.signals_ca_file, "FACEAUTH_SIGNALS_CA_FILE")
