"""Who has failed too often has to wait, or to come in by another way. What is counted and why: the policy's module."""

from __future__ import annotations

import hashlib
import ipaddress
import logging
import math
from contextlib import suppress
from dataclasses import dataclass, field, replace
from datetime import datetime
from functools import partial
from typing import Final
from uuid import UUID

from application.lockout_history import lift, tell
from application.ports.lockouts import Counted
from application.services import Services
from domain.act import Act
from domain.errors import FaceauthError, LockedOutError, RateLimitedError
from domain.policies.lockout import (
    ADDRESS,
    BETWEEN_TRIES,
    CLAIM,
    CLAIM_AT_ADDRESS,
    CLAIM_AT_DEVICE,
    DEPARTMENT,
    DEVICE,
    MINUTE,
    RATE,
    LockoutPolicy,
    Tally,
)

FACE = "face"
PASSWORD = "password"  # noqa: S105 - a way in
PLACE_DIGITS: Final = 16
IPV6_PREFIX: Final = 64
"""One client usually has a whole /64 to itself (RFC 6177, RFC 7934): counting single addresses would count nobody."""

log = logging.getLogger(__name__)


@dataclass(frozen=True, slots=True)
class Origin:
    """Where an attempt comes from and whom it claims to be: what failures are counted by.

    ``subject_id`` is the subject whose username was claimed, if any; ``claim_digest`` the keyed digest of a username
    that nobody holds, so that an unknown one is counted, and takes as long, like a known one. ``device_id`` is that of
    a device that proved itself, never one that is only named.
    """

    method: str
    department: str
    address: str = field(repr=False)
    device_id: UUID | None = None
    subject_id: UUID | None = None
    claim_digest: str = ""


def look(services: Services, origin: Origin, *, act: Act) -> None:
    """Raise ``LockedOutError`` where that origin has to wait, without beginning a try. Raises ``UnavailableError``."""
    narrow, wide = _counted(services, origin)
    tallies = services.lockouts.peek([each.lockout_id for each in (*narrow, *wide)])
    spared = _spared(services.policies.lockout, narrow, tallies, act.at)
    for each in (*narrow, *wide):
        if each.scope not in spared and _tally(tallies, each).waiting(act.at):
            raise _turned_away(services, each, act.at)


def check(services: Services, origin: Origin, *, act: Act) -> None:
    """Begin a try, or raise ``LockedOutError`` where that origin has to wait. Before anything is judged.

    The try holds a slot until ``failed`` or ``succeeded`` is called with an act of the same ``correlation_id``, or for
    ``LockoutPolicy.lease``: together with the failures that are counted, tries never pass the limit. Raises
    ``UnavailableError``.
    """
    policy, now = services.policies.lockout, act.at
    narrow, wide = _counted(services, origin)
    around = services.lockouts.peek([each.lockout_id for each in (*narrow, *wide)])
    spared = _spared(policy, narrow, around, now)
    for each in wide:
        if each.scope not in spared and _tally(around, each).waiting(now):
            raise _turned_away(services, each, now)
    with services.lockouts.held(narrow, partial(policy.expires_at, now=now)) as held:
        spared = _spared(policy, narrow, held, now)
        full = [
            each
            for each in narrow
            if each.scope not in spared and policy.rule(each.scope).room(held[each.lockout_id], now) == 0
        ]
        if not full:
            for each in narrow:
                tally = policy.rule(each.scope).current(held[each.lockout_id], now)
                held[each.lockout_id] = tally.with_lease(str(act.correlation_id), now + policy.lease, now)
    if full:
        raise _turned_away(services, full[0], now)


def failed(services: Services, origin: Origin, *, act: Act, pad_passed: bool = False) -> None:
    """Count a failure; ``pad_passed``: a live person was in front of the camera. Raises ``UnavailableError``."""
    policy, now = services.policies.lockout, act.at
    narrow, wide = _counted(services, origin)
    everything = (*narrow, *wide)
    news: list[tuple[Counted, Tally, int]] = []
    over: list[UUID] = []
    with services.lockouts.held(everything, partial(policy.expires_at, now=now)) as held:
        for each in everything:
            before = held[each.lockout_id].without_lease(str(act.correlation_id))
            after = policy.rule(each.scope).fail(before, now, live=pad_passed)
            if (after.until, after.stopped) != (before.until, before.stopped) and after.waiting(now):
                after = replace(after, episode=before.episode or services.ids.new())
                news.append((each, after, before.refused))
            elif before.episode is not None and after.episode is None:
                over.append(before.episode)
            held[each.lockout_id] = after
    for each, tally, refused in news:
        tell(services, each, tally, refused, act)
    lift(services, over, act)


def undecided(services: Services, origin: Origin, *, act: Act) -> None:
    """Give the slot of ``check`` back after what was neither a success nor a failure.

    A slot that cannot be given back ends by itself.
    """
    narrow, _ = _counted(services, origin)
    with (
        suppress(FaceauthError),
        services.lockouts.held(narrow, partial(services.policies.lockout.expires_at, now=act.at)) as held,
    ):
        for each in narrow:
            held[each.lockout_id] = held[each.lockout_id].without_lease(str(act.correlation_id))


def succeeded(services: Services, origin: Origin, *, act: Act) -> None:
    """Begin to count anew for who succeeded and where they did; ``origin`` names them by ``subject_id``.

    Never for anybody else who was claimed there. What cannot be reached keeps its count: a success stays one.
    """
    try:
        _succeed(services, origin, act)
    except FaceauthError as error:
        log.warning("a success could not be noted: %s", error.code)


def admit(services: Services, address: str, *, act: Act) -> None:
    """Let an attempt begin. Raises ``RateLimitedError`` after too many within a minute that came to nothing.

    Attempts that open a session do not count: at the change of shifts a ward signs in at once, behind one address.
    Costs a look and no write. Raises ``UnavailableError``.
    """
    rate = _rate(services, address)
    tally = services.lockouts.peek([rate.lockout_id]).get(rate.lockout_id, Tally())
    if tally.under_way(act.at) >= services.policies.lockout.attempts_from_address:
        raise RateLimitedError(_seconds(min(end for end in tally.leases.values() if end > act.at), act.at))


def came_to_nothing(services: Services, address: str, *, act: Act) -> None:
    """Count an attempt from an address that opened no session, for a minute. What cannot be counted is logged."""
    policy, now, rate = services.policies.lockout, act.at, _rate(services, address)
    try:
        with services.lockouts.held([rate], partial(policy.expires_at, now=now)) as held:
            tally = held[rate.lockout_id]
            if tally.under_way(now) < policy.attempts_from_address:
                held[rate.lockout_id] = tally.with_lease(str(services.ids.new()), now + MINUTE, now)
    except FaceauthError as error:
        log.warning("an attempt could not be counted: %s", error.code)


def forget(services: Services, *, act: Act) -> int:
    """Forget what does not matter any more, and the least of what is too much; return how much."""
    return services.lockouts.forget(act.at, keep=services.policies.lockout.rows)


def _succeed(services: Services, origin: Origin, act: Act) -> None:
    policy, now = services.policies.lockout, act.at
    narrow, wide = _counted(services, origin)
    claims = [each for each in wide if each.scope == CLAIM]
    known = services.lockouts.peek([each.lockout_id for each in claims])
    here = (*narrow, *(each for each in claims if each.lockout_id in known))
    over: list[UUID] = []
    with services.lockouts.held(here, partial(policy.expires_at, now=now)) as held:
        for each in here:
            before = held[each.lockout_id].without_lease(str(act.correlation_id))
            after = policy.rule(each.scope).succeed(before, now)
            held[each.lockout_id] = after
            if before.episode is not None and after.episode is None:
                over.append(before.episode)
    lift(services, over, act)


def _counted(services: Services, origin: Origin) -> tuple[tuple[Counted, ...], tuple[Counted, ...]]:
    """Return what an attempt is counted by: (narrow, where tries hold slots; wide, where failures only delay)."""
    place = f"device:{origin.device_id}" if origin.device_id else _place(services, origin.address)
    count = partial(_count, services, origin.method, shown=origin.department)
    by_device = origin.device_id is not None
    narrow = [
        count(DEVICE if by_device else ADDRESS, origin.department, place, device_id=origin.device_id),
    ]
    wide = [count(DEPARTMENT, origin.department, "")]
    claim = str(origin.subject_id) if origin.subject_id else origin.claim_digest
    if claim:
        who = partial(count, claim=claim, subject_id=origin.subject_id)
        at = CLAIM_AT_DEVICE if by_device else CLAIM_AT_ADDRESS
        narrow.insert(0, who(at, "", place, device_id=origin.device_id))
        wide.insert(0, who(CLAIM, "", ""))
    return tuple(narrow), tuple(wide)


def _rate(services: Services, address: str) -> Counted:
    return _count(services, "", RATE, "", _place(services, address))


def _count(
    services: Services,
    method: str,
    scope: str,
    department: str,
    place: str,
    *,
    claim: str = "",
    shown: str = "",
    subject_id: UUID | None = None,
    device_id: UUID | None = None,
) -> Counted:
    text = f"{method}\n{scope}\n{department}\n{place}\n{claim}"
    # vault.digest folds spellings of one identifier together; what it is given here must stay what it is.
    digest = services.vault.digest("lockout", hashlib.sha256(text.encode()).hexdigest())
    seen_at = "" if device_id else place[:PLACE_DIGITS]
    return Counted(UUID(digest[:32]), method, scope, shown or department, seen_at, subject_id, device_id)


def _place(services: Services, address: str) -> str:
    """Return the keyed digest of an address, of an IPv6 one its network's."""
    try:
        parsed = ipaddress.ip_address(address)
    except ValueError:
        return services.vault.digest("address", address)
    mapped = parsed.ipv4_mapped if isinstance(parsed, ipaddress.IPv6Address) else None
    if isinstance(parsed, ipaddress.IPv6Address) and mapped is None:
        return services.vault.digest("address", str(ipaddress.ip_network((int(parsed), IPV6_PREFIX), strict=False)))
    return services.vault.digest("address", str(mapped or parsed))


def _spared(
    policy: LockoutPolicy, narrow: tuple[Counted, ...], tallies: dict[UUID, Tally], now: datetime
) -> frozenset[str]:
    """Return the scopes that do not keep somebody waiting who comes from where they have succeeded lately."""
    first = narrow[0]
    if not _tally(tallies, first).familiar(now, policy.familiar):
        return frozenset()
    return frozenset({ADDRESS, CLAIM, DEPARTMENT}) if len(narrow) > 1 else frozenset({DEPARTMENT})


def _tally(tallies: dict[UUID, Tally], each: Counted) -> Tally:
    return tallies.get(each.lockout_id, Tally())


def _turned_away(services: Services, each: Counted, now: datetime) -> LockedOutError:
    """Count who is turned away, and return what they are told: the same whatever it is that is locked."""
    with services.lockouts.held([each], partial(services.policies.lockout.expires_at, now=now)) as held:
        tally = held[each.lockout_id]
        if tally.waiting(now):
            held[each.lockout_id] = replace(tally, refused=tally.refused + 1)
    if tally.stopped:
        return LockedOutError(None, first=tally.refused == 0)
    until = tally.until if tally.until is not None and tally.until > now else now + BETWEEN_TRIES
    return LockedOutError(_seconds(until, now), first=tally.refused == 0 and tally.waiting(now))


def _seconds(until: datetime, now: datetime) -> int:
    return max(1, math.ceil((until - now).total_seconds()))
