"""Words and JSON as bytes, whatever is in them."""

from __future__ import annotations

import json
from typing import Any


def encoded(text: str) -> bytes:
    r"""Return UTF-8. A lone surrogate, which has none, becomes its escape (``\udc80``): valid in JSON."""
    try:
        return text.encode()
    except UnicodeEncodeError:
        return text.encode(errors="backslashreplace")


def compact(document: Any) -> str:
    """Return JSON on one line."""
    return json.dumps(document, ensure_ascii=False, separators=(",", ":"))
