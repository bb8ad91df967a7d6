"""SCIM: the hospital's identity provider creates, changes, finds and removes people."""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor
from typing import TYPE_CHECKING, Any

import pytest
from scim2_models import EnterpriseUser, ListResponse, ResourceType, Schema, ServiceProviderConfig, User

from application.erase import standing
from tests.house import ICU, LAB
from tests.unit.http.provisioner import CORE, ENTERPRISE, USERS, Provider, told, user

if TYPE_CHECKING:
    from tests.unit.http.edge import Edge


@pytest.fixture
def idp(edge: Edge) -> Provider:
    return Provider(edge)


def test_a_created_user_is_as_described_and_can_be_read(idp: Provider) -> None:
    response = idp.create("ana")

    assert response.status_code == 201
    shown = User[EnterpriseUser].model_validate(response.json())
    assert (shown.user_name, shown.external_id, shown.active) == ("ana.souza", "EMP-ana", True)
    assert shown[EnterpriseUser].department == ICU
    assert response.headers["location"] == response.json()["meta"]["location"]
    assert response.headers["etag"] == response.json()["meta"]["version"]
    assert idp.get(response.json()["id"]) == response.json()


def test_a_created_user_is_the_person_who_is_enrolled_later(idp: Provider) -> None:
    user_id = idp.created("ana")

    assert str(idp.edge.house.enroll("ana").subject_id) == user_id


def test_a_user_who_was_enrolled_before_is_the_same_person(idp: Provider) -> None:
    subject_id = idp.edge.house.enroll("ana").subject_id

    assert idp.created("ana") == str(subject_id)


def test_every_change_names_the_token_as_its_actor(idp: Provider) -> None:
    idp.patch(idp.created("ana"), {"op": "replace", "path": "active", "value": False})

    for event in ("account.opened.v1", "account.suspended.v1"):
        assert idp.edge.house.last(event)["act"].actor.startswith("token:")


@pytest.mark.parametrize("active", [False, "False", "false"])
def test_a_user_may_be_created_inactive(idp: Provider, active: Any) -> None:
    idp.created("ana", active=active)
    idp.edge.house.enroll("ana")

    assert not idp.edge.house.sign_in("ana").success


@pytest.mark.parametrize(
    "operation",
    [
        {"op": "replace", "path": "active", "value": False},
        {"op": "Replace", "path": "active", "value": "False"},
        {"op": "replace", "value": {"active": False}},
        {"op": "Replace", "value": {"active": "False"}},
        {"op": "add", "path": "active", "value": False},
        {"op": "replace", "path": f"{CORE}:active", "value": False},
        {"op": "replace", "value": {"active": False, "emails": [{"value": "no mail"}], "password": "x", "id": "7"}},
        {"op": "replace", "value": {"active": False, "urn:vendor:ext": {"a": 1}, 'emails[type eq "work"].value': "x"}},
    ],
)
def test_a_leaver_is_out_when_the_answer_comes(idp: Provider, operation: Any) -> None:
    subject_id = idp.edge.house.enroll("ana").subject_id
    idp.created("ana")
    token = idp.edge.session_token("ana")

    response = idp.patch(str(subject_id), operation)

    assert (response.status_code, response.json()["active"]) == (200, False)
    assert not idp.edge.house.rows("session_rows", status="open")
    assert not idp.edge.house.sign_in("ana").success
    asked = idp.edge.client.post("/face-auth/consent/withdraw", json={}, headers={"authorization": f"Bearer {token}"})
    assert asked.status_code == 401


def test_an_operation_on_what_we_do_not_keep_does_not_hold_up_the_others(idp: Provider) -> None:
    user_id = idp.created("ana")

    response = idp.patch(
        user_id,
        {"op": "replace", "path": 'emails[type eq "work"].value', "value": "ana@hospital"},
        {"op": "add", "path": "phoneNumbers", "value": [{"value": "1"}]},
        {"op": "replace", "path": f"{ENTERPRISE}:manager", "value": "7"},
        {"op": "replace", "path": "active", "value": False},
    )

    assert response.json()["active"] is False
    assert "ana@hospital" not in response.text


def test_a_patch_of_nothing_that_we_keep_changes_nothing(idp: Provider) -> None:
    user_id, position = idp.created("ana"), idp.edge.house.store.position()

    assert idp.patch(user_id, {"op": "add", "path": "title", "value": "Dr."}).status_code == 200
    assert idp.edge.house.store.position() == position


def test_who_is_back_is_let_in_again(idp: Provider) -> None:
    idp.edge.house.enroll("ana")
    user_id = idp.created("ana", active=False)

    assert idp.patch(user_id, {"op": "Replace", "path": "active", "value": "True"}).json()["active"] is True
    assert idp.edge.house.sign_in("ana").success


@pytest.mark.parametrize(
    ("operation", "attribute", "value"),
    [
        ({"op": "replace", "path": "userName", "value": "ana.lima"}, "userName", "ana.lima"),
        ({"op": "replace", "path": "displayName", "value": "Ana L."}, "displayName", "Ana L."),
        ({"op": "replace", "path": "externalId", "value": "E9"}, "externalId", "E9"),
        ({"op": "replace", "path": "name.formatted", "value": "Ana L."}, "displayName", "Ana L."),
        ({"op": "add", "path": "name", "value": {"givenName": "Ana", "familyName": "L."}}, "displayName", "Ana L."),
        ({"op": "replace", "value": {"name.formatted": "Ana L."}}, "displayName", "Ana L."),
        ({"op": "remove", "path": "displayName"}, "displayName", "Dra. Ana Souza"),
        ({"op": "remove", "path": "externalId"}, "externalId", "ana.souza"),
        ({"op": "replace", "path": f"{ENTERPRISE}:department", "value": LAB}, ENTERPRISE, {"department": LAB}),
        ({"op": "replace", "value": {f"{ENTERPRISE}:department": LAB}}, ENTERPRISE, {"department": LAB}),
        (
            {"op": "replace", "value": {ENTERPRISE: {"department": LAB, "costCenter": "7"}}},
            ENTERPRISE,
            {"department": LAB},
        ),
        ({"op": "remove", "path": "active"}, "active", True),
    ],
)
def test_a_patch_changes_what_it_names(idp: Provider, operation: Any, attribute: str, value: Any) -> None:
    user_id = idp.created("ana")

    response = idp.patch(user_id, operation)

    assert (response.status_code, response.json().get(attribute)) == (200, value), response.text
    assert idp.get(user_id)[attribute] == value


def test_a_department_that_is_new_comes_into_being(idp: Provider) -> None:
    idp.created("ana", **{ENTERPRISE: {"department": "Cardiology"}})

    assert idp.edge.house.services.departments.exists("Cardiology")


def test_a_replaced_user_is_as_described(idp: Provider) -> None:
    user_id = idp.created("ana")

    response = idp.send(
        "PUT", f"{USERS}/{user_id}", user("ana", userName="ana.lima", active=False, **{ENTERPRISE: {"department": LAB}})
    )

    shown = response.json()
    assert (shown["userName"], shown["active"], shown[ENTERPRISE]) == ("ana.lima", False, {"department": LAB})


def test_a_removed_user_is_erased_with_a_certificate(idp: Provider) -> None:
    subject_id = idp.edge.house.enroll("ana").subject_id
    user_id = idp.created("ana")

    assert idp.send("DELETE", f"{USERS}/{user_id}").status_code == 204

    assert standing(idp.edge.house.services, subject_id).certificate
    assert idp.get(user_id) == 404
    assert idp.search('userName eq "ana.souza"').json()["totalResults"] == 0
    assert told(idp.send("DELETE", f"{USERS}/{user_id}")) == (404, None)
    assert idp.created("ana") != user_id


def test_the_same_user_twice_is_a_conflict(idp: Provider) -> None:
    idp.created("ana")

    assert told(idp.create("ana")) == (409, "uniqueness")
    assert told(idp.create("bia", userName="ANA.Souza")) == (409, "uniqueness")
    bia = idp.created("bia")
    assert told(idp.patch(bia, {"op": "replace", "path": "userName", "value": "ana.souza"})) == (409, "uniqueness")


def test_of_many_who_create_the_same_user_at_once_one_does(idp: Provider) -> None:
    with ThreadPoolExecutor(6) as pool:
        statuses = [response.status_code for response in pool.map(lambda _: idp.create("ana"), range(12))]

    assert sorted(statuses) == [201] + [409] * 11


def test_users_are_found_by_what_identifies_them(idp: Provider) -> None:
    user_id = idp.created("ana")
    idp.created("bia")

    for filter_ in (
        'userName eq "ana.souza"',
        'username EQ "ANA.SOUZA"',
        f'{CORE}:userName eq "ana.souza"',
        'externalId eq "EMP-ana"',
        f'id eq "{user_id}"',
    ):
        found = ListResponse[User[EnterpriseUser]].model_validate(idp.search(filter_).json())
        assert [one.id for one in found.resources or []] == [user_id], filter_


def test_a_list_is_paged_and_bounded(idp: Provider) -> None:
    made = {idp.created(name) for name in ("ana", "bia", "caio", "davi", "elza")}

    def page(**query: Any) -> Any:
        return idp.edge.client.get(USERS, params=query, headers=idp.headers).json()

    pages = [page(startIndex=start, count=2) for start in (1, 3, 5)]
    assert {one["id"] for shown in pages for one in shown["Resources"]} == made
    assert [(shown["totalResults"], shown["itemsPerPage"]) for shown in pages] == [(5, 2), (5, 2), (5, 1)]
    assert page(count=0)["totalResults"] == 5
    assert "Resources" not in page(startIndex=99)
    assert page(startIndex=-3, count=9_000_000)["itemsPerPage"] == 5
    for wrong in ("x", "1e9", "9" * 50, "0x10", "\u0661"):
        response = idp.edge.client.get(USERS, params={"startIndex": wrong}, headers=idp.headers)
        assert response.status_code in {200, 400}


def test_it_describes_itself(idp: Provider) -> None:
    configuration = ServiceProviderConfig.model_validate(idp.send("GET", "/scim/v2/ServiceProviderConfig").json())
    assert configuration.patch is not None
    assert configuration.patch.supported
    types = ListResponse[ResourceType].model_validate(idp.send("GET", "/scim/v2/ResourceTypes").json())
    assert [one.id for one in types.resources or []] == ["User"]
    schemas = ListResponse[Schema].model_validate(idp.send("GET", "/scim/v2/Schemas").json())
    assert {str(one.id) for one in schemas.resources or []} == {CORE, ENTERPRISE}
    assert idp.send("GET", f"/scim/v2/Schemas/{CORE}").json()["id"] == CORE
    assert told(idp.send("GET", "/scim/v2/Schemas/urn:nothing")) == (404, None)
