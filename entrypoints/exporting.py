"""The forms of an export by name, and what every door to it does alike."""

from __future__ import annotations

import importlib.metadata
from typing import TYPE_CHECKING, Final

from adapters.exports.cef import Cef
from adapters.exports.csv_cells import Csv
from adapters.exports.fhir import Fhir
from adapters.exports.json_lines import JsonLines
from application.exporting.records import Record, records
from application.exporting.selection import found
from domain.errors import InvalidInputError

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from application.exporting.job import Job
    from application.ports.export_format import ExportFormat
    from application.services import Services

FORMATS: Final = ("jsonl", "csv", "fhir", "cef")


def version() -> str:
    """Return the version of this software."""
    try:
        return importlib.metadata.version("faceauth")
    except importlib.metadata.PackageNotFoundError:
        return "source"


def form(name: str, *, bom: bool = False, validate: bool = False) -> ExportFormat:
    """Return the form of that name. Raises ``InvalidInputError``."""
    if bom and name != "csv":
        raise InvalidInputError("a byte order mark belongs to csv alone")
    if validate and name != "fhir":
        raise InvalidInputError("only fhir is validated: the other forms have no published structure")
    if name == "csv":
        return Csv(bom=bom)
    if name == "fhir":
        return Fhir(validate=validate)
    if name == "cef":
        return Cef(version())
    if name == "jsonl":
        return JsonLines()
    raise InvalidInputError(f"the format is one of {', '.join(FORMATS)}")


def job_records(
    services: Services, job: Job, watch: Callable[[int], None] = lambda _position: None
) -> Iterator[Record]:
    """Yield what is left of a job. No vault is at hand unless names were asked for."""
    left = found(services, job.selection, after=job.after, end=job.end, watch=watch)
    return records(left, services.vault if job.with_names else None)
