"""SCIM: no garbage, nobody of another role or department, and nothing that we do not want to know gets in."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from tests.house import ICU, LAB
from tests.unit.http.provisioner import ENTERPRISE, USERS, Provider, told, user

if TYPE_CHECKING:
    from tests.unit.http.edge import Edge


@pytest.fixture
def idp(edge: Edge) -> Provider:
    return Provider(edge)


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


@pytest.mark.parametrize("department", ["../x", "a" * 51, "'; DROP TABLE x; --", None])
def test_what_is_no_department_is_refused(idp: Provider, department: str | None) -> None:
    assert told(idp.create("ana", **{ENTERPRISE: {"department": department}})) == (400, "invalidValue")


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
