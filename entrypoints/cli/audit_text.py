"""What ``faceauth audit`` tells people, as lines of text. Long lists are written as they come."""

from __future__ import annotations

import sys
from collections.abc import Iterable
from typing import Any, Final

from entrypoints.cli.output import console

OWN_IDS: Final = ("originator_topic", "enrollment_id", "attempt_id", "session_id")
MARKS: Final = {True: "✓", False: "✗", None: "·"}


def print_events(documents: Iterable[dict[str, Any]]) -> None:
    """Print documents of ``history.as_document``, one line each."""
    count = 0
    for count, document in enumerate(documents, start=1):  # noqa: B007 - told at the end
        raw = f"  [{document['topic']}, {document['bytes']} bytes]" if "topic" in document else ""
        sys.stdout.write(
            f"{document['position']:>7}  {document['at'][:19]}Z  {document['event']:34} "
            f"{document['aggregate_id'][:8]}  {document['actor'] or '?':14.14}  {_brief(document['data'])}{raw}\n"
        )
    console.print(f"{count} eventos / events")


def print_rows(rows: Iterable[dict[str, Any]]) -> None:
    """Print rows of a view, one line each, without what is empty or sealed."""
    count = 0
    for count, row in enumerate(rows, start=1):  # noqa: B007 - told at the end
        told = {key: value for key, value in row.items() if value is not None and not key.endswith("_sealed")}
        sys.stdout.write("  ".join(f"{key}={value}" for key, value in told.items()) + "\n")
    console.print(f"{count} linhas / rows")


def print_explanation(document: dict[str, Any]) -> None:
    """Print ``explain``'s document: the verdict, the checks in order, what was told, what followed."""
    _say(f"Tentativa / attempt {document['attempt_id']}  {document['department'] or '?'}")
    _say(f"  {document['started_at'] or '?'} → {document['ended_at'] or '?'}")
    _pair("", document["verdict"])
    for check in document["checks"]:
        _pair(f"{MARKS[check['passed']]} {check['check']}: ", check)
    told = document["told"]
    _pair(f"→ {told['code'] or '?'} ({told['next_step'] or '-'}): ", told)
    for line in document["afterwards"]:
        _pair(f"  {(line['at'] or '?')[:19]}Z  ", line)
    if document["not_recorded"]:
        _say(f"não registrado / not recorded: {', '.join(document['not_recorded'])}")
    for row in document["unreadable"]:
        _pair(f"  {row['position']}  {row['topic']}, {row['bytes']} bytes: ", row)


def print_timeline(document: dict[str, Any]) -> None:
    """Print ``timeline``'s document, day by day."""
    if document["erased"]:
        _say("Dados pessoais eliminados; ficam atos, horários e identificadores / erased; acts, times and ids remain")
    for day in document["days"]:
        _say(day["day"])
        for line in day["events"]:
            code = f" ({line['code']})" if line.get("code") else ""
            at = (line["at"] or "?")[11:19]
            _say(f"  {line['position']:>7}  {at}  {line['pt-BR']} / {line['en']}{code}  {line['actor'] or '?'}")
    _say(f"{document['events']} eventos / events")


def _pair(start: str, words: dict[str, Any]) -> None:
    _say(f"{start}{words['pt-BR']}")
    _say(f"{' ' * len(start)}{words['en']}")


def _say(text: str) -> None:
    console.print(text, soft_wrap=True, markup=False)


def _brief(data: dict[str, Any]) -> str:
    """Return the fields on one line; sealed ones, empty ones and the aggregate's own id are left out."""
    parts = []
    for key, value in data.items():
        if isinstance(value, dict):
            parts.append(_brief(value))
        elif value not in (None, "", "[sealed]") and key not in OWN_IDS:
            parts.append(f"{key}={value}")
    return " ".join(parts)
