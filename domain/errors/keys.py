"""Keys, seals, erasure and backups."""

from __future__ import annotations

from domain.errors.base import ConcurrencyError, DomainRuleError, FaceauthError, UnavailableError


class KeyRingError(UnavailableError):
    """The key ring cannot be used: unreadable, readable by others, or without a key that is needed."""

    code = "key_ring"


class KeyRingMissingError(KeyRingError):
    """There is no ring where data sealed under one exists."""

    code = "key_ring_missing"


class KeyRingDamagedError(KeyRingError):
    """The ring is truncated, changed, or of an unknown format."""

    code = "key_ring_damaged"


class KeyRingOutdatedError(KeyRingError):
    """The ring is an older copy than the one that the store has seen."""

    code = "key_ring_outdated"


class KeyRingForeignError(KeyRingError):
    """The ring belongs to another deployment."""

    code = "key_ring_foreign"


class TransformUnknownError(KeyRingError):
    """The ring does not hold, or no longer holds, the transform that protects this template."""

    code = "transform_unknown"


class KeyActiveError(DomainRuleError):
    """The key is in use for new values: rotate first, then destroy."""

    code = "key_active"


class KeyInUseError(DomainRuleError):
    """Something alive still hangs on that key: rewrap or rotate first."""

    code = "key_in_use"


class KeysReadOnlyError(DomainRuleError):
    """The key provider cannot make or destroy keys by itself; the message says what the operator does instead."""

    code = "keys_read_only"


class KekNotActiveError(ConcurrencyError):
    """The key-encryption key was replaced meanwhile: read the ring again and wrap anew."""


class RotationStateError(DomainRuleError):
    """The campaign is over, or not in a state that allows this."""

    code = "rotation_state"


class AlreadyErasedError(DomainRuleError):
    """That person was erased before."""

    code = "already_erased"


class BackupDamagedError(FaceauthError):
    """A backup that is truncated, changed, or not one of ours."""

    code = "backup_damaged"


class BackupForeignError(FaceauthError):
    """A backup of another deployment, or sealed to another escrow key."""

    code = "backup_foreign"


class KeyDestroyedError(FaceauthError):
    """The data key is gone: what it sealed is erased for good."""

    code = "erased"


class SealBrokenError(FaceauthError):
    """A sealed value was changed, moved to another place, or sealed under another key."""

    code = "seal_broken"


class KekUnknownError(KeyRingError, SealBrokenError):
    """A data key names a key-encryption key that the newest ring does not hold: whatever it seals stays closed.

    That name was changed, or the ring is an older copy that somebody accepted. It concerns that data key alone.
    """

    code = "kek_unknown"
