"""Devices over HTTP: who may invite, list and revoke, and what a stranger with a code gets."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any
from uuid import uuid4

import pytest

from domain.device import Device
from tests.house import ICU, LAB
from tests.tablet import Tablet

if TYPE_CHECKING:
    from httpx import Response

    from tests.unit.http.edge import Edge

PAIRINGS, PAIR, DEVICES = "/face-auth/devices/pairings", "/face-auth/devices/pair", "/face-auth/devices"
OTHERS = ["operator", "provisioner", "signal_receiver"]


def invited(edge: Edge, department: str = ICU, *, admin: str | None = None, label: str = "ward 4") -> Response:
    return edge.post(PAIRINGS, {"department": department, "label": label}, department=admin or department)


def pair(edge: Edge, tablet: Tablet, code: str, /, **changed: Any) -> Response:
    document = {"code": code, "public_jwk": tablet.jwk, "proof": tablet.proof(code)} | changed
    response: Response = edge.client.post(PAIR, json=document)
    return response


def revoke(edge: Edge, device_id: Any, department: str = ICU, **body: Any) -> Response:
    headers = edge.headers("department_admin", department)
    response: Response = edge.client.request(
        "DELETE", f"{DEVICES}/{device_id}", json={"reason": "lost"} | body, headers=headers
    )
    return response


def listed(edge: Edge, role: str = "department_admin", department: str = ICU) -> list[dict[str, Any]]:
    found: list[dict[str, Any]] = edge.client.get(DEVICES, headers=edge.headers(role, department)).json()["devices"]
    return found


def test_a_device_is_invited_paired_listed_and_revoked(edge: Edge) -> None:
    answer = invited(edge)
    assert answer.status_code == 201
    code = answer.json()["code"]
    assert (len(code), code[5]) == (11, "-")

    tablet = Tablet()
    paired = pair(edge, tablet, code)
    assert paired.status_code == 201
    device_id = paired.json().pop("device_id")
    assert paired.json() == {"device_id": device_id, "department": ICU, "label": "ward 4"}

    (row,) = listed(edge)
    assert (row["device_id"], row["label"], row["status"]) == (device_id, "ward 4", "paired")
    assert row["paired_by"].startswith("token:")

    gone = revoke(edge, device_id)
    assert (gone.status_code, gone.json()["sessions_revoked"]) == (200, 0)
    assert [(row["status"], row["revoked_reason"]) for row in listed(edge)] == [("revoked", "lost")]


@pytest.mark.parametrize("role", ["department_admin", "compliance_officer", "encarregado"])
def test_devices_are_listed_within_the_walls(edge: Edge, role: str) -> None:
    for department in (ICU, LAB):
        Tablet().pair(edge.house.services, department)

    assert [row["department"] for row in listed(edge, role, ICU)] == [ICU]
    assert [row["department"] for row in listed(edge, role, "*")] == [ICU, LAB]


@pytest.mark.parametrize("role", [*OTHERS, "compliance_officer", "encarregado"])
def test_only_administrators_invite_and_revoke(edge: Edge, role: str) -> None:
    device = Tablet().pair(edge.house.services, ICU)
    for method, path in (("POST", PAIRINGS), ("DELETE", f"{DEVICES}/{device.id}")):
        response = edge.client.request(method, path, json={}, headers=edge.headers(role, "*"))
        assert (response.status_code, response.json()["code"]) == (403, "not_allowed")
    assert edge.house.store.get(Device, device.id).paired


@pytest.mark.parametrize("role", OTHERS)
def test_others_do_not_list_devices(edge: Edge, role: str) -> None:
    assert edge.client.get(DEVICES, headers=edge.headers(role, "*")).status_code == 403


def test_an_administrator_invites_into_no_other_department(edge: Edge) -> None:
    answer = invited(edge, LAB, admin=ICU)

    assert (answer.status_code, answer.json()["code"]) == (403, "department_forbidden")


def test_a_device_of_another_department_is_not_found_like_one_that_never_was(edge: Edge) -> None:
    device = Tablet().pair(edge.house.services, LAB)
    foreign, unknown = revoke(edge, device.id), revoke(edge, uuid4())

    assert foreign.status_code == 404
    assert foreign.json() == unknown.json()
    assert edge.house.store.get(Device, device.id).paired


def test_a_reason_in_words_does_not_get_into_the_history(edge: Edge) -> None:
    device = Tablet().pair(edge.house.services, ICU)
    revoke(edge, device.id, reason="Dr. Silva lost it")

    assert edge.house.last("device.revoked.v1")["reason"] == "other"


def test_a_wrong_code_and_a_used_one_look_the_same(edge: Edge) -> None:
    code = invited(edge).json()["code"]
    pair(edge, Tablet(), code)
    used, wrong = pair(edge, Tablet(), code), pair(edge, Tablet(), "00000-00000")

    assert (used.status_code, used.json()["code"]) == (403, "pairing_refused")
    assert used.json() == wrong.json()


def test_who_guesses_too_often_has_to_wait(edge: Edge) -> None:
    answers = [pair(edge, Tablet(), "00000-00000").status_code for _ in range(21)]

    assert answers == [403] * 20 + [429]


@pytest.mark.parametrize(
    "changed",
    [
        {"code": ""},
        {"code": "x" * 10_000},
        {"code": 7},
        {"proof": None},
        {"proof": "A" * 10_000},
        {"public_jwk": "key"},
        {"public_jwk": {"kty": "EC", "crv": "P-256"}},
        {"public_jwk": {str(number): number for number in range(13)}},
        {"public_jwk": {"kty": ["EC"], "crv": {"P": 256}, "x": 1, "y": {}}},
        {"admin": True},
    ],
    ids=lambda changed: str(changed)[:40],
)
def test_a_body_of_the_wrong_form_is_refused_without_an_echo(edge: Edge, changed: dict[str, Any]) -> None:
    answer = pair(edge, Tablet(), invited(edge).json()["code"], **changed)

    assert (answer.status_code, answer.json()["code"]) == (422, "invalid_input")
    assert len(answer.content) < 1000


def test_a_private_key_is_refused_and_appears_nowhere(edge: Edge) -> None:
    tablet = Tablet()
    code = invited(edge).json()["code"]
    answer = pair(edge, tablet, code, public_jwk=tablet.jwk | {"d": "very-private"})

    assert answer.status_code == 422
    assert "very-private" not in answer.text


def test_a_key_that_was_paired_before_is_a_conflict(edge: Edge) -> None:
    tablet = Tablet()
    tablet.pair(edge.house.services, ICU)
    answer = pair(edge, tablet, invited(edge).json()["code"])

    assert (answer.status_code, answer.json()["code"]) == (409, "device_state")
