"""Wire what is received from the hospital's identity provider: keys, verifier, poller."""

from __future__ import annotations

import contextlib
import time
from collections.abc import Callable
from datetime import timedelta
from typing import Final
from urllib.parse import urlsplit

import httpx

from adapters.crypto.pairwise import PairwiseSubjects
from adapters.identity.jwks import KeySet, from_file, from_url
from adapters.identity.set_poller import HttpSignalFeed
from adapters.identity.set_verifier import Expectations, JwtSignalVerifier
from application.ports.clock import Clock
from application.ports.signal_verifier import Reception
from application.services import Services
from application.signal_polling import SignalPoller
from domain.errors import ConfigurationError
from entrypoints.settings import Settings
from entrypoints.worker import Task, Worker

LOCAL: Final = frozenset({"127.0.0.1", "::1", "localhost"})


def reception(settings: Settings, pairwise_key: bytes, clock: Clock, closing: contextlib.ExitStack) -> Reception | None:
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
            _keys(settings, closing),
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
    feed = HttpSignalFeed(_checked(settings.signals_poll_url), _client(closing), settings.signals_token_file)
    poller = SignalPoller(
        feed, services.reception, every_s=settings.signals_poll_seconds, timer=time.monotonic, on_fault=on_fault
    )
    worker = Worker(services, on_fault, (Task("signals", settings.signals_poll_seconds, poller.poll),))
    worker.start()
    closing.callback(worker.stop)


def _keys(settings: Settings, closing: contextlib.ExitStack) -> KeySet:
    if (settings.signals_jwks_url is None) == (settings.signals_jwks_file is None):
        raise ConfigurationError("name the transmitter's keys: FACEAUTH_SIGNALS_JWKS_URL or FACEAUTH_SIGNALS_JWKS_FILE")
    if settings.signals_jwks_file is not None:
        return KeySet(from_file(settings.signals_jwks_file), refetch_every_s=0.0)
    return KeySet(from_url(_checked(settings.signals_jwks_url or ""), _client(closing)))


def _client(closing: contextlib.ExitStack) -> httpx.Client:
    return closing.enter_context(httpx.Client(follow_redirects=False))


def _checked(url: str) -> str:
    """Return an address whose answer nobody on the way can change. Raises ``ConfigurationError``."""
    parts = urlsplit(url)
    if parts.scheme != "https" and not (parts.scheme == "http" and parts.hostname in LOCAL):
        raise ConfigurationError("the transmitter's addresses begin with https://")
    return url
