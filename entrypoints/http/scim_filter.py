"""The filters that we take (RFC 7644, section 3.4.2.2): one attribute that identifies somebody, and ``eq``."""

from __future__ import annotations

import json
import re
from typing import Final

from entrypoints.http.scim_users import CORE, ScimRefusedError

MAX_FILTER: Final = 1024
_COMPARISON: Final = re.compile(rf'\s*(?:{re.escape(CORE)}:)?(\w+)\s+eq\s+("(?:[^"\\]|\\.)*")\s*', re.IGNORECASE)
_ATTRIBUTES: Final = {"id": "id", "username": "username", "externalid": "user_id"}


def comparison(text: str) -> tuple[str, str]:
    """Return (id, username or user_id; the value to be equal to). Raises ``ScimRefusedError`` for any other filter."""
    found = _COMPARISON.fullmatch(text) if len(text) <= MAX_FILTER else None
    attribute = _ATTRIBUTES.get(found[1].lower()) if found else None
    if found is None or attribute is None:
        raise ScimRefusedError('filters are: userName, externalId or id eq "value"', "invalidFilter")
    try:
        return attribute, json.loads(found[2])
    except ValueError:
        raise ScimRefusedError("the filter's value is no JSON string", "invalidFilter") from None
