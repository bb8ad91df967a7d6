"""Devices that the hospital knows: invited by an administrator, paired by a code, revoked when they are lost."""

from __future__ import annotations

import secrets
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any, Final
from uuid import UUID

from application.ports.event_store import Claim
from application.ports.pairings import Invitation
from application.services import Services
from application.sessions import revoke_sessions
from domain import device_proof
from domain.act import Act
from domain.device import Device
from domain.errors import (
    ClaimTakenError,
    DepartmentUnknownError,
    DeviceStateError,
    InvalidInputError,
    NotFoundError,
    PairingRefusedError,
    TooManyGuessesError,
)
from domain.roles import EVERYWHERE

CODE_LIFETIME: Final = timedelta(minutes=10)
MAX_INVITATIONS: Final = 100
GUESSES_OF_ADDRESS: Final = 20
GUESSES_OF_ALL: Final = 600
GUESS_WINDOW: Final = timedelta(minutes=1)
KEEP_GUESSES: Final = timedelta(hours=1)
"""What one has to try. A code is 10 characters of 32, 2^50 = 1.1e15 codes, of which at most 100 open at once. A guess
names no code, so guesses are bounded, not codes burnt: 20 a minute from an address, 600 a minute from everywhere
(windows are fixed, so twice that around a minute's turn). In the 10 minutes of a code's life that is 6,600 guesses:
one of 100 open codes is hit with probability 6,600 x 100 / 2^50 = 6e-10; by guessing for a year on end, 3e-5. Nobody
shuts the door on others by guessing from fewer than 30 addresses, and then only on pairing."""

MAX_LABEL_CHARACTERS: Final = 60
KEY_CLAIM: Final = "device_key"
"""Kind of the claim by which a key pairs once, for good: a revoked one does not come back under another id."""


@dataclass(frozen=True, slots=True)
class Invited:
    """A code to type on the device; it is kept nowhere else."""

    code: str
    expires_at: datetime

    @property
    def shown(self) -> str:
        """The code in two halves, as people read it."""
        half = len(self.code) // 2
        return f"{self.code[:half]}-{self.code[half:]}"


def invite(services: Services, *, department: str, label: str, act: Act) -> Invited:
    """Return a code with which one device is paired to a department within ``CODE_LIFETIME``.

    ``label`` is what the administrator calls it; never a person's name. Raises ``DepartmentUnknownError``,
    ``InvalidInputError``, and ``TooManyGuessesError`` where too many codes are open.
    """
    label = " ".join(label.split())
    if not 1 <= len(label) <= MAX_LABEL_CHARACTERS or not label.isprintable():
        raise InvalidInputError(f"a label has 1 to {MAX_LABEL_CHARACTERS} characters")
    if not services.departments.exists(department):
        raise DepartmentUnknownError("no such department")
    code = "".join(secrets.choice(device_proof.CODE_ALPHABET) for _ in range(device_proof.CODE_CHARACTERS))
    expires_at = act.at + CODE_LIFETIME
    invitation = Invitation(services.ids.new(), department, label, act.actor, expires_at)
    if not services.pairings.invite(_digest(services, code), invitation, most=MAX_INVITATIONS, now=act.at):
        raise TooManyGuessesError("too many pairing codes are open: use them, or wait")
    return Invited(code, expires_at)


def pair(
    services: Services, *, code: str, public_jwk: dict[str, Any], proof: str, address: str, channel: str
) -> Device:
    """Pair the device whose key signed the code: ``proof`` is its signature over ``device_proof.pairing_statement``.

    Whoever presents the code first, has it. The proof is checked before the code is looked up, so that a mistake in it
    costs no code. Raises ``TooManyGuessesError``, ``InvalidInputError`` (form, key, proof), ``PairingRefusedError``
    (no such code, or not any more), ``DeviceStateError`` (the key was paired before).
    """
    now = services.clock.now()
    _count_guess(services, address, now)
    plain, key = device_proof.plain_code(code), device_proof.canonical_jwk(public_jwk)
    signature = device_proof.decoded(proof)
    if not services.signatures.verify(key, device_proof.pairing_statement(plain, key), signature):
        raise InvalidInputError("the proof is no signature of that code by that key")
    claimed = services.vault.digest(KEY_CLAIM, device_proof.thumbprint(key))
    if services.store.claimant(KEY_CLAIM, claimed) is not None:
        raise DeviceStateError("this key was paired before: a device makes a new one")
    invitation = services.pairings.take(_digest(services, plain), now=now)
    if invitation is None:
        raise PairingRefusedError("the code is wrong, used or over: ask for another")
    act = services.act(invitation.invited_by, channel, cause=invitation.pairing_id)
    device = Device.pair(
        services.ids.new(), department=invitation.department, label=invitation.label, public_jwk=key, act=act
    )
    try:
        services.store.save(device, claim=[Claim(KEY_CLAIM, claimed, device.id)])
    except ClaimTakenError:
        raise DeviceStateError("this key was paired before: a device makes a new one") from None
    return device


def known(services: Services, *, department: str) -> list[dict[str, Any]]:
    """Return the rows of all devices of a department, or of all with "*", the oldest first."""
    services.projector.catch_up()
    rows = services.read_models.rows("device_rows", {} if department == EVERYWHERE else {"department": department})
    return sorted(rows, key=lambda row: row["position"])


def revoke(services: Services, device_id: UUID, *, department: str, reason: str, act: Act) -> int:
    """Trust a device no more and end its sessions; return how many. None is opened on it once this returns.

    A sign-in that has not committed its session by then reads the device again and is refused. Where the device is
    revoked already, sessions that still stand end: a revocation that was cut off is completed by repeating it. Raises
    ``NotFoundError`` for no such device in that department ("*" for any).
    """
    device = services.store.get(Device, device_id)
    if department not in {EVERYWHERE, device.department}:
        raise NotFoundError("no such device")
    if device.paired:
        device.revoke(reason=reason, act=act)
        services.projector.catch_up(services.store.save(device))
    else:
        services.projector.catch_up()
    return len(revoke_sessions(services, {"device_id": device_id}, reason="device_revoked", act=act))


def forget_pairings(services: Services) -> int:
    """Forget codes and guesses that do not matter any more; return how many."""
    return services.pairings.forget(services.clock.now() - KEEP_GUESSES)


def _count_guess(services: Services, address: str, now: datetime) -> None:
    """Count before anything else is done: what is refused for its number costs next to nothing."""
    window = now.replace(second=0, microsecond=0)
    source = services.vault.digest("pairing_address", address)
    if services.pairings.guess(source, window=window) > GUESSES_OF_ADDRESS:
        raise TooManyGuessesError("too many pairings from this address: wait a minute")
    if services.pairings.guess("", window=window) > GUESSES_OF_ALL:
        raise TooManyGuessesError("too many pairings: wait a minute")


def _digest(services: Services, code: str) -> str:
    return services.vault.digest("pairing_code", code)
