"""What one attempt knows of the device that it comes from: announced, then proven, or not at all."""

from __future__ import annotations

from typing import Final
from uuid import UUID

from application.services import Services
from domain.act import Act
from domain.attempt import Attempt
from domain.device import Device
from domain.device_proof import FrameChain
from domain.errors import DeviceStateError, FaceauthError, NotFoundError, SealBrokenError, UnavailableError

DEVICE_REQUIRED: Final = "device_required"
DEVICE_REJECTED: Final = "device_rejected"
"""What the client hears: of a department that lets nobody in without a device, and of any other."""

MISSING: Final = "device_missing"
SILENT: Final = "device_silent"
UNKNOWN: Final = "device_unknown"
REVOKED: Final = "device_revoked"
FOREIGN: Final = "device_of_another_department"
WRONG: Final = "device_signature"
TAMPERED: Final = "device_seal_broken"
"""What the officer reads."""

AMR_DEVICE: Final = ("hwk", "pop", "mfa")
"""RFC 8176, section 2: a key that its holder cannot give away, proven to be there, beside the face."""
ACR_DEVICE: Final = "+device"
"""What follows the ``acr`` of how life was proven."""


class DeviceProof:
    """Goes with one attempt: ``announce`` before the first frame, ``received`` for each, ``settle`` and ``prove``.

    Frames of an attempt that announced no device are not chained and cost nothing. Not safe from several threads at
    once: ``announce`` and ``prove`` touch the store, and no frame may come in meanwhile.
    """

    def __init__(self, services: Services, *, attempt_id: UUID, department: str) -> None:
        """Prepare for that attempt."""
        self._services = services
        self._department = department
        self._chain: FrameChain | None = None
        self._device: Device | None = None
        self._attempt_id = attempt_id
        self._begun = self._settled = self._proven = False
        self.required = services.policies.requires_device(department)
        self.nonce = services.ids.nonce()
        self.announced: UUID | None = None
        self.fault: str | None = None
        self.late = 0

    @property
    def device_id(self) -> UUID | None:
        """The device that signed every frame of this attempt, None for none."""
        return self.announced if self._proven else None

    @property
    def refusal(self) -> str:
        """The code with which a fault of the device is refused."""
        return DEVICE_REQUIRED if self.required else DEVICE_REJECTED

    @property
    def pending(self) -> bool:
        """Whether a signature can be asked for: a device is announced, nothing is wrong with it, it sent something."""
        return self._chain is not None and self._chain.count > 0 and self.fault is None and not self._settled

    @property
    def amr(self) -> tuple[str, ...]:
        """What the device adds to the ``amr`` of a session."""
        return AMR_DEVICE if self._proven else ()

    @property
    def unchanged(self) -> tuple[Device, ...]:
        """What must not have changed when the session opens."""
        return (self._device,) if self._proven and self._device is not None else ()

    def acr(self, of_face: str) -> str:
        """Return the ``acr`` of a session: how life was proven, and whether on a device that we know."""
        return of_face + ACR_DEVICE if self._proven else of_face

    def announce(self, device_id: UUID) -> bool:
        """Say which device this is; False where it is too late, or said already.

        Whatever is wrong with the device becomes the ``fault``, with which the attempt is to be decided at once.
        """
        if self._begun or self.announced is not None:
            return False
        self.announced = device_id
        self.fault = self._look_up(device_id)
        if self.fault is None:
            self._chain = FrameChain(self._attempt_id, self.nonce)
        return True

    def received(self, message: bytes) -> bool:
        """Take in one binary message, before anything is made of it; False for one that is not to be judged."""
        self._begun = True
        if self._settled:
            self.late += 1
            return False
        if self._chain is not None:
            self._chain.add(message)
        elif self.required and self.fault is None:
            self.fault = MISSING
        return self.fault is None

    def settle(self) -> int:
        """Let no more frames count; return how many do: what the device has to sign."""
        self._settled = True
        return 0 if self._chain is None else self._chain.count

    def prove(self, device_id: UUID | None, signature: bytes | None) -> None:
        """Check what the device answered; None for nothing. Without an answer the attempt goes on as one of no device.

        Unless the department requires one: then that, and anywhere a wrong answer, becomes the ``fault``.
        """
        if self._chain is None or self._device is None or self.fault is not None:
            return
        if signature is None:
            self.fault = SILENT if self.required else None
        elif device_id == self.announced and self._services.signatures.verify(
            self._device.public_jwk, self._chain.statement, signature
        ):
            self._proven = True
        else:
            self.fault = WRONG

    def standing_fault(self) -> str | None:
        """Return what speaks against a success now, strongly consistent. Raises ``UnavailableError``."""
        if self._proven and self.announced is not None:
            return self._look_up(self.announced)
        return self.fault or (MISSING if self.required else None)

    def record(self, attempt: Attempt, act: Act) -> None:
        """Note the proof in the attempt's history."""
        if self._proven and self.announced is not None and self._chain is not None:
            attempt.prove_device(self.announced, frames=self._chain.count, act=act)

    def _look_up(self, device_id: UUID) -> str | None:
        """Read the device as it is now; return what is wrong with it."""
        try:
            device = self._services.store.get(Device, device_id)
        except NotFoundError:
            return UNKNOWN
        except SealBrokenError:
            return TAMPERED
        except FaceauthError as error:
            if self._proven:
                raise
            return error.code
        self._device = device
        if device.department != self._department:
            return FOREIGN
        return None if device.paired else REVOKED

    def check_available(self) -> None:
        """Raise ``UnavailableError`` where the device could not be looked up."""
        if self.fault == UnavailableError.code:
            raise UnavailableError("the device could not be looked up")


def standing_device(services: Services, device_id: UUID | None, department: str) -> tuple[Device, ...]:
    """Return the device that an attempt was proven on, as it stands now; nothing where there was none.

    Raises ``DeviceStateError`` for one that is revoked or elsewhere, ``NotFoundError``, ``SealBrokenError``.
    """
    if device_id is None:
        return ()
    device = services.store.get(Device, device_id)
    device.check_paired()
    if device.department != department:
        raise DeviceStateError("the device is of another department")
    return (device,)
