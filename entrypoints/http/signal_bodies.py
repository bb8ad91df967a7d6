"""The JSON bodies of the Shared Signals endpoints (SSF 1.0, RFC 8936, RFC 9493)."""

from __future__ import annotations

from typing import Annotated, ClassVar, Final, Literal
from uuid import UUID

from pydantic import AliasChoices, ConfigDict, Field, StringConstraints

from application.ports.signal_streams import POLL
from entrypoints.http.bodies import Body

MAX_EVENT_TYPES: Final = 64
MAX_ANSWERED: Final = 500
MAX_POLL_BYTES: Final = 128 * 1024

Uri = Annotated[str, StringConstraints(min_length=1, max_length=200)]
Description = Annotated[str, StringConstraints(max_length=200)]
Reason = Annotated[str, StringConstraints(max_length=200)]
PairwiseSubject = Annotated[str, StringConstraints(min_length=1, max_length=100)]
ErrorCode = Annotated[str, StringConstraints(pattern=r"^[A-Za-z0-9_]{1,60}$")]


class SsfBody(Body):
    """Base: members that the transmitter supplies may come back to it (SSF 1.0, section 8.1.1.4) and count nothing."""

    model_config = ConfigDict(extra="ignore", frozen=True, hide_input_in_errors=True)


class Delivery(SsfBody):
    """How a stream is delivered. ``authorization_header`` is a secret: never given back."""

    method: Literal["urn:ietf:rfc:8935", "urn:ietf:rfc:8936"]
    endpoint_url: Annotated[str, StringConstraints(max_length=2000)] | None = None
    authorization_header: Annotated[str, StringConstraints(min_length=1, max_length=4000)] | None = Field(
        default=None, repr=False
    )


class StreamBody(SsfBody):
    """What a receiver wants of a new stream."""

    delivery: Delivery = Delivery(method=POLL)
    events_requested: list[Uri] | None = Field(default=None, max_length=MAX_EVENT_TYPES)
    description: Description = ""


class ChangeBody(SsfBody):
    """What a receiver wants of a stream from now on: PATCH leaves what is not named, PUT takes it away."""

    stream_id: UUID
    delivery: Delivery | None = None
    events_requested: list[Uri] | None = Field(default=None, max_length=MAX_EVENT_TYPES)
    description: Description | None = None


class StatusBody(SsfBody):
    """The status that a receiver wants."""

    stream_id: UUID
    status: Literal["enabled", "paused", "disabled"]
    reason: Reason = ""


class IssuerSubject(SsfBody):
    """Issuer and subject (RFC 9493, section 3.2.3), as our SETs name people."""

    format: Literal["iss_sub"]
    iss: Uri
    sub: PairwiseSubject


class ComplexSubject(SsfBody):
    """A complex subject whose user is told as our SETs tell it (SSF 1.0, section 3.2)."""

    format: Literal["complex"]
    user: IssuerSubject


class SubjectBody(SsfBody):
    """Whom a stream is to speak of, or not."""

    stream_id: UUID
    subject: Annotated[IssuerSubject | ComplexSubject, Field(discriminator="format")]

    @property
    def named(self) -> IssuerSubject:
        """The person."""
        return self.subject.user if isinstance(self.subject, ComplexSubject) else self.subject


class VerifyBody(SsfBody):
    """Asks for a verification event; ``state`` comes back in it."""

    stream_id: UUID
    state: Annotated[str, StringConstraints(min_length=1, max_length=200)] | None = None


class SetError(SsfBody):
    """Why a receiver refuses a SET (RFC 8936, section 2.6). Its description is not kept: it could say anything."""

    err: ErrorCode


class PollBody(SsfBody):
    """RFC 8936, section 2.2."""

    max_bytes: ClassVar[int] = MAX_POLL_BYTES

    max_events: int = Field(default=100, ge=0, validation_alias=AliasChoices("maxEvents"))
    return_immediately: bool = Field(default=False, validation_alias=AliasChoices("returnImmediately"))
    ack: list[UUID] = Field(default_factory=list, max_length=MAX_ANSWERED)
    set_errs: dict[UUID, SetError] = Field(
        default_factory=dict, max_length=MAX_ANSWERED, validation_alias=AliasChoices("setErrs")
    )


class WebhookBody(Body):
    """A new webhook; ``audience`` is the one whose pairwise subjects it gets."""

    endpoint_url: Annotated[str, StringConstraints(max_length=2000)]
    events: list[Uri] | None = Field(default=None, max_length=MAX_EVENT_TYPES)
    description: Description = ""
    audience: Annotated[str, StringConstraints(max_length=200)] = ""
