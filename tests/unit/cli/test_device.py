"""``faceauth device``: a code, the list and a revocation that ends sessions, over the wired whole on PostgreSQL."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

import pytest

from adapters.memory.vision import scripted_judge
from application import devices
from application.authenticate import Authentication
from application.notice import BUILT_IN
from application.outcome import Client
from application.services import Policies
from entrypoints.bootstrap import bootstrap
from entrypoints.settings import Settings
from tests.house import ICU, LAB, frames, person, pictures
from tests.tablet import Tablet

if TYPE_CHECKING:
    from application.outcome import Outcome
    from application.services import Services

pytestmark = pytest.mark.database


@pytest.fixture(autouse=True)
def _departments(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("FACEAUTH_DEPARTMENTS", f"{ICU},{LAB}")


def pair(services: Services, tablet: Tablet, code: str) -> None:
    paired = devices.pair(
        services, code=code, public_jwk=tablet.jwk, proof=tablet.proof(code), address="192.0.2.30", channel="http"
    )
    tablet.device_id = paired.id


def sign_in(services: Services, tablet: Tablet) -> Outcome:
    attempt = Authentication(services, department=ICU, mode="faceauth.v1", client=Client("192.0.2.30", "tablet"))
    attempt.start()
    attempt.device.announce(tablet.device_id)
    for payload in frames("ana"):
        attempt.device.received(payload)
        attempt.note_received()
        attempt.take(payload)
    attempt.device.settle()
    signature = tablet.attempt_signature(attempt.attempt_id, attempt.device.nonce, frames("ana"))
    attempt.device.prove(tablet.device_id, signature)
    return attempt.decide()


def test_a_code_pairs_a_device_that_is_listed_until_it_is_revoked_with_its_sessions(
    command: Any, settings: Settings
) -> None:
    status, out, _ = command("device", "code", "--department", ICU, "--label", "ward 4", "--json")
    assert status == 0
    tablet, policies = Tablet(), Policies(device_required=frozenset({"*"}))
    with bootstrap(settings, judge=scripted_judge(), policies=policies) as app:
        app.enrolling.enroll(
            person("ana"),
            department=ICU,
            pictures=pictures("ana"),
            notice_version=BUILT_IN.version,
            act=app.services.act("operator:test", "cli"),
        )
        pair(app.services, tablet, json.loads(out)["code"])
        assert sign_in(app.services, tablet).success

    _, out, _ = command("device", "list", "--json")
    (row,) = json.loads(out)["devices"]
    assert (row["device_id"], row["department"], row["label"]) == (str(tablet.device_id), ICU, "ward 4")
    assert (row["status"], row["paired_by"]) == ("paired", "operator:cli")
    assert json.loads(command("device", "list", "--department", LAB, "--json")[1]) == {"devices": []}

    status, out, _ = command("device", "revoke", str(tablet.device_id), "--reason", "stolen", "--json")
    assert (status, json.loads(out)["sessions_revoked"]) == (0, 1)
    assert "revoked" in command("device", "list")[1]
    with bootstrap(settings, judge=scripted_judge(), policies=policies) as app:
        assert sign_in(app.services, tablet).code == "device_required"
        (session,) = app.services.read_models.rows("session_rows")
        assert (session["status"], session["device_id"]) == ("revoked", tablet.device_id)


def test_a_code_is_shown_for_people_to_type(command: Any) -> None:
    status, out, _ = command("device", "code", "--department", ICU, "--label", "ward 4")

    assert status == 0
    assert out[5] == "-"
    assert "até / until" in out


@pytest.mark.parametrize(
    ("words", "code"),
    [
        (("code", "--department", "atlantis", "--label", "x"), "department_unknown"),
        (("code", "--department", ICU, "--label", " "), "invalid_input"),
        (("revoke", "00000000-0000-4000-8000-000000000001", "--reason", "lost"), "not_found"),
    ],
)
def test_what_cannot_be_done_is_said_and_fails(command: Any, words: tuple[str, ...], code: str) -> None:
    status, _, err = command("device", *words, "--json")

    assert (status, json.loads(err)["error"]) == (1, code)


def test_a_department_that_requires_devices_is_named_by_a_setting(
    settings: Settings, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("FACEAUTH_DEVICE_REQUIRED", f"{ICU}, {LAB}")
    named = Settings(home=settings.home).device_required
    with bootstrap(settings.model_copy(update={"device_required": named}), vision=False) as app:
        policies = app.services.policies

    assert [policies.requires_device(name) for name in (ICU, LAB, "ward")] == [True, True, False]
