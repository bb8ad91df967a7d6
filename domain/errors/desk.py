"""What the officer's desk refuses."""

from __future__ import annotations

from domain.errors.base import DomainRuleError


class IncidentStateError(DomainRuleError):
    """The incident is closed, or not in a state that allows this."""

    code = "incident_state"
