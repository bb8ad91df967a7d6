"""SCIM: the hospital's identity provider creates, changes and removes people; nobody else, and no garbage, does."""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor
from typing import TYPE_CHECKING, Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from scim2_models import EnterpriseUser, Error, ListResponse, ResourceType, Schema, ServiceProviderConfig, User

from application.erase import standing
from tests.house import ICU, LAB

if TYPE_CHECKING:
    from httpx import Response

    from tests.unit.http.edge import Edge

CORE = "urn:ietf:params:scim:schemas:core:2.0:User"
ENTERPRISE = "urn:ietf:params:scim:schemas:extension:enterprise:2.0:User"
PATCH = "urn:ietf:params:scim:api:messages:2.0:PatchOp"
USERS = "/scim/v2/Users"


class Provider:
    """An identity provider with a token for one department or all."""

    def __init__(self, edge: Edge, department: str = "*", role: str = "provisioner") -> None:
        self.edge = edge
        self.headers = {"content-type": "application/scim+json", **edge.headers(role, department)}

    def send(self, method: str, path: str, document: Any = None, **headers: str) -> Response:
        more = {"content": document} if isinstance(document, bytes) else {"json": document} if document else {}
        response: Response = self.edge.client.request(method, path, headers=self.headers | headers, **more)
        if response.content:
            assert response.headers["content-type"] == "application/scim+json"
        return response

    def create(self, name: str = "ana", **changed: Any) -> Response:
        return self.send("POST", USERS, user(name, **changed))

    def created(self, name: str = "ana", **changed: Any) -> str:
        response = self.create(name, **changed)
        assert response.status_code == 201, response.text
        found: str = response.json()["id"]
        return found

    def patch(self, user_id: str, *operations: Any, **headers: str) -> Response:
        return self.send("PATCH", f"{USERS}/{user_id}", {"schemas": [PATCH], "Operations": operations}, **headers)

    def get(self, user_id: str) -> Any:
        response = self.send("GET", f"{USERS}/{user_id}")
        return response.json() if response.status_code == 200 else response.status_code

    def search(self, filter_: str) -> Response:
        response: Response = self.edge.client.get(USERS, params={"filter": filter_}, headers=self.headers)
        return response


def user(name: str, **changed: Any) -> dict[str, Any]:
    document = {
        "schemas": [CORE, ENTERPRISE],
        "externalId": f"EMP-{name}",
        "userName": f"{name}.souza",
        "displayName": f"Dra. {name.title()} Souza",
        "active": True,
        ENTERPRISE: {"department": ICU},
    } | changed
    return {key: value for key, value in document.items() if value is not None}


def told(response: Response) -> tuple[int, str | None]:
    error = Error.model_validate(response.json())
    assert error.status == response.status_code
    return response.status_code, error.scim_type


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


@pytest.mark.parametrize(
    ("operation", "scim_type"),
    [
        ({"op": "remove", "path": "userName"}, "mutability"),
        ({"op": "replace", "path": "id", "value": "7"}, "mutability"),
        ({"op": "remove", "path": f"{ENTERPRISE}:department"}, "invalidValue"),
        ({"op": "replace", "path": "nonsense", "value": 1}, "invalidPath"),
        ({"op": "replace", "path": "active", "value": "perhaps"}, "invalidValue"),
        ({"op": "replace", "path": "active", "value": {"a": 1}}, "invalidValue"),
        ({"op": "replace", "path": "userName", "value": ""}, "invalidValue"),
        ({"op": "replace", "path": "userName", "value": "a" * 101}, "invalidValue"),
        ({"op": "replace", "path": "userName", "value": "a\u0000b"}, "invalidValue"),
        ({"op": "replace", "path": "userName", "value": ["a"]}, "invalidValue"),
        ({"op": "drop", "path": "active"}, "invalidValue"),
        ({"op": 7}, "invalidValue"),
        ({}, "invalidValue"),
        ("replace", "invalidSyntax"),
        ({"op": "remove"}, "noTarget"),
    ],
)
def test_a_patch_that_makes_no_sense_is_refused_and_changes_nothing(
    idp: Provider, operation: Any, scim_type: str
) -> None:
    user_id = idp.created("ana")
    before = idp.get(user_id)

    assert told(idp.patch(user_id, operation)) == (400, scim_type)
    assert idp.get(user_id) == before


def test_a_department_that_is_new_comes_into_being(idp: Provider) -> None:
    idp.created("ana", **{ENTERPRISE: {"department": "Cardiology"}})

    assert idp.edge.house.services.departments.exists("Cardiology")


@pytest.mark.parametrize("department", ["../x", "a" * 51, "'; DROP TABLE x; --", None])
def test_what_is_no_department_is_refused(idp: Provider, department: str | None) -> None:
    assert told(idp.create("ana", **{ENTERPRISE: {"department": department}})) == (400, "invalidValue")


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


@pytest.mark.parametrize(
    "value",
    ["x' OR '1'='1", "*", "*)(uid=*))(|(uid=*", "%", "_", "\\\\", '\\"', "; DROP TABLE account_rows; --", "\\u0000"],
)
def test_metacharacters_in_a_filter_find_nobody(idp: Provider, value: str) -> None:
    idp.created("ana")

    for attribute in ("userName", "externalId", "id"):
        response = idp.search(f'{attribute} eq "{value}"')
        assert (response.status_code, response.json()["totalResults"]) == (200, 0)


@pytest.mark.parametrize(
    "filter_",
    [
        "",
        "userName",
        "userName eq ana",
        'userName co "a"',
        'userName eq "a" or userName eq "b"',
        'not (userName eq "a")',
        'emails[value eq "a"]',
        'displayName eq "Ana"',
        'userName eq "a" --',
        'userName eq "\\x"',
        "(" * 5000,
        'userName eq "' + "a" * 2000 + '"',
    ],
)
def test_any_other_filter_is_refused(idp: Provider, filter_: str) -> None:
    assert told(idp.search(filter_)) == (400, "invalidFilter")


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


def test_another_version_than_was_meant_is_not_changed(idp: Provider) -> None:
    user_id = idp.created("ana")
    version = idp.get(user_id)["meta"]["version"]
    idp.patch(user_id, {"op": "replace", "path": "displayName", "value": "Ana"})

    late = idp.patch(user_id, {"op": "replace", "path": "active", "value": False}, **{"if-match": version})

    assert told(late) == (412, None)
    assert idp.get(user_id)["active"] is True
    now = {"if-match": idp.get(user_id)["meta"]["version"]}
    assert idp.patch(user_id, {"op": "replace", "path": "active", "value": False}, **now).status_code == 200


def test_a_provisioner_of_one_department_sees_and_touches_nobody_elses(edge: Edge) -> None:
    everywhere, icu = Provider(edge), Provider(edge, ICU)
    there = everywhere.created("bia", **{ENTERPRISE: {"department": LAB}})
    edge.house.enroll("caio", department=LAB)

    assert icu.get(there) == 404
    assert icu.search('userName eq "bia.souza"').json()["totalResults"] == 0
    assert icu.send("GET", USERS).json()["totalResults"] == 0
    assert told(icu.patch(there, {"op": "replace", "path": "active", "value": False})) == (404, None)
    assert told(icu.send("DELETE", f"{USERS}/{there}")) == (404, None)
    assert told(icu.create("ana", **{ENTERPRISE: {"department": LAB}})) == (403, None)
    assert told(icu.create("caio")) == (409, "uniqueness")
    mine = icu.created("ana", **{ENTERPRISE: None})
    assert icu.get(mine)[ENTERPRISE] == {"department": ICU}
    assert told(icu.patch(mine, {"op": "replace", "path": f"{ENTERPRISE}:department", "value": LAB})) == (403, None)
    assert everywhere.get(there)["active"] is True


@pytest.mark.parametrize("role", ["department_admin", "compliance_officer", "operator", "signal_receiver"])
def test_other_roles_do_not_provision(edge: Edge, role: str) -> None:
    assert told(Provider(edge, role=role).create("ana")) == (403, None)


def test_without_a_token_the_refusal_is_in_the_form_of_scim(edge: Edge) -> None:
    response = edge.client.get(USERS)

    assert told(response) == (401, None)
    assert response.headers["www-authenticate"] == "Bearer"
    assert told(edge.client.get("/scim/v2/Groups", headers=edge.headers("provisioner", "*"))) == (404, None)


@pytest.mark.parametrize(
    "body", [b"", b"null", b"[]", b"{", b'"x"', b"\xff\xfe", b"[" * 30_000, b'{"a":' * 5000, b"{}", b'{"userName": 7}']
)
def test_garbage_is_refused(idp: Provider, body: bytes) -> None:
    user_id = idp.created("ana")

    for method, path in (("POST", USERS), ("PUT", f"{USERS}/{user_id}"), ("PATCH", f"{USERS}/{user_id}")):
        status, _ = told(idp.send(method, path, body))
        assert status == 400
    assert idp.get(user_id)["active"] is True


def test_a_body_that_is_too_large_is_refused(idp: Provider) -> None:
    assert told(idp.create("ana", title="x" * 70_000)) == (413, None)


@pytest.mark.parametrize("user_id", ["x", "..%2f", "'", "00000000-0000-0000-0000-000000000000"])
def test_an_id_that_is_nobodys_is_not_found(idp: Provider, user_id: str) -> None:
    assert idp.get(user_id) == 404


@pytest.mark.parametrize("name", ["x' OR 1=1 --", "*)(uid=*", "<script>", "ação ünïcode 漢字", '"\\'])
def test_names_full_of_metacharacters_are_names(idp: Provider, name: str) -> None:
    user_id = idp.created("ana", userName=name, displayName=name, externalId=name)

    shown = idp.get(user_id)
    assert (shown["userName"], shown["displayName"], shown["externalId"]) == (name, name, name)


def test_a_password_and_an_address_are_neither_kept_nor_shown(idp: Provider) -> None:
    response = idp.create("ana", password="s3cret-pw", emails=[{"value": "ana@hospital.example"}])

    assert response.status_code == 201
    assert "s3cret-pw" not in response.text
    assert "hospital.example" not in response.text
    stored = repr([event.fields for event in idp.edge.house.store.read(0, 1000)])
    assert "s3cret-pw" not in stored
    assert "souza" not in stored


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


JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.text(max_size=8),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=8), inner, max_size=3),
    max_leaves=6,
)
PATHS = st.sampled_from(["active", "userName", "name", "name.formatted", "externalId", ENTERPRISE, "emails", "schemas"])


@settings(max_examples=150, suppress_health_check=[HealthCheck.function_scoped_fixture], deadline=None)
@given(op=st.sampled_from(["add", "replace", "remove"]), path=PATHS | st.none() | st.text(max_size=10), value=JSON)
def test_no_operation_whatever_breaks_anything(edge: Edge, op: str, path: str | None, value: Any) -> None:
    idp = Provider(edge)
    found = idp.search('externalId eq "EMP-fuzzed"').json().get("Resources") or [{"id": idp.created("fuzzed")}]

    response = idp.patch(found[0]["id"], {"op": op, "path": path, "value": value})

    assert response.status_code in {200, 400, 409}, response.text
    if response.status_code == 200:
        idp.send("PUT", f"{USERS}/{found[0]['id']}", user("fuzzed"))
