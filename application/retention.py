"""Enforce retention: announce, ask where something looks wrong, delete, and tell. Cut off anywhere, it goes on."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from itertools import islice
from typing import Any, Final
from uuid import UUID

from application import holds
from application.ports.selection import Selection
from application.retention_table import line_of, lines
from application.services import Services
from application.sweeping import SWEPT, Old, Swept
from domain.act import Act, reason_code
from domain.errors import (
    ConcurrencyError,
    InvalidInputError,
    NotFoundError,
    RetentionHaltedError,
    SweepStateError,
    UnavailableError,
)
from domain.retention import (
    CANCELLED,
    CLOCK_JUMPED,
    COMPLETED,
    HALTED,
    OPEN_STATES,
    PLANNED,
    TOO_MANY,
    Sweep,
)

MUTEX: Final = "retention"
BATCH: Final = 200
MOST_A_TURN: Final = 20_000
"""What the worker takes of one category before other tasks have their turn; the next turn goes on."""
TRIES: Final = 5

Progress = Callable[[str, int, int], None]
"""Hears of a category, how many are done and how many there are to do."""


@dataclass(frozen=True, slots=True)
class Survey:
    """What a sweep of a category would take now, and what it would leave because of holds."""

    category: str
    cutoff: datetime
    count: int
    held: int
    total: int
    oldest: datetime | None


def policies(services: Services) -> list[dict[str, Any]]:
    """Return every category as plain values: what, basis, period, floor, what happens at the end, who enforces it.

    Keys: category, what, what_en, basis, basis_en, period, period_en, period_days, floor_days, ceiling_days, at_end,
    at_end_en, enforced ("sweep", "task", "kept"), setting (None: cannot be changed).
    """
    return lines(services)


def survey(services: Services, *, department: str | None = None) -> list[Survey]:
    """Say what would go now, deleting nothing; of one department, without what belongs to none, where it is given."""
    services.projector.catch_up()
    return [_survey(services, swept, services.clock.now(), department) for swept in SWEPT]


def run(
    services: Services,
    *,
    act: Act,
    now: bool = False,
    most: int | None = None,
    progress: Progress = lambda _category, _done, _of: None,
) -> list[dict[str, Any]]:
    """Plan today's sweep of each category, and carry out what is due; return how each stands, as ``history`` does.

    A first sweep, and one of a shortened policy, stands announced for a day before it deletes, unless an operator says
    ``now``. One that is halted waits for ``approve``, whatever is said here. ``most`` bounds what goes of one category
    in this turn. Raises ``InProgressError``, ``UnavailableError``.
    """
    ids = []
    with services.store.mutex(MUTEX, wait=False):
        services.projector.catch_up()
        for swept in SWEPT:
            sweep = _todays(services, swept, act)
            if sweep.status == PLANNED and now and not sweep.approved:
                sweep.approve(act=act)
                services.store.save(sweep)
            _look_again(services, swept, sweep, act)
            if sweep.open and sweep.may_delete(act.at):
                _delete(services, swept, sweep, act, most, progress)
            ids.append(sweep.id)
        services.projector.catch_up()
    found = [row for sweep_id in ids for row in services.read_models.rows("sweep_rows", {"sweep_id": sweep_id})]
    if len(found) != len(ids):
        raise UnavailableError("the view of sweeps was changed by hand: faceauth projections rebuild sweeps")
    return [document(row) for row in found]


def run_due(services: Services, act: Act) -> None:
    """Do the worker's turn. Raises ``RetentionHaltedError`` where a category waits for an operator."""
    halted = [done["category"] for done in run(services, act=act, most=MOST_A_TURN) if done["status"] == HALTED]
    if halted:
        raise RetentionHaltedError(f"retention waits for an operator: {', '.join(halted)}; see 'faceauth retention'")


def approve(services: Services, sweep_id: UUID, *, act: Act) -> None:
    """Let an announced or halted sweep delete, from the next turn on.

    Raises ``NotFoundError``, ``SweepStateError``, also where its cutoff is younger than the clock and the policy say by
    now: then the clock stood wrong when it was planned.
    """
    sweep = services.store.get(Sweep, sweep_id)
    period = timedelta(seconds=sweep.period_s)
    if sweep.cutoff > act.at - period:
        raise SweepStateError("the clock stood wrong when this sweep was planned: cancel it, the next one is right")
    sweep.approve(act=act)
    services.store.save(sweep)


def cancel(services: Services, sweep_id: UUID, *, reason: str, act: Act) -> None:
    """End a sweep that has not ended; the next day plans anew. Raises ``NotFoundError``, ``SweepStateError``."""
    sweep = services.store.get(Sweep, sweep_id)
    sweep.cancel(reason_code(reason), act=act)
    services.store.save(sweep)


def history(services: Services, *, limit: int = 200) -> list[dict[str, Any]]:
    """Return the sweeps as JSON values, the newest first. Raises ``InvalidInputError`` (limit)."""
    if limit < 1:
        raise InvalidInputError("the limit is at least 1")
    services.projector.catch_up()
    rows = sorted(services.read_models.rows("sweep_rows"), key=lambda row: row["position"], reverse=True)
    return [document(row) for row in rows[:limit]]


def waiting(services: Services) -> list[dict[str, Any]]:
    """Return the sweeps that have not ended: announced, halted, or under way."""
    return [each for each in history(services, limit=1000) if each["status"] in OPEN_STATES]


def standing(services: Services) -> list[dict[str, Any]]:
    """Return each swept category with its last completed sweep, the one that waits, if any, and when the next is due.

    All as JSON values; ``next_at`` is None while a halted one waits for an operator.
    """
    services.projector.catch_up()
    return [_standing(services, swept.name) for swept in SWEPT]


def report(services: Services, since: datetime, until: datetime) -> list[dict[str, Any]]:
    """Return the lines of a report on [since, until): per category, as ``policies`` has it, what was deleted and held.

    A sweep counts when it ends, with all that it took; every one that took something is in ``sweeps`` with its cutoff,
    so no deletion goes without a line. ``waiting`` are those that have not ended by now.
    """
    services.projector.catch_up()
    rows = [
        row
        for row in services.read_models.rows("sweep_rows")
        if row["status"] in OPEN_STATES or since <= row["ended_at"] < until
    ]
    return [_report_line(services, swept.name, [r for r in rows if r["category"] == swept.name]) for swept in SWEPT]


def document(row: dict[str, Any]) -> dict[str, Any]:
    """Return a row of a sweep as JSON values."""
    plain = {name: value for name, value in row.items() if name not in {"position", "period_s"}}
    times = {name: value.isoformat() for name, value in plain.items() if isinstance(value, datetime)}
    return plain | times | {"sweep_id": str(row["sweep_id"]), "period_days": row["period_s"] / 86400}


def _standing(services: Services, category: str) -> dict[str, Any]:
    ended = Selection({"category": category, "status": COMPLETED})
    last = next(iter(services.read_models.newest("sweep_rows", ended, by="position", limit=1)), None)
    mine = ({"category": category, "status": status} for status in OPEN_STATES)
    waits = next((row for where in mine for row in services.read_models.rows("sweep_rows", where)), None)
    now = services.clock.now()
    tomorrow = (now + timedelta(days=1)).replace(hour=0, minute=0, second=0, microsecond=0)
    today_done = last is not None and last["day"] == now.date().isoformat()
    due = waits["due_at"] if waits else tomorrow if today_done else now
    return {
        "category": category,
        "last": document(last) if last else None,
        "waiting": document(waits) if waits else None,
        "next_at": None if waits and waits["status"] == HALTED else due.isoformat(),
    }


def _report_line(services: Services, category: str, rows: list[dict[str, Any]]) -> dict[str, Any]:
    ended = [row for row in rows if row["status"] not in OPEN_STATES]
    took = [document(row) for row in sorted(ended, key=lambda row: row["position"]) if row["deleted"]]
    return line_of(services, category) | {
        "deleted": sum(row["deleted"] for row in ended),
        "held": max((row["held"] for row in ended), default=0),
        "completed": sum(row["status"] == COMPLETED for row in ended),
        "cancelled": sum(row["status"] == CANCELLED for row in ended),
        "approved": sum(bool(row["approved"]) for row in ended),
        "waiting": [document(row) for row in rows if row["status"] in OPEN_STATES],
        "sweeps": took,
    }


def _period(services: Services, category: str) -> timedelta:
    period: timedelta = getattr(services.policies.retention, category)
    return period


def _survey(services: Services, swept: Swept, at: datetime, department: str | None = None) -> Survey:
    cutoff = at - _period(services, swept.name)
    kept = holds.standing(services)
    count = held = 0
    oldest: datetime | None = None
    for each in swept.find(services, cutoff):
        if department is not None and each.department != department:
            continue
        if kept.keep(each.subject_id, each.department):
            held += 1
        else:
            count, oldest = count + 1, each.at if oldest is None else min(oldest, each.at)
    total = swept.total(services) if department is None else count + held
    return Survey(swept.name, cutoff, count, held, total, oldest)


def _todays(services: Services, swept: Swept, act: Act) -> Sweep:
    """Return the sweep that is under way, or else today's, planned now where it is not yet."""
    period = _period(services, swept.name)
    mine = services.read_models.rows("sweep_rows", {"category": swept.name})
    for row in mine:
        if row["status"] in OPEN_STATES:
            sweep = services.store.get(Sweep, row["sweep_id"])
            why = _obsolete(sweep, period, act)
            if why is None:
                return sweep
            sweep.cancel(why, act=act)
            services.store.save(sweep)
    try:
        return services.store.get(Sweep, Sweep.create_id(swept.name, act.at.date().isoformat(), period.total_seconds()))
    except NotFoundError:
        return _plan(services, swept, period, mine, act)


def _obsolete(sweep: Sweep, period: timedelta, act: Act) -> str | None:
    """Say why a sweep must not go on: the policy is another now, or the clock was ahead when it was planned."""
    if sweep.period_s != period.total_seconds():
        return "policy_changed"
    return "clock_corrected" if sweep.cutoff > act.at - period else None


def _plan(services: Services, swept: Swept, period: timedelta, before: list[dict[str, Any]], act: Act) -> Sweep:
    guard, found = services.policies.sweeping, _survey(services, swept, act.at)
    ended = [row for row in before if row["status"] == COMPLETED and row["planned_at"] <= act.at]
    last = max(ended, key=lambda row: row["planned_at"], default=None)
    announced = bool(found.count) and (last is None or period.total_seconds() < last["period_s"])
    sweep = Sweep.plan(
        swept.name,
        act.at.date(),
        cutoff=found.cutoff,
        period=period,
        count=found.count,
        held=found.held,
        total=found.total,
        oldest=found.oldest,
        due_at=act.at + guard.announce if announced else act.at,
        act=act,
    )
    if guard.jumped(None if last is None else act.at - last["planned_at"]):
        sweep.halt(CLOCK_JUMPED, act=act)
    elif guard.too_many(found.count, found.total):
        sweep.halt(TOO_MANY, act=act)
    elif not found.count:
        sweep.complete(held=found.held, act=act)
    services.store.save(sweep)
    return sweep


def _look_again(services: Services, swept: Swept, sweep: Sweep, act: Act) -> None:
    """Halt what was announced for few and would take many by now: a hold may have ended since."""
    if sweep.status != PLANNED or sweep.approved or sweep.planned_at >= act.at or not sweep.may_delete(act.at):
        return
    kept = holds.standing(services)
    count = sum(not kept.keep(each.subject_id, each.department) for each in swept.find(services, sweep.cutoff))
    if count > sweep.count and services.policies.sweeping.too_many(count, swept.total(services)):
        sweep.halt(TOO_MANY, act=act)
        services.store.save(sweep)


def _delete(services: Services, swept: Swept, sweep: Sweep, act: Act, most: int | None, progress: Progress) -> None:
    """Take batch after batch, each committed with its record; end the sweep when nothing is left but what is held."""
    held = tries = done = 0
    found = swept.find(services, sweep.cutoff)
    while batch := list(islice(found, BATCH)):
        with services.store.mutex(holds.MUTEX):
            kept = holds.standing(services)
            free: Sequence[Old] = [each for each in batch if not kept.keep(each.subject_id, each.department)]
            held += len(batch) - len(free)
            try:
                done += swept.take(services, sweep, free, act) if free else 0
            except ConcurrencyError:  # somebody changed one of them at this moment: look at all of it anew
                tries += 1
                if tries == TRIES:
                    raise
                sweep, held, found = services.store.get(Sweep, sweep.id), 0, swept.find(services, sweep.cutoff)
        progress(swept.name, sweep.deleted, max(sweep.count, sweep.deleted))
        if most is not None and done >= most:
            return
    sweep.complete(held=held, act=act)
    services.store.save(sweep)
