"""The JSON bodies about rights."""

from __future__ import annotations

from datetime import datetime
from typing import Annotated
from uuid import UUID

from pydantic import AwareDatetime, Field, StringConstraints

from application.requests import LONGEST_TEXT, Asked
from domain.errors import InvalidInputError
from domain.request import SESSION
from entrypoints.http.bodies import Body, Department, Text

Code = Annotated[str, StringConstraints(pattern=r"^[a-z][a-z0-9_]{0,49}$")]
Words = Annotated[str, StringConstraints(max_length=LONGEST_TEXT)]


class CorrectionBody(Body):
    """What should be right."""

    user_id: Text | None = Field(default=None, repr=False)
    username: Text | None = Field(default=None, repr=False)
    display_name: Text | None = Field(default=None, repr=False)
    department: Department | None = None

    def named(self) -> dict[str, str]:
        """Return what is given."""
        return {name: value for name, value in self.model_dump().items() if value is not None}


class RequestBody(Body):
    """A request: the person's own, or one that staff take in for somebody, saying how they checked who it is."""

    kind: Code
    text: Words = Field(default="", repr=False)
    attempt_id: UUID | None = None
    correction: CorrectionBody | None = None
    subject_id: UUID | None = None
    username: Text | None = Field(default=None, repr=False)
    identity_check: Code | None = None
    received_at: AwareDatetime | None = None

    def asked(self, *, at_desk: bool) -> Asked:
        """Return what is asked. Raises ``InvalidInputError`` where staff do not say how they checked, or others do."""
        if at_desk and self.identity_check in {None, SESSION}:
            raise InvalidInputError("say how you checked who asks: identity_check")
        if not at_desk and (self.identity_check or self.received_at):
            raise InvalidInputError("identity_check and received_at are for staff at the desk")
        received: datetime | None = self.received_at
        return Asked(
            kind=self.kind,
            identity_check=self.identity_check or SESSION,
            attempt_id=self.attempt_id,
            received_at=received,
            text=self.text,
            correction=self.correction.named() if self.correction else {},
        )


class AnswerBody(Body):
    """What goes with an answer: words for the person, the right names where something is corrected."""

    text: Words = Field(default="", repr=False)
    correction: CorrectionBody | None = None


class RefuseBody(Body):
    """Why not, and on which legal basis (the one that belongs to the reason unless it is named)."""

    reason: Code
    legal_basis: Code = ""
    text: Words = Field(default="", repr=False)


class ReviewBody(Body):
    """What a person decided about an automated refusal."""

    decision: Code
    reason: Code
    measures: list[Code] = Field(default_factory=list, max_length=8)
    text: Words = Field(default="", repr=False)
