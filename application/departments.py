"""What a department may be called."""

from __future__ import annotations

import re

from domain.errors import InvalidInputError


def check_department(name: str) -> str:
    """Return the name. Raises ``InvalidInputError`` unless it can stand in a path."""
    if not re.fullmatch(r"\w[\w.\- ]{0,49}", name):
        raise InvalidInputError("a department name takes 1 to 50 letters, digits, spaces, dots, dashes or underscores")
    return name
