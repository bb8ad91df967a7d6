"""Events, and lines of their index, as a page shows them."""

from __future__ import annotations

from typing import Any, Final

from application import history
from application.ports.event_index import IndexedEvent
from application.ports.event_store import RecordedEvent
from application.words import Words
from application.words.codes import CODES
from application.words.events import words_of
from application.words.reasons import REASONS, reason_words
from entrypoints.http.console.page import Look
from entrypoints.http.console.strings import LANGUAGES

HIDDEN: Final = frozenset({"originator_topic", "timestamp"})


def told(look: Look, event: RecordedEvent) -> dict[str, Any]:
    """Return an event in words with its data as flat (name, value) pairs; nobody's name is opened."""
    document = history.as_document(event, look.services.vault, names=False)
    facts = [
        (name, value) for name, value in flat(document["data"]) if name not in HIDDEN and value not in (None, "", [])
    ]
    words = in_language(words_of(event.name, known=bool(event.aggregate)), look.language)
    return document | {"facts": facts, "words": words}


def line(look: Look, found: IndexedEvent) -> dict[str, Any]:
    """Return a line of the index in words: what, when, by whom, and why where it says so."""
    code = found.code
    known = code is not None and (code in REASONS or code in CODES)
    return {
        "at": found.at,
        "event": found.label,
        "words": in_language(words_of(found.name, known=bool(found.aggregate)), look.language),
        "reason": in_language(reason_words(code), look.language) if code is not None and known else code,
        "aggregate": found.aggregate,
        "stream_id": found.stream_id,
        "department": found.department,
        "actor": found.actor,
        "channel": found.channel,
        "position": found.position,
    }


def in_language(words: Words, language: str) -> str:
    """Return words in one language."""
    return words[LANGUAGES.index(language)]


def flat(data: dict[str, Any], prefix: str = "") -> list[tuple[str, Any]]:
    """Return nested values under dotted names."""
    found: list[tuple[str, Any]] = []
    for name, value in data.items():
        if isinstance(value, dict):
            found += flat(value, f"{prefix}{name}.")
        else:
            found.append((f"{prefix}{name}", value))
    return found
