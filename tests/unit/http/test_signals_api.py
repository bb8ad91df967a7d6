"""The Shared Signals endpoints: what a receiver asks for, and what it does not get."""

from __future__ import annotations

import json
import threading
import time
from datetime import timedelta
from typing import Any
from uuid import uuid4

import pytest

from application.ports.signal_streams import Receiver
from application.signals.collecting import Collector
from domain.session import Session
from tests.house import ICU
from tests.receivers import ENDPOINT, ISSUER
from tests.unit.http.edge import Edge

PUSH, POLL = "urn:ietf:rfc:8935", "urn:ietf:rfc:8936"


@pytest.fixture
def ehr(edge: Edge) -> Ssf:
    return Ssf(edge, edge.token("signal_receiver", "*"))


class Ssf:
    """A receiver with a token of its own."""

    def __init__(self, edge: Edge, token: str) -> None:
        self.edge = edge
        self.headers = {"authorization": f"Bearer {token}"}
        self.actor = edge.house.services.tokens.verify(token).actor

    def ask(self, method: str, path: str, document: Any = None, **params: str) -> Any:
        return self.edge.client.request(method, path, json=document, params=params, headers=self.headers)

    def create(self, method: str = PUSH, **more: Any) -> Any:
        delivery = {"method": method} | ({"endpoint_url": ENDPOINT} if method == PUSH else {})
        answer = self.ask("POST", "/ssf/streams", {"delivery": delivery | more.pop("delivery", {}), **more})
        assert answer.status_code == 201, answer.text
        return answer.json()

    def poll(self, stream: Any, **body: Any) -> Any:
        return self.ask("POST", f"/ssf/poll/{stream['stream_id']}", {"returnImmediately": True} | body).json()


def session(edge: Edge) -> Session:
    """A session opens, and is collected."""
    act = edge.house.act()
    opened = Session.open(
        uuid4(),
        subject_id=uuid4(),
        attempt_id=uuid4(),
        department=ICU,
        amr="face",
        acr="x",
        expires_at=act.at + timedelta(hours=1),
        act=act,
    )
    edge.house.store.save(opened)
    collector = Collector(edge.house.services, on_fault=edge.house.faults.append)
    assert collector.take(edge.house.store.read(collector.since(), 500))
    return opened


def test_anybody_may_read_where_everything_is(edge: Edge) -> None:
    document = edge.client.get("/.well-known/ssf-configuration").json()

    assert document["issuer"] == ISSUER
    assert document["delivery_methods_supported"] == [PUSH, POLL]
    assert document["default_subjects"] == "ALL"
    for name in ("configuration", "status", "add_subject", "remove_subject", "verification"):
        assert document[f"{name}_endpoint"].startswith(f"{ISSUER}/ssf/")


def test_a_stream_says_what_it_delivers_and_never_its_secret(ehr: Ssf) -> None:
    made = ehr.create(delivery={"authorization_header": "Bearer very-secret"}, description="our EHR")

    assert (made["iss"], made["description"]) == (ISSUER, "our EHR")
    assert made["delivery"] == {"method": PUSH, "endpoint_url": ENDPOINT}
    assert made["events_delivered"] == made["events_supported"]
    read = ehr.ask("GET", "/ssf/streams", stream_id=made["stream_id"])
    assert read.json() == made
    assert "very-secret" not in read.text + ehr.ask("GET", "/ssf/streams").text


def test_a_stream_is_changed_replaced_and_deleted(ehr: Ssf) -> None:
    made = ehr.create(delivery={"authorization_header": "Bearer x"}, description="old")
    named = {"stream_id": made["stream_id"]}
    streams = ehr.edge.house.services.signals.streams
    revoked = [kind for kind in made["events_supported"] if kind.endswith("session-revoked")]

    patched = ehr.ask("PATCH", "/ssf/streams", named | {"events_requested": [*revoked, "urn:unknown"]}).json()
    assert (patched["events_delivered"], patched["description"]) == (revoked, "old")
    assert streams.all()[0].secret_sealed
    put = ehr.ask("PUT", "/ssf/streams", made | {"events_requested": None, "description": "new"}).json()
    assert (len(put["events_delivered"]), put["description"]) == (len(made["events_supported"]), "new")
    assert not streams.all()[0].secret_sealed
    assert ehr.ask("DELETE", "/ssf/streams", **named).status_code == 204
    assert ehr.ask("GET", "/ssf/streams", **named).status_code == 404
    assert ehr.ask("GET", "/ssf/streams").json() == []


def test_a_receiver_sees_and_touches_its_own_streams_only(edge: Edge, ehr: Ssf) -> None:
    made = ehr.create(POLL)
    other = Ssf(edge, edge.token("signal_receiver", "*"))
    named = {"stream_id": made["stream_id"]}
    subject = {"format": "iss_sub", "iss": ISSUER, "sub": "x"}

    assert other.ask("GET", "/ssf/streams").json() == []
    answers = [
        other.ask("GET", "/ssf/streams", **named),
        other.ask("PATCH", "/ssf/streams", named),
        other.ask("PUT", "/ssf/streams", made),
        other.ask("DELETE", "/ssf/streams", **named),
        other.ask("GET", "/ssf/status", **named),
        other.ask("POST", "/ssf/status", named | {"status": "paused"}),
        other.ask("POST", "/ssf/subjects:add", named | {"subject": subject}),
        other.ask("POST", "/ssf/subjects:remove", named | {"subject": subject}),
        other.ask("POST", "/ssf/verify", named),
        other.ask("POST", f"/ssf/poll/{made['stream_id']}", {"returnImmediately": True}),
        other.ask("GET", "/ssf/status", stream_id="no-uuid"),
        other.ask("GET", "/ssf/status"),
    ]
    assert [answer.status_code for answer in answers] == [404] * len(answers)


def test_tokens_of_one_registered_receiver_share_its_streams_and_audience(edge: Edge) -> None:
    one, two = (Ssf(edge, edge.token("signal_receiver", "*")) for _ in range(2))
    for each in (one, two):
        edge.house.services.signals.streams.register(each.actor, Receiver("receiver:ehr", "medical-record"))

    made = one.create()
    assert made["aud"] == "medical-record"
    assert two.ask("GET", "/ssf/streams").json() == [made]


def test_tokens_that_nobody_registered_have_an_audience_each(edge: Edge) -> None:
    audiences = {Ssf(edge, edge.token("signal_receiver", "*")).create()["aud"] for _ in range(2)}

    assert len(audiences) == 2


def test_streams_are_for_receivers_of_the_whole_house(edge: Edge) -> None:
    assert edge.client.get("/ssf/streams", headers=edge.headers("signal_receiver", ICU)).status_code == 403
    assert edge.client.get("/ssf/streams", headers=edge.headers("department_admin", "*")).status_code == 403
    assert edge.client.get("/ssf/streams").status_code == 401
    assert edge.client.get("/ssf/dead-letters", headers=edge.headers("operator", ICU)).status_code == 403
    assert edge.client.get("/ssf/dead-letters", headers=edge.headers("signal_receiver", "*")).status_code == 403


@pytest.mark.parametrize(
    ("document", "code"),
    [
        ({"delivery": {"method": PUSH, "endpoint_url": "https://elsewhere.test/"}}, "endpoint_forbidden"),
        ({"delivery": {"method": PUSH, "endpoint_url": "http://ehr.hospital.test/"}}, "endpoint_forbidden"),
        ({"delivery": {"method": PUSH}}, "endpoint_forbidden"),
        ({"delivery": {"method": "urn:faceauth:webhook", "endpoint_url": ENDPOINT}}, "invalid_input"),
        (
            {"delivery": {"method": PUSH, "endpoint_url": ENDPOINT, "authorization_header": "a\r\nb: c"}},
            "invalid_input",
        ),
        ({"delivery": {"method": POLL}, "events_requested": ["x"] * 65}, "invalid_input"),
        ({"delivery": {"method": POLL}, "description": "x" * 201}, "invalid_input"),
        ([], "invalid_input"),
    ],
)
def test_a_stream_that_cannot_be_is_refused_by_name(ehr: Ssf, document: Any, code: str) -> None:
    answer = ehr.ask("POST", "/ssf/streams", document)

    assert (answer.status_code, answer.json()["code"]) == (422, code)


def test_a_receiver_has_a_bounded_number_of_streams(ehr: Ssf) -> None:
    for _ in range(8):
        ehr.create(POLL)
    answer = ehr.ask("POST", "/ssf/streams", {"delivery": {"method": POLL}})

    assert (answer.status_code, answer.json()["code"]) == (409, "stream_limit")


def test_a_stream_is_paused_and_goes_on(ehr: Ssf) -> None:
    made = ehr.create(POLL)
    named = {"stream_id": made["stream_id"]}
    paused = ehr.ask("POST", "/ssf/status", named | {"status": "paused", "reason": "night"}).json()
    session(ehr.edge)

    assert paused == named | {"status": "paused", "reason": "night"}
    assert ehr.poll(made) == {"sets": {}, "moreAvailable": False}
    assert ehr.ask("POST", "/ssf/status", named | {"status": "enabled"}).json() == named | {"status": "enabled"}
    assert len(ehr.poll(made)["sets"]) == 1
    assert ehr.ask("POST", "/ssf/status", named | {"status": "asleep"}).status_code == 422


def test_a_subject_is_removed_and_added(ehr: Ssf) -> None:
    made = ehr.create(POLL)
    opened = session(ehr.edge)
    (token,) = ehr.poll(made)["sets"].values()
    subject = json.loads(token)["sub_id"]
    body = {"stream_id": made["stream_id"], "subject": subject}

    assert ehr.ask("POST", "/ssf/subjects:remove", body).status_code == 204
    ehr.poll(made, ack=[json.loads(token)["jti"]])
    stored = ehr.edge.house.store.get(Session, opened.id)
    stored.revoke(reason="logout", act=ehr.edge.house.act())
    ehr.edge.house.store.save(stored)
    session(ehr.edge)
    sets = ehr.poll(made)["sets"]
    assert [json.loads(one)["sub_id"]["user"] == subject["user"] for one in sets.values()] == [False]
    assert ehr.ask("POST", "/ssf/subjects:add", body).status_code == 200
    foreign = body | {"subject": subject["user"] | {"iss": "https://elsewhere.test"}}
    assert ehr.ask("POST", "/ssf/subjects:remove", foreign).status_code == 404


def test_a_verification_event_brings_its_state_back(ehr: Ssf) -> None:
    made = ehr.create(POLL)
    assert ehr.ask("POST", "/ssf/verify", {"stream_id": made["stream_id"], "state": "abc"}).status_code == 204

    (token,) = ehr.poll(made)["sets"].values()
    claims = json.loads(token)
    assert list(claims["events"].values()) == [{"state": "abc"}]
    assert claims["sub_id"] == {"format": "opaque", "id": made["stream_id"]}


def test_a_poller_acknowledges_refuses_and_is_told_of_more(ehr: Ssf) -> None:
    made = ehr.create(POLL)
    for _ in range(3):
        session(ehr.edge)
    first = ehr.poll(made, maxEvents=2)
    assert (len(first["sets"]), first["moreAvailable"]) == (2, True)
    one, two = first["sets"]

    rest = ehr.poll(made, ack=[one], setErrs={two: {"err": "jwtAud", "description": "Ana Souza"}})
    assert (len(rest["sets"]), rest["moreAvailable"]) == (1, False)
    assert not {one, two} & set(rest["sets"])
    assert ehr.poll(made, maxEvents=0) == {"sets": {}, "moreAvailable": False}
    (dead,) = ehr.edge.house.services.signals.outbox.dead(9)
    assert (str(dead.jti), dead.error) == (two, "jwtAud")


def test_a_poller_that_waits_hears_of_what_happens_meanwhile(ehr: Ssf) -> None:
    made = ehr.create(POLL)
    timer = threading.Timer(0.5, session, [ehr.edge])
    timer.start()
    begin = time.monotonic()
    answer = ehr.ask("POST", f"/ssf/poll/{made['stream_id']}", {}).json()

    assert len(answer["sets"]) == 1
    assert time.monotonic() - begin < 10
    timer.join()


@pytest.mark.parametrize(
    "body",
    [
        {"maxEvents": -1},
        {"ack": ["no-uuid"]},
        {"ack": [str(uuid4())] * 501},
        {"setErrs": {str(uuid4()): {"err": "has spaces in it"}}},
    ],
)
def test_a_poll_of_another_form_is_refused(ehr: Ssf, body: dict[str, Any]) -> None:
    made = ehr.create(POLL)

    assert ehr.ask("POST", f"/ssf/poll/{made['stream_id']}", body).status_code == 422


def test_a_body_that_is_too_long_is_not_read(ehr: Ssf) -> None:
    answer = ehr.edge.client.post("/ssf/verify", content=b"x" * 20_000, headers=ehr.headers)

    assert answer.status_code == 413


def test_an_operator_sees_dead_letters_and_replays_them(ehr: Ssf) -> None:
    made = ehr.create(POLL)
    session(ehr.edge)
    (jti,) = ehr.poll(made)["sets"]
    ehr.poll(made, setErrs={jti: {"err": "jwtAud"}})
    operator = ehr.edge.headers("operator", "*")

    (dead,) = ehr.edge.client.get("/ssf/dead-letters", headers=operator).json()["dead_letters"]
    assert (dead["jti"], dead["error"], dead["event"]) == (jti, "jwtAud", "session.opened.v1")
    replay = f"/ssf/dead-letters/{dead['id']}/replay"
    assert ehr.edge.client.post(replay, headers=operator).status_code == 204
    assert ehr.edge.client.post(replay, headers=operator).status_code == 404
    assert ehr.edge.client.post(f"/ssf/dead-letters/{10**30}/replay", headers=operator).status_code == 404
    assert list(ehr.poll(made)["sets"]) == [jti]


def test_an_operator_begins_and_ends_webhooks(edge: Edge, ehr: Ssf) -> None:
    operator = edge.headers("operator", "*")
    made = edge.client.post("/ssf/webhooks", json={"endpoint_url": ENDPOINT}, headers=operator)
    assert made.status_code == 201
    secret = made.json()["secret"]
    assert secret.startswith("whsec_")

    listed = edge.client.get("/ssf/webhooks", headers=operator)
    assert secret not in listed.text
    assert len(listed.json()["webhooks"]) == 1
    path = f"/ssf/webhooks/{made.json()['stream_id']}"
    assert edge.client.delete(path, headers=operator).status_code == 204
    assert edge.client.delete(path, headers=operator).status_code == 404
    stream = ehr.create(POLL)
    assert edge.client.delete(f"/ssf/webhooks/{stream['stream_id']}", headers=operator).status_code == 404


def test_a_webhook_elsewhere_is_refused(edge: Edge) -> None:
    answer = edge.client.post(
        "/ssf/webhooks", json={"endpoint_url": "https://169.254.169.254/"}, headers=edge.headers("operator", "*")
    )

    assert answer.json()["code"] == "endpoint_forbidden"
