"""The JSON bodies that the API takes, and reading them within limits."""

from __future__ import annotations

import asyncio
import base64
import binascii
from typing import Annotated, ClassVar, Final, Literal
from uuid import UUID

from pydantic import AfterValidator, BaseModel, ConfigDict, Field, StrictBool, StringConstraints
from starlette.requests import Request

from domain.act import reason_code
from domain.errors import InvalidInputError

MAX_BODY_BYTES: Final = 64 * 1024 * 1024
"""Ten photographs of a phone (4 MiB each) in base64, with room."""

Department = Annotated[str, StringConstraints(strip_whitespace=True, min_length=1, max_length=50)]
Text = Annotated[str, StringConstraints(min_length=1, max_length=400)]


Reason = Annotated[str, AfterValidator(reason_code)]
"""A code that goes into the history in the clear; anything else counts as "other"."""


MAX_FORM_BYTES: Final = 16 * 1024
"""A body without pictures."""

MAX_CAPTURE_BYTES: Final = 17 * 1024 * 1024
"""One picture at its limit, in base64."""

BODY_SECONDS: Final = 60.0
"""How long a body may take to arrive."""


class BodyTooLargeError(InvalidInputError):
    """More bytes than a request may have."""

    code = "body_too_large"


class Body(BaseModel):
    """Base: unknown fields are faults, inputs are not echoed. ``max_bytes`` bounds the encoded body."""

    max_bytes: ClassVar[int] = MAX_FORM_BYTES

    model_config = ConfigDict(extra="forbid", frozen=True, hide_input_in_errors=True)


class ConsentGiven(Body):
    """The consent of who is to be enrolled: a signed form that the caller attests, or "in_app" by their own act."""

    notice_version: Text
    accepted: StrictBool
    channel: Literal["paper", "in_app"] = "paper"
    form_sha256: Annotated[str, StringConstraints(pattern=r"^[0-9a-f]{64}$")] | None = None


class EnrollBody(Body):
    """The brief's call."""

    max_bytes: ClassVar[int] = MAX_BODY_BYTES

    user_id: Text
    username: Text
    display_name: Text
    department: Department
    face_images: list[str] = Field(repr=False)
    consent: ConsentGiven | None = None


class OpenBody(Body):
    """The same without pictures: they follow one by one."""

    user_id: Text
    username: Text
    display_name: Text
    department: Department
    consent: ConsentGiven | None = None


class CaptureBody(Body):
    """One picture, base64."""

    max_bytes: ClassVar[int] = MAX_CAPTURE_BYTES

    image: str = Field(repr=False)


class EraseBody(Body):
    """Erasure, by the subject or by an administrator on the subject's word; ``now`` makes it final at once."""

    reason: Reason = "subject_request"
    subject_id: UUID | None = None
    username: Text | None = None
    now: bool = False


async def read_limited(request: Request, limit: int) -> bytes:
    """Return the body.

    Raises ``BodyTooLargeError`` as soon as it is clear that it is too long, ``InvalidInputError`` when it is too slow.
    """
    try:
        async with asyncio.timeout(BODY_SECONDS):
            return await _read(request, limit)
    except TimeoutError:
        raise InvalidInputError(f"the body did not arrive within {BODY_SECONDS:.0f} s") from None


async def _read(request: Request, limit: int) -> bytes:
    declared = request.headers.get("content-length", "0")
    if declared.isdecimal() and int(declared) > limit:
        raise BodyTooLargeError(f"a body has at most {limit} bytes")
    body = bytearray()
    async for chunk in request.stream():
        body += chunk
        if len(body) > limit:
            raise BodyTooLargeError(f"a body has at most {limit} bytes")
    return bytes(body)


def picture(text: str) -> bytes:
    """Decode a base64 picture, with or without a data URL's head; what is no base64 becomes no bytes: no picture."""
    head, comma, rest = text.partition(",")
    encoded = rest if comma and head.startswith("data:") else text
    try:
        return base64.b64decode("".join(encoded.split()), validate=True)
    except (binascii.Error, ValueError):
        return b""
