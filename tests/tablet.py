"""A device with a key of its own. It builds what it signs from docs/device-protocol.md, not with the service's code."""

from __future__ import annotations

import base64
import hashlib
from typing import TYPE_CHECKING
from uuid import UUID

from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.asymmetric.utils import decode_dss_signature
from cryptography.hazmat.primitives.hashes import SHA256

from application import devices

if TYPE_CHECKING:
    from collections.abc import Sequence

    from application.services import Services
    from domain.device import Device


def text_of(data: bytes) -> str:
    return base64.urlsafe_b64encode(data).rstrip(b"=").decode()


class Tablet:
    """Signs with P-256; ``der`` as a Secure Enclave gives it, else raw as WebCrypto does."""

    def __init__(self, *, der: bool = False, secret: int | None = None) -> None:
        self._key = (
            ec.generate_private_key(ec.SECP256R1()) if secret is None else ec.derive_private_key(secret, ec.SECP256R1())
        )
        self._der = der
        self.device_id = UUID(int=0)

    @property
    def jwk(self) -> dict[str, object]:
        point = self._key.public_key().public_numbers()
        x, y = (text_of(number.to_bytes(32, "big")) for number in (point.x, point.y))
        return {"kty": "EC", "crv": "P-256", "x": x, "y": y, "ext": True, "key_ops": ["verify"]}

    @property
    def thumbprint(self) -> bytes:
        canonical = f'{{"crv":"P-256","kty":"EC","x":"{self.jwk["x"]}","y":"{self.jwk["y"]}"}}'
        return hashlib.sha256(canonical.encode()).digest()

    def sign(self, message: bytes) -> bytes:
        signature = self._key.sign(message, ec.ECDSA(SHA256()))
        if self._der:
            return signature
        r, s = decode_dss_signature(signature)
        return r.to_bytes(32, "big") + s.to_bytes(32, "big")

    def proof(self, code: str) -> str:
        plain = code.replace("-", "").encode()
        return text_of(self.sign(b"faceauth/pairing/v1\n" + plain + self.thumbprint))

    def attempt_signature(self, attempt_id: UUID, nonce: str, frames: Sequence[bytes]) -> bytes:
        return self.sign(statement(attempt_id, nonce, frames))

    def pair(self, services: Services, department: str, label: str = "ward 4", admin: str = "token:admin") -> Device:
        invited = devices.invite(services, department=department, label=label, act=services.act(admin, "http"))
        device = devices.pair(
            services,
            code=invited.shown,
            public_jwk=self.jwk,
            proof=self.proof(invited.shown),
            address="192.0.2.30",
            channel="http",
        )
        self.device_id = device.id
        return device


def statement(attempt_id: UUID, nonce: str, frames: Sequence[bytes]) -> bytes:
    binding = attempt_id.bytes + len(nonce).to_bytes(2, "big") + nonce.encode()
    head = hashlib.sha256(b"faceauth/frames/v1\n" + binding).digest()
    for frame in frames:
        head = hashlib.sha256(head + hashlib.sha256(frame).digest()).digest()
    return b"faceauth/attempt/v1\n" + binding + len(frames).to_bytes(4, "big") + head
