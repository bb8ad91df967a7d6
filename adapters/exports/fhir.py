"""FHIR R4 (4.0.1): Bundles of AuditEvents after the patterns of IHE BALP (Basic Audit Log Patterns).

Written as text, one entry after the other, so that a bundle of any size takes no memory; ``validate`` holds an entry
against the published structures.
"""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Any, Final
from uuid import NAMESPACE_URL, uuid5

from adapters.exports import fhir_codes as codes
from adapters.exports.text import compact, encoded
from application.exporting.outcomes import Outcome
from domain.errors import ExportError

if TYPE_CHECKING:
    from application.exporting.records import Record

OUTCOME: Final = {Outcome.SUCCESS: "0", Outcome.REFUSED: "4", Outcome.SERIOUS: "8", Outcome.UNREADABLE: "12"}
UNKNOWN_TIME: Final = "1970-01-01T00:00:00+00:00"
"""``recorded`` must be there; what cannot be opened has no time of its own, and says so in ``outcomeDesc``."""
SYSTEM: Final = "urn:faceauth:"
_IDS: Final = uuid5(NAMESPACE_URL, "urn:faceauth:fhir")
_CONTROL: Final = re.compile(r"[\x00-\x08\x0b\x0c\x0e-\x1f\x7f\ud800-\udfff]")
_PEOPLE: Final = ("subject:", "token:", "idp:", "operator:")


class Fhir:
    """``application.ports.export_format.ExportFormat``: one Bundle (type collection) a file."""

    name = "fhir"
    suffix = ".fhir.json"
    media_type = "application/fhir+json"

    def __init__(self, *, validate: bool = False) -> None:
        """``validate``: hold every entry against the published structure; some twenty times slower."""
        self._validate = validate

    def head(self, part: int) -> bytes:
        """Return the beginning of a bundle."""
        return b'{"resourceType":"Bundle","id":"part-%05d","type":"collection","entry":[\n' % part

    def record(self, record: Record, *, first: bool) -> bytes:
        """Return the entry. Raises ``ExportError`` where it was to be validated and does not hold."""
        event = audit_event(record)
        if self._validate:
            validate(event)
        entry = {"fullUrl": f"urn:uuid:{_uuid(record)}", "resource": event}
        return (b"" if first else b",\n") + encoded(compact(entry))

    def tail(self) -> bytes:
        """Return the end of a bundle."""
        return b"\n]}\n"


def validate(event: dict[str, Any]) -> None:
    """Hold an AuditEvent against the structure of R4B, here that of R4. Raises ``ExportError`` naming the fields."""
    from fhir.resources.R4B.auditevent import AuditEvent  # noqa: PLC0415 - takes a third of a second
    from pydantic import ValidationError  # noqa: PLC0415 - with it

    try:
        AuditEvent.model_validate(event)
    except ValidationError as error:
        places = sorted({".".join(str(part) for part in fault["loc"]) for fault in error.errors(include_input=False)})
        raise ExportError(f"{event['id']} is no valid AuditEvent: {', '.join(places)}") from None


def audit_event(record: Record) -> dict[str, Any]:
    """Return the AuditEvent of a record."""
    document = record.document
    aggregate, name = document["aggregate"], record.event.name
    meaning = codes.meaning_of(name, aggregate, str(document["data"].get("kind", "")))
    event: dict[str, Any] = {
        "resourceType": "AuditEvent",
        "id": str(_uuid(record)),
        "type": meaning.type,
        "subtype": [*filter(None, [meaning.subtype]), {"system": f"{SYSTEM}event", "code": name}],
        "action": meaning.action,
        "recorded": document["at"] or UNKNOWN_TIME,
        "outcome": OUTCOME[record.outcome],
    }
    said = "damaged: time, actor and data cannot be read" if record.damaged else _clean(record.reason)
    if said:
        event["outcomeDesc"] = said
    if meaning.purpose is not None:
        event["purposeOfEvent"] = [{"coding": [meaning.purpose]}]
    event["agent"] = [_actor(document["actor"]), _service(document["channel"])]
    event["source"] = _source(record)
    event["entity"] = [*_subject(record), _object(record), *_request(document["correlation_id"])]
    return event


def _uuid(record: Record) -> object:
    """Return an id that is the same in every export of the event."""
    return uuid5(_IDS, f"{record.event.aggregate_id}|{record.event.version}")


def _actor(actor: str | None) -> dict[str, Any]:
    """Return who asked: an opaque id, never a name. Where from is sealed in the history, so no network is told."""
    who = _clean(actor or "") or "unknown"
    human = who.startswith(_PEOPLE)
    role = ("humanuser", "human user") if human else ("dataprocessor", "data processor")
    return {
        "type": {"coding": [codes.coding(codes.ROLE_TYPE, *role)]},
        "who": {"identifier": {"system": f"{SYSTEM}actor", "value": who}},
        "requestor": True,
    }


def _service(channel: str | None) -> dict[str, Any]:
    agent: dict[str, Any] = {
        "type": {"coding": [codes.APPLICATION]},
        "who": {"identifier": {"system": f"{SYSTEM}service", "value": "faceauth"}},
        "requestor": False,
    }
    if channel:
        agent["policy"] = [f"{SYSTEM}channel:{channel}"]
    return agent


def _source(record: Record) -> dict[str, Any]:
    source: dict[str, Any] = {
        "observer": {"identifier": {"system": f"{SYSTEM}service", "value": "faceauth"}},
        "type": [codes.coding(codes.SOURCE_TYPE, "4", "Application Server")],
    }
    site = _clean(record.department or "")
    if site:
        source["site"] = site
    return source


def _subject(record: Record) -> list[dict[str, Any]]:
    """Return the person it is about: a member of staff, whose account here is the user entity at stake."""
    if record.subject_id is None:
        return []
    person: dict[str, Any] = {
        "what": {"identifier": {"system": f"{SYSTEM}subject", "value": str(record.subject_id)}},
        "type": codes.coding(codes.ENTITY_TYPE, "1", "Person"),
        "role": codes.coding(codes.OBJECT_ROLE, "11", "Security User Entity"),
    }
    name = _clean(str(record.document["data"].get("display_name") or ""))
    if name:
        person["name"] = name
    return [person]


def _object(record: Record) -> dict[str, Any]:
    """Return the aggregate, with everything that the event says of it as details."""
    document = record.document
    facts = {"position": record.event.position, "version": record.event.version} | {
        key: document[key] for key in ("causation_id",) if document[key]
    }
    details = [
        (key, _words(fact)) for key, fact in (facts | {f"data.{k}": v for k, v in document["data"].items()}).items()
    ]
    return {
        "what": {
            "identifier": {"system": f"{SYSTEM}{document['aggregate'] or 'unknown'}", "value": document["aggregate_id"]}
        },
        "type": codes.coding(codes.ENTITY_TYPE, "2", "System Object"),
        "role": codes.coding(codes.OBJECT_ROLE, "13", "Security Resource"),
        "detail": [{"type": _clean(key), "valueString": words} for key, words in details if words],
    }


def _request(correlation_id: str | None) -> list[dict[str, Any]]:
    """Return the request that caused it, the way BALP tells it: what shares it belongs together."""
    if correlation_id is None:
        return []
    kind = {"system": codes.BALP_ENTITY, "code": "XrequestId"}
    return [{"what": {"identifier": {"value": correlation_id}}, "type": kind}]


def _words(value: Any) -> str:
    if value is None:
        return ""
    return _clean(value if isinstance(value, str) else compact(value))


def _clean(text: str) -> str:
    """Return text that FHIR's string takes: no control characters, nothing blank."""
    return _CONTROL.sub("\ufffd", text) if text.strip() else ""
