"""Where checkpoints go, as the settings say."""

from __future__ import annotations

from contextlib import ExitStack

from application.ports.anchor import Anchor
from domain.errors import ConfigurationError
from entrypoints.settings import Settings


def open_anchors(settings: Settings, stack: ExitStack) -> tuple[Anchor, ...]:
    """Return the anchors there are, none by default. Raises ``ConfigurationError``; connects to nothing."""
    anchors: list[Anchor] = []
    if settings.witness_url is not None:
        anchors.append(_witness(settings, settings.witness_url, stack))
    if settings.timestamp_url is not None:
        anchors.append(_timestamps(settings, settings.timestamp_url, stack))
    return tuple(anchors)


def _witness(settings: Settings, url: str, stack: ExitStack) -> Anchor:
    from adapters.anchors.pinned import PinnedKey  # noqa: PLC0415 - only who has one pays
    from adapters.anchors.witness import HttpWitness  # noqa: PLC0415
    from adapters.identity.exchange import HttpExchange, check_url, trusting  # noqa: PLC0415 - 0.1 s to import

    key = settings.witness_key_file
    exchange = stack.enter_context(HttpExchange(trusting(settings.witness_ca_file, "FACEAUTH_WITNESS_CA_FILE")))
    return HttpWitness(
        check_url(url, "FACEAUTH_WITNESS_URL"),
        exchange,
        timeout_s=settings.anchor_timeout_seconds,
        token_file=settings.witness_token_file,
        key=None if key is None else PinnedKey.read(key, "FACEAUTH_WITNESS_KEY_FILE"),
    )


def _timestamps(settings: Settings, url: str, stack: ExitStack) -> Anchor:
    from adapters.anchors.timestamp import TimestampAuthority, read_authorities  # noqa: PLC0415 - only who has one pays
    from adapters.identity.exchange import HttpExchange, check_url, trusting  # noqa: PLC0415 - 0.1 s to import

    if settings.timestamp_ca_file is None:
        raise ConfigurationError("FACEAUTH_TIMESTAMP_URL needs FACEAUTH_TIMESTAMP_CA_FILE: whose stamps are believed")
    exchange = stack.enter_context(
        HttpExchange(trusting(settings.timestamp_tls_ca_file, "FACEAUTH_TIMESTAMP_TLS_CA_FILE"))
    )
    return TimestampAuthority(
        check_url(url, "FACEAUTH_TIMESTAMP_URL"),
        exchange,
        read_authorities(settings.timestamp_ca_file, "FACEAUTH_TIMESTAMP_CA_FILE"),
        timeout_s=settings.anchor_timeout_seconds,
    )
