"""What an export of the console is made by: the machinery and the caps of ``GET /face-auth/audit/export``."""

from __future__ import annotations

from dataclasses import replace
from functools import partial
from typing import Final
from urllib.parse import parse_qsl, urlencode

from starlette.requests import Request
from starlette.responses import RedirectResponse, Response, StreamingResponse

from application.exporting.job import Job, record_export
from domain.errors import ExportTooLargeError, InProgressError, InvalidInputError
from entrypoints.exporting import form
from entrypoints.http.console.downloads import json_attachment
from entrypoints.http.console.entry import SEE_OTHER
from entrypoints.http.console.exports import PATH, job_of, token_of
from entrypoints.http.console.guard import OFFICERS
from entrypoints.http.endpoint import Desk, Endpoint, principal_at
from entrypoints.http.exports import ExportApi

MAX_SAID: Final = 1_000


class ExportFiles:
    """Three endpoints: measure, give the file, give its manifest."""

    def __init__(self, desk: Desk) -> None:
        """Work at that desk."""
        self._desk = desk
        self._services = desk.app.services
        self._exports = ExportApi(desk)

    def endpoints(self) -> list[Endpoint]:
        """Return what this answers."""
        return [
            Endpoint("GET", f"{PATH}/prepared", self.prepare, OFFICERS, page=True),
            Endpoint("GET", f"{PATH}/file", self.file, OFFICERS, page=True),
            Endpoint("GET", f"{PATH}/manifest", self.manifest, OFFICERS, page=True),
        ]

    async def prepare(self, request: Request) -> Response:
        """Measure what was asked for, and go back to the page: to take it, or to ask for less."""
        job = await self._job(request)
        said = dict(parse_qsl(request.query_params.get("said", "")[:MAX_SAID]))
        try:
            part = await self._exports.measured(job, form(job.format, bom=job.bom))
        except (ExportTooLargeError, InProgressError) as error:
            return self._back(said | {"refused": error.code})
        token = await self._desk.run(token_of, self._services, job.with_part(part))
        return self._back(said | {"ready": token})

    async def file(self, request: Request) -> Response:
        """Give the file that was measured; written down before its first byte."""
        ready = await self._ready(request)
        part = ready.parts[0]
        job, shape = replace(ready, parts=()), form(ready.format, bom=ready.bom)
        headers = {
            "content-type": shape.media_type,
            "content-disposition": f'attachment; filename="{part.name}"',
            "cache-control": "no-store",
        }
        if request.method == "HEAD":
            return Response(None, headers=headers)
        act = self._desk.act(principal_at(request))
        await self._desk.run(record_export, self._services, job, act)
        return StreamingResponse(self._exports.chunks(job, shape), headers=headers)

    async def manifest(self, request: Request) -> Response:
        """Give the signed manifest of the file that was measured."""
        ready = await self._ready(request)
        document = await self._desk.run(ready.manifest, self._services)
        return json_attachment(f"{ready.parts[0].name}.manifest.json", document)

    async def _job(self, request: Request) -> Job:
        token = request.query_params.get("job", "")
        return await self._desk.run(partial(job_of, self._services, principal_at(request), token))

    async def _ready(self, request: Request) -> Job:
        job = await self._job(request)
        if not job.parts:
            raise InvalidInputError("ask for the export anew")
        return job

    def _back(self, query: dict[str, str]) -> Response:
        return RedirectResponse(f"{PATH}?{urlencode(query)}", SEE_OTHER)
