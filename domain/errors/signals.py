"""Security events that go out."""

from __future__ import annotations

from domain.errors.base import DomainRuleError, InvalidInputError


class StreamStateError(DomainRuleError):
    """The stream is not in a state, or not of a kind, that allows this."""

    code = "stream_state"


class StreamLimitError(DomainRuleError):
    """As many streams, or things on one, as there may be."""

    code = "stream_limit"


class EndpointForbiddenError(InvalidInputError):
    """An address that the service does not send to."""

    code = "endpoint_forbidden"
