"""Keyed digests of personal values: equal values meet, nothing can be read back or guessed without the key."""

from __future__ import annotations

import hashlib
import hmac
import unicodedata


def normalised(value: str) -> str:
    """Return the form in which two spellings of one identifier are equal: NFKC, case-folded, no outer white space."""
    folded = unicodedata.normalize("NFKC", value).casefold()
    # Case folding can undo the normal form (Unicode 15, section 3.13, D146), and NFKC can put spaces at the ends.
    return unicodedata.normalize("NFKC", folded).strip()


def keyed_digest(key: bytes, kind: str, value: str) -> str:
    """Return HMAC-SHA256 (64 hex digits) over the kind, a zero byte and the normalised value.

    ``kind`` holds no zero byte (it is a name out of our code). Every text is accepted, lone surrogates included.
    """
    message = kind.encode() + b"\0" + normalised(value).encode("utf-8", "surrogatepass")
    return hmac.new(key, message, hashlib.sha256).hexdigest()
