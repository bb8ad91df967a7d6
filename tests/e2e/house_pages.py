"""The console's pages of the whole house, and a house in which each of them has something to show."""

from __future__ import annotations

from datetime import timedelta
from typing import TYPE_CHECKING

from application import checkpoints, holds
from application import retention as keeping
from application.verification import verify
from application.verification_result import Fault, Verification
from tests.house import ICU
from tests.unit.application.incident_stories import assessed, opened, told

if TYPE_CHECKING:
    from tests.unit.http.edge import Edge


def furnish(edge: Edge) -> None:
    """An incident that is late and one that is told, a sweep that waits, holds, checkpoints, a verdict."""
    house, services = edge.house, edge.house.services
    opened(house, known_at=house.clock.now() - timedelta(days=30))
    told(house, assessed(house, opened(house)), preliminary=True)
    holds.place(services, scope="department", value=ICU, reason="incident", act=house.act())
    subject = house.rows("enrollment_rows", department=ICU)[0]["subject_id"]
    holds.place(services, scope="subject", value=str(subject), reason="court_order", act=house.act())
    checkpoints.make(services, at=house.clock.now())
    verify(services, act=house.act())
    keeping.run(services, act=house.act())


def incident_id(edge: Edge) -> str:
    """The incident that is assessed."""
    return str(edge.house.rows("incident_rows", status="assessed")[0]["incident_id"])


def house_pages(edge: Edge) -> list[str]:
    """Every page, and those with faults in them."""
    one = f"/console/incidents/{incident_id(edge)}"
    return [
        "/console/verification",
        "/console/verification?position=2",
        "/console/verification?position=x",
        "/console/incidents",
        "/console/incidents/new",
        one,
        *(f"{one}/{step}" for step in ("assess", "notify-authority", "notify-subjects", "supplement", "close")),
        f"{one}/affected",
        "/console/retention",
        "/console/retention?dry_run=1",
        "/console/retention/holds",
        "/console/exports",
        "/console/exports?refused=export_too_large&format=csv&since=x",
        "/console/documents",
    ]


def tampered(result: Verification) -> dict[str, object]:
    """That result with one fault of some kinds in it, as it is remembered."""
    faults = [
        Fault("event_changed", "row 5 does not open", position=5),
        Fault("tail_cut", "checkpoint 3 stands for 90 leaves, there are 80", leaf=80, until_leaf=90, checkpoint=3),
    ]
    return result.document() | {
        "verdict": "tampered",
        "faults": [fault.document() for fault in faults],
        "fault_count": len(faults),
    }
