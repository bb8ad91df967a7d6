"""A letter, made and written out: as a signed security event token, or as a signed CloudEvent."""

from __future__ import annotations

import base64
import binascii
import hashlib
import hmac
import json
import secrets
from collections.abc import Callable
from datetime import datetime
from typing import Any, Final
from uuid import UUID, uuid5

from application.ports.signal_outbox import Letter, Signal
from application.ports.signal_push import Push
from application.ports.signal_streams import WEBHOOK, Stream
from application.ports.vault import Binding
from application.services import Services
from application.signals.mapping import PLAIN_PREFIX, SECURITY_EVENTS, security_event

SET_TYPE: Final = "secevent+jwt"
"""RFC 8417, section 2.3."""
SECRET_PREFIX: Final = "whsec_"  # noqa: S105 - what the secret begins with
SECRET_BYTES: Final = 32

_NAMESPACE: Final = UUID("5d7f9a35-0a6b-4a37-9d2e-6f0b8ed2a0c4")


def letter_for(stream: Stream, signal: Signal, now: datetime) -> Letter:
    """Return the letter of a signal on a stream: the same ``jti`` whoever makes it, and however often."""
    jti = uuid5(_NAMESPACE, f"{stream.stream_id}|{signal.position}|{signal.name}")
    return Letter(stream.stream_id, jti, signal, due_at=now)


def kind_on(stream: Stream, signal_name: str) -> str:
    """Return the event type of a signal on that stream; "" where its form has none."""
    if stream.method == WEBHOOK:
        return f"{PLAIN_PREFIX}{signal_name}"
    return SECURITY_EVENTS.get(signal_name, "")


def security_event_token(services: Services, stream: Stream, letter: Letter) -> str:
    """Return the SET of a letter (RFC 8417): its claims are the same at every attempt, ``iat`` is the event's time.

    Never an ``exp`` and never a ``sub`` (SSF 1.0, section 4.1): nobody can take it for an access token.
    """
    signal = letter.signal
    kind, payload = security_event(signal)
    claims = {
        "iss": services.signals.issuer,
        "aud": stream.audience,
        "iat": int(signal.at.timestamp()),
        "jti": str(letter.jti),
        "txn": str(signal.txn),
        "sub_id": _subject(services, stream, signal),
        "events": {kind: payload},
    }
    return services.tokens.certify(SET_TYPE, claims)


def cloud_event(services: Services, stream: Stream, letter: Letter) -> bytes:
    """Return the CloudEvent of a letter in structured mode (CloudEvents 1.0, JSON format): ids and codes only."""
    signal = letter.signal
    about = signal.name.partition(".")[0]
    document: dict[str, Any] = {
        "specversion": "1.0",
        "id": str(letter.jti),
        "source": services.signals.issuer,
        "type": kind_on(stream, signal.name),
        "time": signal.at.isoformat().replace("+00:00", "Z"),
        "datacontenttype": "application/json",
        "data": {f"{about}_id": str(signal.about), "txn": str(signal.txn), **signal.facts},
    }
    if signal.subject_id is not None:
        document["subject"] = services.signals.pairwise.subject(signal.subject_id, stream.audience)
    return json.dumps(document, separators=(",", ":")).encode()


def push_for(services: Services, stream: Stream, letter: Letter) -> Push:
    """Return what is sent. Raises what opening the stream's secret and signing raise."""
    secret = opened_secret(services, stream)
    if stream.method == WEBHOOK:
        body = cloud_event(services, stream, letter)
        headers = {"content-type": "application/cloudevents+json"}
        headers |= signed(secret, str(letter.jti), services.clock.now(), body)
        return Push(stream.endpoint_url, headers, body)
    headers = {"content-type": f"application/{SET_TYPE}", "accept": "application/json"}  # RFC 8935, section 2.1
    if secret:
        headers["authorization"] = secret
    return Push(stream.endpoint_url, headers, security_event_token(services, stream, letter).encode())


def signed(secret: str, message_id: str, at: datetime, body: bytes) -> dict[str, str]:
    """Return the three headers of a signed webhook (Standard Webhooks 1.0: HMAC-SHA256 over id, time and body)."""
    sent = str(int(at.timestamp()))
    key = base64.b64decode(secret.removeprefix(SECRET_PREFIX))
    digest = hmac.new(key, f"{message_id}.{sent}.".encode() + body, hashlib.sha256).digest()
    return {
        "webhook-id": message_id,
        "webhook-timestamp": sent,
        "webhook-signature": f"v1,{base64.b64encode(digest).decode()}",
    }


def new_webhook_secret(random: Callable[[int], bytes] = secrets.token_bytes) -> str:
    """Return a key for a webhook's signature: 256 random bits, to be shown once."""
    return SECRET_PREFIX + base64.b64encode(random(SECRET_BYTES)).decode()


def sealed_secret(services: Services, stream_id: UUID, secret: str) -> str:
    """Return a stream's secret sealed under a data key of its own; "" for none."""
    if not secret:
        return ""
    services.vault.create_key(stream_owner(stream_id))
    return services.vault.seal(_binding(stream_id), secret.encode())


def opened_secret(services: Services, stream: Stream) -> str:
    """Return a stream's secret. Raises ``KeyDestroyedError``, ``SealBrokenError``."""
    if not stream.secret_sealed:
        return ""
    return services.vault.unseal(_binding(stream.stream_id), stream.secret_sealed).decode()


def stream_owner(stream_id: UUID) -> str:
    """Return the owner of a stream's data key."""
    return f"stream:{stream_id}"


def is_webhook_secret(text: str) -> bool:
    """Say whether that can be the key of a webhook's signature: 24 to 64 bytes, as Standard Webhooks has it."""
    try:
        return text.startswith(SECRET_PREFIX) and 24 <= len(base64.b64decode(text[6:], validate=True)) <= 64  # noqa: PLR2004
    except (binascii.Error, ValueError):
        return False


def _binding(stream_id: UUID) -> Binding:
    return Binding(stream_owner(stream_id), "signals.secret")


def _subject(services: Services, stream: Stream, signal: Signal) -> dict[str, Any]:
    """Return the subject (RFC 9493; SSF 1.0, section 3.2 for the complex one): pairwise, and a session by opaque id."""
    if signal.subject_id is None:
        return {"format": "opaque", "id": str(stream.stream_id)}  # SSF 1.0, section 8.1.4.2: of the stream itself
    user = {
        "format": "iss_sub",
        "iss": services.signals.issuer,
        "sub": services.signals.pairwise.subject(signal.subject_id, stream.audience),
    }
    if not signal.name.startswith("session."):
        return user
    return {"format": "complex", "user": user, "session": {"format": "opaque", "id": str(signal.about)}}
