"""The officer's desk with words that nobody else uses: they stand where they are meant to, and nowhere once erased."""

from __future__ import annotations

import json
import logging
from typing import TYPE_CHECKING, Any

import pytest
import structlog
from structlog.testing import capture_logs

from application import console_link
from application import notice as notices
from domain.roles import COMPLIANCE_OFFICER, EVERYWHERE
from entrypoints.http.console.guard import COOKIE
from tests.house import ICU, pictures
from tests.transmitter import Transmitter
from tests.unit.http.console import OURS, Visitor
from tests.unit.http.edge import build_edge, enrollment
from tests.unit.http.oauth_client import bearer
from tests.unit.http.test_together_canaries import ADDRESS, AGENT, NAME, Story, words_of

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

ASKED = "quero saber do meu gato Merlim"
SAID = "seu gato Merlim nada tem com isso"
HAPPENED = "a pasta de Hildegarda sumiu"
BEFORE, AFTER = "o cofre de Eufrasia", "a tranca de Belarmino"
OFFICER = "Doutora Quirina"
RIGHT = "Zoraide Bem Escrita"
LEAVER = "/face-auth/subjects/erase"
TEXTS = {ASKED, SAID, HAPPENED, BEFORE, AFTER, OFFICER, RIGHT}


@pytest.fixture
def story(tmp_path: Path) -> Iterator[Story]:
    edge = build_edge(tmp_path)
    edge.client = type(edge.client)(edge.client.app, client=(ADDRESS, 5), headers={"user-agent": AGENT})
    with edge.client:
        yield Story(edge, edge.client, Transmitter(edge.house.clock), {NAME, ADDRESS, AGENT, *TEXTS})


class Desk:
    """The officer, the administrator and the person, over HTTP."""

    def __init__(self, story: Story) -> None:
        self.story, self.edge = story, story.edge
        self.officer, self.admin = (
            bearer(self.edge.token(role, EVERYWHERE)) for role in ("compliance_officer", "department_admin")
        )
        self.subject_id = ""
        self.attempt_id = ""
        self.requests: list[str] = []
        self.incident_id = ""

    def ask(self, method: str, path: str, document: Any = None, *, as_: dict[str, str] | None = None) -> Any:
        answer = self.story.client.request(method, path, json=document, headers=as_ or self.officer)
        assert answer.status_code < 300, (path, answer.text)
        return answer

    def live(self) -> None:
        """Enter, consent by a code, be refused, ask for everything and be answered."""
        given = enrollment(NAME, ICU, images=pictures("f1"))
        self.subject_id = self.ask("POST", "/face-auth/enroll", given, as_=self.admin).json()["subject_id"]
        invited = self.ask("POST", "/face-auth/consent/invitations", {"subject_id": self.subject_id}, as_=self.admin)
        code = invited.json()["code"]
        self.story.secrets |= {code, code.replace("-", "")}
        decision = {"code": code, "decision": "accept", "notice_version": notices.BUILT_IN.version}
        assert self.story.client.post("/face-auth/consent/form", data=decision, headers=OURS).status_code == 200
        wrong = decision | {"code": "AAAAA-BBBBB"}
        assert self.story.client.post("/face-auth/consent/form", data=wrong, headers=OURS).status_code >= 400
        waiting = self.ask("POST", "/face-auth/consent/invitations", {"subject_id": self.subject_id}, as_=self.admin)
        self.story.secrets |= {waiting.json()["code"], waiting.json()["code"].replace("-", "")}
        self.me = bearer(self.story.face(ICU)["tokens"]["access_token"])
        self.story.face(ICU, "nobody")
        refused = [row for row in self.edge.house.rows("auth_log_rows") if row["state"] != "succeeded"]
        self.attempt_id = str(refused[0]["attempt_id"])
        self.rights()
        self.incident()
        self.console()

    def rights(self) -> None:
        mine, all_ = "/face-auth/my-data", "/face-auth/requests"
        for kind, more in (
            ("access", {}),
            ("correction", {"correction": {"display_name": RIGHT}}),
            ("review", {"attempt_id": self.attempt_id}),
            ("portability", {}),
        ):
            document = {"kind": kind, "text": ASKED, **more}
            self.requests.append(self.ask("POST", all_, document, as_=self.me).json()["request_id"])
        access, correction, review, portability = self.requests
        self.ask("POST", f"{all_}/{access}/answer", {"text": SAID})
        self.ask("POST", f"{all_}/{correction}/answer", {"text": SAID})
        decided = {"decision": "upheld", "reason": "decision_correct", "text": SAID}
        evidence = self.ask("GET", f"{all_}/{review}/review").json()
        decided["reason"] = evidence["reasons"]["upheld"][0]
        self.ask("POST", f"{all_}/{review}/review", decided)
        self.ask("POST", f"{all_}/{portability}/refuse", {"reason": "fact_prevents", "text": SAID})
        for path in (mine, f"{mine}/statement", f"{mine}/portability", f"{mine}/views"):
            self.ask("GET", path, as_=self.me)
        assert RIGHT in self.ask("GET", f"{mine}/statement", as_=self.me).text
        assert ASKED in self.ask("GET", f"{all_}/{access}", as_=self.me).text

    def incident(self) -> None:
        entry = {"kind": "confidentiality", "cause": "key_leak", "categories": ["identification"]}
        opened = self.ask("POST", "/face-auth/incidents", entry | {"description": HAPPENED}).json()
        self.incident_id = opened["incident_id"]
        said = {"risk": "high", "measures_before": BEFORE, "measures_after": AFTER}
        self.ask("POST", f"/face-auth/incidents/{self.incident_id}/assess", said)
        self.ask("GET", f"/face-auth/incidents/{self.incident_id}/affected?ids=true")

    def console(self) -> None:
        services = self.edge.house.services
        act = services.act("operator:cli", "cli")
        made = console_link.invite(services, role=COMPLIANCE_OFFICER, department=EVERYWHERE, name=OFFICER, act=act)
        self.story.secrets |= {made.code, made.code.partition(".")[2]}
        entered = self.story.client.post(
            "/console/sign-in", data={"credential": made.code}, headers=OURS, follow_redirects=False
        )
        token = entered.headers["set-cookie"].partition(";")[0].removeprefix(f"{COOKIE}=")
        self.story.client.cookies.clear()
        self.story.secrets |= {token, token.rpartition(".")[2]}
        self.desk = Visitor(self.edge, token)
        sent = self.desk.post("/console/people", {"who": f"{NAME}.souza"})
        assert sent.headers["location"] == f"/console/people/{self.subject_id}"

    def everything(self) -> dict[str, str]:
        """What each way of looking at this person says, by path."""
        who, one = self.subject_id, self.attempt_id
        paths = [
            *(f"/face-auth/subjects/{who}/statement", f"/face-auth/subjects/{who}/statement?format=pdf"),
            *(f"/face-auth/audit/subjects/{who}/timeline", f"/face-auth/audit/attempts/{one}/explanation"),
            *(f"/face-auth/audit/events?subject={who}", "/face-auth/audit/events", "/face-auth/requests"),
            *(f"/face-auth/requests/{request}" for request in self.requests),
            *(f"/face-auth/audit/export?format={form}" for form in ("jsonl", "csv", "fhir", "cef")),
            *("/face-auth/consents", f"/face-auth/consent/receipt?subject={who}", "/face-auth/retention"),
            *("/face-auth/incidents", "/face-auth/reports/ropa?format=json"),
            f"/face-auth/incidents/{self.incident_id}/draft?to=subjects",
        ]
        shown = {path: self.story.client.get(path, headers=self.officer).text for path in paths}
        pages = ["", "/people", f"/people/{who}", f"/people/{who}/timeline", "/attempts", f"/attempts/{one}"]
        pages += ["/sessions", "/lockouts", "/devices", "/events", "/replay"]
        pages += [f"/replay?view={view}" for view in ("face_auth_logs", "face_enrollments", "face_auth_sessions")]
        return shown | {f"/console{page}": self.desk.get(f"/console{page}").text for page in pages}


def holding(places: dict[str, str], secrets: set[str]) -> set[tuple[str, str]]:
    """Which place holds which secret, also as JSON would escape it."""
    forms = {secret: {secret.lower(), json.dumps(secret)[1:-1].lower()} for secret in secrets}
    return {
        (place, secret[:12])
        for place, text in places.items()
        for secret, written in forms.items()
        if any(one in text.lower() for one in written)
    }


def test_nothing_kept_or_logged_at_the_desk_holds_a_name_a_text_a_code_or_a_token(
    story: Story, caplog: pytest.LogCaptureFixture, capfd: pytest.CaptureFixture[str]
) -> None:
    caplog.set_level(logging.DEBUG)
    structlog.reset_defaults()
    desk = Desk(story)
    with capture_logs() as logs:
        desk.live()
        looked = desk.everything()
    services = story.edge.house.services
    services.projector.catch_up()
    said = capfd.readouterr()
    ours = [record.getMessage() for record in caplog.records if not record.name.startswith(("httpx", "httpcore"))]
    kept = {
        "events": list(words_of([event.fields for event in services.store.read(0, 100_000)], set())),
        "rows": list(words_of(services.read_models, set())),
        "index": list(words_of(services.event_index, set())),
        "codes": list(words_of(services.consent_codes, set())),
        "once": list(words_of(services.once, set())),
        "logs": [*words_of(logs, set()), *ours, said.out, said.err],
        "reprs": [repr(services), repr(story.edge.app)],
    }
    assert {"request.received.v1", "incident.assessed.v1", "viewing.recorded.v1"} <= set(story.edge.house.names())

    assert [place for place in kept if not kept[place]] == []
    assert holding({place: "\n".join(texts) for place, texts in kept.items()}, story.secrets) == set()
    exported = {path: text for path, text in looked.items() if "/export" in path}
    assert all(len(text) > 1000 for text in exported.values())
    assert holding(exported, story.secrets) == set()
    # Only whoever is looked at by name is shown by name.
    listings = ("/console", "/console/people", "/console/attempts", "/console/events", "/console/replay")
    nameless = {path: text for path, text in looked.items() if path.partition("?")[0] in listings}
    assert holding(nameless, story.secrets) == set()
    assert holding(looked, {RIGHT})


def test_once_erased_nothing_of_the_person_can_be_read_anywhere(story: Story) -> None:
    desk = Desk(story)
    desk.live()
    assert holding(desk.everything(), {RIGHT, ASKED, SAID})

    desk.ask("POST", LEAVER, {"subject_id": desk.subject_id, "now": True}, as_=desk.admin)

    left = desk.everything()
    assert holding(left, {NAME, RIGHT, ASKED, SAID, ADDRESS, AGENT}) == set()
    answered = [left[f"/face-auth/requests/{request}"] for request in desk.requests]
    assert [text.count("[erased]") for text in answered] == [2, 3, 2, 2]
    assert "[erased]" in left["/face-auth/audit/events"] or "[sealed]" in left["/face-auth/audit/events"]
    assert "no personal data held" in left[f"/face-auth/subjects/{desk.subject_id}/statement"]
    for path in ("/face-auth/my-data", "/face-auth/my-data/statement", f"/face-auth/requests/{desk.requests[0]}"):
        assert story.client.get(path, headers=desk.me).status_code == 401, path
