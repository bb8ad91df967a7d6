"""Retention: sweeps and holds; and what a witness of the log refuses."""

from __future__ import annotations

from domain.errors.base import DomainRuleError


class SweepStateError(DomainRuleError):
    """The sweep is not in a state that allows this."""

    code = "sweep_state"


class RetentionHaltedError(DomainRuleError):
    """A sweep stopped itself before deleting, and waits for an operator: a clock that jumped, or too much at once."""

    code = "retention_halted"


class HoldStateError(DomainRuleError):
    """The hold was released already."""

    code = "hold_state"


class ErasureHeldError(DomainRuleError):
    """A court or a duty in law keeps the data: they are blocked, and erased when the hold is released."""

    code = "erasure_held"


class WitnessConflictError(DomainRuleError):
    """A checkpoint contradicts one that the witness has."""

    code = "witness_conflict"
