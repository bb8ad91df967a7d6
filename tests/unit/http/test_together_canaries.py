"""Everything is done once with words that nobody else uses; then nothing that is kept or logged holds one of them."""

from __future__ import annotations

import logging
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field, replace
from typing import TYPE_CHECKING, Any

import pytest
import structlog
from joserfc.jwk import ECKey
from structlog.testing import capture_logs

from application import accounts
from application.clients import add_client
from application.ports.clients import CONFIDENTIAL, PUBLIC
from application.services import Policies
from domain.policies.passwords import PasswordPolicy
from tests.house import ICU, LAB, pictures
from tests.tablet import Tablet
from tests.transmitter import RISC, Transmitter, iss_sub
from tests.unit.http.edge import Edge, build_edge, enrollment, frames_of, rest
from tests.unit.http.oauth_client import INTROSPECT, REFRESH, REVOKE, basic, bearer, form, prove
from tests.unit.http.provisioner import USERS, user

if TYPE_CHECKING:
    from pathlib import Path

NAME = "zoraide"
ADDRESS, AGENT = "203.0.113.77", "agent-of-zenobia/7"
SECRET, OTHER, TEMPORARY, MISTYPED = (
    "quatorze pipas verdes",
    "dezoito pipas amarelas",
    "vinte pipas roxas ja",
    "pipas erradas para sempre",
)
STRANGER = "waldemiro.lopes"
PASSWORD, MINE = "/face-auth/password", "/face-auth/me/password"


@dataclass
class Story:
    """An edge, whoever talks to it, and the secrets that were told meanwhile."""

    edge: Edge
    client: Any
    sender: Transmitter
    secrets: set[str] = field(
        default_factory=lambda: {NAME, ADDRESS, AGENT, SECRET, OTHER, TEMPORARY, MISTYPED, STRANGER}
    )

    def post(self, path: str, document: Any, token: str = "", **headers: str) -> Any:
        return self._answer("POST", path, document, token, headers)

    def put(self, path: str, document: Any, token: str = "") -> Any:
        return self._answer("PUT", path, document, token, {})

    def face(self, department: str, face: str = "f1", username: str | None = None) -> dict[str, Any]:
        path = f"/face-auth/{department}"
        with self.client.websocket_connect(path, subprotocols=["faceauth.v1"]) as socket:
            if username is not None:
                socket.send_json({"type": "claim", "username": username})
            for payload in frames_of(face):
                socket.send_bytes(payload)
            (result,) = [said for said in rest(socket) if said.get("type") == "result"]
        return self.note(result)

    def note(self, answer: dict[str, Any]) -> dict[str, Any]:
        """Remember what is secret in an answer."""
        for holder in (answer, answer.get("tokens", {})):
            for name in ("access_token", "refresh_token", "ticket", "temporary_password"):
                value = holder.get(name)
                if isinstance(value, str):
                    self.secrets.add(value)
                    self.secrets.add(value.rpartition(".")[2])
        return answer

    def _answer(self, method: str, path: str, document: Any, token: str, headers: Mapping[str, str]) -> Any:
        more = dict(headers) | (bearer(token) if token else {})
        return self.note(self.client.request(method, path, json=document, headers=more).json())


@pytest.fixture
def story(tmp_path: Path) -> Iterator[Story]:
    both = PasswordPolicy(mfa_departments=frozenset({LAB}))
    edge = build_edge(tmp_path, policies=Policies(passwords=both))
    sender = Transmitter(edge.house.clock)
    edge.app.services = edge.house.services = replace(edge.house.services, reception=sender.reception())
    edge.client = type(edge.client)(edge.client.app, client=(ADDRESS, 5), headers={"user-agent": AGENT})
    with edge.client:
        yield Story(edge, edge.client, sender)


def tell(story: Story) -> None:
    """Live the life of somebody: enrolled, signed in in all ways, refused in all ways, changed, moved, erased."""
    edge, admin = story.edge, story.edge.token(department="*")
    edge.post("/face-auth/enroll", enrollment(NAME, ICU, images=pictures("f1")), department="*")
    subject_id = accounts.find_subject(edge.house.services, "username", f"{NAME}.souza")
    given = story.put(f"/face-auth/accounts/{subject_id}/password", {}, admin)["temporary_password"]
    story.secrets.add(given)
    me = {"department": ICU, "username": f"{NAME}.souza"}
    assert story.post(PASSWORD, me | {"password": given})["code"] == "password_change_required"
    assert story.post(PASSWORD, me | {"password": given, "new_password": SECRET})["code"] == "ok"
    assert story.put(f"/face-auth/accounts/{subject_id}/password", {"password": TEMPORARY}, admin)["success"]
    assert story.post(PASSWORD, me | {"password": TEMPORARY, "new_password": SECRET})["code"] == "ok"
    sign_in(story, me)
    refuse(story, me)
    machines(story, admin)
    accounts.move(edge.house.services, subject_id or edge.house.services.ids.new(), LAB, act=edge.house.act())
    ticket = story.face(LAB)["ticket"]
    both = {"department": LAB, "ticket": ticket}
    assert story.post(PASSWORD, both | {"password": MISTYPED})["code"] == "wrong_password"
    assert story.post(PASSWORD, both | {"password": OTHER, "username": STRANGER})["code"] == "wrong_password"
    assert story.post(PASSWORD, both | {"password": OTHER})["code"] == "ok"
    assert story.post(PASSWORD, both | {"password": OTHER})["code"] == "invalid_ticket"
    found = story.post("/face-auth/subjects/erase", {"username": f"{NAME}.souza"}, admin)
    assert found["success"], found


def sign_in(story: Story, me: dict[str, str]) -> None:
    edge, key = story.edge, ECKey.generate_key("P-256")
    tokens = story.face(ICU)["tokens"]
    access = tokens["access_token"]
    stepped = story.post("/face-auth/password/step-up", {"password": SECRET}, access)
    assert stepped["acr"] == "urn:faceauth:acr:mfa"
    story.secrets.add(stepped["tokens"]["access_token"])
    assert story.post(MINE, {"current": SECRET, "new": OTHER}, access)["success"]
    proof = prove(edge, key, "POST", REFRESH)
    bound = story.note(form(edge, REFRESH, {"dpop": proof}, refresh_token=tokens["refresh_token"]).json())
    assert bound["token_type"] == "DPoP"
    secret = add_client(
        edge.house.services, "ehr", kind=CONFIDENTIAL, audiences=["medical-record"], act=edge.house.act()
    )
    story.secrets.add(secret or "")
    add_client(edge.house.services, "app", kind=PUBLIC, audiences=["medical-record"], act=edge.house.act())
    asked = form(edge, INTROSPECT, basic("ehr", secret or ""), token=bound["access_token"]).json()
    assert asked["active"]
    assert form(edge, REFRESH, refresh_token=tokens["refresh_token"]).json()["code"] == "refresh_reused"
    again = story.post(PASSWORD, me | {"password": OTHER, "client_id": "app"})
    assert form(edge, REVOKE, token=again["tokens"]["refresh_token"], client_id="app").status_code == 200


def refuse(story: Story, me: dict[str, str]) -> None:
    story.face(ICU, "nobody")
    story.face(ICU, "nobody", username=f"{NAME}.souza")
    story.face(ICU, "nobody", username=STRANGER)
    for _ in range(7):
        story.post(PASSWORD, {"department": ICU, "username": STRANGER, "password": MISTYPED})
    story.post(PASSWORD, me | {"password": MISTYPED})
    story.post(PASSWORD, me | {"password": OTHER, "new_password": f"{NAME}.souza"})
    story.post(PASSWORD, me | {"password": OTHER, "unknown": MISTYPED})
    story.post(PASSWORD, {"department": ICU, "ticket": "ft1." + "0" * 32 + "." + "A" * 43, "password": MISTYPED})
    verifier: Any = story.edge.house.services.passwords.verifier
    verifier.down = True
    assert story.post(PASSWORD, me | {"password": OTHER})["code"] == "unavailable"
    verifier.down = False


def machines(story: Story, admin: str) -> None:
    edge, tablet = story.edge, Tablet()
    invited = story.post("/face-auth/devices/pairings", {"department": ICU, "label": "ward 4"}, admin)
    story.secrets |= {invited["code"], invited["code"].replace("-", "")}
    body = {"code": invited["code"], "public_jwk": tablet.jwk, "proof": tablet.proof(invited["code"])}
    assert "device_id" in story.post("/face-auth/devices/pair", body)
    headers = {"content-type": "application/scim+json", **edge.headers("provisioner", "*")}
    for path in (USERS, USERS):
        story.client.post(path, json=user(f"{NAME}-2"), headers=headers)
    for event in ("account-disabled", "account-enabled"):
        token = story.sender.token(f"{RISC}{event}", iss_sub(NAME))
        pushed = story.client.post(
            "/ssf/receiver/events", content=token, headers={"content-type": "application/secevent+jwt"}
        )
        assert pushed.status_code == 202, pushed.text
    story.client.get(f'{USERS}?filter=userName eq "{NAME}-2.souza"', headers=headers)
    story.client.get("/face-auth/audit/events", headers=bearer(admin))


def words_of(thing: Any, seen: set[int], depth: int = 0) -> Iterator[str]:
    """Every text within a thing, however deep, and every name of it that is not a program's."""
    if isinstance(thing, str):
        yield thing
    elif isinstance(thing, bytes | bytearray):
        yield bytes(thing).decode("latin-1")
    elif id(thing) not in seen and depth < 30 and not callable(thing):
        seen.add(id(thing))
        for part in _parts(thing):
            yield from words_of(part, seen, depth + 1)


def _parts(thing: Any) -> Iterable[Any]:
    if isinstance(thing, Mapping):
        return [part for pair in list(thing.items()) for part in pair]
    if isinstance(thing, list | tuple | set | frozenset):
        return list(thing)
    slots = [name for kind in type(thing).__mro__ for name in getattr(kind, "__slots__", ())]
    return [*vars(thing).values()] if hasattr(thing, "__dict__") else [getattr(thing, n, None) for n in slots]


def test_no_event_no_table_no_log_and_no_repr_holds_a_secret_or_a_name(
    story: Story, caplog: pytest.LogCaptureFixture, capfd: pytest.CaptureFixture[str]
) -> None:
    caplog.set_level(logging.DEBUG)
    structlog.reset_defaults()
    with capture_logs() as logs:
        tell(story)
    services, app = story.edge.house.services, story.edge.app
    services.projector.catch_up()
    events = services.store.read(0, 100_000)
    names = {event.name for event in events}
    assert {"erasure.executed.v1", "lockout.imposed.v1", "session.assurance_changed.v1", "device.paired.v1"} <= names
    assert {"attempt.second_factor_refused.v1", "attempt.second_factor_accepted.v1"} <= names
    said = capfd.readouterr()
    # The client that stands for HTTP libraries logs what it asks for; what we log is of other names.
    ours = [record.getMessage() for record in caplog.records if not record.name.startswith(("httpx", "httpcore"))]
    places = {
        "events": list(words_of([event.fields for event in events], set())),
        "rows": list(words_of(services.read_models, set())),
        "lockouts": list(words_of(services.lockouts, set())),
        "once": list(words_of(services.once, set())),
        "pairings": list(words_of(services.pairings, set())),
        "clients": list(words_of(services.clients, set())),
        "outbox": list(words_of(services.signals.outbox, set())),
        "logs": [*words_of(logs, set()), *ours, said.out, said.err],
        "reprs": [repr(services), repr(app.settings), repr(app), str(app.settings)],
    }
    assert all(places[name] for name in ("events", "rows", "lockouts", "clients", "reprs"))
    found = {
        (place, secret[:12])
        for place, texts in places.items()
        for secret in story.secrets
        if secret and any(secret.lower() in text.lower() for text in texts)
    }
    assert found == set()


def test_the_sweep_finds_what_is_hidden_deep_and_behind_a_repr() -> None:
    @dataclass(frozen=True, slots=True)
    class Hidden:
        secret: str = field(repr=False)

    assert SECRET in list(words_of({"a": [(Hidden(SECRET),)]}, set()))
