"""Events in and provisioning on PostgreSQL: a certificate that others verify, a leaver who is out at once."""

from __future__ import annotations

import json
import threading
import time
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from datetime import timedelta
from typing import TYPE_CHECKING, Any

import pytest
from joserfc import jwk, jws

from adapters.crypto.entropy import SystemClock
from application import account_passwords, accounts
from application.erase import CERTIFICATE_TYPE
from application.reception import receive
from domain.errors import ConfigurationError, UnavailableError
from domain.session import OPEN, REVOKED, Session
from tests.house import ICU, person
from tests.integration.trial import act, enroll, journal, opened, sign_in
from tests.transmitter import AUDIENCE, ISSUER, RISC, Transmitter, iss_sub, key_set
from tests.unit.http.edge import client_of, wait_until
from tests.unit.identity.test_set_poller import saying, transmitter

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence
    from http.server import BaseHTTPRequestHandler
    from pathlib import Path
    from uuid import UUID

    from starlette.testclient import TestClient

    from application.outcome import Admission
    from entrypoints.app import App

pytestmark = pytest.mark.database

PUSH = {"content-type": "application/secevent+jwt"}
WITHIN_S = 1.0
PASSWORD = "uma senha bem comprida"
A_THOUSAND_WITHIN_S = 10.0


@contextmanager
def hospital(tmp_path: Path, dsn: str, sender: Transmitter, **settings: Any) -> Iterator[App]:
    keys = tmp_path / "transmitter.json"
    keys.write_bytes(key_set(sender.key))
    configured: dict[str, Any] = {
        "signals_issuer": ISSUER,
        "signals_audience": AUDIENCE,
        "signals_jwks_file": keys,
    } | settings
    with opened(tmp_path / "home", dsn, **configured) as app:
        yield app


@pytest.fixture
def sender() -> Transmitter:
    return Transmitter(SystemClock())


def staff(app: App, role: str) -> dict[str, str]:
    token = app.services.tokens.issue_staff(role=role, department="*", ttl=timedelta(hours=1))
    return {"authorization": f"Bearer {token}"}


def opened_session(app: App, face: str) -> Admission:
    admission = sign_in(app, face).admission
    assert admission is not None
    return admission


def enroll_with_password(app: App, name: str) -> UUID:
    subject_id = enroll(app, name)
    accounts.open_account(app.services, person(name), department=ICU, act=act(app))
    account_passwords.set_password(app.services, subject_id, PASSWORD, temporary=False, act=act(app))
    return subject_id


def ways(app: App, client: TestClient, name: str, session: Admission) -> dict[str, Any]:
    """What each way in says to somebody, and what others hear of their session."""
    bearer = {"authorization": f"Bearer {session.access_token}"}
    password = {"department": ICU, "username": person(name).username, "password": PASSWORD}
    token = {"token": session.access_token}
    return {
        "introspection": client.post("/face-auth/token/introspect", data=token, headers=staff(app, "operator")).json(),
        "access token": client.get("/face-auth/me/sessions", headers=bearer).status_code,
        "refresh": client.post("/face-auth/token/refresh", data={"refresh_token": session.refresh_token}).status_code,
        "face": sign_in(app, name).code,
        "password": client.post("/face-auth/password", json=password).status_code,
    }


OUT = {
    "introspection": {"active": False},
    "access token": 401,
    "refresh": 400,
    "face": "face_not_recognised",
    "password": 401,
}
IN = {"access token": 200, "refresh": 200, "face": "ok", "password": 200}


def check_in(app: App, client: TestClient, name: str) -> None:
    """Without this, a way in that never works would pass for one that was closed."""
    found = ways(app, client, name, opened_session(app, name))
    assert found.pop("introspection")["active"]
    assert found == IN


def test_a_purged_account_leads_to_a_certificate_that_another_library_verifies(
    tmp_path: Path, dsn: str, sender: Transmitter
) -> None:
    with (
        hospital(tmp_path, dsn, sender) as app,
        client_of(app) as client,
    ):
        subject_id = enroll_with_password(app, "ana")
        check_in(app, client, "ana")
        session = opened_session(app, "ana")
        standing = sum(row["status"] == OPEN for row in _sessions(app, subject_id))

        token = sender.token(f"{RISC}account-purged", iss_sub("ana"))
        assert client.post("/ssf/receiver/events", content=token, headers=PUSH).status_code == 202

        path = f"/face-auth/subjects/{subject_id}/erasure"
        certificate = client.get(path, headers=staff(app, "encarregado")).json()["certificate"]
        keys = jwk.KeySet.import_key_set(client.get("/.well-known/jwks.json").json())
        verified = jws.deserialize_compact(certificate.encode(), keys, algorithms=["ES256"])
        claims = json.loads(verified.payload)
        assert verified.headers()["typ"] == CERTIFICATE_TYPE
        assert (claims["subject_id"], claims["reason"]) == (str(subject_id), "account_purged")
        assert claims["destroyed"]["sessions"] == standing == 4
        assert ways(app, client, "ana", session) == OUT
        assert {row["status"] for row in _sessions(app, subject_id)} == {REVOKED}
        assert journal(app, "signal")[-1]["events"] == "account-purged"


def test_our_own_pairwise_subject_out_of_a_token_names_its_person(
    tmp_path: Path, dsn: str, sender: Transmitter
) -> None:
    with hospital(tmp_path, dsn, sender) as app:
        enroll(app, "ana")
        enroll(app, "bia")
        session = opened_session(app, "ana")
        claims = json.loads(jws.extract_compact(session.access_token.encode()).payload)
        subject = {"format": "iss_sub", "iss": claims["iss"], "sub": claims["sub"]}
        assert app.services.reception is not None

        receive(
            app.services,
            app.services.reception,
            sender.token(f"{RISC}sessions-revoked", subject),
            channel="http",
        )

        assert app.services.store.get(Session, session.session_id).status == REVOKED


def test_a_leaver_is_refused_everywhere_when_the_call_returns_and_all_of_it_within_a_second(
    tmp_path: Path, dsn: str, sender: Transmitter
) -> None:
    took = []
    with (
        hospital(tmp_path, dsn, sender, follow=True) as app,
        client_of(app) as client,
    ):
        headers = staff(app, "provisioner")
        for number in range(5):
            name = f"leaver{number}"
            subject_id = enroll_with_password(app, name)
            check_in(app, client, name)
            sessions = [opened_session(app, name) for _ in range(3)]

            began = time.monotonic()
            answer = client.patch(
                f"/scim/v2/Users/{subject_id}",
                json={
                    "schemas": ["urn:ietf:params:scim:api:messages:2.0:PatchOp"],
                    "Operations": [{"op": "Replace", "path": "active", "value": "False"}],
                },
                headers=headers,
            )
            found = ways(app, client, name, sessions[0])
            took.append(time.monotonic() - began)

            assert answer.status_code == 200
            assert found == OUT
            for session in sessions:
                assert app.services.store.get(Session, session.session_id).status == REVOKED

    assert max(took) < WITHIN_S


def _sessions(app: App, subject_id: UUID) -> Sequence[dict[str, Any]]:
    app.services.projector.catch_up()
    return app.services.read_models.rows("session_rows", {"subject_id": subject_id})


def delivered(app: App, token: bytes) -> str:
    """Deliver as a transmitter does: what is unavailable (at first, the keys) is sent again."""
    reception = app.services.reception
    assert reception is not None
    deadline = time.monotonic() + A_THOUSAND_WITHIN_S
    while True:
        try:
            return receive(app.services, reception, token, channel="http").code
        except UnavailableError:
            assert time.monotonic() < deadline


def test_a_thousand_copies_of_one_event_are_done_once_and_cost_little(
    tmp_path: Path, dsn: str, sender: Transmitter
) -> None:
    with hospital(tmp_path, dsn, sender) as app:
        enroll(app, "ana")
        token = sender.token(f"{RISC}account-disabled", iss_sub("ana"))

        began = time.monotonic()
        with ThreadPoolExecutor(4) as pool:
            codes = list(pool.map(lambda _: delivered(app, token), range(1000)))
        took = time.monotonic() - began

        assert took < A_THOUSAND_WITHIN_S
        assert (codes.count("accepted"), codes.count("duplicate")) == (1, 999)
        assert len(journal(app, "signal")) == 1


class Provider:
    """A transmitter that is polled; it can hang, answer 500, and work."""

    def __init__(self) -> None:
        self.mood = "hang"
        self.released = threading.Event()
        self.waiting: dict[str, bytes] = {}
        self.polls = 0

    def answer(self, handler: BaseHTTPRequestHandler, request: bytes) -> None:
        self.polls += 1
        if self.mood == "hang":
            self.released.wait(30)
            return
        if self.mood == "error":
            saying(b"", 500)(handler, request)
            return
        for jti in json.loads(request).get("ack", ()):
            self.waiting.pop(jti, None)
        sets = {jti: token.decode() for jti, token in self.waiting.items()}
        saying(json.dumps({"sets": sets}).encode())(handler, request)


def test_a_transmitter_that_hangs_and_errs_blocks_nobody_and_loses_nothing(
    tmp_path: Path, dsn: str, sender: Transmitter, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("adapters.identity.set_poller.POLL_SECONDS", 1.0)
    provider = Provider()
    provider.waiting["j"] = sender.sign(sender.claims(f"{RISC}account-disabled", iss_sub("ana"), jti="j"))
    with (
        transmitter(provider.answer) as url,
        hospital(tmp_path, dsn, sender, signals_poll_url=url, signals_poll_seconds=0.5, follow=True) as app,
    ):
        enroll(app, "ana")
        app.supervise()
        wait_until(lambda: provider.polls, 10)
        began = time.monotonic()
        assert sign_in(app, "ana").success
        assert time.monotonic() - began < 1.0

        provider.mood = "error"
        provider.released.set()
        wait_until(lambda: provider.polls > 1, 20)
        assert sign_in(app, "ana").success

        provider.mood = "well"
        wait_until(lambda: not provider.waiting, 30)
        assert not sign_in(app, "ana").success


@pytest.mark.parametrize(
    "changed",
    [
        {"signals_audience": None},
        {"signals_jwks_file": None},
        {"signals_jwks_file": None, "signals_jwks_url": "http://idp.example/keys"},
        {"signals_jwks_file": None, "signals_jwks_url": "file:///etc/passwd"},
    ],
)
def test_half_a_configuration_is_refused(
    tmp_path: Path, dsn: str, sender: Transmitter, changed: dict[str, Any]
) -> None:
    with pytest.raises(ConfigurationError), hospital(tmp_path, dsn, sender, **changed):
        pass
