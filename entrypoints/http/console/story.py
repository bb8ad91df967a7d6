"""Events of ``history.as_document`` as a page shows them."""

from __future__ import annotations

from typing import Any, Final

HIDDEN: Final = frozenset({"originator_topic", "timestamp"})
PERSONAL: Final = frozenset({"username", "user_id", "display_name"})
SEALED: Final = "[sealed]"


def story(documents: list[dict[str, Any]], *, names: bool = True) -> list[dict[str, Any]]:
    """Return the events, the newest first, with their data as flat (name, value) pairs.

    ``names`` False closes personal fields again, for listings that are about nobody in particular.
    """
    return [told(document, names=names) for document in reversed(documents)]


def told(document: dict[str, Any], *, names: bool) -> dict[str, Any]:
    """Return one event as the template takes it."""
    facts = [
        (name, SEALED if not names and name.rpartition(".")[2] in PERSONAL else value)
        for name, value in flat(document["data"])
        if name not in HIDDEN and value not in (None, "", [])
    ]
    return document | {"facts": facts}


def flat(data: dict[str, Any], prefix: str = "") -> list[tuple[str, Any]]:
    """Return nested values under dotted names."""
    found: list[tuple[str, Any]] = []
    for name, value in data.items():
        if isinstance(value, dict):
            found += flat(value, f"{prefix}{name}.")
        else:
            found.append((f"{prefix}{name}", value))
    return found
