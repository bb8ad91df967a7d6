"""Key-encryption keys inside a PKCS#11 token (an HSM, a smart card, SoftHSM): they never leave it."""

from __future__ import annotations

import secrets
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, ClassVar, Final

from adapters.crypto.aead import NONCE_BYTES
from adapters.crypto.kek_provider import PKCS11
from adapters.crypto.pkcs11_token import AES_BITS, pkcs11_package, release, shared_token
from domain.errors import KeyRingError, KeysReadOnlyError, SealBrokenError

if TYPE_CHECKING:
    from collections.abc import Mapping

    from adapters.crypto.pkcs11_token import TokenAddress

TAG_BYTES: Final = 16
PROBE: Final = b"faceauth probe"


class Pkcs11Keks:
    """``KekProvider`` over a token: keys are found by their label, wrapping is CKM_AES_GCM inside the device."""

    name: ClassVar[str] = PKCS11

    def __init__(self, address: TokenAddress) -> None:
        """Use that token, opened when it is first needed. Raises ``ConfigurationError`` without the package."""
        self._pkcs11 = pkcs11_package()
        self._address = address
        self._token = shared_token(address)
        self._closed = False

    def next_id(self) -> str | None:
        """Return None: any id will do."""
        return None

    def create(self, kek_id: str) -> Mapping[str, str]:
        """Make a key in the token that it will not give out; there is nothing to remember. See the port."""
        self._token.use(lambda session: self._generate(session, kek_id))
        return {}

    def holds(self, kek_id: str) -> bool:
        """Say whether the token holds that key, as it is now."""
        return self._token.use(lambda session: bool(self._token.labelled(session, kek_id)))

    def wrap(self, kek_id: str, plaintext: bytes, context: bytes) -> bytes:
        """Wrap. See the port."""
        return self._token.use(lambda session: self._seal(self._token.key(session, kek_id), plaintext, context))

    def unwrap(self, kek_id: str, wrapped: bytes, context: bytes) -> bytes:
        """Unwrap. See the port."""
        return self._token.use(lambda session: self._open(self._token.key(session, kek_id), wrapped, context))

    def destroy(self, kek_id: str) -> None:
        """Destroy that key in the token, and raise ``KeyRingError`` unless it is gone afterwards. See the port."""
        self._token.use(lambda session: self._destroy(session, kek_id))

    def close(self) -> None:
        """Let go of the token. Idempotent."""
        if not self._closed:
            self._closed = True
            release(self._address)

    def _generate(self, session: Any, kek_id: str) -> None:
        attribute, flag = self._pkcs11.Attribute, self._pkcs11.MechanismFlag
        if self._token.labelled(session, kek_id):
            raise KeyRingError(f"the token holds a key of that label already ({kek_id:.63})")
        key = session.generate_key(
            self._pkcs11.KeyType.AES,
            AES_BITS,
            label=kek_id,
            id=kek_id.encode(),
            store=True,
            capabilities=flag.ENCRYPT | flag.DECRYPT,
            template={attribute.PRIVATE: True, attribute.SENSITIVE: True, attribute.EXTRACTABLE: False},
        )
        if key[attribute.EXTRACTABLE] or not key[attribute.SENSITIVE]:
            key.destroy()
            raise KeyRingError("the token makes keys that can be taken out of it: use another one")

    def _seal(self, key: Any, plaintext: bytes, context: bytes) -> bytes:
        nonce = secrets.token_bytes(NONCE_BYTES)
        sealed: bytes = key.encrypt(plaintext, **self._gcm(nonce, context))
        return nonce + sealed

    def _open(self, key: Any, wrapped: bytes, context: bytes) -> bytes:
        broken = SealBrokenError("a sealed value was changed or does not belong here")
        if len(wrapped) < NONCE_BYTES + TAG_BYTES:
            raise broken
        try:
            return self._decrypted(key, wrapped, context)
        except self._verdicts():
            raise broken from None
        except self._unclear():
            # SoftHSM, for one, says no more than "general error" to a wrong tag. Where the key works, it was the value.
            self._decrypted(key, self._seal(key, PROBE, context), context)
            raise broken from None

    def _decrypted(self, key: Any, wrapped: bytes, context: bytes) -> bytes:
        plaintext: bytes = key.decrypt(wrapped[NONCE_BYTES:], **self._gcm(wrapped[:NONCE_BYTES], context))
        return plaintext

    def _destroy(self, session: Any, kek_id: str) -> None:
        exceptions = self._pkcs11.exceptions
        refused = KeysReadOnlyError(
            f"the token does not let {kek_id:.63} be destroyed: destroy it with the device's own tool, then run "
            "'faceauth keys rotate' again"
        )
        self._token.forget(kek_id)
        for key in self._token.labelled(session, kek_id):
            if not self._may_go(key):
                raise refused
            try:
                key.destroy()
            except (exceptions.TokenWriteProtected, exceptions.FunctionRejected):
                raise refused from None
        if self._token.labelled(session, kek_id):
            raise KeyRingError(f"the token still holds {kek_id:.63}, which it was told to destroy")

    def _may_go(self, key: Any) -> bool:
        try:
            return bool(key[self._pkcs11.Attribute.DESTROYABLE])
        except self._pkcs11.exceptions.AttributeTypeInvalid:  # a device from before there was such an attribute
            return True

    def _gcm(self, nonce: bytes, context: bytes) -> dict[str, Any]:
        parameters = self._pkcs11.GCMParams(nonce, context, TAG_BYTES * 8)
        return {"mechanism": self._pkcs11.Mechanism.AES_GCM, "mechanism_param": parameters}

    def _verdicts(self) -> tuple[type[Exception], ...]:
        exceptions = self._pkcs11.exceptions
        return exceptions.EncryptedDataInvalid, exceptions.EncryptedDataLenRange, exceptions.SignatureInvalid

    def _unclear(self) -> tuple[type[Exception], ...]:
        exceptions = self._pkcs11.exceptions
        return (
            exceptions.GeneralError,
            exceptions.FunctionFailed,
            exceptions.DataInvalid,
            exceptions.DataLenRange,
            exceptions.ArgumentsBad,
        )


@dataclass(frozen=True, slots=True)
class KeksOfToken:
    """Makes ``Pkcs11Keks`` over one token."""

    address: TokenAddress

    @property
    def name(self) -> str:
        """Which provider."""
        return PKCS11

    def __call__(self, remembered: Mapping[str, Mapping[str, str]]) -> Pkcs11Keks:  # noqa: ARG002 - nothing to remember
        """Make one. Raises ``ConfigurationError``."""
        return Pkcs11Keks(self.address)
