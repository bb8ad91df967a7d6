"""What a verification of the history found: a verdict, and every place where something is not as it was written."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import asdict, dataclass, field
from typing import Any, Final

CHANGED: Final = "event_changed"
REMOVED: Final = "event_removed"
INSERTED: Final = "event_inserted"
REORDERED: Final = "event_reordered"
TAIL_CUT: Final = "tail_cut"
CLOSED: Final = "row_does_not_open"
STREAM_GAP: Final = "stream_gap"
LOG_CHANGED: Final = "log_changed"
LOG_REBUILT: Final = "log_rebuilt"
CHECKPOINT_MISMATCH: Final = "checkpoint_mismatch"
CHECKPOINT_REMOVED: Final = "checkpoint_removed"
VIEW_EDITED: Final = "view_edited"

SOUND: Final = "sound"
TAMPERED: Final = "tampered"

MOST_FAULTS: Final = 1_000
"""Places listed one by one; the others are counted."""


@dataclass(frozen=True, slots=True)
class Fault:
    """One place. ``leaf`` and ``until_leaf`` (the one after the last) name a range of the log where no event does.

    ``view``, ``table`` and ``key`` name a row of a read model; ``repair`` is the command that mends it.
    """

    kind: str
    detail: str
    position: int | None = None
    stream: str | None = None
    version: int | None = None
    leaf: int | None = None
    until_leaf: int | None = None
    checkpoint: int | None = None
    view: str | None = None
    table: str | None = None
    key: str | None = None
    repair: str | None = None

    def document(self) -> dict[str, Any]:
        """Return what is known of it, as JSON values."""
        return {name: value for name, value in asdict(self).items() if value is not None}


@dataclass(slots=True)
class Faults:
    """A list that stays small however much is wrong."""

    found: list[Fault] = field(default_factory=list)
    count: int = 0

    def add(self, fault: Fault) -> None:
        """Take one in."""
        self.count += 1
        if len(self.found) < MOST_FAULTS:
            self.found.append(fault)

    def extend(self, faults: Iterable[Fault]) -> None:
        """Take several in."""
        for fault in faults:
            self.add(fault)


@dataclass(frozen=True, slots=True)
class Verification:
    """The result. ``events`` were checked one by one; ``notes`` is what a reader has to know beside the verdict."""

    mode: str
    at: str
    origin: str
    events: int
    size: int
    root: str
    last_position: int
    checkpoints: int
    seconds: float
    faults: list[Fault]
    fault_count: int
    notes: list[str]

    @property
    def sound(self) -> bool:
        """Whether everything is as it was written."""
        return not self.fault_count

    def document(self) -> dict[str, Any]:
        """Return it as JSON values."""
        plain = {name: value for name, value in asdict(self).items() if name != "faults"}
        return {
            "verdict": SOUND if self.sound else TAMPERED,
            **plain,
            "faults": [fault.document() for fault in self.faults],
        }
