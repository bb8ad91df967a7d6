"""The history as a file over HTTP: formed once to measure it, once more to send it, off the event loop."""

from __future__ import annotations

import base64
import hashlib
import time
from collections.abc import AsyncIterator, Callable, Iterator
from dataclasses import dataclass
from datetime import datetime
from typing import Final

from starlette.requests import Request
from starlette.responses import Response, StreamingResponse

from application import history
from application.exporting.job import Job, Part, record_export
from application.exporting.selection import Selection
from application.ports.export_format import ExportFormat
from application.ports.tokens import Principal
from application.services import Services
from application.signed_documents import canonical
from domain.errors import ExportTooLargeError, InProgressError, InvalidInputError, NotFoundError
from domain.roles import COMPLIANCE_OFFICER, ENCARREGADO, EVERYWHERE
from entrypoints.exporting import form, job_records, version
from entrypoints.http import access
from entrypoints.http.audit import NOBODY
from entrypoints.http.endpoint import Desk, Endpoint, principal_at

MAX_EVENTS: Final = 100_000
MAX_SECONDS: Final = 30.0
"""What one answer may hold, and how long it may take to measure it."""
AT_ONCE: Final = 500
"""Records formed in one go on a thread of the pool, which others wait for too."""
PARAMETERS: Final = frozenset({"format", "since", "until", "department", "subject", "event", "actor", "outcome", "bom"})
LESS: Final = "ask for a shorter period or one kind of event, or run faceauth audit export on the server"


@dataclass(slots=True)
class _Measure:
    """What goes out, known before its first byte."""

    size: int = 0
    events: int = 0
    first: int = 0
    last: int = 0

    def part(self, name: str, sha256: str) -> Part:
        return Part(name, sha256, self.size, self.events, self.first, self.last)


class ExportApi:
    """One endpoint."""

    def __init__(self, desk: Desk) -> None:
        """Work at that desk."""
        self._desk = desk
        self._services = desk.app.services
        self._measuring = False

    def endpoints(self) -> list[Endpoint]:
        """Return what this answers."""
        return [
            Endpoint("GET", "/face-auth/audit/export", self.export, frozenset({COMPLIANCE_OFFICER, ENCARREGADO})),
        ]

    async def export(self, request: Request) -> Response:
        """Return the history as a file; the signed manifest stands in the header ``faceauth-manifest`` (base64 JSON).

        ``?format=jsonl|csv|fhir|cef`` and the filters ``since``, ``until``, ``department``, ``subject``, ``event``,
        ``actor``. An officer of one department gets what that department sees.
        """
        principal, query = principal_at(request), dict(request.query_params)
        job, shape = await self._desk.run(asked, self._services, principal, query)
        part = await self.measured(job, shape)
        if job.selection.subject_id is not None and not part.events:
            raise NotFoundError(NOBODY)
        headers = {
            "content-type": shape.media_type,
            "content-disposition": f'attachment; filename="{part.name}"',
            "cache-control": "no-store",
            "content-length": str(part.bytes),
        }
        if request.method == "HEAD":
            return Response(None, headers=headers)
        await self._desk.run(record_export, self._services, job, self._desk.act(principal))
        manifest = await self._desk.run(_manifest, self._services, job, part)
        return StreamingResponse(self.chunks(job, shape), headers=headers | {"faceauth-manifest": manifest})

    async def measured(self, job: Job, shape: ExportFormat) -> Part:
        """Form the file once and let it go: its size and digest. One at a time, within caps.

        Raises ``InProgressError``, ``ExportTooLargeError``, ``NotFoundError``.
        """
        if self._measuring:
            raise InProgressError("another export is being prepared; ask again in a moment")
        self._measuring = True
        try:
            measure, digest, deadline = _Measure(), hashlib.sha256(), time.monotonic() + MAX_SECONDS

            def in_time(_position: int) -> None:
                if measure.events > MAX_EVENTS or time.monotonic() > deadline:
                    raise ExportTooLargeError(
                        f"that is more than one answer holds ({MAX_EVENTS} events, {MAX_SECONDS:.0f} s): {LESS}"
                    )

            chunks = _formed(self._services, job, shape, measure, in_time)
            while True:
                try:
                    chunk = await self._desk.run(next, chunks, None)
                except NotFoundError:
                    raise NotFoundError(NOBODY) from None
                if chunk is None:
                    break
                digest.update(chunk)
                measure.size += len(chunk)
                in_time(measure.last)
        finally:
            self._measuring = False
        return measure.part(f"faceauth-audit-{job.end}{shape.suffix}", digest.hexdigest())

    async def chunks(self, job: Job, shape: ExportFormat) -> AsyncIterator[bytes]:
        """Yield the file, formed anew."""
        chunks = _formed(self._services, job, shape, _Measure())
        while (chunk := await self._desk.run(next, chunks, None)) is not None:
            yield chunk


def asked(services: Services, principal: Principal, query: dict[str, str]) -> tuple[Job, ExportFormat]:
    """Return what those parameters ask for, within the principal's walls.

    Raises ``InvalidInputError``, ``DepartmentForbiddenError``, ``NotFoundError`` (subject).
    """
    unknown = sorted(set(query) - PARAMETERS)
    if unknown:
        raise InvalidInputError(f"an export is narrowed by {', '.join(sorted(PARAMETERS))}")
    bom = query.get("bom", "").lower() in {"1", "true"}
    shape = form(query.get("format", "jsonl"), bom=bom)
    selection = _selection(services, principal, query)
    job = Job(
        export_id=services.ids.new(),
        format=shape.name,
        selection=selection,
        end=services.store.position(),
        started_at=services.clock.now(),
        actor=principal.actor,
        version=version(),
        bom=bom,
    )
    return job, shape


def _selection(services: Services, principal: Principal, query: dict[str, str]) -> Selection:
    department = query.get("department")
    if department is not None:
        access.require_department(principal, department)
    elif principal.department != EVERYWHERE:
        department = principal.department
    subject = query.get("subject")
    try:
        subject_id = history.subject_of(services.store, services.vault, subject) if subject else None
    except NotFoundError:
        raise NotFoundError(NOBODY) from None
    return Selection(
        since=_moment(query, "since"),
        until=_moment(query, "until"),
        department=department,
        subject_id=subject_id,
        event=query.get("event"),
        actor=query.get("actor"),
        outcome=query.get("outcome"),
    )


def _formed(
    services: Services,
    job: Job,
    shape: ExportFormat,
    measure: _Measure,
    watch: Callable[[int], None] = lambda _position: None,
) -> Iterator[bytes]:
    """Yield the file in chunks of at most so many records, counting them."""
    chunk = bytearray(shape.head(1))
    for record in job_records(services, job, watch):
        chunk += shape.record(record, first=measure.events == 0)
        measure.first = measure.first or record.event.position
        measure.last = record.event.position
        measure.events += 1
        if measure.events % AT_ONCE == 0:
            yield bytes(chunk)
            chunk.clear()
    chunk += shape.tail()
    yield bytes(chunk)


def _manifest(services: Services, job: Job, part: Part) -> str:
    return base64.b64encode(canonical(job.with_part(part).manifest(services))).decode()


def _moment(query: dict[str, str], name: str) -> datetime | None:
    try:
        found = datetime.fromisoformat(query[name]) if name in query else None
    except ValueError as error:
        raise InvalidInputError(f"{name} is an RFC 3339 time with its offset") from error
    if found is not None and found.tzinfo is None:
        raise InvalidInputError(f"{name} is an RFC 3339 time with its offset")
    return found
