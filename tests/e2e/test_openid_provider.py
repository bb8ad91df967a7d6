"""Tokens of an OpenID provider that nobody here wrote, at a running service."""

from __future__ import annotations

import json
import shutil
import time
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import joserfc.jwt
import jwt
import pytest
from joserfc.jwk import ECKey

from adapters.identity.public_keys import RETRY_S
from entrypoints.cli import demo_faces
from tests.e2e.openid import PASSWORD, SECRET, USERNAME, OpenIdProvider, openid_provider, wait_for
from tests.e2e.service import Service

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    import httpx

pytestmark = [pytest.mark.models, pytest.mark.database]

AUDIENCE = "https://faceauth.hospital.test/api"
EVENTS = "/face-auth/audit/events"
DEPARTMENT = "cardiologia"
ANA = 0


def client(name: str, roles: list[str], department: str | None = DEPARTMENT, alg: str = "ES256") -> dict[str, Any]:
    claims = {"groups": {"faceauth": roles}} | ({} if department is None else {"unit": department})
    return {"id": name, "secret": SECRET, "alg": alg, "claims": claims}


CLIENTS = [
    client("auditor", ["auditoria"]),
    client("auditor-rsa", ["auditoria"], alg="RS256"),
    client("auditor-lab", ["auditoria"], "laboratorio"),
    client("auditor-nowhere", ["auditoria"], None),
    client("auditor-star", ["auditoria"], "*"),
    client("auditor-everywhere", ["auditoria"], "todos"),
    client("admin", ["chefia"]),
    client("auditor-short", ["auditoria"]) | {"ttl": 2},
    client("porter", ["compliance_officer", "portaria"]),
]


@dataclass
class Hospital:
    """A service that believes the first realm of a provider, and that provider."""

    service: Service
    provider: OpenIdProvider

    def events(self, token: str) -> httpx.Response:
        return self.service.get(EVENTS, token)

    def token(self, name: str = "auditor", **asked: Any) -> str:
        return self.provider.token(name, **({"resource": AUDIENCE} | asked))


@pytest.fixture
def hospital(passable_folder: Path, installed_models: Path) -> Iterator[Hospital]:
    with openid_provider(CLIENTS) as provider:
        home = passable_folder / "home"
        home.mkdir()
        home.chmod(0o711)
        shutil.copytree(installed_models, home / "models")
        believed = {
            "FACEAUTH_IDP_ISSUER": provider.issuers[0],
            "FACEAUTH_IDP_AUDIENCE": AUDIENCE,
            "FACEAUTH_IDP_ROLES_CLAIM": "groups.faceauth",
            "FACEAUTH_IDP_ROLE_MAP": "auditoria=compliance_officer,chefia=department_admin",
            "FACEAUTH_IDP_DEPARTMENT_CLAIM": "unit",
            "FACEAUTH_IDP_DEPARTMENT_MAP": json.dumps(
                {DEPARTMENT: DEPARTMENT, "laboratorio": "laboratorio", "todos": "*"}
            ),
            "FACEAUTH_IDP_CLOCK_SKEW_SECONDS": "0",
            "FACEAUTH_DEPARTMENTS": f"{DEPARTMENT},laboratorio",
        }
        service = Service(home, DEPARTMENT, believed)
        service.start()
        try:
            yield Hospital(service, provider)
        finally:
            service.stop()


def refused(answer: httpx.Response) -> tuple[int, str]:
    return answer.status_code, answer.json()["code"]


def test_the_hospitals_tokens_open_what_their_roles_are_for_and_others_nothing(hospital: Hospital) -> None:
    service, token = hospital.service, hospital.token
    enrolled = service.enroll(
        "ana", demo_faces.captures(demo_faces.photograph(), ANA, demo_faces.ENROLMENT), token("admin")
    )
    assert enrolled.status_code == 201, enrolled.text

    here = hospital.events(token())
    assert here.status_code == 200
    assert {event["data"].get("username") for event in here.json()["events"]} == {None, "ana"}
    assert all("auditor" not in str(event["actor"]) for event in here.json()["events"])
    assert hospital.events(token("auditor-rsa")).status_code == 200
    assert hospital.events(token("auditor-lab")).json()["events"] == []
    assert len(hospital.events(token("auditor-everywhere")).json()["events"]) >= len(here.json()["events"])

    assert refused(hospital.events(token("auditor-nowhere"))) == (403, "department_forbidden")
    assert refused(hospital.events(token("auditor-star"))) == (403, "department_forbidden")
    assert refused(hospital.events(token("porter"))) == (403, "not_allowed")
    assert refused(hospital.events(token("admin"))) == (403, "not_allowed")
    assert refused(hospital.events(token(realm=1))) == (401, "invalid_token")
    assert refused(hospital.events(token(resource="https://ehr.hospital.test/api"))) == (401, "invalid_token")
    person = hospital.provider.grant(
        "auditor", grant_type="password", username=USERNAME, password=PASSWORD, scope="openid", resource=AUDIENCE
    )
    assert hospital.events(person["access_token"]).status_code == 200
    assert refused(hospital.events(person["id_token"])) == (401, "invalid_token")


def test_a_token_that_was_good_is_refused_once_it_has_expired(hospital: Hospital) -> None:
    short = hospital.token("auditor-short")
    assert hospital.events(short).status_code == 200

    ends = float(jwt.decode(short, options={"verify_signature": False})["exp"])
    wait_for(lambda: time.time() > ends, seconds=10)

    assert refused(hospital.events(short)) == (401, "invalid_token")


def test_new_keys_of_the_provider_are_followed_and_the_former_ones_are_not(hospital: Hospital) -> None:
    former = hospital.token()
    assert hospital.events(former).status_code == 200

    hospital.provider.stop()
    hospital.provider.start()
    rotated = hospital.token()

    wait_for(lambda: hospital.events(rotated).status_code == 200, seconds=20)
    assert refused(hospital.events(former)) == (401, "invalid_token")


@pytest.mark.parametrize("trouble", ["hangs", "down"])
def test_a_provider_in_trouble_keeps_neither_officers_nor_faces_out(hospital: Hospital, trouble: str) -> None:
    service, faces = hospital.service, demo_faces.photograph()
    enrolled = service.enroll("ana", demo_faces.captures(faces, ANA, demo_faces.ENROLMENT), service.token())
    assert enrolled.status_code == 201, enrolled.text
    officer, visits = hospital.token(), demo_faces.captures(faces, ANA, demo_faces.SIGN_IN)
    assert hospital.events(officer).status_code == 200

    hospital.provider.freeze() if trouble == "hangs" else hospital.provider.stop()
    time.sleep(RETRY_S)  # so long nobody asks the provider anything: the trouble would not be noticed
    stranger = forged(hospital.provider.issuers[0])
    with ThreadPoolExecutor(4) as pool:
        flood = [pool.submit(hospital.events, stranger) for _ in range(12)]
        assert service.sign_in(visits)["success"]
        assert [refused(answer.result()) for answer in flood] == [(401, "invalid_token")] * len(flood)

    assert hospital.events(officer).status_code == 200


def forged(issuer: str) -> str:
    """A token that names the issuer and a key that it does not have."""
    now = int(time.time())
    claims = {"iss": issuer, "aud": AUDIENCE, "sub": "x", "iat": now, "exp": now + 300}
    header = {"alg": "ES256", "typ": "at+jwt", "kid": "unknown"}
    return joserfc.jwt.encode(header, claims, ECKey.generate_key("P-256"))
