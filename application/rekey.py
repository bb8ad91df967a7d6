"""Change keys under a running service: rewrap everybody's data keys, then destroy what nothing hangs on any more."""

from __future__ import annotations

from collections.abc import Callable
from contextlib import suppress
from dataclasses import dataclass, field
from datetime import date, datetime, timedelta
from typing import Final

from application.journal import UNATTENDED, record, record_broken, refusals_recorded
from application.ports.keys import ACTIVE, DESTROYED, RETIRING, DestroyedKey, KeyFacts
from application.ports.vault import epoch_owner
from application.services import Services
from domain.act import Act
from domain.errors import InvalidInputError, KeyActiveError, KeysReadOnlyError, NotFoundError, SealBrokenError

KEYS_MUTEX: Final = "keys"
BATCH: Final = 500
EPOCH_PREFIX: Final = epoch_owner("")

Progress = Callable[[int, int], None]
"""Hears (done, of)."""


@dataclass(frozen=True, slots=True)
class Rekeyed:
    """What a rotation of the key-encryption keys came to.

    ``final`` names the owners whose erasure became final by it. ``kept`` says, by id, why a former key could not be
    destroyed yet, ``broken`` counts data keys that do not open: somebody changed them.
    """

    kek_id: str
    rewrapped: int
    destroyed: list[str] = field(default_factory=list)
    kept: dict[str, str] = field(default_factory=dict)
    final: list[str] = field(default_factory=list)
    broken: int = 0


def rotate_keks(
    services: Services, *, act: Act, fresh: bool = False, progress: Progress = lambda _done, _of: None
) -> Rekeyed:
    """Put a new key-encryption key in charge, rewrap every data key under it, destroy the former ones.

    A rotation that was cut off is carried on, with the key it made; ``fresh`` makes another one all the same. Raises
    ``InProgressError`` where another process is at it, ``KeysReadOnlyError`` where the operator provides keys.
    """
    with refusals_recorded(services, "kek_rotation", act=act), services.store.mutex(KEYS_MUTEX, wait=False):
        unfinished = any(key.state == RETIRING for key in services.keys.status().keks)
        another = fresh or not unfinished
        kek_id = services.keys.add_kek() if another else _active(services)
        rewrapped, broken = _rewrap(services, act, progress)
        destroyed, kept = _destroy_former(services)
        final = services.keys.settle()
    done = Rekeyed(kek_id, rewrapped, destroyed, kept, final, broken)
    if another or rewrapped or destroyed or final or act.channel != UNATTENDED:
        facts = {"kek": kek_id, "rewrapped": str(rewrapped), "destroyed": " ".join(destroyed), "final": str(len(final))}
        record(services, "kek_rotation", act=act, facts=facts)
    return done


def replace_keks(services: Services, *, older_than: datetime, act: Act) -> None:
    """Rotate the key-encryption keys unless the active one is newer than that and none is left of the former ones."""
    keks = services.keys.status().keks
    outdated = any(key.state == ACTIVE and key.created_at < older_than for key in keks)
    if outdated or any(key.state == RETIRING for key in keks):
        rotate_keks(services, act=act, fresh=outdated)


def destroy_kek(services: Services, kek_id: str, *, act: Act) -> None:
    """Destroy one key-encryption key. Raises ``NotFoundError``, ``KeyActiveError``, ``KeyInUseError``."""
    with refusals_recorded(services, "kek_destruction", act=act), services.store.mutex(KEYS_MUTEX, wait=False):
        services.keys.destroy_kek(kek_id)
        services.keys.settle()
    record(services, "kek_destruction", act=act, facts={"kek": kek_id})


def destroy_epoch(services: Services, epoch: str, *, act: Act) -> None:
    """Destroy the data key of a month ("yyyy-mm"): client addresses of its attempts cannot be read again.

    Raises ``InvalidInputError``, ``KeyActiveError`` for this month or one to come, ``NotFoundError`` where that month
    has no key, or none any more.
    """
    with refusals_recorded(services, "epoch_destruction", act=act):
        if _end_of(epoch) > act.at.date():
            raise KeyActiveError("attempts of this month are still sealed under that key")
        if not services.vault.has_key(epoch_owner(epoch)):
            raise NotFoundError("there is no key of that month, or it is destroyed already")
        services.vault.destroy_key(epoch_owner(epoch))
    record(services, "epoch_destruction", act=act, facts={"epoch": epoch})


def destroy_old_epochs(services: Services, *, act: Act) -> list[str]:
    """Destroy the keys of months that ended longer ago than the policy keeps them; return those months."""
    oldest = act.at.date() - services.policies.retention.epoch_keys
    owners = services.vault.owners(EPOCH_PREFIX)
    epochs = sorted(owner.removeprefix(EPOCH_PREFIX) for owner in owners)
    due = [epoch for epoch in epochs if _is_month(epoch) and _end_of(epoch) <= oldest]
    for epoch in due:
        destroy_epoch(services, epoch, act=act)
    return due


def finalise_erasures(
    services: Services, *, act: Act, force: bool = False, progress: Progress = lambda _done, _of: None
) -> list[str]:
    """Make pending erasures final where they are due, or at once by ``force``; return the owners that became final.

    Due is half the longest time allowed, so that a night without the service does not overstep it. Where former keys
    are gone already, settling is enough.
    """
    final = services.keys.settle()
    pending = [line.at for line in _to_do(services)]
    if not pending:
        return final
    if force or act.at - min(pending) >= services.policies.retention.erasure_final / 2:
        final += rotate_keks(services, act=act, fresh=_must_be_fresh(services), progress=progress).final
    return final


def _must_be_fresh(services: Services) -> bool:
    """Say whether a pending erasure hangs on the active key itself: carrying on an old rotation would not end it."""
    active = _active(services)
    return any(active in line.wrapped_under for line in _to_do(services))


def _to_do(services: Services) -> list[DestroyedKey]:
    """Return the erasures that wait for keys to go: also final ones whose keys an older key backup brought back."""
    living = {key.key_id for key in services.keys.status().keks if key.state != DESTROYED}
    ledger = services.keys.destroyed_data_keys()
    return [line for line in ledger if line.final_at is None or living.intersection(line.wrapped_under)]


def _rewrap(services: Services, act: Act, progress: Progress) -> tuple[int, int]:
    of = sum(key.holds for key in services.keys.status().keks if key.state == RETIRING)
    done = broken = 0
    progress(done, of)
    while True:
        try:
            found = services.keys.rewrap(BATCH)
        except SealBrokenError:
            broken += 1
            continue
        if not found:
            break
        done += found
        progress(done, max(of, done))
    for owner in services.keys.broken():
        record_broken(services, "data_key", place=owner, code=SealBrokenError.code, act=act)
    return done, broken


def _destroy_former(services: Services) -> tuple[list[str], dict[str, str]]:
    destroyed: list[str] = []
    kept: dict[str, str] = {}
    for key in _living_former(services):
        if key.holds:
            kept[key.key_id] = "key_in_use"
            continue
        try:
            services.keys.destroy_kek(key.key_id)
        except KeysReadOnlyError as error:
            kept[key.key_id] = str(error)
        else:
            destroyed.append(key.key_id)
    return destroyed, kept


def _living_former(services: Services) -> list[KeyFacts]:
    active = _active(services)
    return [key for key in services.keys.status().keks if key.state != DESTROYED and key.key_id != active]


def _active(services: Services) -> str:
    return next(key.key_id for key in services.keys.status().keks if key.state == ACTIVE)


def _is_month(epoch: str) -> bool:
    """Say whether that is a month: somebody with access to the table can put anything there."""
    with suppress(InvalidInputError):
        return _end_of(epoch) is not None
    return False


def _end_of(epoch: str) -> date:
    """Return the first day after that month. Raises ``InvalidInputError``."""
    try:
        first = datetime.strptime(epoch, "%Y-%m").date()  # noqa: DTZ007 - a month has no zone
        return (first + timedelta(days=31)).replace(day=1)
    except (ValueError, OverflowError):
        raise InvalidInputError("an epoch is a month such as 2026-05") from None
