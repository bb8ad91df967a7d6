"""Moves that tests of exports are made of."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Any
from uuid import UUID, uuid4

from application.exporting.job import Job
from application.exporting.records import Record, record_of, records
from application.exporting.selection import Found, Selection, found
from application.journal import record
from application.ports.event_store import RecordedEvent
from domain.act import Act
from domain.device import Device
from tests.house import House

if TYPE_CHECKING:
    from datetime import datetime

HOSTILE = [
    "=cmd|' /C calc'!A0",
    "+1+1",
    "-2+3",
    "@SUM(1+1)",
    "\t=1",
    "\r=1",
    "icu;=1+1",
    "icu\n=1+1",
    "\uff1d1+1",
    '"; DROP TABLE x; --',
    "<script>alert(1)</script>",
    "a|b\\c=d",
    "line\r\nCEF:0|evil|evil|1|forged|forged|10|",
    "\x00\x1b[31m\x7f",
    "\u2028 \u202e gnp.exe",
    "🏥" * 40,
    "\udcff lone",
]


def hostile(house: House) -> House:
    """Departments and labels are words that people typed."""
    for words in HOSTILE:
        words_stored = words.replace("\udcff", "")  # the store itself refuses what has no UTF-8
        device = Device.pair(
            house.services.ids.new(), department=words_stored, label=words_stored, public_jwk="{}", act=house.act()
        )
        house.store.save(device)
        record(house.services, "test", act=house.act(actor=f"token:{words_stored}"), facts={words_stored: words_stored})
    return house


def taken(house: House, *, names: bool = False, end: int | None = None, **filters: Any) -> list[Record]:
    """All records of a selection."""
    end = house.store.position() if end is None else end
    wanted = found(house.services, Selection(**filters), after=0, end=end)
    return list(records(wanted, house.vault if names else None))


def made_up(name: str, aggregate: str, at: datetime, **fields: Any) -> Record:
    """The record of an event that nobody stored; ``damaged`` ones have no fields."""
    known = {} if name == "damaged" else {"act": Act("operator:cli", "cli", at, UUID(int=7))} | fields
    event = RecordedEvent(5, aggregate, uuid4(), 1, name, at, known)
    (made,) = records([Found(event, fields.get("subject_id"), fields.get("department"))])
    return made


def with_data(record: Record, **data: Any) -> Record:
    """The same record with other data."""
    document = dict(record.document, data=data)
    return record_of(Found(record.event, record.subject_id, record.department), document)


def job_of(house: House, form: str = "jsonl", **changed: Any) -> Job:
    """A job up to now."""
    services = house.services
    given: dict[str, Any] = {
        "export_id": UUID(int=1),
        "format": form,
        "selection": Selection(),
        "end": services.store.position(),
        "started_at": services.clock.now(),
        "actor": "operator:cli",
        "version": "1",
    }
    return Job(**given | changed)


def cef_fields(line: str) -> tuple[list[str], dict[str, str]]:
    """Take a line of CEF apart as its guide says: header fields, and the extension."""
    parts = re.split(r"(?<!\\)(?:\\\\)*\|", line, maxsplit=7)
    keys = re.split(r"(?:^| )([A-Za-z0-9]+)(?<!\\)=", parts[7])
    return parts[:7], dict(zip(keys[1::2], keys[2::2], strict=True))
