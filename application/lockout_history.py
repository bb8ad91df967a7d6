"""Lockouts as people see them: listed, ended by an administrator, and told in the history."""

from __future__ import annotations

import logging
from contextlib import suppress
from functools import partial
from typing import Final
from uuid import UUID

from application.ports.lockouts import Counted
from application.services import Services
from domain.act import Act
from domain.errors import FaceauthError, NotFoundError
from domain.lockout import STANDING, Lockout
from domain.policies.lockout import Tally

MAX_LOCKOUTS: Final = 1000

log = logging.getLogger(__name__)


def listing(services: Services, *, department: str | None) -> list[tuple[Counted, Tally]]:
    """Return the lockouts of a department (of all where None), the newest first, ``MAX_LOCKOUTS`` at most."""
    return services.lockouts.locked(department=department, limit=MAX_LOCKOUTS)


def release(
    services: Services, lockout_id: UUID, *, reason: str, department: str | None, act: Act
) -> tuple[Counted, Tally]:
    """End a lockout of that department (of any where None), as an administrator decided; return what it was.

    Raises ``NotFoundError`` where there is none, or no longer, and ``UnavailableError``.
    """
    found = services.lockouts.find(lockout_id)
    if found is None or department not in {None, found[0].department}:
        raise NotFoundError("no such lockout")
    counted, _ = found
    with services.lockouts.held([counted], partial(services.policies.lockout.expires_at, now=act.at)) as held:
        tally = held[lockout_id]
        if tally.episode is not None:
            held[lockout_id] = tally.released()
    if tally.episode is None:
        raise NotFoundError("no such lockout")
    episode = _episode(services, tally.episode) or _imposed(services, counted, tally, act)
    episode.release(reason=reason, act=act)
    services.store.save(episode)
    return counted, tally


def forget_subject(services: Services, subject_id: UUID, *, act: Act) -> None:
    """Forget the failures in the name of somebody who is erased; their lockouts end. Raises ``UnavailableError``."""
    for episode_id in services.lockouts.forget_subject(subject_id):
        with suppress(FaceauthError):
            episode = _episode(services, episode_id)
            if episode is not None and episode.status == STANDING:
                episode.release(reason="erasure", act=act)
                services.store.save(episode)


def tell(services: Services, each: Counted, tally: Tally, refused: int, act: Act) -> None:
    """Write a wait into the history. The tally is what counts: one that cannot be told still holds."""
    if tally.episode is None:
        return
    try:
        episode = _episode(services, tally.episode)
        if episode is None:
            episode = _imposed(services, each, tally, act)
        elif episode.status == STANDING:
            episode.extend(failures=tally.total, until=tally.until, refused=refused, act=act)
        services.store.save(episode)
    except FaceauthError as error:
        log.warning("a lockout could not be recorded: %s", error.code)


def lift(services: Services, episodes: list[UUID], act: Act) -> None:
    """Write into the history that waits are over, after a success or because their window is."""
    for episode_id in episodes:
        with suppress(FaceauthError):
            episode = _episode(services, episode_id)
            if episode is not None and episode.status == STANDING:
                episode.lift(act=act)
                services.store.save(episode)


def _imposed(services: Services, each: Counted, tally: Tally, act: Act) -> Lockout:
    return Lockout(
        episode=tally.episode or services.ids.new(),
        lockout_id=each.lockout_id,
        method=each.method,
        scope=each.scope,
        department=each.department,
        place=each.place,
        subject_id=each.subject_id,
        device_id=each.device_id,
        failures=tally.total,
        until=tally.until,
        act=act,
        timestamp=act.at,
    )


def _episode(services: Services, episode_id: UUID) -> Lockout | None:
    with suppress(NotFoundError):
        return services.store.get(Lockout, episode_id)
    return None
