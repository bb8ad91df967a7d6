"""Rows of the table of roles for the console's pages of the whole house, and requests for them."""

from __future__ import annotations

from typing import TYPE_CHECKING

from domain.roles import COMPLIANCE_OFFICER, ENCARREGADO
from tests.unit.http.role_requests import Ask, Row, Target, incident

if TYPE_CHECKING:
    from collections.abc import Callable

OFFICERS = frozenset({COMPLIANCE_OFFICER, ENCARREGADO})
EVERYWHERE_ONLY, SAME = "everywhere only", "same"
"""As in ``role_table``."""

INCIDENT = "/console/incidents/{incident_id:uuid}"
LOG = "/console/verification"
KEEPING = "/console/retention"
EXPORTS = "/console/exports"


def form(**fields: str) -> Ask:
    return Ask(form=fields)


def verifying(_target: Target, _who: str) -> Ask:
    return form(run="log")


def a_checkpoint(_target: Target, _who: str) -> Ask:
    return Ask({"number": 1})


def a_proof(_target: Target, _who: str) -> Ask:
    return Ask(query={"position": "3"})


def entering(_target: Target, _who: str) -> Ask:
    return form(nature="integrity", cause="human_error", categories_access_log="1", description="a slip")


def about(**fields: str) -> Callable[[Target, str], Ask]:
    return lambda target, _who: Ask({"incident_id": target.incident_id}, form=fields)


def drafting(target: Target, who: str) -> Ask:
    return Ask(incident(target, who).path, query={"to": "anpd", "format": "md"})


def a_month(_target: Target, _who: str) -> Ask:
    return form(month="2026-01", format="html")


def a_document(_target: Target, _who: str) -> Ask:
    return Ask(query={"kind": "encarregado", "format": "json"})


def approving(target: Target, _who: str) -> Ask:
    return form(action="approve", sweep=target.session_id)


def holding(_target: Target, _who: str) -> Ask:
    return form(action="place", hold_over="department", value="icu", reason="incident")


def exporting(_target: Target, _who: str) -> Ask:
    return form(format="jsonl")


assessing = about(risk="high", selector="everyone", measures_before="sealed", measures_after="rotated")

ROWS = [
    Row("GET", LOG, OFFICERS, EVERYWHERE_ONLY),
    Row("POST", LOG, OFFICERS, EVERYWHERE_ONLY, verifying, 303),
    Row("GET", LOG + "/checkpoints", OFFICERS, EVERYWHERE_ONLY),
    Row("GET", LOG + "/checkpoints/{number:int}", OFFICERS, EVERYWHERE_ONLY, a_checkpoint),
    Row("GET", LOG + "/proof", OFFICERS, EVERYWHERE_ONLY, a_proof),
    Row("GET", "/console/incidents", OFFICERS, EVERYWHERE_ONLY),
    Row("GET", "/console/incidents/new", OFFICERS, EVERYWHERE_ONLY),
    Row("POST", "/console/incidents/new", OFFICERS, EVERYWHERE_ONLY, entering, 303),
    Row("GET", INCIDENT, OFFICERS, EVERYWHERE_ONLY, incident),
    Row("GET", INCIDENT + "/assess", OFFICERS, EVERYWHERE_ONLY, incident),
    Row("POST", INCIDENT + "/assess", OFFICERS, EVERYWHERE_ONLY, assessing, 303),
    Row("GET", INCIDENT + "/notify-authority", OFFICERS, EVERYWHERE_ONLY, incident),
    Row("POST", INCIDENT + "/notify-authority", OFFICERS, EVERYWHERE_ONLY, about(reference="1/2026"), 409),
    Row("GET", INCIDENT + "/notify-subjects", OFFICERS, EVERYWHERE_ONLY, incident),
    Row("POST", INCIDENT + "/notify-subjects", OFFICERS, EVERYWHERE_ONLY, about(means_email="1", told_count="1"), 409),
    Row("GET", INCIDENT + "/supplement", OFFICERS, EVERYWHERE_ONLY, incident),
    Row("POST", INCIDENT + "/supplement", OFFICERS, EVERYWHERE_ONLY, about(), 303),
    Row("GET", INCIDENT + "/close", OFFICERS, EVERYWHERE_ONLY, incident),
    Row("POST", INCIDENT + "/close", OFFICERS, EVERYWHERE_ONLY, about(), 303),
    Row("GET", INCIDENT + "/affected", OFFICERS, EVERYWHERE_ONLY, incident),
    Row("POST", INCIDENT + "/affected", OFFICERS, EVERYWHERE_ONLY, about(), viewing=True),
    Row("GET", INCIDENT + "/draft", OFFICERS, EVERYWHERE_ONLY, drafting),
    Row("GET", "/console/documents", OFFICERS, EVERYWHERE_ONLY),
    Row("POST", "/console/documents", OFFICERS, EVERYWHERE_ONLY, a_month, 303),
    Row("GET", "/console/documents/file", OFFICERS, EVERYWHERE_ONLY, a_document),
    Row("GET", KEEPING, OFFICERS, SAME),
    Row("POST", KEEPING, OFFICERS, EVERYWHERE_ONLY, approving, 422),
    Row("GET", KEEPING + "/holds", OFFICERS, EVERYWHERE_ONLY),
    Row("POST", KEEPING + "/holds", OFFICERS, EVERYWHERE_ONLY, holding, 303),
    Row("GET", EXPORTS, OFFICERS, SAME),
    Row("POST", EXPORTS, OFFICERS, SAME, exporting, 303),
    # Without the job that the form signs for whoever asked; with it: test_console_exports.
    Row("GET", EXPORTS + "/prepared", OFFICERS, SAME, answers=422),
    Row("GET", EXPORTS + "/file", OFFICERS, SAME, answers=422),
    Row("GET", EXPORTS + "/manifest", OFFICERS, SAME, answers=422),
]
