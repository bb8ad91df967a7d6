"""The JSON bodies about consent."""

from __future__ import annotations

from typing import Annotated
from uuid import UUID

from pydantic import Field, StrictBool, StringConstraints

from entrypoints.http.bodies import Body, Department, Reason, Text

Code = Annotated[str, StringConstraints(min_length=1, max_length=40)]


class GrantBody(Body):
    """Consent by the subject's own act: with their session's token, or with ``code`` and no token.

    Naming oneself is allowed; nobody else can be named, whatever the token.
    """

    notice_version: Text
    accepted: StrictBool
    purposes: list[Text] | None = Field(default=None, max_length=8)
    subject_id: UUID | None = None
    username: Text | None = Field(default=None, repr=False)
    code: Code | None = Field(default=None, repr=False)


class WithdrawBody(Body):
    """Withdrawal, by the subject or by an administrator on the subject's word."""

    purposes: list[Text] | None = Field(default=None, max_length=8)
    reason: Reason = "subject_request"
    subject_id: UUID | None = None
    username: Text | None = None


class ObjectBody(Body):
    """Objection (LGPD art. 18, 2): with the subject's session, or with ``code`` and no token."""

    purposes: list[Text] | None = Field(default=None, max_length=8)
    reason: Reason = "subject_request"
    code: Code | None = Field(default=None, repr=False)


class NewPerson(Body):
    """Somebody who is not known yet: an account is opened for them, so that consent can come before enrolment."""

    user_id: Text = Field(repr=False)
    username: Text = Field(repr=False)
    display_name: Text = Field(repr=False)
    department: Department


class InvitationBody(Body):
    """Whom to invite: one of the three."""

    subject_id: UUID | None = None
    username: Text | None = Field(default=None, repr=False)
    person: NewPerson | None = None
